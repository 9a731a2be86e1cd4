// SPDX-License-Identifier: MIT
// Commands that are handed a secret: what is asked, shown and bound, what the sandbox gets, and what of it
// comes back.
#include "engine/tools/call_facts.h"
#include "engine/tools/shell/testing/shell_fixture.h"
#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

using testing::ShellFixture;
using namespace std::chrono_literals;

class ExecSecrets : public ShellFixture {
 protected:
  ExecSecrets() { secrets_.entries["token"] = {"hunter2-hunter2", "monday", {}}; }
};

TEST_F(ExecSecrets, AreHandedToTheSandboxAndToNothingElse) {
  exec({{"command", "true"}, {"secrets", json::array{"token"}}});
  ASSERT_EQ(sandbox_.last.secrets.size(), 1u);
  EXPECT_EQ(sandbox_.last.secrets[0].name, "token");
  EXPECT_EQ(sandbox_.last.secrets[0].value.reveal(), "hunter2-hunter2");
  for (const auto& [name, value] : sandbox_.last.env) EXPECT_EQ(value.find("hunter2"), std::string::npos);
  for (const std::string& word : sandbox_.last.argv) EXPECT_EQ(word.find("hunter2"), std::string::npos);
  exec({{"command", "true"}});
  EXPECT_TRUE(sandbox_.last.secrets.empty());
}

TEST_F(ExecSecrets, AreShownAndBound) {
  const json::object call = {{"command", "deploy"}, {"secrets", json::array{"token", "absent", "token"}}};
  EXPECT_EQ(exec_->render(call), "shell.exec deploy (secrets: absent, token)");
  const Binding before = bind(call);
  EXPECT_NE(before.preview.find("may read the secret token: as /run/secrets/token\n"), std::string::npos);
  EXPECT_TRUE(before.shown_whole);
  EXPECT_EQ(before.facts.at("secrets"), json::value(json::object{{"token", "monday"}, {"absent", nullptr}}));
  secrets_.entries["token"].set_at = "tuesday";
  EXPECT_NE(bind(call).facts, before.facts);
  EXPECT_FALSE(bind({{"command", "deploy"}}).facts.contains("secrets"));
}

TEST_F(ExecSecrets, MakeTheCallAskWhateverItsWordsAre) {
  for (const bool with : {true, false}) {
    json::object call = {{"command", "cat /run/secrets/token"}};
    if (with) call["secrets"] = json::array{"token"};
    const auto touches = exec_->touches(call);
    ASSERT_TRUE(touches);
    const trust::CallFacts facts = facts_of(exec_->description(), call, *touches, true);
    EXPECT_EQ(facts.hands_out_secret, with);
    EXPECT_EQ(facts.read_only_commands, !with);
    EXPECT_EQ(exec_->effect(call), with ? EffectClass::kOneShot : EffectClass::kIdempotent);
  }
}

TEST_F(ExecSecrets, DoNotComeBack) {
  const ToolOutcome outcome =
      exec({{"command", "printf 'is hunter2-'; sleep 0.1; printf 'hunter2.\\n'; echo hunter2-hunter2 >&2"},
            {"secrets", json::array{"token"}}});
  EXPECT_NE(outcome.text.find("is [secret removed].\n"), std::string::npos) << outcome.text;
  EXPECT_EQ(outcome.text.find("hunter2"), std::string::npos) << outcome.text;
  EXPECT_EQ(sink_->text.find("hunter2"), std::string::npos) << sink_->text;
  // The control: nobody else's words are touched.
  EXPECT_NE(shell("echo hunter2-hunter2").text.find("hunter2-hunter2"), std::string::npos);
}

TEST_F(ExecSecrets, DoNotComeBackFromTheBackground) {
  const ProcessId id = start("printf 'is hunter2-'; sleep 0.1; echo hunter2; printf 'hunter2-hunter2'",
                             {{"secrets", json::array{"token"}}});
  await([](BackgroundProcesses& all, ProcessViewer viewer, ProcessId process) -> async::Task<bool> {
    co_await all.wait_for_end(viewer, process, 20s);
    co_return true;
  }(*processes_, everyone(), id));
  const auto view = await(processes_->view(everyone(), id, {}));
  ASSERT_TRUE(view);
  ASSERT_EQ(view->lines.size(), 2u);
  EXPECT_EQ(view->lines[0].text, "is [secret removed]");
  EXPECT_EQ(view->lines[1].text, "[secret removed]");
}

// One answer of a person is for one command: a shell that holds a secret runs no second one.
TEST_F(ExecSecrets, AProcessThatHoldsOneTakesNoMoreInput) {
  const ProcessId with = start("cat", {{"secrets", json::array{"token"}}});
  const ProcessId without = start("cat", json::object{});
  const auto refused = await(processes_->write(everyone(), with, "cat /run/secrets/token\n", false));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
  EXPECT_TRUE(await(processes_->write(everyone(), without, "hello\n", false))) << "the control";
  const auto seen = await(processes_->view(everyone(), with, {}));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->record.secrets, std::vector<std::string>{"token"});
  await(processes_->kill(everyone(), with));
  await(processes_->kill(everyone(), without));
}

// No filter knows every form of a value, so what comes back is as private as the value.
TEST_F(ExecSecrets, MakeTheOutputSecret) {
  EXPECT_TRUE(exec({{"command", "true"}, {"secrets", json::array{"token"}}}).labels.is_secret());
  EXPECT_FALSE(exec({{"command", "true"}}).labels.is_secret());
}

TEST_F(ExecSecrets, ThatAreAbsentOrForAnotherHostStopTheCall) {
  const ToolOutcome absent = exec({{"command", "true"}, {"secrets", json::array{"token", "other"}}});
  EXPECT_FALSE(absent.ok);
  EXPECT_NE(absent.text.find("there is no secret other"), std::string::npos);
  EXPECT_EQ(sandbox_.launches, 0);
  for (const char* name : {"a/b", "..", ""})
    EXPECT_FALSE(exec_->touches({{"command", "true"}, {"secrets", json::array{name}}})) << name;
}

}  // namespace
}  // namespace pryx::tools::shell
