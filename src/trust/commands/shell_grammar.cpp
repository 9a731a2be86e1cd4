// SPDX-License-Identifier: MIT
#include "trust/commands/shell_grammar.h"

#include <fmt/format.h>

#include <array>

#include "trust/commands/internal/command_list.h"
#include "trust/commands/internal/reader.h"
#include "trust/commands/internal/unwrap.h"

namespace pryx::commands {
namespace {

constexpr std::size_t kMaxArguments = 5000;

Parse refused(std::string_view why) {
  return {.complete = false, .why_not = std::string(why), .commands = {}};
}

Parse judged(Parse parse) {
  if (parse.commands.empty() && parse.why_not.empty()) parse.why_not = "there is no command";
  parse.complete = parse.why_not.empty();
  return parse;
}

bool is_plain(std::string_view word) {
  return !word.empty() && word.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_-./:,@%+") == std::string_view::npos;
}

}  // namespace

Parse parse_shell(std::string_view command) {
  if (command.size() > kMaxCommandBytes) return refused("the command is too long to be read");
  if (const auto why = internal::unreadable(command); !why.empty()) return refused(why);
  Parse parse;
  const SimpleCommand outer;
  internal::Reader(command, {parse}, outer, 0).read();
  return judged(std::move(parse));
}

Parse parse_argv(const std::vector<std::string>& argv) {
  if (argv.empty()) return refused("there is no command");
  if (argv.size() > kMaxArguments) return refused("the command has too many arguments");
  std::size_t bytes = 0;
  std::vector<internal::Word> words;
  words.reserve(argv.size());
  for (const std::string& word : argv) {
    bytes += word.size() + 1;
    if (bytes > kMaxCommandBytes) return refused("the command is too long to be read");
    if (const auto why = internal::unreadable(word); !why.empty()) return refused(why);
    words.push_back({.text = word, .quoted = true});
  }
  Parse parse;
  SimpleCommand command;
  command.argv = argv;
  internal::add_command({parse}, std::move(command), std::move(words), 0);
  return judged(std::move(parse));
}

bool runs_other_programs(std::string_view program) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  switch (internal::kind_of(program)) {
    case internal::Kind::kShell:
    case internal::Kind::kInterpreter:
    case internal::Kind::kLauncher:
    case internal::Kind::kState:
      return true;
    case internal::Kind::kOnRequest:
    case internal::Kind::kNone:
      break;
  }
  return name.empty() || internal::wrapper_programs().find(name) != nullptr;
}

bool runs_others_on_request(std::string_view program) {
  return internal::kind_of(program) == internal::Kind::kOnRequest;
}

const std::vector<Assignment>& quiet_environment() {
  static const std::vector<Assignment> environment = [] {
    // Git's own variables go before what a repository says of itself. "none" names no protocol: objects that
    // are missing are not fetched, with whatever the repository names for it.
    std::vector<Assignment> out = {{"PAGER", "cat"},
                                   {"MANPAGER", "cat"},
                                   {"GIT_PAGER", "cat"},
                                   {"GIT_TERMINAL_PROMPT", "0"},
                                   {"GIT_OPTIONAL_LOCKS", "0"},
                                   {"GIT_ALLOW_PROTOCOL", "none"},
                                   {"GIT_NO_LAZY_FETCH", "1"},
                                   {"GIT_EDITOR", "true"},
                                   {"GIT_ASKPASS", "true"}};
    constexpr std::array<std::array<std::string_view, 2>, 9> kConfig = {{{"core.fsmonitor", "false"},
                                                                         {"core.pager", "cat"},
                                                                         {"core.hooksPath", "/dev/null"},
                                                                         {"core.sshCommand", "false"},
                                                                         {"log.showSignature", "false"},
                                                                         {"gpg.program", "false"},
                                                                         {"gpg.openpgp.program", "false"},
                                                                         {"gpg.x509.program", "false"},
                                                                         {"gpg.ssh.program", "false"}}};
    out.push_back({"GIT_CONFIG_COUNT", fmt::format("{}", kConfig.size())});
    for (std::size_t i = 0; i < kConfig.size(); ++i) {
      out.push_back({fmt::format("GIT_CONFIG_KEY_{}", i), std::string(kConfig[i][0])});
      out.push_back({fmt::format("GIT_CONFIG_VALUE_{}", i), std::string(kConfig[i][1])});
    }
    return out;
  }();
  return environment;
}

std::string quote_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    // A program may bear the name of a keyword; where it begins the command only quotes tell them apart.
    const bool is_first = out.empty();
    if (!is_first) out += ' ';
    if (is_plain(word) && !(is_first && internal::is_keyword(word))) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) {
      if (c == '\'')
        out += "'\\''";
      else
        out += c;
    }
    out += '\'';
  }
  return out;
}

}  // namespace pryx::commands
