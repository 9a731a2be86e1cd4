// SPDX-License-Identifier: MIT
#include "engine/tools/shell/exec_tool.h"

#include "engine/tools/shell/call_binding.h"
#include "engine/tools/shell/exec_outcome.h"
#include "engine/tools/shell/live_output.h"
#include "engine/tools/shell/testing/shell_fixture.h"
#include "foundation/base/text.h"
#include "foundation/schema/schema.h"

namespace pryx::tools::shell {
namespace {

using testing::ShellFixture;
using namespace std::chrono_literals;

class Exec : public ShellFixture {};

TEST_F(Exec, ReturnsOutputAndExitCode) {
  const ToolOutcome outcome = shell("echo out; echo err >&2; exit 3");
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.text.find("[exit code 3, "), std::string::npos);
  EXPECT_NE(outcome.text.find("[stdout]\nout\n[stderr]\nerr\n"), std::string::npos) << outcome.text;
  EXPECT_EQ(outcome.details.at("exit_code"), json::value(3));
  EXPECT_TRUE(outcome.labels.has("file"));
  EXPECT_FALSE(outcome.labels.has("owner"));
}

TEST_F(Exec, RunsArgvWithoutAShell) {
  const ToolOutcome outcome = exec({{"argv", {"printf", "%s|", "a b", "$HOME", "*"}}});
  EXPECT_TRUE(outcome.ok);
  EXPECT_NE(outcome.text.find("a b|$HOME|*|"), std::string::npos) << outcome.text;
}

TEST_F(Exec, RunsAProgramOfTheWorkspaceByItsRelativePath) {
  dir_.put("ws/src/say.sh", "#!/bin/sh\necho said\n");
  std::filesystem::permissions(dir_ / "ws/src/say.sh", std::filesystem::perms::owner_all);
  EXPECT_NE(exec({{"argv", {"./say.sh"}}, {"cwd", "src"}}).text.find("said"), std::string::npos);
  EXPECT_FALSE(exec({{"argv", {"../../say.sh"}}, {"cwd", "src"}}).ok);
}

TEST_F(Exec, StandsInItsFolder) {
  EXPECT_NE(exec({{"command", "pwd"}, {"cwd", "src"}}).text.find("/ws/src\n"), std::string::npos);
  EXPECT_FALSE(exec({{"command", "pwd"}, {"cwd", "missing"}}).ok);
  const auto touches = exec_->touches({{"command", "pwd"}, {"cwd", "../x"}});
  ASSERT_TRUE(touches);
  EXPECT_TRUE(touches->outside_workspace);
  EXPECT_FALSE(exec({{"command", "pwd"}, {"cwd", "../x"}}).ok);
  std::filesystem::create_symlink("/", dir_ / "ws/out");
  EXPECT_FALSE(exec({{"command", "pwd"}, {"cwd", "out"}}).ok);
  EXPECT_EQ(sandbox_.launches, 1);
}

TEST_F(Exec, FeedsItsInput) {
  const std::string input(300'000, 'x');
  const ToolOutcome outcome = exec({{"command", "wc -c"}, {"stdin", input}});
  EXPECT_NE(outcome.text.find("300000\n"), std::string::npos) << outcome.text;
  EXPECT_NE(shell("cat; echo end").text.find("[stdout]\nend\n"), std::string::npos);
}

TEST_F(Exec, SurvivesAProgramThatReadsNoInput) {
  const ToolOutcome outcome =
      exec({{"command", "exec 0<&-; sleep 0.2; echo fine"}, {"stdin", std::string(500'000, 'x')}});
  EXPECT_TRUE(outcome.ok);
  EXPECT_NE(outcome.text.find("fine"), std::string::npos);
  EXPECT_NE(outcome.text.find("closed its standard input"), std::string::npos);
}

TEST_F(Exec, KillsTheWholeGroupAtTheTimeLimit) {
  const ToolOutcome outcome =
      exec({{"command", "trap '' TERM INT HUP; echo begun; sleep 300 & sleep 300"}, {"timeout", 0.3}});
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.text.find("time limit"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("begun"), std::string::npos);
  EXPECT_EQ(outcome.details.at("timed_out"), json::value(true));
  EXPECT_EQ(outcome.details.at("signal"), json::value(9));
}

TEST_F(Exec, MayTidyUpBeforeItIsKilled) {
  const ToolOutcome tidy =
      exec({{"command", "trap 'echo tidied up; exit 0' TERM; echo up; while :; do sleep 0.05; done"},
            {"timeout", 1}});
  EXPECT_NE(tidy.text.find("tidied up"), std::string::npos) << tidy.text;
  EXPECT_NE(tidy.summary.find("killed"), std::string::npos) << tidy.summary;
  EXPECT_FALSE(tidy.ok);
  // Who does not, is killed when the grace is over.
  processes_->set_grace(200ms);
  const ToolOutcome deaf =
      exec({{"command", "trap '' TERM; echo up; while :; do sleep 0.05; done"}, {"timeout", 1}});
  EXPECT_NE(deaf.summary.find("killed"), std::string::npos) << deaf.summary;
}

TEST_F(Exec, EndsWhenItIsCancelled) {
  const auto outcome = await_cancelled(
      exec_->run(pass_, {{"command", "trap '' TERM; echo $$ > pid; sleep 300"}}, context()), 300ms);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
  const std::string pid(trim(dir_.get("ws/pid")));
  ASSERT_FALSE(pid.empty());
  EXPECT_FALSE(std::filesystem::exists("/proc/" + pid));
}

TEST_F(Exec, KeepsAFloodBounded) {
  caps_ = {.output_head = 1000, .output_tail = 500, .error_head = 100, .error_tail = 50};
  make_processes();
  const ToolOutcome outcome = shell("head -c 50000000 /dev/zero | tr '\\0' a; echo last");
  EXPECT_TRUE(outcome.ok);
  EXPECT_LT(outcome.text.size(), 2000u);
  EXPECT_NE(outcome.text.find("bytes left out"), std::string::npos);
  EXPECT_TRUE(outcome.text.ends_with("last\n"));
  EXPECT_EQ(outcome.details.at("stdout_bytes"), json::value(50'000'005));
  EXPECT_LT(sink_->text.size(), LiveOutput::kMost + 200);
}

TEST_F(Exec, KeepsFiveMegabytesWhole) {
  const ToolOutcome outcome = shell("head -c 5000000 /dev/zero | tr '\\0' a");
  EXPECT_GT(outcome.text.size(), 5'000'000u);
  EXPECT_EQ(outcome.details.at("left_out_bytes"), json::value(0));
}

TEST_F(Exec, DescribesBinaryOutputAndRepairsText) {
  EXPECT_NE(shell("head -c 100000 /dev/zero").text.find("not shown as text"), std::string::npos);
  const ToolOutcome outcome = shell("printf 'a\\377b\\n'");
  EXPECT_NE(outcome.text.find("a\xFF"
                              "b"),
            std::string::npos)
      << "the journal repairs it when it is stored";
}

TEST_F(Exec, StreamsWhileItRuns) {
  const ToolOutcome outcome = shell("echo one; sleep 0.2; echo two >&2");
  EXPECT_EQ(sink_->text, "one\ntwo\n");
  EXPECT_GE(sink_->writes, 2u);
  EXPECT_TRUE(outcome.ok);
}

// Foreign text and private data together: what the agent reads as its own later is not written by a command,
// because a command asks nobody about it.
TEST_F(Exec, KeepsInstructionsWhereTheirWriteWouldAsk) {
  const auto keeps = [&](const trust::Labels& labels, const json::object& arguments) {
    ToolContext context = this->context();
    context.context_labels = labels;
    EXPECT_TRUE(await(exec_->run(pass_, arguments, std::move(context))));
    return sandbox_.last.keeps_instructions;
  };
  const json::object call{{"command", "touch x"}};
  EXPECT_TRUE(keeps(trust::Labels{"file", "private"}, call));
  EXPECT_TRUE(keeps(trust::Labels{"web", "secret"}, call));
  EXPECT_FALSE(keeps(trust::Labels{"owner"}, call)) << "a person's own order";
  EXPECT_FALSE(keeps(trust::Labels{"web"}, call));
  EXPECT_TRUE(keeps(trust::Labels{"owner"}, {{"command", "touch x"}, {"background", true}}))
      << "it may be told more later";
}

TEST_F(Exec, WhatPassesForReadingCannotWrite) {
  for (const json::object& arguments : std::vector<json::object>{{{"command", "git status && ls | wc -l"}},
                                                                 {{"argv", {"git", "diff"}}},
                                                                 {{"command", "ls"}, {"background", true}}}) {
    (void)exec(arguments);
    EXPECT_FALSE(sandbox_.last.workspace_writable) << json::to_text(arguments);
    EXPECT_EQ(sandbox_.last.env["GIT_CONFIG_KEY_0"], "core.fsmonitor");
    EXPECT_EQ(sandbox_.last.env["GIT_ALLOW_PROTOCOL"], "none");
  }
  for (const char* command :
       {"touch x", "git status > x", "git commit -m x", "for f in *; do cat $f; done"}) {
    (void)shell(command);
    EXPECT_TRUE(sandbox_.last.workspace_writable) << command;
    EXPECT_TRUE(sandbox_.last.env.empty()) << command;
  }
}

TEST_F(Exec, HandsOnTheRefusalOfTheSandbox) {
  sandbox_.refusal =
      Error{ErrorCode::kDenied, "no user namespaces; sysctl -w user.max_user_namespaces=1", -1};
  const auto outcome = call(*exec_, {{"command", "true"}});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kDenied);
  EXPECT_NE(outcome.error().message.find("sysctl"), std::string::npos);
}

TEST_F(Exec, TellsWhatTheSandboxSetAside) {
  sandbox_.quarantined = {".git/hooks/pre-commit"};
  EXPECT_NE(shell("true").text.find(".git/hooks/pre-commit"), std::string::npos);
  sandbox_.finish_failure = Error{ErrorCode::kStorage, "the disk is full", -1};
  const ToolOutcome outcome = shell("true");
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.text.find("the disk is full"), std::string::npos);
}

TEST_F(Exec, TellsThatNothingHeldTheWritesBack) {
  ToolOutcome outcome = shell("true");
  EXPECT_EQ(outcome.text.find("straight into the workspace"), std::string::npos) << "the control";
  EXPECT_FALSE(outcome.details.contains("written_directly"));
  sandbox_.written_directly = "no overlay can be mounted over its file system";
  outcome = shell("true");
  EXPECT_TRUE(outcome.ok);
  EXPECT_NE(outcome.text.find("straight into the workspace: " + sandbox_.written_directly),
            std::string::npos);
  EXPECT_EQ(json::string_or(outcome.details, "written_directly"), sandbox_.written_directly);
}

TEST_F(Exec, GivesNoNetworkWithoutABroker) {
  const auto outcome = call(*exec_, {{"command", "true"}, {"hosts", {"example.com"}}});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(sandbox_.launches, 0);
  const auto touches = exec_->touches({{"command", "true"}, {"hosts", {"Example.com"}}});
  EXPECT_TRUE(touches->is_outward_sink);
  EXPECT_EQ(touches->hosts, std::vector<std::string>{"example.com"});
  EXPECT_EQ(exec_->touches({{"command", "true"}, {"hosts", {"[::ffff:127.0.0.1]:80", "B.example."}}})->hosts,
            (std::vector<std::string>{"127.0.0.1:80", "b.example"}));
  for (const char* odd :
       {"good.example=127.0.0.1", "a b", "0x7f.1", "127.1", "user@a.example", "a.example:0"})
    EXPECT_FALSE(exec_->touches({{"command", "true"}, {"hosts", {odd}}})) << odd;
}

TEST_F(Exec, RefusesWhatTheSchemaCannotSay) {
  const json::object bad[] = {
      {},
      {{"command", "a"}, {"argv", {"a"}}},
      {{"command", "  "}},
      {{"command", std::string("a\0b", 3)}},
      {{"argv", {""}}},
      {{"command", "a"}, {"timeout", 7200}},
      {{"command", "a"}, {"scope", "global"}},
      {{"command", "a"}, {"mode", "hybrid"}},
  };
  for (const json::object& arguments : bad) {
    const auto touches = exec_->touches(arguments);
    ASSERT_FALSE(touches) << json::to_text(arguments);
    EXPECT_EQ(touches.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(exec_->touches({{"command", "a"}, {"background", true}, {"timeout", 7200}}));
}

TEST_F(Exec, IsBoundToTheScriptThatItNames) {
  dir_.put("ws/run.sh", "echo one\n");
  dir_.put("ws/src/run.sh", "echo one\n");
  dir_.put("ws/Makefile", "all:\n");
  for (const std::string_view command :
       {"bash ./run.sh", "sh run.sh; true", "FOO=$(bash run.sh)", "make all"}) {
    const Binding before = bind({{"command", command}});
    EXPECT_EQ(bind({{"command", command}}).facts, before.facts);
    dir_.put("ws/run.sh", "echo two\n");
    dir_.put("ws/Makefile", "all: other\n");
    EXPECT_NE(bind({{"command", command}}).facts, before.facts) << command;
    dir_.put("ws/run.sh", "echo one\n");
    dir_.put("ws/Makefile", "all:\n");
  }
  const Binding argv = bind({{"argv", {"./run.sh"}}, {"cwd", "src"}});
  dir_.put("ws/src/run.sh", "echo two\n");
  EXPECT_NE(bind({{"argv", {"./run.sh"}}, {"cwd", "src"}}).facts, argv.facts);
  // A program outside of the workspace is bound by which file it is.
  dir_.put("tool", "#!/bin/sh\necho one\n");
  const json::array tool{json::value(dir_ / "tool")};
  const Binding program = bind({{"argv", tool}});
  EXPECT_EQ(bind({{"argv", tool}}).facts, program.facts);
  dir_.put("tool", "#!/bin/sh\necho three\n");
  EXPECT_NE(bind({{"argv", tool}}).facts, program.facts);
  // Another file is none of its business.
  const Binding other = bind({{"command", "bash run.sh"}});
  dir_.put("ws/other.sh", "echo\n");
  EXPECT_EQ(bind({{"command", "bash run.sh"}}).facts, other.facts);
}

// A program is bound by the files that the sandbox would take for it, in the order in which it looks.
TEST_F(Exec, IsBoundToTheProgramThatTheSandboxFinds) {
  dir_.put("first/tool", "#!/bin/sh\necho one\n");
  dir_.put("second/tool", "#!/bin/sh\necho one\n");
  sandbox_.programs = {dir_ / "none", dir_ / "first", dir_ / "second", "/usr/bin"};
  const auto identity = [&] {
    const Binding binding = bind({{"command", "tool"}});
    return std::string(binding.facts.at("programs").at("tool").as_string());
  };
  const std::string found = identity();
  EXPECT_TRUE(found.starts_with(std::filesystem::canonical(dir_ / "first/tool").string() + " (")) << found;
  dir_.put("first/tool", "#!/bin/sh\necho three\n");
  EXPECT_NE(identity(), found);
  const std::string before = identity();
  dir_.put("none/tool", "#!/bin/sh\necho other\n");
  EXPECT_NE(identity(), before) << "one that comes to lie in front";
  EXPECT_EQ(bind({{"command", "no-such-tool"}}).facts.at("programs").at("no-such-tool"),
            json::value(nullptr));
}

TEST_F(Exec, IsBoundToWhatRunsHoweverMuchItNames) {
  std::string listing = "wc -l";
  for (int i = 0; i < 300; ++i) {
    dir_.put(fmt::format("ws/f{}", i), "x");
    listing += fmt::format(" f{}", i);
  }
  std::string words = "echo";
  for (int i = 0; i < 2000; ++i) words += fmt::format(" w{}", i);
  std::string folders;
  for (int i = 0; i < 12; ++i) {
    std::filesystem::create_directories(dir_ / fmt::format("ws/d{}", i));
    folders += fmt::format("(cd d{}); ", i);
  }
  for (const std::string& command :
       {listing + "; ./run.sh", words + "; ./run.sh", folders + "cd src; ./run.sh",
        "true; " + listing + "; bash run.sh", "PATH=" + (dir_ / "ws") + ":/usr/bin run.sh"}) {
    dir_.put("ws/run.sh", "echo one\n");
    dir_.put("ws/src/run.sh", "echo one\n");
    const Binding before = bind({{"command", command}});
    if (!command.ends_with("bash run.sh"))
      EXPECT_FALSE(before.facts.at("scripts").as_object().empty()) << command.substr(0, 40);
    dir_.put("ws/run.sh", "echo two\n");
    dir_.put("ws/src/run.sh", "echo two\n");
    EXPECT_NE(bind({{"command", command}}).facts, before.facts) << command.substr(0, 40);
  }
}

TEST_F(Exec, IsBoundToWhatAPatternStandsFor) {
  std::filesystem::create_directories(dir_ / "ws/jobs");
  for (const char* command :
       {"bash s*.sh", "cat jobs/*.sh | bash", "bash < s?.sh", "bash <<'END'\n. ./s1.sh\nEND",
        "bash <<END\n. ./s*.sh\nEND", "bash <<< './s1.sh'", "for f in s*.sh; do bash $f; done",
        "cd j*/ && ./s1.sh", "sh [s]1.sh"}) {
    const auto write = [&](std::string_view text) {
      dir_.put("ws/s1.sh", text);
      dir_.put("ws/jobs/s1.sh", text);
    };
    write("echo one\n");
    const Binding before = bind({{"command", command}});
    EXPECT_EQ(bind({{"command", command}}).facts, before.facts) << command;
    write("echo two\n");
    EXPECT_NE(bind({{"command", command}}).facts, before.facts) << command;
  }
  // The list counts, not only what is in the files: one more, one less, another name for the same bytes.
  std::set<std::string> seen;
  const auto differs = [&] {
    return seen.insert(json::to_text(bind({{"command", "bash s*.sh"}}).facts)).second;
  };
  EXPECT_TRUE(differs());
  dir_.put("ws/s2.sh", "echo two\n");
  EXPECT_TRUE(differs());
  std::filesystem::rename(dir_ / "ws/s2.sh", dir_ / "ws/s3.sh");
  EXPECT_TRUE(differs());
  dir_.put("ws/other.sh", "echo two\n");
  EXPECT_FALSE(differs());
  // However many there are, a pattern is one entry.
  for (int i = 0; i < 1100; ++i) dir_.put(fmt::format("ws/f{}", i), "x");
  EXPECT_EQ(bind({{"command", "cat f*"}}).facts.at("files").as_object().size(), 1u);
}

// What a Makefile or a script starts is found by the same search path as what the line names.
TEST_F(Exec, IsBoundToTheEnvironmentOfItsProcesses) {
  sandbox_.programs = {"/usr/bin", "/bin"};
  const auto environment = [&](const char* command, json::array hosts = {}) {
    json::object arguments{{"command", command}};
    if (!hosts.empty()) arguments["hosts"] = std::move(hosts);
    return json::to_text(bind(arguments).facts.at("environment").as_array());
  };
  EXPECT_EQ(environment("make test"), R"(["PATH=/usr/bin:/bin"])");
  EXPECT_NE(environment("git log").find("GIT_"), std::string::npos) << "what a reading command runs with";
  EXPECT_NE(environment("make", {"localhost:8080"}).find("\"no_proxy=\""), std::string::npos);
  sandbox_.programs = {dir_ / "tools", "/usr/bin", "/bin"};
  EXPECT_NE(environment("make test"), R"(["PATH=/usr/bin:/bin"])");
}

// What is not bound could change after the yes, so nothing is bound in part.
TEST_F(Exec, WhatCannotBeBoundWholeIsRefused) {
  json::array argv{"cat"};
  for (int i = 0; i < 1100; ++i) {
    dir_.put(fmt::format("ws/f{}", i), "x");
    argv.emplace_back(fmt::format("f{}", i));
  }
  dir_.put("ws/run.sh", "echo one\n");
  const auto refused = await(exec_->bind({{"argv", argv}}, context()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_NE(refused.error().message.find("more than 1024 files"), std::string::npos)
      << refused.error().message;
  argv.resize(1000);
  EXPECT_EQ(bind({{"argv", argv}}).facts.at("files").as_object().size(), 999u);
  const auto limited = [&](const char* command, BindingLimits limits) {
    const auto request = read_exec_request({{"command", command}});
    PRYX_CHECK(request.has_value());
    return gather_binding(*request, parse_commands(*request), *context().workspace, {"/usr/bin"}, {}, limits);
  };
  EXPECT_TRUE(limited("cat f1 f2 f3", {.files = 3}));
  for (const char* command :
       {"cat f1 f2 f3 f4", "cat f1 f2 f3; ./run.sh", "./run.sh; cat f1 f2 f3", "a; b; c"})
    EXPECT_FALSE(limited(command, {.files = 3})) << command;
  std::filesystem::create_directories(dir_ / "ws/other");
  EXPECT_TRUE(limited("cd src; ls", {.folders = 2}));
  EXPECT_FALSE(limited("cd src; cd ..; cd other; ls", {.folders = 2}));
  // A folder that the line makes before it goes there leads to the same script.
  for (const char* command :
       {"mkdir -p made && cd made && ../run.sh", "(cd src); mkdir made; cd made; ../run.sh"}) {
    const auto led = limited(command, {});
    ASSERT_TRUE(led) << command;
    EXPECT_TRUE(led->at("files").as_object().contains("run.sh")) << command;
  }
  // Bytes that are not hashed count by what the disk says of the file.
  const auto facts = limited("cat f1 f2 f3 f4 f5", {.bytes = 3});
  ASSERT_TRUE(facts);
  int by_stat = 0;
  for (const auto& file : facts->at("files").as_object())
    by_stat += file.value().as_string().starts_with("stat:") ? 1 : 0;
  EXPECT_EQ(by_stat, 2);
}

TEST_F(Exec, ShowsTheWholeCallOrSaysThatItDoesNot) {
  const Binding plain = bind({{"command", "echo a\necho b"}, {"cwd", "src"}, {"stdin", "text"}});
  EXPECT_TRUE(plain.shown_whole);
  EXPECT_EQ(
      plain.preview,
      "bash runs:\n  echo a\n  echo b\nin: src\nnetwork: none\ntime limit: 2m\nstandard input (4 bytes):\n  "
      "text\n");
  const std::string long_command = "echo " + std::string(5000, 'a');
  EXPECT_FALSE(bind({{"command", long_command}}).shown_whole);
  for (const std::string_view hidden : {"echo \u202Ea", "echo \u200Ba", "echo \x1b[31ma", "echo a\rb",
                                        "echo\u00A0a", "echo \u3164", "echo \uFE0F"})
    EXPECT_FALSE(bind({{"command", hidden}}).shown_whole) << hidden;
  for (const std::string_view fine : {"echo é", "echo 日本語", "echo 'a\tb'", "echo 🙂", "echo e\u0301"})
    EXPECT_TRUE(bind({{"command", fine}}).shown_whole) << fine;
  EXPECT_FALSE(bind({{"argv", {"echo", "\u202E"}}}).shown_whole);
}

TEST_F(Exec, RendersTheCallInOneLine) {
  EXPECT_EQ(exec_->render({{"command", "make test"}}), "shell.exec make test");
  EXPECT_EQ(exec_->render({{"command", "a\nb"}, {"cwd", "src"}}), "shell.exec a⏎b (in src)");
  EXPECT_EQ(exec_->render({{"argv", {"echo", "it's", "a b"}}}),
            "shell.exec echo 'it'\\''s' 'a b' (no shell)");
  EXPECT_EQ(exec_->render({{"command", "x"}, {"background", true}, {"hosts", {"b.org", "a.org"}}}),
            "shell.exec x (network: a.org, b.org) (in the background until the session ends)");
}

TEST_F(Exec, RepeatsOnlyWhatOnlyReads) {
  EXPECT_EQ(exec_->description().effect, EffectClass::kOneShot);
  EXPECT_EQ(exec_->effect({{"command", "touch x"}}), EffectClass::kOneShot);
  EXPECT_EQ(exec_->effect({{"command", "ls"}, {"background", true}}), EffectClass::kOneShot);
  if (commands::is_read_only(commands::parse_shell("ls"))) {
    EXPECT_EQ(exec_->effect({{"command", "ls"}}), EffectClass::kIdempotent);
  }
}

TEST_F(Exec, SchemaCanBeJudgedWhole) {
  Registry registry;
  auto added = registry.add(std::make_unique<ExecTool>(
      ExecTool::Parts{.loop = loop_, .pool = pool_, .sandbox = sandbox_, .processes = *processes_}));
  EXPECT_TRUE(added) << added.error().message;
  EXPECT_TRUE(add_process_tools(registry, *processes_));
  EXPECT_TRUE(registry.check_arguments("shell.exec", {{"command", "ls"}}).empty());
  EXPECT_FALSE(registry.check_arguments("shell.exec", {{"command", "ls"}, {"root", "/"}}).empty());
  EXPECT_FALSE(registry.check_arguments("shell.exec", {{"argv", {1}}}).empty());
}

}  // namespace
}  // namespace pryx::tools::shell
