// SPDX-License-Identifier: MIT
// The history file of the line editor: whatever it holds, what is written is read back equal.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "surfaces/cli/line_editor.h"

using namespace pryx;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto history = cli::parse_history(bytes);
  if (cli::parse_history(cli::format_history(history)) != history) {
    std::fprintf(stderr, "broken: a history is read back equal\n");
    std::abort();
  }
  return 0;
}
