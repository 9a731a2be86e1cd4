// SPDX-License-Identifier: MIT
// The client's event parser and the history file: the cut into pieces must not change what is understood, and
// nothing grows past its limit.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "surfaces/cli/line_editor.h"
#include "surfaces/client/sse_parser.h"

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
  std::vector<client::ServerEvent> events;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  client::SseParser parser(kLimit);
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
    require(pieces.events.size() == whole.events.size() && pieces.last_id == whole.last_id,
            "nor the number of events");
    for (std::size_t i = 0; i < whole.events.size(); ++i) {
      const auto &a = whole.events[i], &b = pieces.events[i];
      require(a.name == b.name && a.id == b.id && a.data == b.data, "nor the events");
    }
  }
  for (const auto& event : whole.events) {
    require(event.name.size() + event.data.size() <= 2 * kLimit, "an event is bounded");
    require((event.name + event.id).find_first_of(std::string_view("\r\n", 2)) == std::string::npos,
            "a field is one line");
  }
  const auto history = cli::parse_history(bytes);
  require(cli::parse_history(cli::format_history(history)) == history, "a history is read back equal");
  return 0;
}
