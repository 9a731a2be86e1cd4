// SPDX-License-Identifier: MIT
// An exported session as a stranger hands it over: what is taken is untrusted, bounded and the same when it
// is read again.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/agent/session_document.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check(const json::object& document) {
  const PrincipalId me("prn_owner");
  constexpr WallTime kNow{1'790'000'000'000};
  const auto imported = agent::read_session_document(document, me, kNow);
  if (!imported) return;
  const auto again = json::parse_object(imported->document, json::kOwnText);
  require(again.has_value(), "the kept document is JSON");
  const auto second = agent::read_session_document(*again, me, kNow);
  require(second && second->document == imported->document, "the kept document is canonical");
  for (const agent::Message& message : imported->messages) {
    require(message.created_at.unix_ms <= kNow.unix_ms, "nothing is from the future");
    for (const agent::Part& part : message.parts)
      require(part.labels.is_untrusted() && !part.labels.has("owner"), "content is nobody's word");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = json::parse_object({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  check(*parsed);
  // The same as content with a hash that fits, so that inputs get past it.
  check(agent::session_document(*parsed, {}));
  return 0;
}
