// SPDX-License-Identifier: MIT
// Asks for a summary of a session and waits for the turn that makes it. Shared by `pryx session compact` and
// the conversations. Main thread.
#pragma once
#include <string>

#include "surfaces/cli/context.h"

namespace pryx::cli {

struct CompactOutcome {
  std::string line;  // for people
  json::object turn;
};
[[nodiscard]] Result<CompactOutcome> compact_session(Context& context, const std::string& session,
                                                     const std::string& model);
// Takes the newest summary back; one line for people.
[[nodiscard]] Result<std::string> undo_compaction(Context& context, const std::string& session);
// What a conversation does with "/compact" and "/compact undo"; nullopt: it is another text.
[[nodiscard]] std::optional<Result<std::string>> take_compact_command(Context& context,
                                                                      const std::string& session,
                                                                      const std::string& model,
                                                                      std::string_view text);

}  // namespace pryx::cli
