// SPDX-License-Identifier: MIT
// Man pages in man(7) form, written from the rows of the command line, so that they cannot differ from it.
// Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "surfaces/cli/command.h"

namespace pryx::cli {

struct ManPage {
  std::string file;  // "pryx-session.1"
  std::string text;
};

// pryx.1, and one page for each noun.
[[nodiscard]] std::vector<ManPage> man_pages(const CommandSet& commands, std::string_view version);

}  // namespace pryx::cli
