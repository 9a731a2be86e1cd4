// SPDX-License-Identifier: MIT
// The pages of the Control Center by the names that people type, and where each is. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::cli {

struct Page {
  std::string_view name;
  std::string_view argument = {};  // "TURN"; empty: the page takes none
  bool needs_argument = false;
  std::string_view place = {};  // of its address, where that is not the name
};

[[nodiscard]] std::span<const Page> pages();

// "sessions", "trace/trn_…": what follows the first slash of the address; empty for home. kInvalidArgument
// names the nearest page.
[[nodiscard]] Result<std::string> find_page(std::string_view name, std::string_view argument);

// A login link that leads to this place: what is before its fragment gets the path, the code stays behind it.
[[nodiscard]] std::string link_to(std::string_view login_link, std::string_view place);

}  // namespace pryx::cli
