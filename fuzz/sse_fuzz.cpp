// SPDX-License-Identifier: MIT
// Server-sent events: the cut into pieces must not change what is understood.
#include <cstdint>
#include <cstdlib>

#include "engine/models/sse_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  pryx::models::SseParser at_once(1024);
  std::vector<pryx::models::SseEvent> expected;
  const auto whole = at_once.feed(bytes, expected);
  pryx::models::SseParser in_pieces(1024);
  std::vector<pryx::models::SseEvent> seen;
  for (size_t i = 0; i < size; ++i) {
    if (!in_pieces.feed(bytes.substr(i, 1), seen)) break;
  }
  if (whole && seen != expected) std::abort();
  return 0;
}
