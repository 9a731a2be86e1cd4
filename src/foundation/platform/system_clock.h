// SPDX-License-Identifier: MIT
// The machine's clocks. Monotonic time counts from the construction of the first SystemClock and includes
// suspend. Any thread.
#pragma once
#include "foundation/base/clock.h"

namespace pryx::platform {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override;
  [[nodiscard]] WallTime wall() const override;
};

}  // namespace pryx::platform
