// SPDX-License-Identifier: MIT
// A secret from the person: a prompt without echo, or standard input. Never an argument, which others can
// read.
#pragma once
#include <string_view>

#include "foundation/base/secret.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {

// From standard input when that is asked for or no terminal; one line feed at its end is not part of it. From
// then on this process leaves no core dump, and no other one of the same user reads its memory.
[[nodiscard]] Result<Secret> read_secret(Context& context, std::string_view label, bool from_stdin);

// KEY=VALUE lines as of a .env file: blanks around, "export ", # comments and matching quotes are understood.
// Pure.
[[nodiscard]] Result<std::vector<std::pair<std::string, Secret>>> parse_secret_file(std::string_view text);

}  // namespace pryx::cli
