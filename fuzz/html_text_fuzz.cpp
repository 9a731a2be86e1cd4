// SPDX-License-Identifier: MIT
// Any page becomes valid, bounded text without control characters.
#include "html_text.h"

#include <cstdlib>

#include "foundation/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pryx;
  const std::string text = to_valid_utf8({reinterpret_cast<const char*>(data), size});
  const auto base = net::parse_url("https://example.com/a/b");
  const auto page = worker::read_html(text, *base, 4096);
  if (!page) return 0;
  if (page->text.size() > 4096 || page->title.size() > 500 || !is_valid_utf8(page->text)) std::abort();
  for (const char c : page->text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') std::abort();
  }
  return 0;
}
