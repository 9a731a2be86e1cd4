// SPDX-License-Identifier: MIT
// Times, durations and ids as text: what is accepted means one thing and is written back so that it reads the
// same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/text.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = parse_rfc3339(text)) {
    require(size >= 20, "an accepted time is whole");
    require(text.find_first_not_of("0123456789-:.TtZz+") == std::string_view::npos,
            "nothing else stands in a time");
    const std::string written = to_rfc3339(*time);
    // An offset can lead out of the four-digit years.
    if (written.size() == 24 && written[0] != '-') {
      const auto again = parse_rfc3339(written);
      require(again && *again == *time, "a time is written as it was read");
    }
  } else {
    require(time.error().message.size() < 200, "a refusal is short");
  }
  if (const auto duration = parse_duration(text)) {
    require(duration->count() >= 0, "no duration is negative");
    require(!text.empty() && text[0] >= '0' && text[0] <= '9', "a duration starts with a digit");
    require(!format_duration(*duration).empty(), "a duration can be shown");
  } else {
    require(duration.error().message.size() < 200, "a refusal is short");
  }
  if (const auto id = SessionId::parse(text)) {
    require(id->str() == text && size == 30, "an id is kept as it is");
  }
  return 0;
}
