// SPDX-License-Identifier: MIT
// Server-sent events: the cut into pieces changes neither what is understood nor whether it is refused, and
// no event grows past the limit.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foundation/net/sse_parser.h"

using namespace pryx;

namespace {

constexpr std::size_t kLimit = 512;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

struct Outcome {
  bool ok = true;
  std::string last_id;
  std::vector<net::SseEvent> events;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  net::SseParser parser(kLimit);
  Outcome outcome;
  for (; !bytes.empty() && outcome.ok; bytes.remove_prefix(std::min(piece, bytes.size()))) {
    outcome.ok = parser.feed(bytes.substr(0, piece), outcome.events).has_value();
  }
  outcome.last_id = parser.last_id();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parse(bytes, size + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    const Outcome pieces = parse(bytes, piece);
    require(pieces.ok == whole.ok, "the pieces do not change the verdict");
    if (!whole.ok) continue;
    require(pieces.events == whole.events && pieces.last_id == whole.last_id, "nor the events");
  }
  for (const auto& event : whole.events) {
    require(event.event.size() + event.data.size() <= 2 * kLimit, "an event is bounded");
    require((event.event + event.id).find_first_of(std::string_view("\r\n", 2)) == std::string::npos,
            "a field is one line");
  }
  return 0;
}
