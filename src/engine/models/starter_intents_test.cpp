// SPDX-License-Identifier: MIT
#include "engine/models/starter_intents.h"

#include <gtest/gtest.h>

#include <span>

namespace pryx::models {
namespace {

// What a message is understood as: tool and arguments of each command, or the kind of talk.
std::string understood(std::string_view message) {
  std::string out;
  for (const Intent& intent : parse_commands(message)) {
    if (!out.empty()) out += " | ";
    if (!intent.tool.empty()) {
      out += intent.tool + " " + json::canonical(intent.arguments);
      continue;
    }
    switch (intent.kind) {
      case Intent::Kind::kHello:
        out += "hello";
        break;
      case Intent::Kind::kHelp:
        out += "help";
        break;
      case Intent::Kind::kThanks:
        out += "thanks";
        break;
      case Intent::Kind::kWho:
        out += "who";
        break;
      case Intent::Kind::kConnect:
        out += "connect";
        break;
      case Intent::Kind::kNeedsDetail:
        out += "ask: " + intent.subject.substr(0, intent.subject.find('?'));
        break;
      default:
        out += "unknown";
        break;
    }
  }
  return out;
}

struct Row {
  const char* message;
  const char* expected;
};

void check(std::span<const Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(understood(row.message), row.expected) << row.message;
}

TEST(StarterIntents, LookingAround) {
  constexpr Row kRows[] = {
      {"list the files in src", R"(fs.list {"path":"src"})"},
      {"List files", "fs.list {}"},
      {"ls", "fs.list {}"},
      {"ls -la src/", R"(fs.list {"include_hidden":true,"path":"src/"})"},
      {"dir", "fs.list {}"},
      {"list the contents of the docs folder", R"(fs.list {"path":"docs"})"},
      {"could you please list the files in the folder src/app for me?", R"(fs.list {"path":"src/app"})"},
      {"what files are here?", "fs.list {}"},
      {"what's in this folder", "fs.list {}"},
      {"what is in the folder src", R"(fs.list {"path":"src"})"},
      {"show me the files in tests", R"(fs.list {"path":"tests"})"},
      {"list hidden files", R"(fs.list {"include_hidden":true})"},
      {"show the tree", R"(fs.list {"recursive":true})"},
      {"tree src", R"(fs.list {"path":"src","recursive":true})"},
      {"list the files in src recursively", R"(fs.list {"path":"src","recursive":true})"},
      {"list 'my folder'", R"(fs.list {"path":"my folder"})"},
      {"find files named *.md", R"(fs.list {"recursive":true})"},
      {"find *.cpp in src", R"(fs.list {"path":"src","recursive":true})"},
      {"how many files are in src?", R"(fs.list {"path":"src","recursive":true})"},
      {"count the files", R"(fs.list {"recursive":true})"},
      {"what kinds of files are here?", R"(fs.list {"recursive":true})"},
      {"summarize the file names", R"(fs.list {"recursive":true})"},
      {"give me an overview of src", R"(fs.list {"path":"src","recursive":true})"},
  };
  check(kRows);
}

TEST(StarterIntents, Reading) {
  constexpr Row kRows[] = {
      {"read README.md", R"(fs.read {"path":"README.md"})"},
      {"Read the file README.md.", R"(fs.read {"path":"README.md"})"},
      {"cat src/main.cpp", R"(fs.read {"path":"src/main.cpp"})"},
      {"show README.md", R"(fs.read {"path":"README.md"})"},
      {"open \"my notes.txt\"", R"(fs.read {"path":"my notes.txt"})"},
      {"what is in notes.txt?", R"(fs.read {"path":"notes.txt"})"},
      {"what does README.md say?", R"(fs.read {"path":"README.md"})"},
      {"please show me the contents of Makefile", R"(fs.read {"path":"Makefile"})"},
      {"read the whole file config.yaml", R"(fs.read {"path":"config.yaml"})"},
      {"README.md", R"(fs.read {"path":"README.md"})"},
      {"look at src/main.cpp", R"(fs.read {"path":"src/main.cpp"})"},
      {"show the first 10 lines of README.md", R"(fs.read {"limit_lines":10,"path":"README.md"})"},
      {"first 3 lines of a.txt", R"(fs.read {"limit_lines":3,"path":"a.txt"})"},
      {"head README.md", R"(fs.read {"limit_lines":10,"path":"README.md"})"},
      {"head -n 5 README.md", R"(fs.read {"limit_lines":5,"path":"README.md"})"},
      {"show lines 5 to 20 of main.c",
       R"(fs.read {"limit_lines":16,"line_numbers":true,"offset_line":5,"path":"main.c"})"},
      {"lines 5-7 of main.c",
       R"(fs.read {"limit_lines":3,"line_numbers":true,"offset_line":5,"path":"main.c"})"},
      {"show the last 4 lines of log.txt", R"(shell.exec {"command":"tail -n 4 -- 'log.txt'"})"},
      {"tail log.txt", R"(shell.exec {"command":"tail -n 10 -- 'log.txt'"})"},
      {"summarize README.md", R"(fs.read {"limit_lines":20,"path":"README.md"})"},
      {"read", "ask: Which file shall I read"},
      {"how big is README.md?", R"(fs.stat {"path":"README.md"})"},
      {"what is the size of src/main.cpp", R"(fs.stat {"path":"src/main.cpp"})"},
      {"when was README.md last changed?", R"(fs.stat {"path":"README.md"})"},
      {"does notes.txt exist?", R"(fs.stat {"path":"notes.txt"})"},
      {"is there a file notes.txt", R"(fs.stat {"path":"notes.txt"})"},
      {"stat src", R"(fs.stat {"path":"src"})"},
  };
  check(kRows);
}

TEST(StarterIntents, Searching) {
  constexpr Row kRows[] = {
      {"find TODO in src", R"(fs.search {"path":"src","pattern":"TODO"})"},
      {"search for TODO", R"(fs.search {"pattern":"TODO"})"},
      {"find all occurrences of 'open file' in the folder src",
       R"(fs.search {"path":"src","pattern":"open file"})"},
      {"grep main src", R"(fs.search {"path":"src","pattern":"main"})"},
      {"grep \"int main\" in src/main.c", R"(fs.search {"path":"src/main.c","pattern":"int main"})"},
      {"look for password in all files", R"(fs.search {"pattern":"password"})"},
      {"where is parse_header defined?", R"(fs.search {"pattern":"parse_header"})"},
      {"find TODO in *.cpp", R"(fs.search {"glob":"*.cpp","pattern":"TODO"})"},
      {"search for todo in src ignoring case",
       R"(fs.search {"case_sensitive":false,"path":"src","pattern":"todo"})"},
      {"how many TODOs are in src", R"(fs.search {"path":"src","pattern":"TODO"})"},
      {"count 'foo bar' in notes.txt", R"(fs.search {"path":"notes.txt","pattern":"foo bar"})"},
      {"search", "unknown"},
  };
  check(kRows);
}

TEST(StarterIntents, Changing) {
  constexpr Row kRows[] = {
      {"write 'hello' to notes.txt", R"(fs.write {"content":"hello\n","path":"notes.txt"})"},
      {"write 'read this, then find it' to a.txt",
       R"(fs.write {"content":"read this, then find it\n","path":"a.txt"})"},
      {"create a file todo.md with 'buy milk'", R"(fs.write {"content":"buy milk\n","path":"todo.md"})"},
      {"create an empty file empty.txt", R"(fs.write {"content":"","path":"empty.txt"})"},
      {"save \"it's done\" as status.txt", R"(fs.write {"content":"it's done\n","path":"status.txt"})"},
      {"put hello world into greeting.txt", R"(fs.write {"content":"hello world\n","path":"greeting.txt"})"},
      {"write notes.txt: remember the milk",
       R"(fs.write {"content":"remember the milk\n","path":"notes.txt"})"},
      {"append 'more' to notes.txt", R"(fs.write {"append":true,"content":"more\n","path":"notes.txt"})"},
      {"add 'a line' to notes.txt", R"(fs.write {"append":true,"content":"a line\n","path":"notes.txt"})"},
      {"write to notes.txt", "ask: What shall I write to notes.txt"},
      {"replace 'old' with 'new' in notes.txt",
       R"(fs.edit {"new_text":"new","old_text":"old","path":"notes.txt"})"},
      {"change foo to bar in src/a.c", R"(fs.edit {"new_text":"bar","old_text":"foo","path":"src/a.c"})"},
      {"in a.txt replace 'x' by 'y'", R"(fs.edit {"new_text":"y","old_text":"x","path":"a.txt"})"},
      {"delete notes.txt", R"(shell.exec {"command":"rm -- 'notes.txt'"})"},
      {"copy a.txt to b.txt", R"(shell.exec {"command":"cp -- 'a.txt' 'b.txt'"})"},
      {"rename \"it's.txt\" to b.txt", R"(shell.exec {"command":"mv -- 'it'\\''s.txt' 'b.txt'"})"},
      {"create the folder notes", R"(shell.exec {"command":"mkdir -p -- 'notes'"})"},
  };
  check(kRows);
}

TEST(StarterIntents, RunningFetchingRemembering) {
  constexpr Row kRows[] = {
      {"run `make test`", R"(shell.exec {"command":"make test"})"},
      {"run make test", R"(shell.exec {"command":"make test"})"},
      {"please run the command git status", R"(shell.exec {"command":"git status"})"},
      {"run echo \"a  b\" | wc -c", R"(shell.exec {"command":"echo \"a  b\" | wc -c"})"},
      {"`uname -a`", R"(shell.exec {"command":"uname -a"})"},
      {"git log --oneline", R"(shell.exec {"command":"git log --oneline"})"},
      {"make test", R"(shell.exec {"command":"make test"})"},
      {"$ ls -l | head", R"(shell.exec {"command":"ls -l | head"})"},
      {"what time is it?", R"(shell.exec {"command":"date"})"},
      {"what's the date", R"(shell.exec {"command":"date"})"},
      {"pwd", R"(shell.exec {"command":"pwd"})"},
      {"count the lines of README.md", R"(shell.exec {"command":"wc -l -- 'README.md'"})"},
      {"run", "ask: Which command"},
      {"fetch https://example.org/a?b=c",
       R"(http.request {"method":"GET","url":"https://example.org/a?b=c"})"},
      {"what is at https://example.org?", R"(http.request {"method":"GET","url":"https://example.org"})"},
      {"https://example.org", R"(http.request {"method":"GET","url":"https://example.org"})"},
      {"download", "ask: Which address"},
      {"remember that the demo is on Friday", R"(memory.save {"text":"the demo is on Friday"})"},
      {"remember: I like tea, and read books", R"(memory.save {"text":"I like tea, and read books"})"},
      {"don't forget the milk", R"(memory.save {"text":"the milk"})"},
      {"note that x = 1", R"(memory.save {"text":"x = 1"})"},
      {"save 'my car is red' to memory", R"(memory.save {"text":"my car is red"})"},
      {"what do you remember about the demo?", R"(memory.search {"query":"the demo"})"},
      {"recall demo", R"(memory.search {"query":"demo"})"},
      {"search memory for demo date", R"(memory.search {"query":"demo date"})"},
      {"what do you know about tea", R"(memory.search {"query":"tea"})"},
      {"what do you remember?", "ask: About what"},
      {"tool fs.stat {\"path\":\"a b\"}", R"(fs.stat {"path":"a b"})"},
      {"tool mcp.demo.echo", "mcp.demo.echo {}"},
      {"tool fs.stat nonsense",
       "ask: The arguments must be a JSON object, for example: tool fs.stat {\"path\":\"README.md\"}"},
  };
  check(kRows);
}

TEST(StarterIntents, Talk) {
  constexpr Row kRows[] = {
      {"hello", "hello"},
      {"Hi there!", "hello"},
      {"good morning", "hello"},
      {"help", "help"},
      {"what can you do?", "help"},
      {"", "help"},
      {"   \n ", "help"},
      {"thanks a lot", "thanks"},
      {"who are you?", "who"},
      {"are you an AI?", "who"},
      {"what model are you", "who"},
      {"how do I add a real model?", "connect"},
      {"use ollama", "connect"},
      {"write me a poem about the sea", "unknown"},
      {"why is the sky blue", "unknown"},
      {"explain quantum physics", "unknown"},
  };
  check(kRows);
}

TEST(StarterIntents, Chains) {
  constexpr Row kRows[] = {
      {"list the files, find TODO in src, then read README.md",
       R"(fs.list {} | fs.search {"path":"src","pattern":"TODO"} | fs.read {"path":"README.md"})"},
      {"List the files and read README.md", R"(fs.list {} | fs.read {"path":"README.md"})"},
      {"read a.txt then read b.txt", R"(fs.read {"path":"a.txt"} | fs.read {"path":"b.txt"})"},
      {"Hello! List the files. Then read README.md.", R"(hello | fs.list {} | fs.read {"path":"README.md"})"},
      {"1 fish\nread a.txt", R"(unknown | fs.read {"path":"a.txt"})"},
      {"remember that I like tea; what do you remember about tea?",
       R"(memory.save {"text":"I like tea"} | memory.search {"query":"tea"})"},
      {"write 'x' to a.txt and then read a.txt",
       R"(fs.write {"content":"x\n","path":"a.txt"} | fs.read {"path":"a.txt"})"},
      {"find 'cats and dogs' in src", R"(fs.search {"path":"src","pattern":"cats and dogs"})"},
  };
  check(kRows);
}

TEST(StarterIntents, AtMostTenCommands) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "read a.txt\n";
  EXPECT_EQ(parse_commands(many).size(), kMaxCommands);
}

}  // namespace
}  // namespace pryx::models
