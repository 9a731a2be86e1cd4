// SPDX-License-Identifier: MIT
// The manual that is built into the program: docs/manual/*.md by topic, and the error codes one by one. The
// same text for `pryx docs`, the API and the pages. Pure; everything lives as long as the program.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::manual {

struct Page {
  std::string_view topic;  // "policy"; of an error code "PRYX-1004"
  std::string_view title;  // its first heading
  std::string_view text;   // Markdown, with that heading
};

// By topic; error codes are not listed one by one.
[[nodiscard]] std::vector<Page> pages();
// A topic, an error code in any case with or without "PRYX-", or an error's name ("not_found"). kNotFound
// names what there is.
[[nodiscard]] Result<Page> find_page(std::string_view topic);

}  // namespace pryx::manual
