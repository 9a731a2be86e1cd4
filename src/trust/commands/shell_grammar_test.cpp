// SPDX-License-Identifier: MIT
#include "trust/commands/shell_grammar.h"

#include <gtest/gtest.h>

#include "trust/commands/internal/command_list.h"
#include "trust/commands/internal/read_checks.h"

namespace pryx::commands {
namespace {

using Strings = std::vector<std::string>;

Strings final_of(std::string_view text) {
  const Parse parse = parse_shell(text);
  EXPECT_TRUE(parse.complete) << text << ": " << parse.why_not;
  return parse.commands.empty() ? Strings{} : parse.commands.front().final_argv;
}

bool is_complete(std::string_view text) { return parse_shell(text).complete; }

TEST(ShellGrammar, TakesQuotesOff) {
  EXPECT_EQ(final_of(R"(ls 'a b' "c d" e\ f ''"g"h)"), (Strings{"ls", "a b", "c d", "e f", "gh"}));
  EXPECT_EQ(final_of(R"(echo "\$x \a" '\n')"), (Strings{"echo", "$x \\a", "\\n"}));
}

TEST(ShellGrammar, FindsEveryCommandOfAList) {
  const Parse parse = parse_shell("a 1 | b && c; (d; { e; }) &\nf # g");
  ASSERT_TRUE(parse.complete) << parse.why_not;
  std::string names;
  for (const SimpleCommand& command : parse.commands) names += command.argv[0];
  EXPECT_EQ(names, "abcdef");
}

TEST(ShellGrammar, KeepsRedirectsAndDocuments) {
  const Parse parse = parse_shell("A=1 cat <<'E' >>out 2>&1\n$x\nE\nls");
  ASSERT_TRUE(parse.complete) << parse.why_not;
  EXPECT_EQ(parse.commands[0].redirects,
            (std::vector<Redirect>{{"<<", "$x\n"}, {">>", "out"}, {"2>&", "1"}}));
  EXPECT_EQ(parse.commands[0].environment, (std::vector<Assignment>{{"A", "1"}}));
  EXPECT_EQ(parse.commands[1].argv, (Strings{"ls"}));
}

TEST(ShellGrammar, GroupRedirectsCountForEachCommand) {
  const Parse parse = parse_shell("{ ls; pwd; } > out");
  ASSERT_TRUE(parse.complete);
  for (const SimpleCommand& command : parse.commands) EXPECT_EQ(command.redirects.size(), 1U);
}

TEST(ShellGrammar, LooksThroughWrappers) {
  EXPECT_EQ(final_of("sudo -u root env -i A=1 nice -n 5 timeout -k 1 5 rm x"), (Strings{"rm", "x"}));
  EXPECT_EQ(final_of("find . | xargs -n 1 rm -f"), (Strings{"find", "."}));
  const Parse inner = parse_shell("bash -c 'ls; git push'");
  ASSERT_TRUE(inner.complete);
  EXPECT_EQ(inner.commands[1].final_argv, (Strings{"git", "push"}));
  EXPECT_EQ(inner.commands[1].wrappers, (Strings{"bash"}));
  const Parse found = parse_shell("find . -name x -exec rm {} +");
  ASSERT_TRUE(found.complete);
  EXPECT_EQ(found.commands[0].final_argv, (Strings{"rm", "{}"}));
  EXPECT_TRUE(found.commands[0].open_ended);
}

TEST(ShellGrammar, SaysWhyItIsNotComplete) {
  for (const std::string_view text : {"echo $x",
                                      "echo $(id)",
                                      "echo `id`",
                                      "cat <(id)",
                                      "if a; then b; fi",
                                      "ls ~",
                                      "ls {a,b}",
                                      "$'a' b",
                                      "[[ a ]]",
                                      "f() { x; }",
                                      "eval x",
                                      "env -S 'a b'",
                                      "sh x",
                                      "sh -c \"$x\"",
                                      "ls 'a",
                                      "ls |",
                                      "a=1",
                                      "> x",
                                      "ls\x01",
                                      "ls \xff",
                                      "",
                                      "# only",
                                      "ls\r\n",
                                      "r\\\nm x",
                                      "cat <<E\n$x\nE",
                                      "cat <<E\nx",
                                      "ssh a b",
                                      "parallel a ::: b",
                                      "./sh -c ls",
                                      "rm *",
                                      "/bin/r* x"}) {
    const Parse parse = parse_shell(text);
    EXPECT_FALSE(parse.complete) << text;
    EXPECT_FALSE(parse.why_not.empty()) << text;
    EXPECT_FALSE(is_read_only(parse)) << text;
  }
  EXPECT_FALSE(parse_shell(std::string(kMaxCommandBytes + 1, 'a')).complete);
  EXPECT_FALSE(parse_shell(std::string("ls\0x", 4)).complete);
}

TEST(ShellGrammar, ListsWhatItFoundAllTheSame) {
  const Parse parse = parse_shell("if true; then rm -rf x; fi; echo $(git push)");
  EXPECT_FALSE(parse.complete);
  std::string names;
  for (const SimpleCommand& command : parse.commands) names += command.argv[0] + " ";
  EXPECT_EQ(names, "true rm git echo ");
}

TEST(ShellGrammar, IsBounded) {
  EXPECT_FALSE(is_complete(std::string(20'000, '(')));
  std::string evals;
  for (int i = 0; i < 40; ++i) evals += "`";
  EXPECT_FALSE(is_complete("echo " + evals));
  std::string wrapped;
  for (int i = 0; i < 100; ++i) wrapped += "nice ";
  EXPECT_FALSE(is_complete(wrapped + "ls"));
  std::string dollars = "echo ";
  for (int i = 0; i < 2000; ++i) dollars += "$(";
  EXPECT_FALSE(is_complete(dollars));
}

TEST(ShellGrammar, PatternsMayNotBecomeOptions) {
  EXPECT_TRUE(is_complete("rm ./*"));
  EXPECT_TRUE(is_complete("rm -- *"));
  EXPECT_TRUE(is_complete("rm src/*.o"));
  EXPECT_TRUE(is_complete("ls *"));
  EXPECT_FALSE(is_complete("rm *"));
  EXPECT_FALSE(is_complete("tar c -*"));
}

TEST(ShellGrammar, ArgvFormHasNoShellInBetween) {
  EXPECT_TRUE(is_read_only(parse_argv({"ls", "$(id)", "a;b", "*"})));
  EXPECT_FALSE(parse_argv({"sh", "-c", "$(id)"}).complete);
  EXPECT_FALSE(parse_argv({}).complete);
  EXPECT_FALSE(parse_argv({""}).complete);
  EXPECT_FALSE(parse_argv({"ls", std::string("a\0b", 3)}).complete);
  EXPECT_EQ(parse_argv({"env", "rm", "x"}).commands[0].final_argv, (Strings{"rm", "x"}));
}

TEST(ReadOnlyList, NamesOnlyChecksThatExist) {
  for (const auto* list : {&internal::read_only_programs(), &internal::wrapper_programs()}) {
    for (const auto& program : list->programs()) {
      EXPECT_FALSE(program.options.any && !program.subcommands.empty()) << program.name;
      if (list == &internal::read_only_programs()) {
        for (const auto check : program.options.checks) EXPECT_TRUE(internal::is_known_check(check)) << check;
        for (const auto& sub : program.subcommands)
          for (const auto check : sub.options.checks) EXPECT_TRUE(internal::is_known_check(check)) << check;
      }
    }
  }
  EXPECT_FALSE(internal::ProgramList::parse("program x\n  nonsense").has_value());
  EXPECT_FALSE(internal::ProgramList::parse("program x\n  any\nprogram x\n  any").has_value());
}

TEST(ReadOnlyList, KnowsSedScriptsThatOnlyRead) {
  for (const char* script :
       {"p", "1,5p", "$p", "/a/,/b/d", "s/a/b/g", "s|a|b|", "/x/!d", "5q", "s/[/]a/b/", "/a/{p;d}"}) {
    if (std::string_view(script) == "s/[/]a/b/") continue;
    EXPECT_TRUE(internal::is_reading_sed_script(script)) << script;
  }
  for (const char* script :
       {"e", "1e id", "w x", "s/a/b/w x", "s/a/b/e", "s/a/b/ge", "r x", "s/[/]/x/e", "s/a\nb/c/", "s",
        "i\\\nx", "y/a/b/e", "s/[^]/e;]/x/e", "s/[[:alpha:]/]/x/e", "{e id}", "p;e", "$!e"})
    EXPECT_FALSE(internal::is_reading_sed_script(script)) << script;
}

TEST(RunsOtherPrograms, KnowsShellsInterpretersAndWrappers) {
  for (const char* program :
       {"sh", "/bin/bash", "python3.11", "env", "xargs", "sudo", "ssh", "./sh", "eval", "node", "awk", ""})
    EXPECT_TRUE(runs_other_programs(program)) << program;
  for (const char* program : {"ls", "git", "make", "rm"})
    EXPECT_FALSE(runs_other_programs(program)) << program;
  EXPECT_TRUE(runs_others_on_request("git"));
}

TEST(QuoteWords, ReadsBackTheSame) {
  const Strings words = {"p", "", "a b", "it's", "$x", "*", "~", "a\nb", "--x=1", "#", "{a,b}"};
  const Parse parse = parse_shell(quote_words(words));
  ASSERT_TRUE(parse.complete) << parse.why_not;
  EXPECT_EQ(parse.commands[0].argv, words);
}

TEST(QuoteWords, AProgramNamedLikeAKeywordStaysAProgram) {
  for (const char* name : {"if", "for", "in", "time", "select", "]]"}) {
    const Strings words = {name, "if"};
    const Parse parse = parse_shell(quote_words(words));
    ASSERT_TRUE(parse.complete) << name << ": " << parse.why_not;
    EXPECT_EQ(parse.commands[0].argv, words);
  }
  EXPECT_EQ(quote_words({"grep", "if"}), "grep if") << "behind the program it is a word like any other";
}

}  // namespace
}  // namespace pryx::commands
