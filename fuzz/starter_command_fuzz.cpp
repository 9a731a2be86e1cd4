// SPDX-License-Identifier: MIT
// Any message must be understood as something, within the limits.
#include <cstdint>
#include <cstdlib>

#include "engine/models/starter_answers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pryx::models;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto intents = parse_commands(message);
  if (intents.empty() || intents.size() > kMaxCommands) std::abort();
  const std::vector<CommandResult> results(intents.size(), CommandResult{true, false, std::string(message)});
  const std::string answer = compose_answer(intents, results);
  std::string joined;
  for (const std::string& piece : split_for_streaming(answer)) joined += piece;
  if (joined != answer) std::abort();
  return 0;
}
