// SPDX-License-Identifier: MIT
// The pure parts of the corridor: transition tables, the fair queue, context building, delta pacing.
#include <gtest/gtest.h>

#include "engine/agent/context.h"
#include "engine/agent/delta_buffer.h"
#include "engine/agent/fair_queue.h"
#include "engine/agent/session_store.h"
#include "engine/agent/states.h"
#include "engine/agent/turn_failure.h"

namespace pryx::agent {
namespace {

TEST(States, TerminalStatesStayWhatTheyAre) {
  for (int from = 0; from < 7; ++from) {
    for (int to = 0; to < 7; ++to) {
      if (is_terminal(static_cast<TurnState>(from)))
        EXPECT_FALSE(may_become(static_cast<TurnState>(from), static_cast<TurnState>(to)));
    }
  }
  for (int from = 0; from < 8; ++from) {
    for (int to = 0; to < 8; ++to) {
      if (is_terminal(static_cast<StepState>(from)))
        EXPECT_FALSE(may_become(static_cast<StepState>(from), static_cast<StepState>(to)));
    }
  }
  EXPECT_FALSE(may_become(OutboxState::kDelivered, OutboxState::kPending));
}

TEST(States, EveryNameRoundTrips) {
  for (int i = 0; i < 7; ++i)
    EXPECT_EQ(turn_state_from_text(to_text(static_cast<TurnState>(i))), static_cast<TurnState>(i));
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(step_state_from_text(to_text(static_cast<StepState>(i))), static_cast<StepState>(i));
  EXPECT_FALSE(turn_state_from_text("sleeping"));
}

TEST(TurnFailure, EveryNameCountsAsWhatItIs) {
  const std::pair<std::string_view, ErrorCode> own[] = {{"context_too_long", ErrorCode::kTooLarge},
                                                        {"turn_timeout", ErrorCode::kTimeout},
                                                        {"step_limit", ErrorCode::kBudget},
                                                        {"loop_detected", ErrorCode::kBudget},
                                                        {"dependency_failed", ErrorCode::kCheckFailed}};
  for (const auto& [name, code] : own) {
    EXPECT_EQ(error_code_of_turn(name), code) << name;
    EXPECT_NE(title_of_turn_failure(name), facts(code).title) << name << " has words of its own";
    EXPECT_NE(title_of_turn_failure(name), facts(ErrorCode::kInternal).title) << name;
  }
  for (std::size_t i = 0; i <= static_cast<std::size_t>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(error_code_of_turn(facts(code).name), code);
    EXPECT_EQ(error_code_of_turn(facts(code).wire), code);
    EXPECT_EQ(title_of_turn_failure(facts(code).name), facts(code).title);
  }
  EXPECT_EQ(error_code_of_turn("of_a_later_release"), ErrorCode::kInternal);
}

OpenTurn turn(const std::string& session, const std::string& id, Priority priority = Priority::kOwner) {
  return {PrincipalId("prn_owner"), SessionId(session), TurnId(id), priority};
}

TEST(FairQueue, OneTurnPerSessionInOrder) {
  FairQueue queue(10);
  queue.push(turn("a", "1"));
  queue.push(turn("a", "2"));
  queue.push(turn("b", "3"));
  EXPECT_EQ(queue.pop()->turn.str(), "1");
  EXPECT_EQ(queue.pop()->turn.str(), "3");
  EXPECT_FALSE(queue.pop());
  queue.finished(SessionId("a"));
  EXPECT_EQ(queue.pop()->turn.str(), "2");
}

TEST(FairQueue, BackgroundWaitsButDoesNotStarve) {
  FairQueue queue(1000);
  queue.push(turn("bg", "background", Priority::kBackground));
  for (int i = 0; i < 50; ++i) queue.push(turn("s" + std::to_string(i), std::to_string(i)));
  int position = 0;
  for (auto next = queue.pop(); next && next->turn.str() != "background"; next = queue.pop()) ++position;
  EXPECT_EQ(position, FairQueue::kPassedOver[1]);
}

TEST(FairQueue, HighOvertakesMediumAndLowAndAllAreServed) {
  FairQueue queue(10'000);
  // The low ones came first.
  for (int i = 0; i < 40; ++i) queue.push(turn("l" + std::to_string(i), "low", Priority::kScheduled));
  for (int i = 0; i < 40; ++i) queue.push(turn("m" + std::to_string(i), "medium", Priority::kBackground));
  for (int i = 0; i < 200; ++i) queue.push(turn("h" + std::to_string(i), "high"));
  std::string order;
  for (auto next = queue.pop(); next; next = queue.pop()) order += next->turn.str().front();
  EXPECT_EQ(order.size(), 280u);
  EXPECT_EQ(order.substr(0, 9), "hhhhhhhhm");
  const auto in_first = [&](std::size_t most, char kind) {
    return std::ranges::count(order.substr(0, most), kind);
  };
  EXPECT_EQ(in_first(18, 'l'), 1) << order;
  EXPECT_GT(in_first(100, 'h'), 80) << "most of the slots are the owner's";
  EXPECT_GE(in_first(100, 'm'), 9);
  EXPECT_GE(in_first(100, 'l'), 5) << "nobody starves";
  // Nothing but the lines' own order within one priority.
  EXPECT_EQ(order.find_last_of('h') < order.find_last_of('l'), true);
}

TEST(FairQueue, SlotsAreBoundedAndCancelledTurnsLeave) {
  FairQueue queue(1);
  queue.push(turn("a", "1"));
  queue.push(turn("b", "2"));
  queue.push(turn("b", "3", Priority::kBackground));
  EXPECT_TRUE(queue.pop());
  EXPECT_FALSE(queue.pop());
  EXPECT_TRUE(queue.remove(TurnId("2")));
  EXPECT_FALSE(queue.remove(TurnId("2")));
  queue.finished(SessionId("a"));
  EXPECT_EQ(queue.pop()->turn.str(), "3");
  EXPECT_EQ(queue.waiting(), 0u);
}

Message message(Role role, std::vector<Part> parts) {
  Message m;
  m.role = role;
  m.parts = std::move(parts);
  return m;
}
Part part(std::string type, std::string text, std::string call_id = {}) {
  Part p;
  p.type = std::move(type);
  p.text = std::move(text);
  p.call_id = std::move(call_id);
  p.tool = p.call_id.empty() ? "" : "fs.list";
  p.labels = trust::Labels{"owner"};
  return p;
}

TEST(Context, EveryCallGetsExactlyOneAnswer) {
  const AgentProfile profile;
  const WorkspaceFacts workspace;
  std::vector<Message> history{
      message(Role::kUser, {part("text", "hello")}),
      message(Role::kAssistant, {part("tool_call", "{}", "c1"), part("tool_call", "{}", "c2")}),
      message(Role::kTool, {part("tool_result", "ok", "c1")}),
      message(Role::kTool, {part("tool_result", "twice", "c1")}),
      message(Role::kUser, {part("text", "and now?")})};
  const Context context = build_context({profile, workspace, history, {}, "2026-11-21"});
  std::map<std::string, int> answers;
  for (const auto& m : context.request.messages) {
    if (m.role == models::ChatMessage::Role::kTool) ++answers[m.tool_call_id];
  }
  EXPECT_EQ(answers, (std::map<std::string, int>{{"c1", 1}, {"c2", 1}}));
}

TEST(Context, InterruptedTextIsLeftOutAndLabelsJoin) {
  const AgentProfile profile;
  WorkspaceFacts workspace;
  workspace.instructions = "be brief";
  workspace.instructions_name = "AGENTS.md";
  Part half = part("text", "half an ans");
  half.state = PartState::kInterrupted;
  const std::vector<Message> history{message(Role::kUser, {part("text", "q")}),
                                     message(Role::kAssistant, {half})};
  const Context context = build_context({profile, workspace, history, {}, "2026-11-21"});
  EXPECT_EQ(context.request.messages.size(), 2u);
  EXPECT_TRUE(context.labels.has("file"));
  EXPECT_TRUE(context.labels.has("owner"));
}

TEST(Context, LongResultsKeepHeadAndTail) {
  const std::string text = "HEAD" + std::string(100'000, 'x') + "TAIL";
  const std::string trimmed = trim_for_model(text, "sha256:abc", Stored::kWhole);
  EXPECT_LE(trimmed.size(), kMaxResultBytesForModel);
  EXPECT_TRUE(trimmed.starts_with("HEAD"));
  EXPECT_TRUE(trimmed.ends_with("TAIL"));
  EXPECT_NE(trimmed.find("bytes left out, whole result kept as sha256:abc;"), std::string::npos);
  EXPECT_NE(trim_for_model(text, "sha256:abc", Stored::kInPart).find("bytes left out, kept as sha256:abc;"),
            std::string::npos);
}

// As it is stored with the transcript and then put into every prompt.
TEST(Context, ATrimmedResultIsNotTrimmedAgain) {
  const std::string ref = "sha256:" + std::string(64, 'f');
  for (const std::size_t size : {kMaxResultBytesForModel + 1, std::size_t{100'000}, std::size_t{16u << 20}}) {
    const std::string trimmed = trim_for_model(std::string(size, 'x'), ref, Stored::kWhole);
    EXPECT_NE(trimmed.find("whole result kept"), std::string::npos);
    EXPECT_EQ(trim_for_model(trimmed, ref, Stored::kInPart), trimmed) << size;
  }
}

TEST(DeltaBuffer, FirstPieceAtOnceThenPaced) {
  DeltaBuffer buffer;
  MonotonicTime t{std::chrono::seconds(1)};
  EXPECT_TRUE(buffer.add("a", t));
  EXPECT_EQ(buffer.take(t).text, "a");
  EXPECT_FALSE(buffer.add("b", t + std::chrono::milliseconds(10)));
  EXPECT_TRUE(buffer.add(std::string(5000, 'c'), t + std::chrono::milliseconds(11)));
  EXPECT_EQ(buffer.take(t + std::chrono::milliseconds(11)).offset, 1u);
  EXPECT_FALSE(buffer.add("d", t + std::chrono::milliseconds(12)));
  EXPECT_TRUE(buffer.add("e", t + std::chrono::milliseconds(60)));
}

TEST(FtsQuery, UserTextIsNeverSyntax) {
  EXPECT_EQ(fts_query("TODO"), "\"TODO\"*");
  EXPECT_EQ(fts_query("a OR b"), "\"a\" \"OR\" \"b\"");
  EXPECT_EQ(fts_query("\"); DROP TABLE x; --"), "\"DROP\" \"TABLE\" \"x\"");
  EXPECT_EQ(fts_query("NEAR(x y)^*:"), "\"NEAR\" \"x\" \"y\"");
  EXPECT_EQ(fts_query("***"), "");
  EXPECT_EQ(fts_query("harb* town hall"), "\"harb\"* \"town\" \"hall\"*");
  EXPECT_EQ(fts_query("harb* at"), "\"harb\"* \"at\"");
  EXPECT_TRUE(check_prefixes("harb* a b c"));
  EXPECT_TRUE(check_prefixes("*"));
  EXPECT_FALSE(check_prefixes("the ha* of"));
  EXPECT_FALSE(check_prefixes("éé*"));  // letters, not bytes
}

}  // namespace
}  // namespace pryx::agent
