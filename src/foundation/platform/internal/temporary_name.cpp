// SPDX-License-Identifier: MIT
#include "foundation/platform/internal/temporary_name.h"

#include <sys/random.h>

#include "foundation/base/result.h"
#include "foundation/base/text.h"

namespace pryx::platform::internal {

std::string temporary_name() {
  std::array<std::uint8_t, 12> bytes{};
  PRYX_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return fmt::format(".pryx-{}.tmp", to_hex(bytes));
}

}  // namespace pryx::platform::internal
