// SPDX-License-Identifier: MIT
// What the URL reader accepts, libcurl must read the same: host, port and every byte that is sent.
#include "foundation/net/url.h"

#include <cstdlib>

#include "foundation/net/http_client_transfer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pryx;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)net::parse_host_port(text);
  const auto base = net::parse_url("https://base.example:8443/a/b?c");
  const auto moved = net::resolve_reference(*base, text);
  const auto read = net::parse_url(text);
  for (const auto* url : {&moved, &read}) {
    if (!*url) continue;
    const std::string canonical = (*url)->text();
    const auto again = net::parse_url(canonical);
    if (canonical.size() <= net::kMaxUrlBytes && (!again || *again != **url)) std::abort();
    static const auto curl = net::load_curl();
    if (!curl) continue;
    const auto target = net::parse_target(**curl, canonical);
    if (!target || target->host != (*url)->host.name || target->origin != (*url)->origin() ||
        target->url != canonical)
      std::abort();
  }
  return 0;
}
