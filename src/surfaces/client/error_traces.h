// SPDX-License-Identifier: MIT
// Under which trace the daemon knows an error that it told: what a person can search its log for. An Error is
// the same value in every module and carries no id; what shows errors looks here. One owner, one thread.
#pragma once
#include <deque>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::client {

class ErrorTraces {
 public:
  static constexpr std::size_t kMost = 8;  // errors that are remembered, newest first

  // What is no trace id (32 hex digits) is left out: it comes from outside and goes to a terminal.
  void keep(const Error& error, std::string_view trace_id);
  // Of this error, or of one that its message passes on at its end; empty: the daemon told of none.
  [[nodiscard]] std::string find(const Error& error) const;

 private:
  struct Known {
    std::string message, trace_id;
  };
  std::deque<Known> known_;
};

}  // namespace pryx::client
