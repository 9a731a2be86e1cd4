// SPDX-License-Identifier: MIT
// The operating system's generator, through libsodium. Stateless: any thread.
#pragma once
#include "foundation/base/clock.h"

namespace pryx::crypto {

class SystemRandom final : public Random {
 public:
  SystemRandom();
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace pryx::crypto
