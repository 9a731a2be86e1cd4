// SPDX-License-Identifier: MIT
// A session's document as a page or a text for people: what was said, what ran when, what it cost. Foreign
// text stays text: one file, no script, nothing that is loaded from elsewhere. Pure; any thread.
#pragma once
#include <string>

#include "foundation/base/json.h"

namespace pryx::server {

// Of what agent::session_document() made.
[[nodiscard]] std::string report_html(const json::object& document);
[[nodiscard]] std::string report_markdown(const json::object& document);

[[nodiscard]] std::string escape_html(std::string_view text);
[[nodiscard]] std::string escape_markdown(std::string_view line);
// A quotation that cannot become a heading, a picture, a link or markup.
[[nodiscard]] std::string quote_markdown(std::string_view text);

}  // namespace pryx::server
