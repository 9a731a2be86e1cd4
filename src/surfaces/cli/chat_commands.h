// SPDX-License-Identifier: MIT
// What a person types behind a slash in a conversation, whichever way it is drawn. Each does what a verb of
// the command line does. Main thread.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "surfaces/cli/context.h"

namespace pryx::cli {

struct ChatPlace {
  Context& context;
  const std::string& session;
  std::string& model;  // of the messages to come; empty: the session's
};

[[nodiscard]] const std::vector<std::string>& chat_help();
// Lines for people; nullopt: it is none of /model /status /cost /approve /deny /stop /session /help, and may
// be something to say.
[[nodiscard]] std::optional<Result<std::vector<std::string>>> take_chat_command(ChatPlace place,
                                                                                std::string_view text);

}  // namespace pryx::cli
