// SPDX-License-Identifier: MIT
#include "surfaces/cli/chat_view.h"

#include <gtest/gtest.h>

#include "surfaces/cli/testing/screen.h"

namespace pryx::cli {
namespace {

using namespace std::chrono_literals;
using testing::Screen;

MonotonicTime at(Duration d) { return MonotonicTime{d}; }

TurnEvent event(std::string name, json::object payload, std::string text = {}) {
  TurnEvent made;
  made.name = std::move(name);
  made.payload = std::move(payload);
  made.text = std::move(text);
  return made;
}

TurnEvent delta(std::string text, std::string step = "stp_1") {
  return event("turn.delta", {{"step_id", step}, {"part", "text"}}, std::move(text));
}

struct Stage {
  Screen screen{80, 20};
  client::ErrorTraces traces;
  ChatView view{80, traces};
  LiveRegion region{ColourMode::kAnsi, 80};
  LineEditor editor;
  Duration time{};
  Stage() { view.set_model("m"); }
  void draw() {
    screen.feed(region.draw(view.frame(editor, at(time)), view.take_above()));
    EXPECT_LE(view.frame(editor, at(time)).lines.size(), static_cast<std::size_t>(kMaxLiveLines));
  }
  [[nodiscard]] std::string shown() const {
    std::string all;
    for (const std::string& line : screen.text()) all += line + "\n";
    return all;
  }
};

json::object approval() {
  return {{"approval_id", "apr_1"},
          {"tool", "fs.write"},
          {"rendering", "write notes.txt"},
          {"arguments", json::object{{"path", "notes.txt"}}},
          {"reason", "no rule matched"},
          {"rule_suggestion", "fs.write notes.txt"},
          {"expires_at", "2026-11-21T12:00:00Z"}};
}

TEST(ChatView, SaysWhenTheModelIsAskedAgain) {
  Stage stage;
  stage.view.start_turn("hello", at(0s));
  stage.view.take(event("turn.retrying", {{"reason", "rate limited"}, {"delay_ms", 2000}}), at(0s));
  stage.draw();
  EXPECT_NE(stage.shown().find("retrying in 2 s (rate limited)"), std::string::npos) << stage.shown();
  stage.time = 3s;
  stage.draw();
  EXPECT_NE(stage.shown().find("retrying (rate limited)"), std::string::npos) << stage.shown();
  // Nothing was said yet that could have been interrupted.
  stage.view.take(event("step.started", {{"step_id", "stp_1"}, {"kind", "model"}, {"attempt", 2}}), at(3s));
  stage.draw();
  EXPECT_EQ(stage.shown().find("interrupted"), std::string::npos) << stage.shown();
  stage.view.take(delta("Hi."), at(4s));
  stage.time = 4s;
  stage.draw();
  EXPECT_EQ(stage.shown().find("retrying"), std::string::npos) << stage.shown();
}

TEST(ChatView, SaysWhatIsWaitedForAndWhy) {
  Stage stage;
  stage.view.start_turn("hello", at(0s));
  stage.view.take(event("turn.retrying", {{"turn_id", "trn_1"},
                                          {"reason", "far/m cannot be reached"},
                                          {"detail", "no route"},
                                          {"delay_ms", 15'000},
                                          {"waits", true}}),
                  at(0s));
  stage.draw();
  EXPECT_NE(stage.shown().find("far/m cannot be reached; asked again in 15.0s (no route)"), std::string::npos)
      << stage.shown();
  EXPECT_NE(stage.shown().find("retrying in 15 s (far/m cannot be reached)"), std::string::npos)
      << stage.shown();
}

TEST(ChatView, ShowsATurnFromPromptToAnswer) {
  Stage stage;
  stage.draw();
  stage.view.start_turn("hello", at(0s));
  stage.view.take(event("tool.requested", {{"tool", "fs.list"}, {"rendering", "fs.list src"}}), at(0s));
  stage.view.take(event("tool.finished",
                        {{"tool", "fs.list"}, {"ok", true}, {"state", "done"}, {"summary", "2 entries"}}),
                  at(0s));
  stage.draw();
  stage.view.take(delta("# Title\n\nSome "), at(1s));
  stage.time = 1s;
  stage.draw();
  EXPECT_EQ(
      stage.shown(),
      "› hello\n\n• fs.list src\n  ✓ fs.list 2 entries\n\nTitle\n\nSome\nm · working 1 s · ^C cancel\n");
  stage.view.take(delta("text.\n"), at(2s));
  stage.view.take(event("turn.completed", {{"text", "x"},
                                           {"model", "m2"},
                                           {"usage", json::object{{"input_tokens", 5}, {"output_tokens", 7}}},
                                           {"denied_calls", 0}}),
                  at(3s));
  stage.draw();
  EXPECT_EQ(stage.shown(),
            "› hello\n\n• fs.list src\n  ✓ fs.list 2 entries\n\nTitle\n\nSome text.\n\nm2 · 3 s · 12 "
            "tokens\n\n›\nm2 · ready · 12 tokens · Enter send · ^J new line · ^D leave\n");
  EXPECT_TRUE(stage.screen.unknown().empty());
}

// The whole answer is written about once: what is finished is not touched again, and nothing is ever cleared
// as a whole.
TEST(ChatView, StreamingDoesNotRepaint) {
  Stage stage;
  stage.draw();
  stage.view.start_turn("go", at(0s));
  std::string answer;
  long cells = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string piece = i % 40 == 39 ? "end.\n\n" : fmt::format("word{} ", i);
    answer += piece;
    cells += static_cast<long>(piece.size());
    stage.view.take(delta(piece), at(0s));
    stage.draw();
  }
  EXPECT_EQ(stage.screen.whole_screen_erasures(), 0);
  // Beyond each cell once: the status line moves down one row for each row of text, and a word may move to
  // the next row.
  EXPECT_LT(stage.screen.written(), cells * 4);
  EXPECT_LT(stage.screen.erased(), cells * 3);
  stage.screen.reset_counts();
  stage.time = 1s;
  stage.draw();
  EXPECT_LE(stage.screen.written() + stage.screen.erased(), 4)
      << "a tick of the clock changes its digits only";
}

TEST(ChatView, ACardIsInTheScrollbackAndKeysBelow) {
  Stage stage;
  stage.view.start_turn("go", at(0s));
  stage.view.take(event("approval.needed", approval()), at(0s));
  stage.draw();
  EXPECT_EQ(stage.view.mode(), ChatMode::kApproval);
  const std::string shown = stage.shown();
  for (std::string_view part :
       {"write notes.txt", "{\"path\":\"notes.txt\"}", "asks because: no rule matched",
        "rule to keep: fs.write notes.txt", "y once · s session · a always… · n deny · r deny with reason"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  }
  stage.view.take(
      event("approval.resolved", {{"approval_id", "apr_1"}, {"state", "approved"}, {"resolved_by", "web"}}),
      at(0s));
  stage.draw();
  EXPECT_EQ(stage.view.mode(), ChatMode::kWorking);
  EXPECT_NE(stage.shown().find("approved by web"), std::string::npos);
}

TEST(ChatView, WhatWasAskedAgainIsInNoPlan) {
  json::object second = approval();
  second["approval_id"] = "apr_2";
  for (const bool changed : {false, true}) {
    Stage stage;
    stage.view.start_turn("go", at(0s));
    stage.view.take(event("approval.needed", approval()), at(0s));
    if (changed) second["changes"] = json::array{"content"};
    stage.view.take(event("approval.needed", second), at(0s));
    EXPECT_EQ(stage.view.plan().size(), changed ? 0u : 2u);
  }
}

TEST(ChatView, HostileTextStaysText) {
  Stage stage;
  stage.view.start_turn("a\x1b[2J", at(0s));
  stage.view.take(delta("\x1b[31mred \x1b]0;title\x07 \u202e\n\n"), at(0s));
  stage.view.take(event("tool.requested", {{"tool", "x\x1b[H"}, {"rendering", "rm\r\x1b[1A -rf\u200b"}}),
                  at(0s));
  json::object card = approval();
  card["rendering"] = "write \x1b[8mhidden\x1b[0m\n\rsecond";
  stage.view.take(event("approval.needed", card), at(0s));
  stage.view.take(event("turn.failed", {{"code", "PRYX-1013"}, {"detail", "bad\x1b[5m answer"}}), at(0s));
  stage.draw();
  EXPECT_TRUE(stage.screen.unknown().empty());
  EXPECT_EQ(stage.screen.whole_screen_erasures(), 0);
  EXPECT_NE(stage.shown().find("\\x1b[8mhidden"), std::string::npos) << stage.shown();
}

TEST(ChatView, AnErrorNamesItsTrace) {
  Stage stage;
  const std::string trace(32, 'a');
  stage.view.start_turn("go", at(0s));
  stage.view.take(event("turn.failed", {{"code", "PRYX-1013"}, {"detail", "d"}, {"trace_id", trace}}),
                  at(0s));
  stage.draw();
  EXPECT_NE(stage.shown().find("trace: " + trace), std::string::npos) << stage.shown();
}

TEST(ChatView, SmallTerminalsGetFewerLines) {
  Stage stage;
  stage.view.set_size(30, 4);
  stage.view.start_turn("go", at(0s));
  stage.view.take(delta("a\nb\nc\nd\ne\nf "), at(0s));
  EXPECT_LE(stage.view.frame(stage.editor, at(0s)).lines.size(), 3u);
}

}  // namespace
}  // namespace pryx::cli
