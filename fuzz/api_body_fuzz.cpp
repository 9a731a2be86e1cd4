// SPDX-License-Identifier: MIT
// What a client may send to the API: the first line is "METHOD path", the second a Cookie field, the rest the
// body. Routing never confuses two routes, and every decoder either gives a value that keeps its promises or
// says why not.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foundation/base/text.h"
#include "surfaces/server/messages.h"
#include "surfaces/server/route.h"
#include "surfaces/server/session_actions.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void check_route(std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view method = line.substr(0, space), path = line.substr(std::min(space + 1, line.size()));
  const auto match = server::find_route(server::route_table(), method, path);
  if (match.route == nullptr) return;
  require(match.route->method == method || (method == "HEAD" && match.route->method == "GET"),
          "a route takes its method");
  // The values put back into the pattern give the path again.
  std::string built;
  std::size_t value = 0;
  for (std::string_view pattern = match.route->pattern; !pattern.empty();) {
    if (pattern.front() == '{') {
      require(value < match.path_values.size(), "each place has its value");
      built += match.path_values[value++];
      pattern.remove_prefix(std::min(pattern.find('}') + 1, pattern.size()));
    } else {
      built += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  require(value == match.path_values.size() && built == path, "a route takes its path");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_route(take_line(text));
  net::Headers headers;
  headers.add("Cookie", std::string(take_line(text)));
  const auto cookie = server::find_cookie(headers, "pryx_session_7799");
  if (cookie)
    require(headers.all()[0].second.find("pryx_session_7799=") != std::string::npos, "a cookie was sent");
  const auto body = json::parse_object(text);
  if (!body) return 0;
  if (const auto resolution = server::decode_resolution(*body, WallTime{})) {
    const std::string decision = json::string_or(*body, "decision");
    require(resolution->approve == (decision == "approve") && (resolution->approve || decision == "deny"),
            "only a clear yes is a yes");
  }
  (void)server::decode_session_fields(*body);
  return 0;
}
