// SPDX-License-Identifier: MIT
#include "tests/sim/fail_the_nth.h"

namespace pryx::sim {
namespace {

using db::testing::DiskFault;

constexpr std::uint64_t kMostOperations = 3000;

struct Sweep {
  DiskFault fault;
  std::uint64_t length;  // operations that fail in a row, counting those that can
  Duration full_for{};   // or: how long the disk stays full
  std::uint64_t stride = 1;
};

// The conversation with the most work among a few.
std::uint64_t find_busy_seed(const FirstImage& image) {
  std::uint64_t best = 0, most = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    bool reached = false;
    const Outcome outcome =
        Simulation(image, seed, {}).run_failing({.fault = DiskFault::kIoError, .nth = UINT64_MAX}, reached);
    if (outcome.steps <= most) continue;
    most = outcome.steps;
    best = seed;
  }
  return best;
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> fail_the_nth(const FirstImage& image) {
  using namespace std::chrono_literals;
  static constexpr Sweep kSweeps[] = {
      {DiskFault::kFull, 1},     {DiskFault::kIoError, 1},      {DiskFault::kShortWrite, 1},
      {DiskFault::kLostSync, 1}, {DiskFault::kNoHandle, 1},     {DiskFault::kIoError, 5},
      {DiskFault::kLostSync, 3}, {DiskFault::kFull, 0, 20s, 5},
  };
  const std::uint64_t seed = find_busy_seed(image);
  std::uint64_t passed = 0, failed = 0;
  for (const Sweep& sweep : kSweeps) {
    std::uint64_t n = 1;
    for (bool reached = true; reached && n < kMostOperations; n += sweep.stride) {
      Simulation simulation(image, seed, {.disk_seed = n});
      const Outcome outcome = simulation.run_failing(
          {.fault = sweep.fault, .nth = n, .length = sweep.length, .full_for = sweep.full_for}, reached);
      ++(outcome.violations.empty() ? passed : failed);
      if (!outcome.violations.empty() && failed < 20) {
        fmt::print("{} at operation {}, {} in a row: {}\n", db::testing::to_text(sweep.fault), n,
                   sweep.length, outcome.violations.front());
      }
    }
    fmt::print("{} ({}): every operation up to {}\n", db::testing::to_text(sweep.fault),
               sweep.length > 0 ? fmt::format("{} in a row", sweep.length) : format_duration(sweep.full_for),
               n - 1);
  }
  return {passed, failed};
}

}  // namespace pryx::sim
