// SPDX-License-Identifier: MIT
// What a command did that no undo journal holds. Pure; any thread.
#pragma once
#include <optional>
#include <string>

#include "engine/agent/records.h"
#include "engine/tools/shell/process_record.h"

namespace pryx::agent {

// The background process that a step of shell.exec started, as its summary names it.
[[nodiscard]] std::optional<tools::shell::ProcessId> started_process(const Step& step);

// In words for a person, with every reason; empty: there is nothing. `process`: how the one that it started
// in the background stands; nullopt: there is none, or it is not known any more.
[[nodiscard]] std::string beyond_the_journal(const Step& step,
                                             std::optional<tools::shell::ProcessState> process);

}  // namespace pryx::agent
