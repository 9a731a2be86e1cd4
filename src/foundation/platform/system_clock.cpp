// SPDX-License-Identifier: MIT
#include "foundation/platform/system_clock.h"

#include <ctime>

namespace pryx::platform {
namespace {
Duration read_clock(clockid_t id) {
  timespec now{};
  PRYX_CHECK(clock_gettime(id, &now) == 0);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}
}  // namespace

MonotonicTime SystemClock::monotonic() const {
  static const Duration start = read_clock(CLOCK_BOOTTIME);
  return {read_clock(CLOCK_BOOTTIME) - start};
}

WallTime SystemClock::wall() const {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(read_clock(CLOCK_REALTIME)).count()};
}

}  // namespace pryx::platform
