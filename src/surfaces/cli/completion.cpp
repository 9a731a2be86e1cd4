// SPDX-License-Identifier: MIT
#include "surfaces/cli/completion.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::cli {
namespace {

struct Choice {
  std::string word;
  std::string about;
};
// What may follow one noun and verb; both are empty at the start of the line.
struct Place {
  std::string noun, verb;
  std::vector<Choice> words;
  std::vector<Choice> flags;
};

bool is_offered(const Command& command) { return !command.hidden && command.refused.empty(); }

void add_word(std::vector<Choice>& words, std::string_view word, std::string_view about) {
  const auto same = [&](const Choice& choice) { return choice.word == word; };
  if (!word.empty() && std::ranges::none_of(words, same))
    words.push_back({std::string(word), std::string(about)});
}

std::vector<Choice> choices_of(const std::vector<Flag>& flags) {
  std::vector<Choice> out;
  for (const Flag& flag : flags) {
    if (flag.refused.empty()) add_word(out, "--" + std::string(flag_key(flag)), flag.help);
  }
  return out;
}

Place& place_of(std::vector<Place>& places, std::string_view noun, std::string_view verb) {
  const auto found = std::ranges::find_if(
      places, [&](const Place& place) { return place.noun == noun && place.verb == verb; });
  if (found != places.end()) return *found;
  return places.emplace_back(Place{std::string(noun), std::string(verb), {}, {}});
}

std::vector<Place> find_places(const CommandSet& commands) {
  std::vector<Place> places(1);
  for (const Command& command : commands.commands()) {
    if (!is_offered(command)) continue;
    const std::string_view about = command.verb.empty() ? command.summary : std::string_view{};
    add_word(place_of(places, "", "").words, command.noun, about);
    add_word(place_of(places, command.noun, "").words, command.verb, command.summary);
    place_of(places, command.noun, command.verb).flags = choices_of(command.flags);
  }
  const std::vector<Place> known = places;
  for (const Place& place : known) {
    if (place.verb.empty() && !place.words.empty()) place_of(places, "help", place.noun).words = place.words;
  }
  place_of(places, "help", "").words = known.front().words;
  for (const std::string_view shell : kShells) add_word(place_of(places, "completion", "").words, shell, "");
  return places;
}

// Flags whose next word is their value, in every spelling.
std::vector<std::string> flags_with_value(const CommandSet& commands) {
  std::vector<std::string> out;
  const auto add = [&](const Flag& flag) {
    if (flag.value.empty() || !flag.refused.empty()) return;
    for (const std::string_view spelling : split(flag.name, ',')) {
      if (std::ranges::find(out, spelling) == out.end()) out.emplace_back(spelling);
    }
  };
  for (const Flag& flag : global_flags()) add(flag);
  for (const Command& command : commands.commands()) {
    if (is_offered(command)) std::ranges::for_each(command.flags, add);
  }
  return out;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : std::string(between)) + word;
  return out;
}

std::string words_of(const std::vector<Choice>& choices) {
  std::string out;
  for (const Choice& choice : choices) out += (out.empty() ? "" : " ") + choice.word;
  return out;
}

// One word of a POSIX shell's or fish's source.
std::string quoted(std::string_view text, std::string_view quote_mark) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += quote_mark;
    else
      out += c;
  }
  return out + "'";
}

std::string bash_script(const CommandSet& commands) {
  std::string out =
      "# pryx: completion for bash. Load it with: source <(pryx completion bash)\n"
      "# Values that the daemon knows. Bash cuts words at colons, so the line is read again by its blanks.\n"
      "_pryx_values() {\n"
      "  local text=\"${COMP_LINE:0:COMP_POINT}\" value= cut=\n"
      "  read -ra line <<<\"$text\"\n"
      "  if [[ $text == *' ' ]]; then line+=(''); fi\n"
      "  cur=\"${line[${#line[@]}-1]}\"\n"
      "  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then cut=\"${cur%:*}:\"; fi\n"
      "  while IFS=$'\\t' read -r value _; do\n"
      "    if [[ $value == \"$cur\"* ]]; then COMPREPLY+=(\"${value#\"$cut\"}\"); fi\n"
      "  done < <(\"${line[0]}\" __complete -- \"${line[@]:1}\" 2>/dev/null)\n"
      "  (( ${#COMPREPLY[@]} ))\n"
      "}\n"
      "_pryx() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" noun= verb= skip= word= words= flags= i line=()\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=\"${COMP_WORDS[i]}\"\n"
      "    if [[ -n $skip ]]; then skip=; continue; fi\n"
      "    case \"$word\" in\n";
  out += fmt::format("      {}) skip=1 ;;\n", joined(flags_with_value(commands), "|"));
  out +=
      "      -*) ;;\n"
      "      *) if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi ;;\n"
      "    esac\n"
      "  done\n"
      "  if [[ -n $skip ]]; then _pryx_values || COMPREPLY=($(compgen -f -- \"$cur\")); return; fi\n"
      "  case \"$noun:$verb\" in\n";
  for (const Place& place : find_places(commands)) {
    out += fmt::format("    {}:{}) words='{}' flags='{}' ;;\n", place.noun, place.verb, words_of(place.words),
                       words_of(place.flags));
  }
  out += fmt::format(
      "  esac\n"
      "  if [[ $cur == -* ]]; then words=\"$flags {}\"; fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "  if [[ -z $words ]]; then _pryx_values; fi\n"
      "}}\n"
      "complete -o default -F _pryx pryx\n",
      words_of(choices_of(global_flags())));
  return out;
}

std::string zsh_list(const std::vector<Choice>& choices) {
  std::string out;
  for (const Choice& choice : choices) {
    std::string entry = choice.word;
    if (!choice.about.empty()) {
      entry += ':';
      for (const char c : choice.about) entry += c == ':' ? std::string("\\:") : std::string(1, c);
    }
    out += (out.empty() ? "" : " ") + quoted(entry, "'\\''");
  }
  return out;
}

std::string zsh_script(const CommandSet& commands) {
  std::string out =
      "#compdef pryx\n"
      "# pryx: completion for zsh. Put it into a folder of $fpath as _pryx, or: source <(pryx completion "
      "zsh)\n"
      "_pryx_values() {\n"
      "  local -a values\n"
      "  local value= about=\n"
      "  while IFS=$'\\t' read -r value about; do\n"
      "    values+=(\"${value//:/\\\\:}:$about\")\n"
      "  done < <($words[1] __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
      "  (( $#values )) && _describe 'value' values\n"
      "}\n"
      "_pryx() {\n"
      "  local noun= verb= skip= word=\n"
      "  local -i i\n"
      "  local -a choices flags\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    word=$words[i]\n"
      "    if [[ -n $skip ]]; then skip=; continue; fi\n"
      "    case $word in\n";
  out += fmt::format("      ({}) skip=1 ;;\n", joined(flags_with_value(commands), "|"));
  out +=
      "      (-*) ;;\n"
      "      (*) if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi ;;\n"
      "    esac\n"
      "  done\n"
      "  if [[ -n $skip ]]; then _pryx_values || _files; return; fi\n"
      "  case \"$noun:$verb\" in\n";
  for (const Place& place : find_places(commands)) {
    out += fmt::format("    ({}:{}) choices=({}) flags=({}) ;;\n", place.noun, place.verb,
                       zsh_list(place.words), zsh_list(place.flags));
  }
  out += fmt::format(
      "  esac\n"
      "  if [[ $words[CURRENT] == -* ]]; then\n"
      "    choices=($flags {})\n"
      "  fi\n"
      "  if (( $#choices )); then _describe 'pryx' choices; else _pryx_values || _files; fi\n"
      "}}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _pryx \"$@\"; else compdef _pryx pryx; fi\n",
      zsh_list(choices_of(global_flags())));
  return out;
}

std::string fish_line(std::string_view condition, std::string_view what, const Choice& choice) {
  std::string out = fmt::format("complete -c pryx {}{}", condition, what);
  if (!choice.about.empty()) out += " -d " + quoted(choice.about, "\\'");
  return out + "\n";
}

std::string fish_script(const CommandSet& commands) {
  std::string out =
      "# pryx: completion for fish. Put it into ~/.config/fish/completions/pryx.fish, or: pryx completion "
      "fish | source\n"
      "function __pryx_at\n"
      "  set -l seen\n"
      "  set -l skip 0\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if test $skip = 1\n"
      "      set skip 0\n"
      "      continue\n"
      "    end\n"
      "    switch $word\n";
  out += fmt::format("      case {}\n        set skip 1\n", joined(flags_with_value(commands), " "));
  out +=
      "      case '-*'\n"
      "      case '*'\n"
      "        set -a seen $word\n"
      "    end\n"
      "  end\n"
      "  test \"$seen[1]:$seen[2]\" = \"$argv[1]\"\n"
      "end\n";
  const auto flag_lines = [&](std::string_view condition, const std::vector<Flag>& flags) {
    for (const Flag& flag : flags) {
      if (!flag.refused.empty()) continue;
      const std::string key(flag_key(flag));
      out += fish_line(condition, fmt::format("-l {}{}", key, flag.value.empty() ? "" : " -r"),
                       {key, std::string(flag.help)});
    }
  };
  out +=
      "function __pryx_values\n"
      "  set -l words (commandline -opc) (commandline -ct)\n"
      "  $words[1] __complete -- $words[2..-1] 2>/dev/null\n"
      "end\n"
      "complete -c pryx -a '(__pryx_values)'\n";
  flag_lines("", global_flags());
  for (const Place& place : find_places(commands)) {
    const std::string condition = fmt::format("-n '__pryx_at {}:{}' ", place.noun, place.verb);
    for (const Choice& choice : place.words) out += fish_line(condition, "-f -a " + choice.word, choice);
  }
  for (const Command& command : commands.commands()) {
    if (is_offered(command))
      flag_lines(fmt::format("-n '__pryx_at {}:{}' ", command.noun, command.verb), command.flags);
  }
  return out;
}

}  // namespace

Result<std::string> completion_script(const CommandSet& commands, std::string_view shell) {
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  if (shell == "fish") return fish_script(commands);
  return fail(ErrorCode::kInvalidArgument, "there is no completion for '{}'; choose bash, zsh or fish",
              shell);
}

}  // namespace pryx::cli
