#include "verify/record_store.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <system_error>
#include <tuple>

#include "base/file.h"
#include "fletcher/version.h"

namespace fletcher::verify {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostRecordBytes = 65'536;  // one takes about 1,000

/// `text` with every character but letters and digits as '_'.
std::string as_file_name(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c >= 0x80 || std::isalnum(c) == 0; }, '_');
  return text;
}

std::string file_name(const RecordKey& key) {
  return as_file_name(key.device) + "-" + as_file_name(key.precision) + "-" + as_file_name(key.pooling) + "-" +
         as_file_name(key.texts) + ".json";
}

}  // namespace

bool RecordStore::has_records() const {
  std::error_code error;
  return fs::is_directory(root_, error) && !fs::is_empty(root_, error);
}

Result<std::string> RecordStore::save(const AccuracyRecord& record) const {
  const std::string folder = root_ + "/" + as_file_name(record.key.fingerprint);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return unavailable(folder + ": cannot create: " + error.message());
  std::string path = folder + "/" + file_name(record.key);
  FLETCHER_TRY_ASSIGN(const std::unique_ptr<AtomicFile> file, AtomicFile::create(path));
  JsonWriter json;
  write_record(json, record);
  FLETCHER_TRY(file->write(json.str() + "\n"));
  FLETCHER_TRY(file->commit());
  return path;
}

std::vector<AccuracyRecord> RecordStore::load(const std::string& fingerprint) const {
  std::vector<AccuracyRecord> records;
  std::error_code error;
  const std::string folder = root_ + "/" + as_file_name(fingerprint);
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string();
    if (entry->path().extension() != ".json") continue;
    const auto text = read_file(path, kMostRecordBytes);
    if (!text) continue;
    auto record = parse_record(*text, path);
    if (!record || record->key.fingerprint != fingerprint || record->key.version != FLETCHER_VERSION) continue;
    records.push_back(std::move(*record));
  }
  std::ranges::sort(records, {}, [](const AccuracyRecord& r) {
    return std::tie(r.key.device, r.key.precision, r.key.pooling, r.key.texts);
  });
  return records;
}

}  // namespace fletcher::verify
