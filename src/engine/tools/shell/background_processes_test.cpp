// SPDX-License-Identifier: MIT
#include "engine/tools/shell/background_processes.h"

#include <future>

#include "engine/tools/shell/testing/shell_fixture.h"
#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

using testing::ShellFixture;
using namespace std::chrono_literals;

class Background : public ShellFixture {
 protected:
  // On a store of processes that a test has not replaced.
  ListTool list_{*processes_};
  ViewTool view_{*processes_};
  WriteTool write_{*processes_};
  StopTool stop_{*processes_};

  ProcessView look(const ProcessId& id, ProcessLook what = {}) {
    auto view = await(processes_->view(everyone(), id, what));
    EXPECT_TRUE(view) << view.error().message;
    return view ? *view : ProcessView{};
  }
  ProcessView take(const ProcessId& id, Duration wait = 5s) {
    auto view = await(processes_->take({owner().id, session_, "agent"}, id, 100, wait));
    EXPECT_TRUE(view) << view.error().message;
    return view ? *view : ProcessView{};
  }
  ProcessRecord until_ended(const ProcessId& id) {
    for (int i = 0; i < 1000; ++i) {
      const ProcessView view = look(id);
      if (!view.record.is_running()) return view.record;
      static_cast<void>(await(processes_->take(everyone(), id, 1, 20ms)));
    }
    ADD_FAILURE() << "it never ended";
    return {};
  }
  // Without a look, which would hand something out.
  async::Task<bool> waited_for(ProcessId id) {
    co_await processes_->wait_for_end(everyone(), id, 20ms);
    co_return true;
  }
  bool alive(std::string_view file) {
    const std::string pid(trim(dir_.get("ws/" + std::string(file))));
    return !pid.empty() && std::filesystem::exists("/proc/" + pid);
  }
};

TEST(ProcessStates, AnEndIsFinal) {
  constexpr ProcessState kAll[] = {ProcessState::kRunning, ProcessState::kExited, ProcessState::kKilled,
                                   ProcessState::kFailed, ProcessState::kLost};
  for (const ProcessState from : kAll) {
    for (const ProcessState to : kAll)
      EXPECT_EQ(may_become(from, to), from == ProcessState::kRunning && to != ProcessState::kRunning);
  }
  for (const ProcessState state : kAll) EXPECT_EQ(process_state_from_text(to_text(state)), state);
}

TEST_F(Background, TailsAFileAndShowsNewLinesOnly) {
  dir_.put("ws/log", "first\n");
  const ProcessId id = start("tail -n +1 -f log", {{"tag", "log"}});
  ASSERT_TRUE(id.str().starts_with("prc_"));
  // The start has shown the first line already.
  std::ofstream(dir_ / "ws/log", std::ios::app) << "second\n" << std::flush;
  const ProcessView view = take(id, 10s);
  ASSERT_EQ(view.lines.size(), 1u);
  EXPECT_EQ(view.lines[0].text, "second");
  EXPECT_EQ(look(id).lines.size(), 2u);
  EXPECT_EQ(look(id).record.tag, "log");
  const auto stopped = await(processes_->kill(everyone(), id));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->state, ProcessState::kKilled);
  EXPECT_EQ(stopped->reason, "stopped");
  EXPECT_EQ(processes_->running(), 0u);
  EXPECT_EQ(look(id).lines.size(), 2u) << "the last lines are kept";
}

TEST_F(Background, ViewsHaveTheirSizes) {
  const ProcessId id = start("seq 1 2000; sleep 300");
  for (int i = 0; i < 200 && look(id).total_lines < 2000; ++i) static_cast<void>(take(id, 100ms));
  EXPECT_EQ(look(id, {.lines = 10'000}).lines.size(), 500u);
  EXPECT_EQ(look(id).lines.size(), 100u);
  EXPECT_EQ(look(id).lines.back().text, "2000");
  const auto all = await(processes_->list(everyone()));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->front().lines.size(), 10u);
  EXPECT_EQ(look(id, {.after = 1995}).lines.size(), 5u);
}

TEST_F(Background, TalksToAProcess) {
  const ProcessId id = start("while read line; do echo \"got $line\"; done; echo over");
  const auto sent = call(write_, {{"id", id.str()}, {"text", "hello\n"}});
  ASSERT_TRUE(sent && sent->ok);
  EXPECT_EQ(take(id).lines.at(0).text, "got hello");
  ASSERT_TRUE(call(write_, {{"id", id.str()}, {"close", true}})->ok);
  const ProcessRecord ended = until_ended(id);
  EXPECT_EQ(ended.state, ProcessState::kExited);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_FALSE(call(write_, {{"id", id.str()}, {"text", "x"}})->ok);
  EXPECT_FALSE(write_.touches({{"id", id.str()}}));
  EXPECT_TRUE(write_.touches({{"id", id.str()}, {"text", "x"}})->needs_sandbox);
}

async::Task<Result<void>> archive(BackgroundProcesses& processes, PrincipalId principal, SessionId session) {
  co_await processes.end_session(std::move(principal), std::move(session), SessionEnd::kArchived);
  co_return Result<void>{};
}

TEST_F(Background, EndsWithItsSession) {
  const ProcessId mine = start("echo $$ > mine; sleep 300");
  const ProcessId global = start("echo $$ > global; sleep 300", {{"scope", "global"}});
  ASSERT_TRUE(alive("mine"));
  const SessionId first = session_;
  EXPECT_TRUE(await(archive(*processes_, owner().id, first)));
  EXPECT_FALSE(alive("mine"));
  EXPECT_TRUE(alive("global"));
  session_ = SessionId("ses_01J00000000000000000000001");
  EXPECT_TRUE(call(view_, {{"id", global.str()}})->ok) << "another session sees a global one";
  await(processes_->forget_session(owner().id, first));
  EXPECT_FALSE(alive("global")) << "what its end writes down has to go with the session";
  for (const ProcessId& id : {mine, global})
    EXPECT_FALSE(await(processes_->view(everyone(), id, {}))) << "its row is gone with the session";
}

// Its launch is held in the middle until the session has ended.
TEST_F(Background, OneThatIsBeingLaunchedEndsWithItsSession) {
  std::promise<void> goes_on;
  bool session_ended = false;
  auto end_it = [](BackgroundProcesses& processes, PrincipalId principal, SessionId session,
                   bool& done) -> async::Task<void> {
    co_await processes.end_session(principal, session, SessionEnd::kArchived);
    done = true;
  };
  sandbox_.before_launch = [&] {
    loop_.post([&] {
      tasks_.spawn("the session ends", end_it(*processes_, owner().id, session_, session_ended));
      loop_.post([&] { goes_on.set_value(); });
    });
    goes_on.get_future().wait();
  };
  const ProcessId id = start("sleep 300", {{"timeout", 30}});
  const ProcessRecord ended = until_ended(id);
  EXPECT_EQ(ended.state, ProcessState::kKilled);
  EXPECT_EQ(ended.reason, "session ended");
  for (int i = 0; i < 1000 && !session_ended; ++i) await(waited_for(id));
  EXPECT_TRUE(session_ended) << "it waits for the end of such a one as well";
  EXPECT_EQ(processes_->running(), 0u);
}

TEST_F(Background, OneThatIsBeingLaunchedEndsWithAllOthers) {
  std::promise<void> goes_on;
  std::size_t killed = 0;
  sandbox_.before_launch = [&] {
    loop_.post([&] {
      killed = processes_->kill_all(owner().id).size();
      goes_on.set_value();
    });
    goes_on.get_future().wait();
  };
  const ProcessRecord ended = until_ended(start("sleep 300", {{"timeout", 30}}));
  EXPECT_EQ(ended.reason, "stopped");
  EXPECT_EQ(killed, 1u);
}

TEST_F(Background, WhatItPrintedBeforeItsEndIsHandedOutOnce) {
  const ProcessId id = start("read line; seq 1 400");
  ASSERT_TRUE(call(write_, {{"id", id.str()}, {"text", "go\n"}})->ok);
  for (int i = 0; i < 1000 && look(id).record.is_running(); ++i) await(waited_for(id));
  ASSERT_FALSE(look(id).record.is_running());
  const auto first = call(view_, {{"id", id.str()}, {"lines", 500}});
  ASSERT_TRUE(first && first->ok);
  EXPECT_NE(first->text.find("\n1\n2\n"), std::string::npos) << first->text;
  EXPECT_TRUE(first->text.ends_with("\n399\n400\n"));
  const auto again = call(view_, {{"id", id.str()}});
  ASSERT_TRUE(again && again->ok);
  EXPECT_TRUE(again->text.ends_with("[nothing new]\n")) << again->text;
  make_processes();  // the daemon starts anew
  ViewTool later(*processes_);
  EXPECT_TRUE(call(later, {{"id", id.str()}})->text.ends_with("[nothing new]\n"));
  EXPECT_TRUE(call(later, {{"id", id.str()}, {"all", true}})->text.ends_with("\n399\n400\n"));
}

TEST_F(Background, ALookSaysWhatItLeftOutAndAStartLeavesItForTheFirstLook) {
  first_look_ = 10s;
  make_processes();
  ViewTool view(*processes_);
  const ToolOutcome started = exec({{"command", "seq 1 300"}, {"background", true}});
  EXPECT_NE(started.text.find("\n291\n"), std::string::npos) << started.text;
  EXPECT_NE(started.text.find("[the last of 300 lines"), std::string::npos) << started.text;
  const ProcessId id(json::string_or(started.details, "id"));
  const auto first = call(view, {{"id", id.str()}});
  ASSERT_TRUE(first && first->ok);
  EXPECT_NE(first->text.find("\n201\n"), std::string::npos) << first->text;
  EXPECT_NE(first->text.find("[200 new lines before these are not shown"), std::string::npos) << first->text;
  const auto whole = call(view, {{"id", id.str()}, {"all", true}, {"lines", 500}});
  EXPECT_NE(whole->text.find("\n1\n2\n"), std::string::npos) << whole->text;
}

TEST_F(Background, AnotherSessionSeesNoneOfIt) {
  const ProcessId id = start("sleep 300");
  session_ = SessionId("ses_01J00000000000000000000001");
  EXPECT_FALSE(call(view_, {{"id", id.str()}})->ok);
  EXPECT_FALSE(call(write_, {{"id", id.str()}, {"text", "x"}})->ok);
  EXPECT_FALSE(call(stop_, {{"id", id.str()}})->ok);
  EXPECT_EQ(call(list_, {})->text, "No background process runs.\n");
  EXPECT_TRUE(look(id).record.is_running());
}

TEST_F(Background, TheStopKillsAllAndNamesTheirEnd) {
  const ProcessId one = start("echo $$ > one; trap '' TERM; sleep 300");
  const ProcessId two = start("echo $$ > two; sleep 300", {{"scope", "global"}});
  await(stopped());
  EXPECT_FALSE(alive("one"));
  EXPECT_FALSE(alive("two"));
  for (const ProcessId& id : {one, two}) {
    EXPECT_EQ(look(id).record.state, ProcessState::kKilled);
    EXPECT_EQ(look(id).record.reason, "daemon stopped");
  }
  EXPECT_FALSE(call(*exec_, {{"command", "sleep 1"}, {"background", true}}));
}

TEST_F(Background, WhatACrashLeftIsLost) {
  ProcessRecord record{.principal = owner().id,
                       .id = ids_.make<ProcessId>(),
                       .session = session_,
                       .command = "sleep 1",
                       .started_at = clock_.wall()};
  const auto written = await(database_->write([&](db::Transaction& t) -> Result<int> {
    PRYX_TRY_VOID(ProcessStore::insert(t.db(), record));
    return 0;
  }));
  ASSERT_TRUE(written);
  for (int boot = 1; boot <= 2; ++boot) {
    ASSERT_TRUE(await(processes_->start()));
    EXPECT_EQ(look(record.id).record.state, ProcessState::kLost);
    EXPECT_TRUE(look(record.id).record.ended_at.has_value());
    const auto ends = await(database_->read([this](db::Connection& c) {
      return audit_.find(c, {.principal = owner().id, .action = "process.ended"});
    }));
    ASSERT_TRUE(ends);
    ASSERT_EQ(ends->size(), 1u) << "its end is on record, once";
    EXPECT_EQ(ends->front().entry.subject, record.id.str());
    EXPECT_EQ(json::string_or(ends->front().entry.detail, "state"), "lost");
    const auto told = await(database_->read([](db::Connection& c) {
      return c.count("SELECT count(*) FROM events WHERE name = 'process.ended'");
    }));
    ASSERT_TRUE(told);
    EXPECT_EQ(*told, 1);
  }
}

TEST_F(Background, ItsNumberIsBounded) {
  for (std::size_t i = 0; i < BackgroundProcesses::kMaxPerSession; ++i) start("sleep 300");
  const ToolOutcome refused = exec({{"command", "sleep 300"}, {"background", true}});
  EXPECT_FALSE(refused.ok);
  EXPECT_NE(refused.text.find("shell.stop"), std::string::npos);
  EXPECT_EQ(processes_->running(), BackgroundProcesses::kMaxPerSession);
}

TEST_F(Background, HasATimeLimit) {
  const ProcessId id = start("sleep 300", {{"timeout", 0.1}});
  const ProcessRecord ended = until_ended(id);
  EXPECT_EQ(ended.state, ProcessState::kKilled);
  EXPECT_EQ(ended.reason, "time limit");
}

TEST_F(Background, TellsAFailureAtOnce) {
  first_look_ = 10s;
  make_processes();
  const ToolOutcome outcome = exec({{"command", "echo oh no >&2; exit 4"}, {"background", true}});
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.text.find("exit code 4"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("oh no"), std::string::npos);
  sandbox_.refusal = Error{ErrorCode::kDenied, "no namespaces", -1};
  EXPECT_FALSE(call(*exec_, {{"command", "true"}, {"background", true}}));
  const auto all = await(processes_->list(everyone()));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->front().record.state, ProcessState::kFailed);
}

TEST_F(Background, ModesDecideWhoHears) {
  auto events = events_->subscribe(
      {.principal = owner().id, .names = {"process.output"}, .session = {}, .turn_id = {}});
  start("echo quiet; sleep 300", {{"mode", "pump-dump"}});
  const ProcessId loud = start("echo loud; sleep 300", {{"mode", "streaming"}});
  const auto event = await(events->next(5s));
  ASSERT_TRUE(event);
  EXPECT_NE((*event)->envelope.find("loud"), std::string::npos);
  EXPECT_NE((*event)->envelope.find(loud.str()), std::string::npos);
  EXPECT_EQ(take(loud, 0s).lines.size(), 1u);
  EXPECT_EQ(take(loud, 0s).lines.size(), 1u) << "streaming shows the last lines each time";
}

}  // namespace
}  // namespace pryx::tools::shell
