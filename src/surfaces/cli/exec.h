// SPDX-License-Identifier: MIT
// One turn that nobody watches over: `pryx exec`, and `pryx chat` with its input from a pipe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "surfaces/cli/context.h"

namespace pryx::cli {

struct ExecRequest {
  std::string prompt;
  std::optional<std::string> session;  // else a fresh one
  std::string agent;
  std::string model;
  std::string approve;              // text of an --approve file
  std::string max_cost;             // USD; empty: no limit of its own
  std::vector<std::string> images;  // paths
  bool allow_unpriced = false;
  std::int64_t max_output_tokens = 0;  // 0: as many as the model gives
};

// Sends the message with "interactive": false, so that the daemon denies what it would ask. Returns the exit
// code.
[[nodiscard]] Result<int> execute(Context& context, ExecRequest request);
// The file's text, checked as a whole; kCheckFailed names every problem with its line.
[[nodiscard]] Result<std::string> read_approve_file(const std::string& path);

}  // namespace pryx::cli
