// SPDX-License-Identifier: MIT
// Dice and Trace: the two things that make a run repeat. Every random choice comes from dice that the seed
// threw; everything that happens goes into the trace, whose hash two runs of one seed must share.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/testing/manual_clock.h"

namespace pryx::sim {

inline std::uint64_t hash_text(std::string_view text, std::uint64_t start = 0xcbf29ce484222325u) {
  std::uint64_t hash = start;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// splitmix64's finish, so that hashes of similar texts differ in their low bits too.
inline std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

class Dice {
 public:
  // Streams of one seed are independent: what one part throws does not shift the others.
  Dice(std::uint64_t seed, std::string_view stream) : random_(mixed(seed) ^ hash_text(stream)) {}
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  [[nodiscard]] bool chance(std::uint64_t percent) { return below(100) < percent; }
  [[nodiscard]] Duration milliseconds(std::uint64_t low, std::uint64_t high) {
    return std::chrono::milliseconds(between(low, high));
  }
  [[nodiscard]] Random& random() { return random_; }

 private:
  testing::SeededRandom random_;
};

class Trace {
 public:
  Trace(const Clock& clock, bool print) : clock_(clock), print_(print) {}
  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format("{:>9} ", clock_.monotonic().since_start / std::chrono::milliseconds(1)) +
          fmt::format(format, std::forward<Args>(args)...));
  }
  // For people only: not part of the hash.
  void remark(std::string_view text) {
    if (print_) fmt::print("            {}\n", text);
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] bool prints() const { return print_; }

 private:
  void write(const std::string& line) {
    hash_ = hash_text(line, hash_);
    if (print_) fmt::print("{}\n", line);
  }
  const Clock& clock_;
  bool print_;
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace pryx::sim
