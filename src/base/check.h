// FLETCHER_CHECK: for our own bugs only; bad input is a Result.
#pragma once

#include <cstdio>
#include <cstdlib>

#define FLETCHER_CHECK(condition)                                                        \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
