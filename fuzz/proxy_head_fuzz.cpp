// SPDX-License-Identifier: MIT
// A proxy head is refused or read into fields that cannot carry a second request.
#include "trust/egress/proxy_head.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pryx;
  const auto head = egress::parse_proxy_head({reinterpret_cast<const char*>(data), size});
  if (!head) return 0;
  for (const auto& [name, value] : head->headers.all()) {
    if (name.find_first_of("\r\n: ") != std::string::npos || value.find_first_of("\r\n") != std::string::npos)
      std::abort();
  }
  const std::string text = head->url.text();
  if (text.find_first_of("\r\n \\@") < text.find('/', 8) || !net::parse_url(text)) std::abort();
  return 0;
}
