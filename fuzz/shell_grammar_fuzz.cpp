// SPDX-License-Identifier: MIT
// Shell text that models write. Never crashes, says why it is not complete, and what it read completely it
// reads again the same from words that are quoted anew.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "trust/commands/shell_grammar.h"

using namespace pryx::commands;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Parse parse = parse_shell(text);
  require(parse.complete == parse.why_not.empty(), "an incomplete parse says why, a complete one does not");
  require(!is_read_only(parse) || parse.complete, "only what is understood only reads");
  if (!parse.complete) return 0;
  require(!parse.commands.empty(), "a complete parse has a command");
  for (const SimpleCommand& command : parse.commands) {
    require(!command.final_argv.empty(), "a complete parse knows what runs");
    for (const auto index : command.patterns)
      require(index < command.final_argv.size(), "a pattern is one of the words");
    const Parse again = parse_shell(quote_words(command.argv));
    require(again.why_not != "the text ends with a backslash", "quoting closes what it opens");
    if (again.complete && again.commands.size() == 1 && again.commands[0].wrappers.empty() &&
        command.wrappers.empty())
      require(again.commands[0].argv == command.argv, "quoted words are read back the same");
    if (command.wrappers.empty() && command.patterns.empty() && command.final_argv == command.argv)
      require(again.complete, "quoted words are complete");
  }
  return 0;
}
