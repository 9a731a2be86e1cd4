// SPDX-License-Identifier: MIT
#include "surfaces/manual/manual.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "surfaces/manual/internal/embedded_pages.h"

namespace pryx::manual {
namespace {

constexpr std::string_view kErrors = "errors";
constexpr std::string_view kCodePrefix = "PRYX-";

std::string_view title_of(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.substr(std::min(line.find_first_not_of("# "), line.size()));
}

std::string_view text_of(std::string_view topic) {
  for (const internal::EmbeddedPage& page : internal::embedded_pages()) {
    if (page.topic == topic) return page.text;
  }
  return {};
}

// "1004", "pryx-1004" and "denied" are all PRYX-1004.
const ErrorFacts* find_error(std::string_view word) {
  const std::string low = lower_ascii(word);
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const ErrorFacts& error = facts(static_cast<ErrorCode>(i));
    if (low == error.name || equals_ignore_case(low, error.wire) ||
        equals_ignore_case(std::string(kCodePrefix) + low, error.wire))
      return &error;
  }
  return nullptr;
}

// The section of errors.md, as a page of its own.
std::optional<Page> error_page(std::string_view word) {
  const ErrorFacts* error = find_error(word);
  if (error == nullptr) return std::nullopt;
  const std::string_view all = text_of(kErrors);
  const std::string heading = fmt::format("\n## {}:", error->wire);
  const std::size_t begin = all.find(heading);
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view section = all.substr(begin + 1);
  section = section.substr(0, std::min(section.find("\n## "), section.size()));
  return Page{error->wire, title_of(section), section};
}

}  // namespace

std::vector<Page> pages() {
  std::vector<Page> out;
  for (const internal::EmbeddedPage& page : internal::embedded_pages())
    out.push_back({page.topic, title_of(page.text), page.text});
  std::ranges::sort(out, {}, &Page::topic);
  return out;
}

Result<Page> find_page(std::string_view topic) {
  if (const std::string_view text = text_of(topic); !text.empty()) return Page{topic, title_of(text), text};
  if (const auto page = error_page(topic)) return *page;
  std::string known;
  for (const Page& page : pages()) known += fmt::format("{}{}", known.empty() ? "" : ", ", page.topic);
  return fail(ErrorCode::kNotFound, "the manual has no page '{}'; there are {}, and each code: PRYX-1004",
              topic, known);
}

}  // namespace pryx::manual
