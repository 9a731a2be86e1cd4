// SPDX-License-Identifier: MIT
// The log file that the supervising parent writes for its daemon: appended, rotated by size, a few old ones
// kept. Everything is opened below a held directory and follows no link, because root may write where another
// user owns the directory. One owner.
#pragma once
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/platform/held_directory.h"

namespace pryx::client {

class RotatingLog {
 public:
  struct Limits {
    std::size_t max_bytes = 5u << 20;
    int keep = 3;  // NAME.1 is the youngest
  };
  [[nodiscard]] static Result<RotatingLog> open(platform::HeldDirectory directory, std::string name,
                                                Limits limits);
  [[nodiscard]] static Result<RotatingLog> open(platform::HeldDirectory directory, std::string name) {
    return open(std::move(directory), std::move(name), Limits{});
  }
  // A log that cannot be written is no reason to stop: what does not fit is dropped, and the next write tries
  // again.
  void write(std::string_view bytes);

 private:
  RotatingLog(platform::HeldDirectory directory, std::string name, Limits limits)
      : directory_(std::move(directory)), name_(std::move(name)), limits_(limits) {}
  [[nodiscard]] Result<void> reopen();
  void rotate();

  platform::HeldDirectory directory_;
  std::string name_;
  Limits limits_;
  platform::UniqueFd file_;
  std::size_t size_ = 0;
};

}  // namespace pryx::client
