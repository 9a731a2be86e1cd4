// SPDX-License-Identifier: MIT
// The command line as a whole against a daemon that follows a script.
// Over 500 lines: one conversation after another, over one fixture and one set of scripts.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "foundation/config/core_file.h"
#include "foundation/platform/system_clock.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/testing/cli_process.h"
#include "surfaces/cli/testing/fake_daemon.h"

namespace pryx::cli {
namespace {

using testing::CliResult;
using testing::CliTerminal;
using testing::FakeAnswer;
using testing::FakeDaemon;
using testing::run_cli;
using testing::sse;

const std::string kMessages = "/api/v1/sessions/ses_1/messages";

class CliFlow : public ::testing::Test {
 protected:
  // A path longer than a socket address, so that every test goes through the held directory.
  platform::testing::TemporaryDirectory directory_;
  std::string home_ = directory_ / ("home-" + std::string(90, 'x'));
  std::map<std::string, std::string> environment_ = {
      {"PRYX_HOME", home_}, {"PATH", "/usr/bin:/bin"}, {"EDITOR", "false"}};
  config::Places places_ =
      config::find_places(platform::Environment({{"PRYX_HOME", home_}}), ::geteuid()).value();

  static std::vector<FakeAnswer> answers(std::vector<std::string> events) {
    return {{"POST", kMessages, 200, "", std::move(events), ""},
            {"POST", "/api/v1/sessions", 201, R"({"id":"ses_1"})", {}, ""},
            {"GET", "/api/v1/sessions/ses_1", 200, R"({"id":"ses_1"})", {}, ""},
            {"GET", "/api/v1/health", 200, R"({"status":"ok"})", {}, ""},
            {"GET",
             "/api/v1/status",
             200,
             R"({"default_model":"starter/commands","turns":{"running":0,"queued":0},"approvals_pending":2})",
             {},
             ""},
            {"POST", "/api/v1/turns/trn_1/cancel", 200, R"({"id":"trn_1","state":"cancelled"})", {}, ""},
            {"POST", "/api/v1/approvals/apr_1", 200, R"({"id":"apr_1","state":"approved"})", {}, ""}};
  }
  // For a script that waits for a request which an earlier daemon of the same test was asked, too.
  void forget_requests() { ::unlink((places_.state + "/requests").c_str()); }
  CliResult cli(std::vector<std::string> arguments, const std::string& input = {}) {
    return run_cli(std::move(arguments), environment_, input);
  }
};

std::string started() { return sse(1, "turn.started", R"({"turn_id":"trn_1"})"); }
std::string text(int offset, const std::string& words) {
  return sse(0, "turn.delta",
             fmt::format(R"({{"turn_id":"trn_1","step_id":"stp_1","part":"text","offset":{},"text":"{}"}})",
                         offset, words));
}
std::string completed(const std::string& words, int denied = 0) {
  return sse(
      9, "turn.completed",
      fmt::format(
          R"({{"turn_id":"trn_1","text":"{}","model":"starter/commands","usage":{{"input_tokens":3,"output_tokens":4}},"denied_calls":{}}})",
          words, denied));
}

TEST_F(CliFlow, ExecPrintsToolCallsToStderrAndTheAnswerToStdout) {
  FakeDaemon daemon(
      places_,
      answers({started(),
               sse(2, "tool.requested",
                   R"({"turn_id":"trn_1","tool":"fs.list","rendering":"fs.list src\u001b[2J"})"),
               sse(3, "tool.finished",
                   R"({"turn_id":"trn_1","tool":"fs.list","ok":true,"state":"done","summary":"2 entries"})"),
               text(0, "two "), text(4, "files"), completed("two files")}));
  const CliResult result = cli({"exec", "list", "--model", "a/b"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "two files\n");
  EXPECT_EQ(result.err, "• fs.list src\\x1b[2J\n  ✓ fs.list 2 entries\n");
  EXPECT_TRUE(daemon.was_asked(R"("text":"list","interactive":false,"model":"a/b")"));
}

TEST_F(CliFlow, ExecWithJsonPrintsEveryEventAsALine) {
  FakeDaemon daemon(places_, answers({started(), text(0, "hi"), completed("hi")}));
  const CliResult result = cli({"--json", "exec", "-"}, "from a pipe\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
  EXPECT_NE(result.out.find(R"("event":"turn.completed")"), std::string::npos);
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(daemon.was_asked(R"("text":"from a pipe\n")"));
}

TEST_F(CliFlow, ExecExitsBySevenWhenACallWasDenied) {
  FakeDaemon daemon(places_, answers({started(), completed("could not", 1)}));
  const CliResult result = cli({"exec", "x"});
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.out, "could not\n");
}

TEST_F(CliFlow, ExecNamesStepAndResumeCallWhenAPersonIsNeeded) {
  FakeDaemon daemon(places_,
                    answers({started(), sse(5, "turn.needs_attention",
                                            R"({"turn_id":"trn_1","step_id":"stp_7","tool":"fs.write"})")}));
  const CliResult result = cli({"exec", "x"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("stp_7"), std::string::npos);
  EXPECT_NE(result.err.find("/api/v1/turns/trn_1/resume"), std::string::npos);
}

TEST_F(CliFlow, ResumeFindsTheStepThatWaitsForItsModel) {
  auto script = answers({});
  script.push_back(
      {"GET",
       "/api/v1/turns/trn_1",
       200,
       R"({"id":"trn_1","state":"running","steps":[)"
       R"({"id":"stp_1","kind":"model","state":"done"},)"
       R"({"id":"stp_2","kind":"model","state":"started","summary":"far/m cannot be reached"}]})",
       {},
       ""});
  script.push_back(
      {"POST", "/api/v1/turns/trn_1/resume", 200, R"({"id":"trn_1","state":"running"})", {}, ""});
  FakeDaemon daemon(places_, script);
  const CliResult shown = cli({"turn", "show", "trn_1"});
  EXPECT_NE(shown.err.find("far/m cannot be reached\nask at once: pryx turn resume trn_1 --retry"),
            std::string::npos)
      << shown.err;
  EXPECT_EQ(cli({"turn", "resume", "trn_1", "--abandon"}).exit_code, 5);
  EXPECT_EQ(cli({"turn", "resume", "trn_1", "--retry"}).exit_code, 0);
  EXPECT_TRUE(daemon.was_asked(R"("step_id":"stp_2","resolution":"retry")"));
}

TEST_F(CliFlow, UndoSaysWhatIsPastItsTimeAndExitsByFive) {
  auto script = answers({});
  script.push_back(
      {"POST",
       "/api/v1/turns/trn_1/undo",
       200,
       R"({"turn_id":"trn_1","dry_run":false,"state":"refused","files":[)"
       R"({"path":"a.txt","action":"not_kept","step_id":"stp_1","detail":"it is past its time"}],)"
       R"("not_undone":[]})",
       {},
       ""});
  FakeDaemon daemon(places_, script);
  const CliResult result = cli({"undo", "trn_1"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_NE(result.out.find("left alone: a.txt (it is past its time)"), std::string::npos) << result.out;
}

TEST_F(CliFlow, ExplainSaysWhoChoseTheModelThatFailed) {
  struct Case {
    std::string_view state;
    std::string_view route;
    std::string_view why;
  };
  constexpr Case kCases[] = {
      {"failed", "default", "the default model; neither message, session nor agent named one"},
      {"failed", "session", "the session's; the message named none"},
      {"failed", "message", "the message asked for far/m"},
      {"failed", "", "far/m, which was not asked"},
      {"completed", "", "the message asked for far/m"}};
  for (const Case& one : kCases) {
    auto script = answers({});
    script.push_back(
        {"GET",
         "/api/v1/turns/trn_1",
         200,
         fmt::format(R"({{"id":"trn_1","state":"{}","surface":"cli","model":"far/m"}})", one.state),
         {},
         ""});
    script.push_back(
        {"GET",
         "/api/v1/traces/trn_1",
         200,
         fmt::format(R"({{"spans":[{{"kind":"model","attributes":{{"pryx.route":"{}"}}}}]}})", one.route),
         {},
         ""});
    FakeDaemon daemon(places_, script);
    const CliResult result = cli({"session", "explain", "trn_1"});
    EXPECT_NE(result.out.find(fmt::format("why model   {}\n", one.why)), std::string::npos) << result.out;
  }
}

TEST_F(CliFlow, ExecExitsByTheCodeOfAFailedTurn) {
  for (const auto& [code, exit_code] : {std::pair<std::string, int>{"provider", 8},
                                        {"budget", 10},
                                        {"timeout", 9},
                                        {"PRYX-1013", 8},
                                        {"context_too_long", 2},
                                        {"turn_timeout", 9},
                                        {"step_limit", 10},
                                        {"internal", 1}}) {
    FakeDaemon daemon(
        places_,
        answers(
            {started(),
             sse(5, "turn.failed",
                 fmt::format(R"({{"turn_id":"trn_1","code":"{}","title":"T","detail":"d","trace_id":"{}"}})",
                             code, std::string(32, 'b')))}));
    const CliResult result = cli({"exec", "x"});
    EXPECT_EQ(result.exit_code, exit_code) << code;
    EXPECT_NE(result.err.find("\ntrace: " + std::string(32, 'b') + "\n"), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(CliFlow, ExecCancelsTheTurnWhenItsTimeIsOver) {
  FakeDaemon daemon(places_, answers({started(), "WAIT /cancel"}));
  const CliResult result = cli({"exec", "x", "--timeout", "300ms"});
  EXPECT_EQ(result.exit_code, 9);
  EXPECT_TRUE(daemon.was_asked("POST /api/v1/turns/trn_1/cancel"));
}

// Nor does a connection that is being made again know more time than the turn.
TEST_F(CliFlow, ExecCancelsTheTurnOfALostConnectionWhenItsTimeIsOver) {
  std::vector<FakeAnswer> script = answers({started(), "CUT"});
  script.insert(script.begin(), {"POST", kMessages, 503, R"({"title":"Busy"})", {}, "Last-Event-ID: 1"});
  FakeDaemon daemon(places_, std::move(script));
  const CliResult result = cli({"exec", "x", "--timeout", "300ms"});
  EXPECT_EQ(result.exit_code, 9) << result.err;
  EXPECT_TRUE(daemon.was_asked("POST /api/v1/turns/trn_1/cancel"));
}

TEST_F(CliFlow, ControlCCancelsAnExecAndExitsBy130) {
  FakeDaemon daemon(places_, answers({started(), text(0, "half an answer"), "WAIT /cancel"}));
  CliTerminal terminal({"exec", "x"}, environment_);
  ASSERT_TRUE(terminal.wait_for("half an answer"));
  terminal.type("\x03");
  EXPECT_EQ(terminal.wait_for_end(), 130);
  EXPECT_TRUE(daemon.was_asked("POST /api/v1/turns/trn_1/cancel"));
}

std::string cancelled() { return sse(9, "turn.cancelled", R"({"turn_id":"trn_1"})"); }
// The last line that is not empty.
std::string last_line(const std::string& shown) {
  const std::size_t end = shown.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const std::size_t before = shown.rfind('\n', end);
  return shown.substr(before == std::string::npos ? 0 : before + 1, end - before);
}

TEST_F(CliFlow, ExecWithJsonEndsWithTheEndOfTheTurnWhenItsTimeIsOver) {
  FakeDaemon daemon(places_, answers({started(), "WAIT /cancel", text(0, "late"), cancelled()}));
  const CliResult result = cli({"exec", "x", "--json", "--timeout", "300ms"});
  EXPECT_EQ(result.exit_code, 9);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3) << result.out;
  EXPECT_NE(last_line(result.out).find(R"("event":"turn.cancelled")"), std::string::npos) << result.out;
  EXPECT_TRUE(daemon.was_asked("POST /api/v1/turns/trn_1/cancel"));
}

TEST_F(CliFlow, ExecWithJsonEndsWithTheEndOfTheTurnOnASignal) {
  for (const auto& [number, code] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    forget_requests();
    FakeDaemon daemon(places_, answers({started(), text(0, "half"), "WAIT /cancel", cancelled()}));
    CliTerminal terminal({"exec", "x", "--json"}, environment_, 1000);
    ASSERT_TRUE(terminal.wait_for("half"));
    terminal.signal(number);
    EXPECT_EQ(terminal.wait_for_end(), code);
    // Data and messages share this terminal: the note comes behind the last line of data.
    const std::string shown = terminal.shown();
    const std::size_t note = shown.rfind("cancelled\n");
    ASSERT_NE(note, std::string::npos) << shown;
    EXPECT_NE(last_line(shown.substr(0, note)).find(R"("event":"turn.cancelled")"), std::string::npos)
        << shown;
  }
}

// An end that does not come, from a daemon that is silent or gone, holds up nobody.
TEST_F(CliFlow, ExecWithJsonWaitsForTheEndOfACancelledTurnForASecondOnly) {
  const platform::SystemClock clock;
  struct Case {
    std::vector<std::string> events;
    int status_of_the_next;  // when the message is sent again because the connection broke
  };
  for (const Case& one : {Case{{started(), "WAIT /cancel", "WAIT /nobody-asks-for-this"}, 200},
                          Case{{started(), "WAIT /cancel", "CUT"}, 503}}) {
    forget_requests();
    std::vector<FakeAnswer> script = answers(one.events);
    script.insert(script.begin(),
                  {"POST", kMessages, one.status_of_the_next, R"({"title":"Gone"})", {}, "Last-Event-ID: 1"});
    FakeDaemon daemon(places_, std::move(script));
    const MonotonicTime begun = clock.monotonic();
    const CliResult result = cli({"exec", "x", "--json", "--timeout", "300ms"});
    EXPECT_EQ(result.exit_code, 9);
    EXPECT_LT(clock.monotonic() - begun, std::chrono::seconds(5));
    EXPECT_NE(last_line(result.out).find(R"("event":"turn.started")"), std::string::npos) << result.out;
  }
}

TEST_F(CliFlow, ExecTakesUpABrokenConnectionWithoutGapsOrRepeats) {
  std::vector<FakeAnswer> script =
      answers({started(), text(0, "one "), sse(2, "step.finished", R"({"turn_id":"trn_1"})"), "CUT"});
  script.insert(script.begin(),
                {"POST", kMessages, 200, "", {text(0, "one two"), completed("one two")}, "Last-Event-ID: 2"});
  FakeDaemon daemon(places_, std::move(script));
  CliTerminal terminal({"exec", "x"}, environment_);
  EXPECT_EQ(terminal.wait_for_end(), 0);
  EXPECT_EQ(terminal.shown(), "one two\nstarter/commands · 7 tokens · trn_1\n");
  const auto requests = daemon.requests();
  std::vector<std::string> sent;
  for (const std::string& request : requests) {
    if (request.find(kMessages) != std::string::npos) sent.push_back(request);
  }
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0], sent[1]) << "the same idempotency key and body";
}

// What was streamed while nobody was connected is in no event: it comes from the turn, or with its end.
TEST_F(CliFlow, TextThatWasStreamedMeanwhileIsFetchedFromTheTurn) {
  const std::string partial =
      R"({"id":"trn_1","partial":[{"step_id":"stp_1","part":"text","text":"one two three "}]})";
  struct Case {
    std::vector<std::string> after;  // the connection was taken up again
    std::string turn;                // what the turn says meanwhile
  };
  const std::vector<Case> cases = {
      {{text(14, "four"), completed("one two three four")}, partial},
      {{text(8, "three "), text(14, "four"), completed("one two three four")}, partial},
      {{text(14, "four"), completed("one two three four")}, R"({"id":"trn_1","partial":[]})"},
      {{completed("one two three four")}, R"({"id":"trn_1","partial":[]})"}};
  for (const Case& one : cases) {
    for (const std::string verb : {"exec", "chat"}) {
      std::vector<FakeAnswer> script =
          answers({started(), text(0, "one "), sse(2, "step.finished", R"({"turn_id":"trn_1"})"), "CUT"});
      script.insert(script.begin(), {"POST", kMessages, 200, "", one.after, "Last-Event-ID: 2"});
      script.insert(script.begin(), {"GET", "/api/v1/turns/trn_1", 200, one.turn, {}, ""});
      FakeDaemon daemon(places_, std::move(script));
      CliTerminal terminal({verb, "x"}, environment_);
      if (verb == "chat") {
        ASSERT_TRUE(terminal.wait_for("7 tokens")) << terminal.shown();
        terminal.type("\x04");
      }
      EXPECT_EQ(terminal.wait_for_end(), 0);
      EXPECT_NE(terminal.shown().find("one two three four\n"), std::string::npos) << terminal.shown();
      EXPECT_TRUE(daemon.was_asked("GET /api/v1/turns/trn_1"));
    }
  }
}

TEST_F(CliFlow, ProblemsBecomeErrorsWithTheirExitCode) {
  std::vector<FakeAnswer> script = answers({});
  script.insert(
      script.begin(),
      {"GET",
       "/api/v1/sessions/ses_2",
       404,
       R"({"title":"Not found","detail":"there is no session ses_2; pryx session list","code":"PRYX-1005","trace_id":"0123456789abcdef0123456789abcdef"})",
       {},
       ""});
  FakeDaemon daemon(places_, std::move(script));
  const CliResult result = cli({"session", "show", "ses_2"});
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "error: there is no session ses_2\ntry: pryx session list\ncode: PRYX-1005\n"
            "trace: 0123456789abcdef0123456789abcdef\n");
}

// A page of a transcript asks for the turns of its own time and no more, however many the session has.
TEST_F(CliFlow, ATranscriptAsksForNoMoreTurnsThanItShows) {
  const auto message = [](const char* role, const char* turn, const char* at, const char* words) {
    return fmt::format(
        R"({{"role":"{}","turn_id":"{}","created_at":"2026-11-22T04:{}.000Z","parts":[{{"type":"text","text":"{}"}}]}})",
        role, turn, at, words);
  };
  const auto page = [](std::vector<std::string> messages, const char* next) {
    return fmt::format(R"({{"items":[{}],"next_cursor":{}}})", fmt::join(messages, ","), next);
  };
  const auto turn = [](const char* id, const char* by) {
    return fmt::format(R"({{"id":"{}","answered_by":"{}"}})", id, by);
  };
  std::vector<FakeAnswer> script = answers({});
  const auto put = [&](std::string path, std::string body, std::string only_with) {
    script.insert(script.begin(), {"GET", std::move(path), 200, std::move(body), {}, std::move(only_with)});
  };
  put("/api/v1/turns?", fmt::format(R"({{"items":[{}],"next_cursor":"more"}})", turn("trn_2", "a/two")),
      "after=2026-11-22T04%3A10");
  put("/api/v1/turns?", fmt::format(R"({{"items":[{}],"next_cursor":"more"}})", turn("trn_3", "a/three")),
      "after=2026-11-22T04%3A20");
  put("/api/v1/turns/trn_1", turn("trn_1", "a/one"), "");
  put(kMessages,
      page({message("assistant", "trn_1", "10:00", "begun before"), message("user", "trn_2", "11:00", "q"),
            message("assistant", "trn_2", "12:00", "first words")},
           R"("c")"),
      "");
  put(kMessages,
      page({message("assistant", "trn_2", "20:00", "more words"), message("user", "trn_3", "21:00", "r"),
            message("assistant", "trn_3", "22:00", "last words")},
           "null"),
      "cursor=c");
  FakeDaemon daemon(places_, std::move(script));
  const CliResult result = cli({"session", "show", "ses_1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto count = [&](std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = result.out.find(part); at != std::string::npos; at = result.out.find(part, at + 1))
      ++found;
    return found;
  };
  for (const char* by : {"a/one", "a/two", "a/three"}) EXPECT_EQ(count(by), 1u) << by << "\n" << result.out;
  const auto asked = daemon.requests();
  EXPECT_EQ(std::ranges::count_if(asked, [](const std::string& r) { return r.contains("/api/v1/turns"); }), 3)
      << "a page each, and the one turn that began before the first";
  EXPECT_TRUE(daemon.was_asked("before=2026-11-22T04%3A12%3A00.001Z"));
}

TEST_F(CliFlow, ATranscriptSaysWhoStoodIn) {
  std::vector<FakeAnswer> script = answers({});
  script.insert(script.begin(), {"GET", "/api/v1/turns?", 200, R"({"items":[],"next_cursor":null})", {}, ""});
  script.insert(
      script.begin(),
      {"GET",
       kMessages,
       200,
       R"({"items":[{"role":"assistant","turn_id":"","created_at":"2026-11-22T04:10:00.000Z","parts":[{"type":"notice","text":"a/one is out of reach; b/two answers instead"},{"type":"text","text":"words"}]}],"next_cursor":null})",
       {},
       ""});
  FakeDaemon daemon(places_, std::move(script));
  const CliResult result = cli({"session", "show", "ses_1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.contains("a/one is out of reach; b/two answers instead\nwords\n")) << result.out;
}

// Numbers of a part look like numbers of the whole.
TEST_F(CliFlow, AContextThatIsNotTheWholeConversationSaysSo) {
  const auto report = [](int unread) {
    return FakeAnswer{
        "GET",
        "/api/v1/sessions/ses_1/context",
        200,
        fmt::format(
            R"({{"model":"a/one","used_tokens":9,"limit_tokens":90,"percent":10,"unread_messages":{},"pins":[],"compactions":[]}})",
            unread),
        {},
        ""};
  };
  for (const int unread : {0, 7}) {
    std::vector<FakeAnswer> script = answers({});
    script.insert(script.begin(), report(unread));
    FakeDaemon daemon(places_, std::move(script));
    const CliResult result = cli({"session", "context", "ses_1"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out.contains("not counted: 7 older messages"), unread == 7) << result.out;
  }
}

TEST_F(CliFlow, ALongImportIsAnnouncedAndHasTheTimeThatItNeeds) {
  EXPECT_EQ(call_limit(0), std::chrono::seconds(30));
  EXPECT_EQ(call_limit(64u << 20), std::chrono::seconds(158));
  std::vector<FakeAnswer> script = answers({});
  script.insert(script.begin(), {"POST", "/api/v1/sessions/import", 201, R"({"id":"ses_1"})", {}, ""});
  FakeDaemon daemon(places_, std::move(script));
  for (const std::size_t bytes : {std::size_t{1'000}, std::size_t{3} << 20}) {
    const std::string path = directory_ / "session.json";
    std::ofstream(path) << fmt::format(R"({{"content":"{}"}})", std::string(bytes, 'x'));
    const CliResult result = cli({"session", "import", path});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "ses_1\n");
    EXPECT_EQ(result.err.contains("3 MiB are read, checked and indexed; that may take up to 36.0s"),
              bytes > 1'000)
        << result.err;
  }
}

TEST_F(CliFlow, WithoutADaemonNoStartIsAnError) {
  const CliResult result = cli({"session", "list", "--no-start"});
  EXPECT_EQ(result.exit_code, 8);
  EXPECT_NE(result.err.find("--no-start"), std::string::npos);
  EXPECT_EQ(cli({"daemon", "status"}).exit_code, 8);
  EXPECT_EQ(cli({"daemon", "stop"}).exit_code, 0);
}

TEST_F(CliFlow, AFileOfADaemonThatIsGoneIsSeenAsStale) {
  ASSERT_TRUE(config::create_places(places_));
  auto record = config::describe_this_core("0", "", places_.socket(), WallTime{1});
  record.process.start_ticks += 1;
  ASSERT_TRUE(config::write_core_file(places_, record));
  EXPECT_EQ(cli({"status", "--no-start"}).exit_code, 8);
  const CliResult doctor = cli({"doctor"});
  EXPECT_NE(doctor.out.find("stale file"), std::string::npos) << doctor.out;
  const CliResult fixed = cli({"doctor", "--fix"});
  EXPECT_EQ(fixed.out.find("stale file"), std::string::npos) << fixed.out;
}

TEST_F(CliFlow, DoctorNamesWhatIsBrokenAndFixesModes) {
  ASSERT_TRUE(config::create_places(places_));
  ASSERT_EQ(::chmod(places_.data.c_str(), 0755), 0);
  const CliResult broken = cli({"doctor"});
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_NE(broken.out.find("✗ data directory"), std::string::npos) << broken.out;
  EXPECT_EQ(cli({"doctor", "--fix"}).exit_code, 0);
  directory_.put("home-" + std::string(90, 'x') + "/config/policy.yaml", "tools: {alowed: []}\n");
  const CliResult policy = cli({"doctor", "--json"});
  EXPECT_EQ(policy.exit_code, 3);
  EXPECT_NE(policy.out.find(R"("ok":false)"), std::string::npos);
  const CliResult check = cli({"policy", "check"});
  EXPECT_EQ(check.exit_code, 3);
  EXPECT_NE(check.err.find("line 1"), std::string::npos) << check.err;
}

TEST_F(CliFlow, ServeGetsWhatWasAskedFor) {
  EXPECT_EQ(cli({"serve"}).exit_code, 40);
  EXPECT_EQ(cli({"serve", "--no-tcp"}).exit_code, 41);
  EXPECT_EQ(cli({"serve", "--listen", "0.0.0.0:7799"}).exit_code, 2);
  EXPECT_EQ(cli({"serve", "--listen", "127.0.0.1:1", "--no-tcp"}).exit_code, 2);
}

TEST_F(CliFlow, ASecretIsNeverAnArgument) {
  std::vector<FakeAnswer> script = answers({});
  script.push_back({"PUT", "/api/v1/secrets/key", 200, R"({"name":"key"})", {}, ""});
  FakeDaemon daemon(places_, std::move(script));
  EXPECT_EQ(cli({"secret", "set", "key", "value"}).exit_code, 2);
  EXPECT_EQ(cli({"secret", "set", "key"}, "hidden\n").exit_code, 0);
  EXPECT_TRUE(daemon.was_asked(R"({"value":"hidden"})"));
  CliTerminal terminal({"secret", "set", "key"}, environment_);
  ASSERT_TRUE(terminal.wait_for("value of key:")) << terminal.shown();
  terminal.type("typed\r");
  EXPECT_EQ(terminal.wait_for_end(), 0);
  EXPECT_EQ(terminal.shown().find("typed"), std::string::npos);
  EXPECT_TRUE(terminal.is_restored());
  EXPECT_TRUE(daemon.was_asked(R"({"value":"typed"})"));
}

TEST_F(CliFlow, QuestionsNeedAPersonOrYes) {
  std::vector<FakeAnswer> script = answers({});
  script.push_back({"DELETE", "/api/v1/sessions/ses_1", 204, "", {}, ""});
  FakeDaemon daemon(places_, std::move(script));
  EXPECT_EQ(cli({"session", "rm", "ses_1"}).exit_code, 2);
  EXPECT_FALSE(daemon.was_asked("DELETE"));
  CliTerminal terminal({"session", "rm", "ses_1"}, environment_);
  ASSERT_TRUE(terminal.wait_for("[y/N]"));
  terminal.type("n\r");
  EXPECT_EQ(terminal.wait_for_end(), 2);
  EXPECT_FALSE(daemon.was_asked("DELETE"));
  EXPECT_EQ(cli({"session", "rm", "ses_1", "--yes"}).exit_code, 0);
  EXPECT_TRUE(daemon.was_asked("DELETE"));
}

// A yes is for what was looked at: on the cards, or before, and then named. --yes is none.
TEST_F(CliFlow, APlanIsApprovedAsItsCardsShowIt) {
  const auto call = [](std::string_view id, std::string_view turn, std::string_view changes) {
    return fmt::format(
        R"({{"id":"{}","turn_id":"{}","tool":"fs.write","rendering":"write {}","changes":[{}]}})", id, turn,
        id, changes);
  };
  std::vector<FakeAnswer> script = answers({});
  script.push_back({"GET",
                    "/api/v1/approvals?state=pending",
                    200,
                    fmt::format(R"({{"items":[{},{},{}]}})", call("apr_c", "trn_2", ""),
                                call("apr_b", "trn_1", R"("content")"), call("apr_a", "trn_1", "")),
                    {},
                    ""});
  script.push_back({"POST", "/api/v1/approvals/plan", 200, R"({"items":[]})", {}, ""});
  FakeDaemon daemon(places_, std::move(script));
  EXPECT_EQ(cli({"approval", "plan", "trn_1", "approve"}).exit_code, 2);
  EXPECT_EQ(cli({"approval", "plan", "trn_1", "approve", "--yes"}).exit_code, 2);
  EXPECT_EQ(cli({"approval", "plan", "trn_1", "approve", "--approval", "apr_c"}).exit_code, 5);
  EXPECT_EQ(cli({"approval", "plan", "trn_3", "approve"}).exit_code, 5);
  for (const bool allowed : {false, true}) {
    CliTerminal terminal({"approval", "plan", "trn_1", "approve"}, environment_);
    ASSERT_TRUE(terminal.wait_for("Allow 1 of 2 once? [y/N]")) << terminal.shown();
    EXPECT_NE(terminal.shown().find("write apr_a"), std::string::npos) << terminal.shown();
    EXPECT_NE(terminal.shown().find("an answer of its own: pryx approval approve apr_b"), std::string::npos);
    EXPECT_EQ(terminal.shown().find("write apr_c"), std::string::npos) << "of another turn";
    EXPECT_FALSE(daemon.was_asked("POST /api/v1/approvals/plan"));
    terminal.type(allowed ? "y\r" : "n\r");
    EXPECT_EQ(terminal.wait_for_end(), allowed ? 0 : 2);
  }
  EXPECT_TRUE(daemon.was_asked(R"({"decision":"approve","approval_ids":["apr_a"]})"));
  EXPECT_EQ(cli({"approval", "plan", "trn_1", "approve", "--approval", "apr_a"}).exit_code, 0);
  EXPECT_EQ(cli({"approval", "plan", "trn_1", "deny"}).exit_code, 0);
  EXPECT_TRUE(daemon.was_asked(R"({"decision":"deny","turn_id":"trn_1"})"));
}

TEST_F(CliFlow, ChatStreamsAnswersAsksAndLeavesTheTerminalAsItWas) {
  const std::string card =
      R"({"turn_id":"trn_1","approval_id":"apr_1","tool":"fs.write","rendering":"write \u001b]0;x\u0007notes.txt","arguments":{"path":"notes.txt"},"reason":"no rule matched","rule_suggestion":"fs.write notes.txt"})";
  FakeDaemon daemon(
      places_,
      answers(
          {started(), text(0, "I will **write** it.\\n\\n"), sse(3, "approval.needed", card),
           "WAIT /approvals/apr_1",
           sse(4, "approval.resolved",
               R"({"turn_id":"trn_1","approval_id":"apr_1","state":"approved","resolved_by":"cli"})"),
           sse(0, "turn.delta",
               R"({"turn_id":"trn_1","step_id":"stp_2","part":"text","offset":0,"text":"Done \u001b[31mnow"})"),
           completed("Done now")}));
  CliTerminal terminal({"chat"}, environment_);
  ASSERT_TRUE(terminal.wait_for("ready")) << terminal.shown();
  terminal.type("write a note\r");
  ASSERT_TRUE(terminal.wait_for("y once")) << terminal.shown();
  EXPECT_NE(terminal.shown().find("write \\x1b]0;x\\x07notes.txt"), std::string::npos) << terminal.shown();
  terminal.type("y");
  ASSERT_TRUE(terminal.wait_for("7 tokens")) << terminal.shown();
  EXPECT_TRUE(daemon.was_asked(R"(POST /api/v1/approvals/apr_1 {"decision":"approve","scope":"once"})"));
  terminal.type("\x04");
  EXPECT_EQ(terminal.wait_for_end(), 0);
  EXPECT_TRUE(terminal.is_restored());
  EXPECT_TRUE(terminal.screen().unknown().empty()) << terminal.screen().unknown()[0];
  EXPECT_EQ(terminal.screen().whole_screen_erasures(), 0);
  EXPECT_NE(terminal.shown().find("I will write it."), std::string::npos);
  EXPECT_NE(terminal.shown().find("Done \\x1b[31mnow"), std::string::npos);
  EXPECT_NE(terminal.shown().find("continue with: pryx chat --session ses_1"), std::string::npos);
  EXPECT_EQ(terminal.shown().find("ready"), std::string::npos) << "the live lines are gone";
}

// Frames of a long answer on a real terminal: nothing is cleared as a whole, and cells are written a few
// times at most.
TEST_F(CliFlow, ChatDoesNotFlicker) {
  std::vector<std::string> events = {started()};
  int offset = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string words = i % 30 == 29 ? "end.\\n\\n" : fmt::format("word{} ", i);
    events.push_back(text(offset, words));
    offset += static_cast<int>(words.size()) - (i % 30 == 29 ? 2 : 0);
    if (i % 60 == 59) events.push_back(fmt::format("WAIT step-{}", i));
  }
  events.push_back(completed("x"));
  FakeDaemon daemon(places_, answers(std::move(events)));
  CliTerminal terminal({"chat", "go"}, environment_, 60, 12);
  for (int i = 59; i < 300; i += 60) {
    ASSERT_TRUE(terminal.wait_for(fmt::format("word{} ", i - 1) + (i % 30 == 29 ? "end." : "")))
        << terminal.shown();
    (void)cli({"session", "show", fmt::format("step-{}", i), "--no-start"});
  }
  ASSERT_TRUE(terminal.wait_for("7 tokens")) << terminal.shown();
  terminal.type("\x04");
  EXPECT_EQ(terminal.wait_for_end(), 0);
  EXPECT_TRUE(terminal.screen().unknown().empty());
  EXPECT_EQ(terminal.screen().whole_screen_erasures(), 0);
  EXPECT_LT(terminal.screen().written(), 5L * offset);
  EXPECT_LT(terminal.screen().erased(), 3L * offset);
  EXPECT_GT(terminal.screen().frames(), 5);
}

TEST_F(CliFlow, ChatKeysGiveEveryAnswer) {
  const std::string card =
      R"({"turn_id":"trn_1","approval_id":"apr_1","tool":"fs.write","rendering":"w","reason":"r","rule_suggestion":"fs.write a"})";
  struct Case {
    std::vector<std::pair<std::string, std::string>> keys;  // what to type, what to wait for before it
    std::string body;
  };
  const std::vector<Case> cases = {
      {{{"s", "y once"}}, R"({"decision":"approve","scope":"session"})"},
      {{{"a", "y once"}, {"/b\r", "rule › fs.write a"}},
       R"({"decision":"approve","scope":"always","rule":"fs.write a/b"})"},
      {{{"n", "y once"}}, R"({"decision":"deny"})"},
      {{{"r", "y once"}, {"use staging\r", "reason ›"}}, R"({"decision":"deny","reason":"use staging"})"},
  };
  for (const Case& some : cases) {
    FakeDaemon daemon(places_, answers({started(), sse(3, "approval.needed", card), "WAIT approvals/apr_1 {",
                                        completed("ok")}));
    CliTerminal terminal({"chat", "go"}, environment_);
    for (const auto& [keys, expected] : some.keys) {
      ASSERT_TRUE(terminal.wait_for(expected)) << terminal.shown();
      terminal.type(keys);
    }
    ASSERT_TRUE(terminal.wait_for("7 tokens")) << terminal.shown();
    EXPECT_TRUE(daemon.was_asked("POST /api/v1/approvals/apr_1 " + some.body)) << some.body;
    ::unlink((places_.state + "/requests").c_str());
  }
}

TEST_F(CliFlow, ControlCCancelsTheTurnAndTwiceLeaves) {
  FakeDaemon daemon(places_, answers({started(), text(0, "thinking about it"), "WAIT /cancel",
                                      sse(5, "turn.cancelled", R"({"turn_id":"trn_1"})")}));
  CliTerminal terminal({"chat", "go"}, environment_);
  ASSERT_TRUE(terminal.wait_for("thinking about it")) << terminal.shown();
  terminal.type("\x03");
  ASSERT_TRUE(terminal.wait_for("cancelled")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("ready"));
  EXPECT_TRUE(daemon.was_asked("POST /api/v1/turns/trn_1/cancel"));
  terminal.type("\x03");
  ASSERT_TRUE(terminal.wait_for("^C again leaves"));
  terminal.type("\x03");
  EXPECT_EQ(terminal.wait_for_end(), 130);
  EXPECT_TRUE(terminal.is_restored());
}

TEST_F(CliFlow, TheTerminalIsGivenBackOnSignalsAndCrashes) {
  for (const auto& [number, code] :
       {std::pair<int, int>{SIGTERM, 143}, {SIGHUP, 129}, {SIGQUIT, 131}, {SIGSEGV, 139}}) {
    FakeDaemon daemon(places_, answers({started(), "WAIT never"}));
    CliTerminal terminal({"chat", "go"}, environment_);
    ASSERT_TRUE(terminal.wait_for("working")) << terminal.shown();
    terminal.signal(number);
    EXPECT_EQ(terminal.wait_for_end(), code) << number;
    EXPECT_TRUE(terminal.is_restored()) << number;
    EXPECT_FALSE(daemon.was_asked("/cancel")) << "leaving does not cancel";
  }
}

TEST_F(CliFlow, PlainChatChangesNothingInPlace) {
  const std::string card =
      R"({"turn_id":"trn_1","approval_id":"apr_1","tool":"fs.write","rendering":"w","reason":"r"})";
  FakeDaemon daemon(places_, answers({started(), sse(3, "approval.needed", card), "WAIT approvals/apr_1 {",
                                      text(0, "All done."), completed("All done.")}));
  CliTerminal terminal({"chat", "--plain"}, environment_);
  ASSERT_TRUE(terminal.wait_for(">"));
  terminal.type("go\r");
  ASSERT_TRUE(terminal.wait_for("deny with reason:")) << terminal.shown();
  terminal.type("y\r");
  ASSERT_TRUE(terminal.wait_for("All done.")) << terminal.shown();
  terminal.type("/quit\r");
  EXPECT_EQ(terminal.wait_for_end(), 0);
  EXPECT_EQ(terminal.screen().frames(), 0);
  EXPECT_TRUE(terminal.screen().unknown().empty());
}

TEST_F(CliFlow, AnotherIdleVersionIsReportedWhenItCannotBeReplaced) {
  // The fake has a turn running, so it must stay.
  std::vector<FakeAnswer> script = answers({});
  script.insert(script.begin(),
                {"GET", "/api/v1/status", 200, R"({"turns":{"running":1,"queued":0}})", {}, ""});
  script.push_back({"GET", "/api/v1/tools", 200, R"({"items":[],"next_cursor":null})", {}, ""});
  FakeDaemon daemon(places_, std::move(script), "0.0.1");
  const CliResult result = cli({"tool", "list", "--json"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "{\"items\":[],\"next_cursor\":null}\n");
  EXPECT_NE(result.err.find("version 0.0.1"), std::string::npos);
  EXPECT_EQ(::kill(daemon.pid(), 0), 0);
}

}  // namespace
}  // namespace pryx::cli
