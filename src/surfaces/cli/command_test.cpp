// SPDX-License-Identifier: MIT
#include "surfaces/cli/command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/completion.h"
#include "surfaces/cli/console.h"
#include "surfaces/cli/listen_address.h"
#include "surfaces/cli/man_page.h"
#include "surfaces/cli/pages.h"
#include "surfaces/cli/read_secret.h"
#include "surfaces/manual/manual.h"

namespace pryx::cli {
namespace {

const CommandSet& commands() {
  static const CommandSet set(all_commands());
  return set;
}

ParsedLine parse(std::vector<std::string> arguments) {
  auto line = commands().parse(arguments);
  EXPECT_TRUE(line) << (line ? "" : line.error().message);
  return line ? std::move(*line) : ParsedLine{};
}

std::string refusal(std::vector<std::string> arguments) {
  auto line = commands().parse(arguments);
  EXPECT_FALSE(line);
  if (line) return "parsed";
  EXPECT_EQ(facts(line.error().code).exit_code, 2);
  return line.error().message;
}

TEST(CommandLine, FindsNounVerbFlagsAndArguments) {
  const ParsedLine line = parse({"session", "show", "ses_1", "--limit", "5", "--messages"});
  EXPECT_EQ(line.wanted, Wanted::kRun);
  EXPECT_EQ(line.invocation.command->verb, "show");
  EXPECT_EQ(line.invocation.positional("id"), "ses_1");
  EXPECT_TRUE(line.invocation.has("messages"));
  EXPECT_EQ(line.invocation.find_integer("limit", 1, 200).value(), 5);
  EXPECT_FALSE(line.invocation.find_integer("limit", 1, 4));
}

TEST(CommandLine, GlobalFlagsStandAnywhere) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"--json", "session", "list", "--timeout", "5s"},
                                             {"session", "--json", "--timeout=5s", "list"},
                                             {"session", "list", "--json", "--timeout", "5s"}}) {
    const ParsedLine line = parse(arguments);
    EXPECT_TRUE(line.globals.json);
    EXPECT_EQ(line.globals.timeout, std::chrono::seconds(5));
    EXPECT_EQ(line.invocation.command->verb, "list");
  }
}

TEST(CommandLine, APromptIsNeverTakenForACommand) {
  EXPECT_EQ(parse({"exec", "status"}).invocation.positional("prompt"), "status");
  EXPECT_EQ(parse({"exec", "list", "the", "files"}).invocation.positional("prompt"), "list the files");
  EXPECT_EQ(parse({"exec", "[a, b]"}).invocation.positional("prompt"), "[a, b]");
  EXPECT_EQ(parse({"exec", "\x01[a]"}).invocation.positional("prompt"), "\x01[a]");
  EXPECT_EQ(parse({"exec", "--", "--json"}).invocation.positional("prompt"), "--json");
  EXPECT_EQ(parse({"exec", ""}).invocation.command->noun, "exec");
  EXPECT_EQ(parse({"exec", "-"}).invocation.positional("prompt"), "-");
  EXPECT_EQ(parse({"policy", "test", "--tool", "t", "--args", "[1]", "--label", "a", "--label", "b"})
                .invocation.all("label")
                .size(),
            2u);
}

TEST(CommandLine, SuggestsWhatWasMeant) {
  EXPECT_NE(refusal({"sesion", "list"}).find("did you mean `pryx session`?"), std::string::npos);
  EXPECT_NE(refusal({"session", "lst"}).find("did you mean `pryx session list`?"), std::string::npos);
  EXPECT_NE(refusal({"session", "ls"}).find("did you mean `pryx session list`?"), std::string::npos);
  EXPECT_NE(refusal({"session", "delete", "x"}).find("did you mean `pryx session rm`?"), std::string::npos);
  EXPECT_NE(refusal({"session", "list", "--limmit", "3"}).find("did you mean --limit?"), std::string::npos);
  EXPECT_NE(refusal({"run", "x"}).find("did you mean `pryx exec`?"), std::string::npos);
  EXPECT_NE(refusal({"xyzzy"}).find("'xyzzy' is no command of pryx"), std::string::npos);
}

TEST(CommandLine, RefusesWhatDoesNotExistYet) {
  EXPECT_NE(refusal({"mcp", "list"}).find("not in this version"), std::string::npos);
  EXPECT_NE(refusal({"tool", "call", "fs.list"}).find("not in this version"), std::string::npos);
}

TEST(CommandLine, RefusesWhatIsIncompleteOrTwice) {
  EXPECT_NE(refusal({"session", "show"}).find("needs <id>"), std::string::npos);
  EXPECT_NE(refusal({"session", "show", "a", "b"}).find("one word too many"), std::string::npos);
  EXPECT_NE(refusal({"session", "list", "--limit", "1", "--limit", "2"}).find("given twice"),
            std::string::npos);
  EXPECT_FALSE(refusal({"session", "list", "--limit"}).empty());
  EXPECT_NE(refusal({"status", "--timeout", "soon"}).find("no duration"), std::string::npos);
}

TEST(CommandLine, HelpAndVersionWinOverEverything) {
  EXPECT_EQ(parse({"session", "show", "--help"}).wanted, Wanted::kHelp);
  EXPECT_EQ(parse({"session", "-h"}).help_noun, "session");
  EXPECT_EQ(parse({"--help"}).wanted, Wanted::kHelp);
  EXPECT_EQ(parse({"--version"}).wanted, Wanted::kVersion);
  EXPECT_EQ(parse({}).wanted, Wanted::kOverview);
  EXPECT_EQ(parse({"session"}).wanted, Wanted::kHelp);
}

TEST(CommandLine, EveryCommandHasExamplesThatParse) {
  for (const Command& command : commands().commands()) {
    if (command.hidden || !command.refused.empty()) continue;
    EXPECT_FALSE(command.summary.empty()) << command.noun << " " << command.verb;
    EXPECT_FALSE(command.examples.empty()) << command.noun << " " << command.verb;
    const std::string help = commands().help_for(command);
    EXPECT_LT(help.find("Examples:"), help.find("Usage:")) << help;
    for (std::string_view example : command.examples) {
      // Words as a shell would split them, up to a pipe or redirection.
      std::vector<std::string> words(1);
      char quote = 0;
      for (char c : example) {
        if (quote == 0 && (c == '|' || c == '<')) break;
        if (quote == 0 && (c == '"' || c == '\''))
          quote = c;
        else if (c == quote)
          quote = 0;
        else if (quote == 0 && c == ' ')
          words.emplace_back();
        else
          words.back().push_back(c);
      }
      while (!words.empty() && words.back().empty()) words.pop_back();
      const auto line = commands().parse(words);
      EXPECT_TRUE(line) << example << ": " << (line ? "" : line.error().message);
      if (line) EXPECT_EQ(line->invocation.command, &command) << example;
    }
  }
}

TEST(Completion, EveryScriptOffersEveryCommandAndNothingThatIsRefused) {
  for (const std::string_view shell : kShells) {
    const std::string script = completion_script(commands(), shell).value();
    for (const Command& command : commands().commands()) {
      const std::string place = shell == "fish" ? fmt::format("{}:' -f -a {}", command.noun, command.verb)
                                                : fmt::format("{}:{}", command.noun, command.verb);
      const bool offered = !command.hidden && command.refused.empty();
      if (!command.verb.empty())
        EXPECT_EQ(script.find(place) != std::string::npos, offered) << shell << place;
      for (const Flag& flag : command.flags) {
        if (!offered || !flag.refused.empty()) continue;
        EXPECT_NE(script.find(flag_key(flag)), std::string::npos) << shell << " " << flag.name;
      }
    }
  }
  EXPECT_EQ(completion_script(commands(), "tcsh").error().code, ErrorCode::kInvalidArgument);
}

TEST(Completion, AsksForModelsThatAreKnownAndForNoneOfTheVendors) {
  const std::vector<std::vector<std::string>> lines = {
      {"exec", "-m", ""}, {"model", "use", ""}, {"config", "set", "model.default", ""}};
  for (const std::vector<std::string>& words : lines) {
    const auto source = value_source(commands(), words);
    ASSERT_TRUE(source) << words[0];
    EXPECT_EQ(source->target, "/api/v1/models?known=true") << words[0];
  }
}

TEST(Completion, AWordIsOfTheKindThatItsPlaceTakes) {
  struct Place {
    std::vector<std::string> words;
    std::string_view kind;
  };
  const std::vector<Place> places = {{{"open", ""}, "page"},
                                     {{"open", "chat", ""}, "session"},
                                     {{"open", "trace", ""}, "turn"},
                                     {{"stop", ""}, "session"},
                                     {{"provider", "add", ""}, "preset"},
                                     {{"provider", "rm", ""}, "provider"},
                                     {{"approval", "plan", "trn_1", ""}, "decision"},
                                     {{"exec", "--workspace", ""}, "workspace folder"},
                                     {{"skill", "list", "--in", ""}, "workspace"},
                                     {{"workspace", "rm", ""}, "workspace"},
                                     {{"audit", "list", "--success", ""}, "success"}};
  for (const Place& place : places) {
    const auto source = value_source(commands(), place.words);
    ASSERT_TRUE(source) << place.words[0] << " " << place.kind;
    EXPECT_EQ(source->kind, place.kind) << place.words[0];
  }
  EXPECT_EQ(value_source(commands(), {"exec", "--workspace", ""})->value, "path");
  const auto offered = value_source(commands(), {"open", ""})->words;
  EXPECT_EQ(offered.size(), pages().size());
  for (const std::string_view page : offered)
    EXPECT_NE(std::ranges::find(pages(), page, &Page::name), pages().end());
  EXPECT_FALSE(value_source(commands(), {"open", "policy", "x"}));
  EXPECT_FALSE(value_source(commands(), {"audit", "proof", "1", "--key", ""})) << "that is a file";
  EXPECT_FALSE(value_source(commands(), {"skill", "add", ""})) << "the shell knows its folders";
}

TEST(ManPages, HaveEveryCommandAndFlagAndNothingThatIsRefused) {
  std::map<std::string, std::string> texts;
  for (ManPage& page : man_pages(commands(), "1.0")) texts[page.file] = std::move(page.text);
  const auto in_roff = [](std::string_view word) {
    std::string out;
    for (const char c : word) out += c == '-' ? std::string("\\-") : std::string(1, c);
    return out;
  };
  for (const Command& command : commands().commands()) {
    const bool offered = !command.hidden && command.refused.empty();
    const auto page = texts.find(fmt::format("pryx-{}.1", command.noun));
    if (page == texts.end()) {
      EXPECT_FALSE(offered) << command.noun;
      continue;
    }
    const std::string section = fmt::format(".SS pryx {}{}{}\n", in_roff(command.noun),
                                            command.verb.empty() ? "" : " ", in_roff(command.verb));
    EXPECT_EQ(page->second.find(section) != std::string::npos, offered) << section;
    for (const Flag& flag : command.flags) {
      if (offered && flag.refused.empty())
        EXPECT_NE(page->second.find(in_roff("--" + std::string(flag_key(flag)))), std::string::npos)
            << command.noun << " " << flag.name;
    }
  }
  for (const auto& [file, text] : texts) {
    for (const char* heading : {".SH NAME\n", ".SH SYNOPSIS\n", ".SH COMMANDS\n", ".SH SEE ALSO\n"})
      EXPECT_NE(text.find(heading), std::string::npos) << file << " lacks " << heading;
  }
  for (const char* word : {"PRYX_MODEL", "PRYX_LISTEN", "130 and 143"})
    EXPECT_NE(texts["pryx.1"].find(word), std::string::npos) << word;
}

// What is wrong with "pryx noun verb --flag" as the manual writes it; empty: nothing.
std::string fault_of(std::string line) {
  std::ranges::replace(line, '\n', ' ');
  const std::vector<std::string_view> words = split(line, ' ');
  bool has_noun = false;
  bool has_verb = words.size() < 3;
  std::vector<Flag> flags = global_flags();
  for (const Command& command : commands().commands()) {
    if (words.size() < 2 || command.noun != words[1] || command.hidden || !command.refused.empty()) continue;
    has_noun = true;
    if (words.size() > 2 && !command.verb.empty() && command.verb != words[2]) continue;
    has_verb = true;
    flags.insert(flags.end(), command.flags.begin(), command.flags.end());
  }
  if (!has_noun || !has_verb) return "there is no such command";
  for (const std::string_view word : words) {
    if (!word.starts_with("--")) continue;
    if (std::ranges::find(flags, word.substr(2), flag_key) == flags.end())
      return fmt::format("there is no {}", word);
  }
  if (words[1] == "docs" && words.size() > 2 && !manual::find_page(words[2])) return "there is no such page";
  return {};
}

TEST(Manual, NamesOnlyWhatThereIs) {
  int named = 0;
  for (const manual::Page& page : manual::pages()) {
    std::string_view rest = page.text;
    for (std::size_t at = rest.find("`pryx "); at != std::string_view::npos; at = rest.find("`pryx ")) {
      rest.remove_prefix(at + 1);
      const std::string line(rest.substr(0, rest.find('`')));
      rest.remove_prefix(line.size());
      EXPECT_EQ(fault_of(line), "") << page.topic << ": " << line;
      ++named;
    }
  }
  EXPECT_GT(named, 50);
  for (const char* wrong :
       {"pryx sesion list", "pryx session lst", "pryx exec --speed 3", "pryx docs nothing"})
    EXPECT_NE(fault_of(wrong), "") << wrong;
}

TEST(CommandLine, NoCommandIsThereTwice) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Command& command : commands().commands())
    EXPECT_TRUE(seen.emplace(command.noun, command.verb).second) << command.noun << " " << command.verb;
}

TEST(ErrorText, IsLaidOutByWhatWhyAndWhatToDo) {
  const ErrorText full = lay_out(
      {ErrorCode::kUnavailable, "cannot reach the daemon at /x: connection refused; pryx daemon start", -1});
  EXPECT_EQ(full.error, "cannot reach the daemon at /x");
  EXPECT_EQ(full.cause, "connection refused");
  EXPECT_EQ(full.advice, "pryx daemon start");
  const ErrorText bare = lay_out({ErrorCode::kNotFound, "there is no session ses_1", -1});
  EXPECT_EQ(bare.error, "there is no session ses_1");
  EXPECT_TRUE(bare.cause.empty());
  EXPECT_TRUE(bare.advice.empty());
}

TEST(ListenAddress, TakesLoopbackOnly) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:7799")->port, 7799);
  EXPECT_EQ(parse_listen_address("[::1]:0")->address, "::1");
  EXPECT_EQ(parse_listen_address("localhost:1")->address, "127.0.0.1");
  for (const char* bad : {"0.0.0.0:7799", "192.168.0.1:1", "[::]:1", "7799", "127.0.0.1",
                          "127.0.0.1:", "127.0.0.1:99999", "host:1", "::1:5", "127.0.0.1:-1", "127.1:80"}) {
    EXPECT_FALSE(parse_listen_address(bad)) << bad;
  }
}

TEST(SecretFile, ReadsWhatOthersCallDotEnv) {
  const auto secrets = parse_secret_file("# comment\nexport A=1\n B = \"two words\" \n\nC='x=y'\r\n");
  ASSERT_TRUE(secrets);
  ASSERT_EQ(secrets->size(), 3u);
  EXPECT_EQ((*secrets)[0].second.reveal(), "1");
  EXPECT_EQ((*secrets)[1].second.reveal(), "two words");
  EXPECT_EQ((*secrets)[2].second.reveal(), "x=y");
  EXPECT_FALSE(parse_secret_file("no equals"));
  EXPECT_FALSE(parse_secret_file("1A=x"));
  EXPECT_FALSE(parse_secret_file("A="));
}

TEST(RelativeTime, IsCoarse) {
  const WallTime now = parse_rfc3339("2026-11-21T12:00:00Z").value();
  EXPECT_EQ(relative_time("2026-11-21T11:59:30Z", now), "just now");
  EXPECT_EQ(relative_time("2026-11-21T11:55:00Z", now), "5 m ago");
  EXPECT_EQ(relative_time("2026-11-21T07:00:00Z", now), "5 h ago");
  EXPECT_EQ(relative_time("2026-11-11T12:00:00Z", now), "10 d ago");
  EXPECT_EQ(relative_time("not a time", now), "not a time");
}

}  // namespace
}  // namespace pryx::cli
