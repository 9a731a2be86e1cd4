// SPDX-License-Identifier: MIT
// HTML to text that people and models can read: headings, lists, tables and links stay, scripts, styles and
// what a browser would hide go. Any thread; fuzzed by fuzz/html_text_fuzz.cpp.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "foundation/net/url.h"

namespace pryx::worker {

struct PageText {
  std::string title;
  std::string text;
  bool truncated = false;
};

// `utf8` is valid UTF-8. Links become [text](url), made whole with `base`; only http and https are kept.
// kTooLarge when the page needs more memory than a page may.
[[nodiscard]] Result<PageText> read_html(std::string_view utf8, const std::optional<net::Url>& base,
                                         std::size_t max_bytes);

}  // namespace pryx::worker
