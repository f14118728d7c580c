#include "tensor/batch.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace fletcher {

void Batch::clear() {
  input_ids.clear();
  token_type_ids.clear();
  position_ids.clear();
  cu_seqlens.resize(1);
  pool_begin.clear();
  max_seqlen = 0;
}

void Batch::append(std::span<const int32_t> ids, std::span<const int32_t> type_ids, int32_t first_position,
                   int32_t pool_from) {
  FLETCHER_CHECK(!ids.empty() && (type_ids.empty() || type_ids.size() == ids.size()));
  const size_t begin = input_ids.size();
  const size_t end = begin + ids.size();
  input_ids.insert(input_ids.end(), ids.begin(), ids.end());
  token_type_ids.resize(end, 0);
  std::ranges::copy(type_ids, token_type_ids.begin() + static_cast<ptrdiff_t>(begin));
  position_ids.resize(end);
  std::iota(position_ids.begin() + static_cast<ptrdiff_t>(begin), position_ids.end(), first_position);
  cu_seqlens.push_back(static_cast<int32_t>(end));
  pool_begin.push_back(pool_from);
  max_seqlen = std::max(max_seqlen, static_cast<int32_t>(ids.size()));
}

}  // namespace fletcher
