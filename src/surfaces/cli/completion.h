// SPDX-License-Identifier: MIT
// Completion scripts for shells, written from the rows of the command line, so that they cannot differ from
// it. Static: a script offers nouns, verbs and flags, never asks the daemon. Pure.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "surfaces/cli/command.h"

namespace pryx::cli {

constexpr std::array<std::string_view, 3> kShells = {"bash", "zsh", "fish"};

// kInvalidArgument for a shell that is none of kShells.
[[nodiscard]] Result<std::string> completion_script(const CommandSet& commands, std::string_view shell);

}  // namespace pryx::cli
