// SPDX-License-Identifier: MIT
// Lets what a client was told under an id be found in the log: one line for each refusal, without its words,
// which may be somebody's. Bounded, and apart for strangers, so that neither a client in a loop nor a
// neighbour who guesses fills the disk or hides the line of another. Owned by the server, I/O thread only.
#pragma once
#include <string_view>

#include "foundation/base/clock.h"

namespace pryx::server {

struct Refused {
  std::string_view route = {};   // its pattern and method in the table, never the client's own words; empty:
  std::string_view method = {};  // none fits
  int status = 0;
  std::string_view code = {};
  std::string_view detail = {};  // in the log for failures of ours, else only with --verbose
  std::string_view request_id = {};
  bool is_known_caller = false;
};

class RefusalLog {
 public:
  // Lines about clients' own mistakes: so many at once, then one in each kLineEvery. What is left out is
  // counted in the next line, and is there with --verbose.
  static constexpr int kBurst = 30;
  static constexpr Duration kLineEvery = std::chrono::seconds(2);

  explicit RefusalLog(const Clock& clock) : clock_(&clock) {}
  void write(const Refused& refused);

 private:
  struct Allowance {
    int lines = kBurst;
    MonotonicTime refilled_at{};
    std::int64_t left_out = 0;
    [[nodiscard]] bool take(MonotonicTime now);
  };
  const Clock* clock_;
  Allowance known_, strangers_, failures_;
};

}  // namespace pryx::server
