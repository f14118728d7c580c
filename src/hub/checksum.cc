#include "hub/checksum.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/file.h"
#include "hub/names.h"

namespace fletcher::hub {

Checksum parse_checksum(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  Checksum checksum;
  if (is_hex(etag, 64)) checksum.kind = ChecksumKind::sha256;
  if (is_hex(etag, 40)) checksum.kind = ChecksumKind::git_blob_sha1;
  if (checksum.kind == ChecksumKind::none) return checksum;
  checksum.hex = etag;
  std::ranges::transform(checksum.hex, checksum.hex.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return checksum;
}

Result<Checksum> file_checksum(const std::string& path, ChecksumKind kind) {
  if (kind == ChecksumKind::none) return Checksum{};
  FLETCHER_TRY_ASSIGN(const auto file, MappedFile::open(path));
  const auto content = file->bytes();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const EVP_MD* algorithm = kind == ChecksumKind::sha256 ? EVP_sha256() : EVP_sha1();
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1;
  if (ok && kind == ChecksumKind::git_blob_sha1) {
    const std::string header = "blob " + std::to_string(content.size()) + '\0';
    ok = EVP_DigestUpdate(context.get(), header.data(), header.size()) == 1;
  }
  // In pieces whose pages are given back: a checksum must not make the process as large as the model.
  constexpr size_t kPieceBytes = size_t{16} << 20;
  for (size_t at = 0; ok && at < content.size(); at += kPieceBytes) {
    const auto piece = content.subspan(at, std::min(kPieceBytes, content.size() - at));
    ok = EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
    file->release(piece);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_bytes = 0;
  ok = ok && EVP_DigestFinal_ex(context.get(), digest, &digest_bytes) == 1;
  if (!ok) return internal_error(path + ": OpenSSL cannot compute its checksum");
  constexpr char kDigits[] = "0123456789abcdef";
  Checksum checksum{kind, {}};
  for (unsigned int i = 0; i < digest_bytes; ++i) {
    checksum.hex += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
  }
  return checksum;
}

}  // namespace fletcher::hub
