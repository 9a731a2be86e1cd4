// SPDX-License-Identifier: MIT
// The conversation without anything that changes in place: a prompt, the answer as it comes, questions as
// lines. For screen readers and simple terminals. Main thread.
#pragma once
#include <string>

#include "surfaces/cli/chat.h"

namespace pryx::cli {

[[nodiscard]] Result<int> chat_plain(Context& context, std::string session, const ChatOptions& options);

}  // namespace pryx::cli
