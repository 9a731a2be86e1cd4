// SPDX-License-Identifier: MIT
// The two corpora of tests/shell: abuses, of which none may pass as reading, and ordinary commands, of which
// nine in ten must. The control is the check that looks obvious and is wrong.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "foundation/base/text.h"
#include "trust/commands/internal/command_list.h"
#include "trust/commands/shell_grammar.h"

namespace pryx::commands {
namespace {

struct Line {
  std::string technique;
  std::string command;
};

// "␤" is a line break, "«HH»" a byte.
std::string unescaped(std::string_view text) {
  constexpr std::string_view kBreak = "␤", kOpen = "«", kClose = "»";
  std::string out;
  while (!text.empty()) {
    if (text.starts_with(kBreak)) {
      out += '\n';
      text.remove_prefix(kBreak.size());
    } else if (text.starts_with(kOpen) && text.substr(kOpen.size() + 2).starts_with(kClose)) {
      out += from_hex(text.substr(kOpen.size(), 2)).value_or("?");
      text.remove_prefix(kOpen.size() + 2 + kClose.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::vector<Line> lines_of(const std::string& name) {
  std::ifstream file(std::string(PRYX_SOURCE_DIR) + "/tests/shell/" + name);
  std::vector<Line> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with("# ")) continue;
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos)
      out.push_back({"", unescaped(line)});
    else
      out.push_back({line.substr(0, tab), unescaped(std::string_view(line).substr(tab + 1))});
  }
  return out;
}

// The same abuse in other clothes. What changes the meaning of the text itself (a here-document's end, a
// comment) is left as it is.
std::vector<std::string> variants(const std::string& command) {
  std::vector<std::string> out = {command};
  if (command.find_first_of("\n#") != std::string::npos || command.ends_with('\\')) return out;
  for (const char* before : {"ls; ", "ls && ", "true | ", "cat README.md\n", "cd src && ", "echo \"a;b\" ; "})
    out.push_back(before + command);
  for (const char* behind : {" | head", "; ls", " && true", "\npwd", " 2>/dev/null"})
    out.push_back(command + behind);
  for (const char* wrapper : {"timeout 5 ", "nice -n 5 ", "time ", "env LANG=C ", "command ", "LC_ALL=C "})
    out.push_back(wrapper + command);
  out.push_back("( " + command + " )");
  out.push_back("{ " + command + "; }");
  if (command.find('\'') == std::string::npos) out.push_back("sh -c '" + command + "'");
  const std::size_t end = command.find_first_of(" \t;|&<>()");
  const std::string first = command.substr(0, end);
  if (first.size() > 1 &&
      first.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos &&
      first != "time" && first != "if" && first != "for" && first != "while" && first != "until" &&
      first != "case" && first != "select" && first != "function" && first != "coproc") {
    const std::string rest = end == std::string::npos ? "" : command.substr(end);
    out.push_back("'" + first + "'" + rest);
    out.push_back(first.substr(0, 1) + "\"" + first.substr(1) + "\"" + rest);
    out.push_back("\\" + first + rest);
    out.push_back("/usr/bin/" + first + rest);
  }
  return out;
}

// Read only when the first word is on the list: what an allow-list of prefixes does.
bool naive_check(const std::string& command) {
  const std::string first = command.substr(0, command.find_first_of(" \t\n"));
  return internal::read_only_programs().find(first) != nullptr;
}

TEST(ShellCorpus, NoAbusePassesAsReading) {
  const std::vector<Line> abuses = lines_of("abuses.txt");
  ASSERT_GE(abuses.size(), 1330U);
  std::size_t tried = 0, passed = 0, passed_naive = 0;
  for (const Line& line : abuses) {
    for (const std::string& command : variants(line.command)) {
      ++tried;
      if (naive_check(command)) ++passed_naive;
      if (!is_read_only(parse_shell(command))) continue;
      ++passed;
      ADD_FAILURE() << line.technique << " runs without a question: " << command;
    }
  }
  EXPECT_EQ(passed, 0U);
  EXPECT_GT(passed_naive, 0U);  // the corpus can tell a real check from a naive one
  std::cout << "abuses: " << abuses.size() << " in " << tried << " variants, " << passed
            << " silent; a check of the first word lets " << passed_naive << " pass\n";
}

TEST(ShellCorpus, NineOfTenOrdinaryCommandsNeedNoQuestion) {
  const std::vector<Line> ordinary = lines_of("ordinary.txt");
  ASSERT_GE(ordinary.size(), 500U);
  std::size_t unasked = 0;
  std::string asked;
  for (const Line& line : ordinary) {
    const Parse parse = parse_shell(line.command);
    if (is_read_only(parse))
      ++unasked;
    else
      asked += "  " + line.command + (parse.complete ? "" : "   (" + parse.why_not + ")") + "\n";
  }
  std::cout << "ordinary: " << unasked << " of " << ordinary.size() << " unasked; these ask:\n" << asked;
  EXPECT_GE(unasked * 10, ordinary.size() * 9);
}

}  // namespace
}  // namespace pryx::commands
