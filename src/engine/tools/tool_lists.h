// SPDX-License-Identifier: MIT
// Which tools an agent may use at most: names and globs, in layers. Each layer can only narrow, so a call
// must be named in every one of them. Pure values.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/text.h"

namespace pryx::tools {

using ToolLists = std::vector<std::vector<std::string>>;

[[nodiscard]] inline bool is_listed(const ToolLists& lists, std::string_view tool) {
  return std::ranges::all_of(lists, [&](const std::vector<std::string>& list) {
    return std::ranges::any_of(list, [&](const std::string& name) { return glob_match(name, tool); });
  });
}

}  // namespace pryx::tools
