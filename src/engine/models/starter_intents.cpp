// SPDX-License-Identifier: MIT
#include "engine/models/starter_intents.h"

#include "engine/models/starter_grammar.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxMessage = 64u << 10;

Intent parse_command(Words words) {
  // The first that fits wins: small talk and free text before everything that looks for single words.
  for (const auto parse :
       {&grammar::parse_direct, &grammar::parse_memory, &grammar::parse_talk, &grammar::parse_running,
        &grammar::parse_fetching, &grammar::parse_overview, &grammar::parse_counting, &grammar::parse_lines,
        &grammar::parse_facts, &grammar::parse_editing, &grammar::parse_writing, &grammar::parse_search,
        &grammar::parse_listing, &grammar::parse_reading}) {
    if (grammar::Match match = parse(words)) return std::move(*match);
  }
  // A bare file name means: show it.
  if (words.size() == 1 && looks_like_path(words[0])) return grammar::read(words[0].text);
  return grammar::talk(Intent::Kind::kUnknown);
}

}  // namespace

std::vector<Intent> parse_commands(std::string_view message) {
  const std::vector<Word> words = split_words(utf8_prefix(message, kMaxMessage));
  std::vector<Intent> out;
  for (const Words command : split_commands(words)) {
    if (out.size() == kMaxCommands) break;
    Intent intent = parse_command(command);
    intent.said = raw_text(command);
    out.push_back(std::move(intent));
  }
  if (out.empty()) out.push_back(grammar::talk(Intent::Kind::kHelp));
  return out;
}

}  // namespace pryx::models
