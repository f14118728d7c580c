// English sentences of mixed lengths for `fletcher bench` without --input.
#pragma once

#include <string>
#include <vector>

namespace fletcher::cli {

/// `count` texts, the same on every call: sentences, pairs and paragraphs of them, 4 to about 150 words each.
std::vector<std::string> make_bench_texts(size_t count);

}  // namespace fletcher::cli
