// SPDX-License-Identifier: MIT
// The client's response parser: no crash, bounded, and the same result whatever the
// pieces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "surfaces/client/http_response.h"

namespace {

constexpr pryx::client::ResponseLimits kLimits{
    .max_head_bytes = 4096, .max_fields = 16, .max_body_bytes = 1u << 16};

struct Outcome {
  bool ok = true;
  int status = 0;
  bool done = false;
  std::string body;
  bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  pryx::client::ResponseParser parser(kLimits);
  Outcome outcome;
  while (!bytes.empty() && outcome.ok) {
    outcome.ok = parser.feed(bytes.substr(0, piece)).has_value();
    outcome.body += parser.take_body();
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  // After an error only the fact counts: how much was taken before depends on the pieces.
  if (!outcome.ok) return Outcome{false, 0, false, {}};
  outcome.status = parser.has_head() ? parser.status() : 0;
  outcome.done = parser.is_done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parse(bytes, size + 1);
  if (whole.body.size() > kLimits.max_body_bytes) std::abort();
  if (!(parse(bytes, 1) == whole)) std::abort();
  return 0;
}
