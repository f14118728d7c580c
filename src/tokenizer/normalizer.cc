#include "tokenizer/normalizer.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/unicode.h"

namespace fletcher {

void NormalizedText::push(char32_t cp, Offset source) {
  append_utf8(text, cp);
  if (tracks_offsets) sources.resize(text.size(), source);
}

void IdentityNormalizer::normalize(std::string_view text, uint32_t base, NormalizedText& out) const {
  for (size_t i = 0; i < text.size();) {
    const Utf8Decoded d = decode_utf8(text, i);
    const auto at = base + static_cast<uint32_t>(i);
    out.push(d.code_point, {at, at + d.length});
    i += d.length;
  }
}

/// One text on its way through the four switches. Accents need a look ahead: a starter and the marks after it wait in
/// `run_` until the next starter, because canonical order may swap marks. How Hugging Face assigns sources when it does
/// (each character that stands for one of the source takes the next source, each that was added repeats the last) is
/// kept, so that offsets agree.
class BertNormalizer::Pass {
 public:
  Pass(const Switches& switches, NormalizedText& out) : switches_(switches), out_(out) {}

  void feed(char32_t cp, Offset source) {
    const uint8_t properties = unicode::properties(cp);
    if (switches_.clean_text) {
      if (properties & unicode::kRemoved) return;
      if (properties & unicode::kSpace) cp = U' ';
    }
    if (switches_.handle_chinese_chars && (properties & unicode::kCjk)) {
      canonical(U' ', source);
      canonical(cp, source);
      canonical(U' ', source);
    } else {
      canonical(cp, source);
    }
  }

  void finish() {
    if (run_.size() > 1) {
      // Stable by the place: what is equal keeps its order.
      std::ranges::sort(run_, {}, [](const Part& part) { return std::pair(part.combining_class, part.place); });
    }
    size_t next = !run_.empty() && run_[0].added ? 1 : 0;  // sources_[0] is what the first part repeats
    for (const Part& part : run_) {
      if (!part.added) ++next;
      const Offset source = sources_[next > 0 ? next - 1 : 0];
      if (!(unicode::properties(part.cp) & unicode::kMark)) lower(part.cp, source);
    }
    run_.clear();
    sources_.clear();
  }

 private:
  struct Part {
    char32_t cp;
    uint8_t combining_class;
    bool added;  // a second or later code point of a decomposition
    size_t place;
  };

  void canonical(char32_t cp, Offset source) {
    if (!switches_.strip_accents) return lower(cp, source);
    std::array<char32_t, 4> parts = {cp};
    const size_t count =
        unicode::properties(cp) & unicode::kDecomposes ? unicode::decompose(cp, parts.data()) : size_t{1};
    for (size_t i = 0; i < count; ++i) {
      const uint8_t combining_class = unicode::combining_class(parts[i]);
      if (combining_class == 0) {
        // Parts of one source character may start a new run: what they were added to is out already.
        finish();
        sources_.push_back(source);
        run_.push_back({parts[i], 0, i > 0, run_.size()});
      } else {
        if (i == 0) sources_.push_back(source);
        if (sources_.empty()) sources_.push_back(source);
        run_.push_back({parts[i], combining_class, i > 0, run_.size()});
      }
    }
  }

  void lower(char32_t cp, Offset source) {
    if (!switches_.lowercase || !(unicode::properties(cp) & unicode::kLowers)) return out_.push(cp, source);
    std::array<char32_t, 4> parts{};
    const size_t count = unicode::lower_case(cp, parts.data());
    for (size_t i = 0; i < count; ++i) out_.push(parts[i], source);
  }

  const Switches& switches_;
  NormalizedText& out_;
  std::vector<Part> run_;
  std::vector<Offset> sources_;  // of the parts of run_ that stand for a source character, in source order
};

void BertNormalizer::normalize(std::string_view text, uint32_t base, NormalizedText& out) const {
  Pass pass(switches_, out);
  out.text.reserve(out.text.size() + text.size());
  for (size_t i = 0; i < text.size();) {
    const auto at = base + static_cast<uint32_t>(i);
    const char c = text[i];
    // ASCII that cannot be removed or decomposed: most of most texts.
    if (c >= ' ' && c < 0x7F) {
      pass.finish();
      out.push_ascii(switches_.lowercase && c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c, at);
      ++i;
      continue;
    }
    const Utf8Decoded d = decode_utf8(text, i);
    pass.feed(d.code_point, {at, at + d.length});
    i += d.length;
  }
  pass.finish();
}

}  // namespace fletcher
