// SPDX-License-Identifier: MIT
#include "foundation/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace pryx {
void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "pryx: broken invariant: %s (%s:%d)\n", expression, file, line);
  std::abort();
}
}  // namespace pryx
