// SPDX-License-Identifier: MIT
// The inline conversation: answers go to the terminal's scrollback once, a few lines below them are alive.
// Main thread.
#pragma once
#include <optional>
#include <string>

#include "surfaces/cli/context.h"

namespace pryx::cli {

struct ChatOptions {
  std::string prompt;                  // said first; may be empty
  std::optional<std::string> session;  // else a fresh one
  std::string agent;
  std::string model;
  bool plain = false;  // lines only
};

// Until the person leaves. Returns the exit code.
[[nodiscard]] Result<int> chat(Context& context, ChatOptions options);

}  // namespace pryx::cli
