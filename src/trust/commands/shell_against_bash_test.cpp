// SPDX-License-Identifier: MIT
// What the grammar reads against what the shells of this machine pass on: generated texts run by bash and sh,
// with a PATH that holds nothing but stubs which write down their arguments.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "foundation/base/text.h"
#include "trust/commands/shell_grammar.h"

namespace pryx::commands {
namespace {

constexpr std::array<const char*, 4> kStubs = {"p", "q", "run-it", "x.y"};
using Calls = std::vector<std::vector<std::string>>;

// A folder with the stubs, an empty folder to run in, and the record of what they were given.
class Stubs {
 public:
  Stubs() {
    std::string name = (std::filesystem::temp_directory_path() / "pryx-stubs-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    std::filesystem::create_directories(root_ / "bin");
    std::filesystem::create_directories(root_ / "cwd");
    for (const char* program : kStubs) {
      const auto path = root_ / "bin" / program;
      std::ofstream(path) << "#!/bin/sh\nprintf '%s\037' \"${0##*/}\" \"$@\" '\036' >> '" << log().string()
                          << "'\n";
      ::chmod(path.c_str(), 0755);
    }
  }
  ~Stubs() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Stubs(const Stubs&) = delete;
  Stubs& operator=(const Stubs&) = delete;

  [[nodiscard]] Calls run(const char* shell, const std::string& text) const {
    std::filesystem::remove(log());
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, (root_ / "cwd").c_str());
    for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    std::string path = "PATH=" + (root_ / "bin").string(), dash_c = "-c", program = shell, command = text;
    char* argv[] = {program.data(), dash_c.data(), command.data(), nullptr};
    char* environment[] = {path.data(), nullptr};
    pid_t child = 0;
    const int spawned = ::posix_spawn(&child, shell, &actions, nullptr, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (spawned != 0) return {};
    int status = 0;
    ::waitpid(child, &status, 0);
    return read_log();
  }

 private:
  [[nodiscard]] std::filesystem::path log() const { return root_ / "log"; }
  [[nodiscard]] Calls read_log() const {
    std::ifstream file(log(), std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    Calls calls(1);
    for (const std::string_view word : split(all, '\037')) {
      if (word == "\036")
        calls.emplace_back();
      else
        calls.back().emplace_back(word);
    }
    calls.pop_back();
    std::sort(calls.begin(), calls.end());
    return calls;
  }
  std::filesystem::path root_;
};

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string text() {
    std::string out = command();
    for (int i = pick(3); i > 0; --i) {
      static const std::vector<std::string> kJoins = {"; ", " && ", " | ",  "\n",     ";",
                                                      "&&", "|",    " |\n", " &&\n  "};
      out += one_of(kJoins) + command();
    }
    if (pick(8) == 0) out += " # a comment; p";
    if (pick(10) == 0) out = "( " + out + "\n)";
    if (pick(10) == 0) out = "{ " + out + "\n}";
    return out;
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<std::uint32_t>(n)); }
  const std::string& one_of(const std::vector<std::string>& list) {
    return list[static_cast<std::size_t>(pick(static_cast<int>(list.size())))];
  }

  std::string command() {
    static const std::vector<std::string> kPrograms = {"p",   "q",     "run-it",     "x.y",
                                                       "'p'", "\"q\"", "r\"un\"-it", "\\p"};
    static const std::vector<std::string> kRedirects = {
        " >/dev/null",      " 2>&1", " </dev/null", " 2> /dev/null", " <<'E'\nbody $x `p`\nE\n p",
        " <<E\nbody\nE\n p"};
    std::string out = pick(6) == 0 ? "A=1 " + one_of(kPrograms) : one_of(kPrograms);
    for (int i = pick(5); i > 0; --i) {
      static const std::vector<std::string> kGaps = {" ", "  ", "\t", " \\\n"};
      out += one_of(kGaps) + word();
    }
    if (pick(5) == 0) out += one_of(kRedirects);
    return out;
  }

  std::string word() {
    std::string out;
    for (int i = 1 + pick(3); i > 0; --i) out += piece();
    return out;
  }

  const std::string& piece() {
    static const std::vector<std::string> kPieces = {
        "a",      "-x",     "--long=v", "''",          "\"\"",      "'a b'",    "\"a b\"",    "\\ ",
        "\\\\",   "\\'",    "\\\"",     "'\"'",        "\"'\"",     "'$x'",     "\"\\$x\"",   "\\$x",
        "$",      "\"$\"",  "'`p`'",    "\"\\`p\\`\"", "=",         ":",        "/",          "a=b",
        "%",      "^",      "@",        "+",           ",",         "{}",       "{a}",        "}",
        "{",      "*",      "a*",       "?",           "[a]",       "[",        "]",          "\\*",
        "'*'",    "#",      "a#b",      "'#'",         "!",         "~",        "a~",         "é",
        "'\n'",   "\"\n\"", "\"\\n\"",  "\\n",         "'\\'",      "\"\\\\\"", "\"a\\\nb\"", "if",
        "then",   "done",   "1",        "2",           "{a,b}",     "{1..2}",   "$x",         "$'a'",
        "$\"a\"", "\"$x\"", "a\\\nb",   "=~",          "'a'\\''b'", "\"a\\!b\""};
    return one_of(kPieces);
  }

  std::mt19937 random_;
};

Calls read_by_grammar(const Parse& parse) {
  Calls calls;
  for (const SimpleCommand& command :
       parse.commands) {  // a comment's end can leave words that no stub answers to
    if (std::find(kStubs.begin(), kStubs.end(), command.argv[0]) != kStubs.end())
      calls.push_back(command.argv);
  }
  std::sort(calls.begin(), calls.end());
  return calls;
}

TEST(ShellGrammar, ReadsWhatBashAndShPassOn) {
  const Stubs stubs;
  Generator generator(20260721);
  int complete = 0;
  for (int i = 0; i < 1500; ++i) {
    const std::string text = generator.text();
    const Parse parse = parse_shell(text);
    // A pattern with a slash matches files of this machine.
    const bool roams = std::any_of(parse.commands.begin(), parse.commands.end(), [](const SimpleCommand& c) {
      return std::any_of(c.patterns.begin(), c.patterns.end(),
                         [&](auto i) { return c.final_argv[i].find('/') != std::string::npos; });
    });
    if (!parse.complete || roams) continue;
    ++complete;
    const Calls expected = read_by_grammar(parse);
    ASSERT_EQ(stubs.run("/bin/bash", text), expected) << "bash reads differently: " << text;
    ASSERT_EQ(stubs.run("/bin/sh", text), expected) << "sh reads differently: " << text;
  }
  EXPECT_GT(complete, 300) << "the generator makes too few texts that can be compared";
}

}  // namespace
}  // namespace pryx::commands
