// SPDX-License-Identifier: MIT
// Long sessions: when a summary takes the place of the oldest messages, what survives it, and what a crash, a
// failing model or a provider that says "too long" do.
// Over 500 lines: all of it is asked of the same model that takes notes.
#include "engine/agent/compaction.h"

#include <gtest/gtest.h>

#include "engine/agent/context_desk.h"
#include "engine/agent/testing/corridor.h"
#include "engine/agent/trace_view.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::me;
using testing::says;

bool asks_for_summary(const models::ModelRequest& request) {
  return request.messages.front().text.starts_with("You keep the memory");
}

std::string text_of(const models::ModelRequest& request) {
  std::string all;
  for (const auto& message : request.messages) all += message.text + "\n";
  return all;
}

// Answers anything; its summaries are made from the text it is given and from nothing else: every line with
// "remember" in it.
class Notetaker final : public models::Provider {
 public:
  std::vector<models::ModelRequest> requests;
  int summaries = 0;
  bool fails_to_summarise = false;
  bool breaks_off = false;                 // behind the text of a summary
  std::string summary;                     // empty: those lines
  std::optional<models::Usage> usage;      // of each call; nullopt: it reports none
  std::optional<Error> refuses_summaries;  // by what its vendor says; answers come all the same
  std::int64_t refuses_over = 0;           // tokens; 0: takes anything
  std::int64_t thinks_for = 0;             // tokens, out of what a summary may have

  [[nodiscard]] std::string_view kind() const override { return "openai"; }
  async::Task<Result<std::vector<models::ModelInfo>>> list_models() override {
    co_return std::vector<models::ModelInfo>{};
  }
  async::Task<Result<std::unique_ptr<models::ModelStream>>> stream(models::ModelRequest request) override {
    requests.push_back(request);
    const std::int64_t tokens = models::estimate_tokens(models::TokenizerFamily::kLlama, request);
    if (refuses_over > 0 && tokens > refuses_over) co_return fail(ErrorCode::kTooLarge, "prompt is too long");
    std::string text =
        fmt::format("Answer {}: that is noted, and here are a few more words about it.", requests.size());
    models::FinishReason end = models::FinishReason::kStop;
    if (asks_for_summary(request)) {
      if (refuses_summaries) co_return fail(*refuses_summaries);
      if (fails_to_summarise) {
        if (request.facts) *request.facts = {422, "req_sum"};
        co_return fail(ErrorCode::kInvalidArgument, "not today");
      }
      ++summaries;
      text = "What was said:";
      for (const std::string_view line : split(request.messages.back().text, '\n')) {
        if (line.find("remember") != std::string_view::npos) text += fmt::format("\n{}", line);
      }
      if (request.max_output_tokens < thinks_for) {
        text = "What was";
        end = models::FinishReason::kLength;
      }
      if (!summary.empty()) text = summary;
    }
    std::vector<models::ModelEvent> events{models::TextDelta{std::move(text)}};
    if (usage) events.emplace_back(models::UsageReport{*usage});
    const bool breaks = breaks_off && asks_for_summary(request);
    if (!breaks) events.emplace_back(models::Finished{.reason = end});
    co_return std::unique_ptr<models::ModelStream>(std::make_unique<Events>(std::move(events), breaks));
  }

 private:
  struct Events final : models::ModelStream {
    Events(std::vector<models::ModelEvent> events_in, bool breaks_in)
        : events(std::move(events_in)), breaks(breaks_in) {}
    async::Task<Result<std::optional<models::ModelEvent>>> next() override {
      if (at < events.size()) co_return std::optional<models::ModelEvent>(events[at++]);
      if (breaks) co_return fail(ErrorCode::kInvalidArgument, "no more of this");
      co_return std::optional<models::ModelEvent>{};
    }
    std::vector<models::ModelEvent> events;
    bool breaks;
    std::size_t at = 0;
  };
};

const std::string kFiller =
    "We talked about the garden, the weather and the trains for quite a while, and nothing of that matters "
    "much. ";

std::string repeated(std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += kFiller;
  return out;
}

constexpr std::string_view kSwells = "(and so on)";

class LongSession : public ::testing::Test, public Corridor {
 protected:
  std::shared_ptr<Notetaker> notes = std::make_shared<Notetaker>();

  void boot_with(std::int64_t limit) {
    boot();
    set_limit(limit);
  }
  void set_limit(std::int64_t limit) {
    const auto file = models::parse_catalog_overrides(
        fmt::format("models:\n  notes/taker:\n    context: {0}\n  backup/taker:\n    context: {0}\n", limit),
        "test");
    PRYX_CHECK(file.has_value());
    daemon->models.set_catalog(std::make_shared<const models::Catalog>(
        models::built_in_catalog(), std::make_shared<const models::CatalogFile>(*file)));
    daemon->models.put_provider("notes", notes);
  }
  TurnId say(const SessionId& s, std::string text, const trust::Labels& labels = {}) {
    NewMessage message{.session = s, .text = std::move(text)};
    message.labels = labels;
    message.model = "notes/taker";
    const TurnId turn = accept(std::move(message)).value().turn;
    settle();
    return turn;
  }
  // Until a turn does not complete: that one.
  TurnId fill_until_stopped(const SessionId& s) {
    TurnId last = say(s, kFiller);
    for (int i = 0; i < 120 && state(last) == "completed"; ++i) last = say(s, kFiller);
    return last;
  }
  TurnId compact(const SessionId& s) {
    NewMessage message{.session = s, .text = "/compact"};
    message.model = "notes/taker";
    message.options.compact = true;
    const TurnId turn = accept(std::move(message)).value().turn;
    settle();
    return turn;
  }
  ContextDesk desk() {
    return ContextDesk({.loop = loop,
                        .database = *daemon->database,
                        .events = daemon->events,
                        .ids = daemon->ids,
                        .models = daemon->models,
                        .default_model = "notes/taker"});
  }
  // Makes every message with `kSwells` in it so long, after all turns had their room looked at.
  void swell(const SessionId& s, std::size_t bytes) {
    PRYX_CHECK(write([&](db::Transaction& t) {
                 return t.db().run("UPDATE messages SET parts = replace(parts, $1, $2) WHERE session_id = $3",
                                   kSwells, repeated(bytes), s);
               }).has_value());
  }
  // What makes an agent one that can save.
  void give_memory() {
    class Saver final : public tools::Tool {
     public:
      Saver() {
        description_.name = "memory.save";
        description_.parameters = {{"type", "object"}, {"properties", json::object()}};
        description_.effect = tools::EffectClass::kIdempotent;
      }
      [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
      [[nodiscard]] Result<tools::Touches> touches(const json::object&) const override {
        return tools::Touches{};
      }
      [[nodiscard]] std::string render(const json::object&) const override { return "memory.save"; }
      async::Task<Result<tools::ToolOutcome>> run(const tools::GatePass&, json::object,
                                                  tools::ToolContext) override {
        co_return tools::ToolOutcome{
            .ok = true, .text = "saved", .summary = "saved", .details = {}, .labels = {}};
      }

     private:
      tools::ToolDescription description_;
    };
    PRYX_CHECK(daemon->registry.add(std::make_unique<Saver>()).has_value());
  }
  // Turns, by their place in line, whose model was told to save what must last.
  std::vector<std::size_t> reminded() const {
    std::vector<std::size_t> out;
    std::size_t turn = 0;
    for (const models::ModelRequest& request : notes->requests) {
      if (asks_for_summary(request)) continue;
      if (text_of(request).find("save with memory.save") != std::string::npos) out.push_back(turn);
      ++turn;
    }
    return out;
  }
  std::int64_t on_disk(const SessionId& s) {
    return read(
        [&](db::Connection& c) { return c.count("SELECT count(*) FROM messages WHERE session_id = $1", s); });
  }
  // What the span of the first such call of a turn says.
  std::int64_t left_out_of(const TurnId& turn, trace::SpanKind kind) {
    const auto view =
        read([&](db::Connection& c) { return load_trace(c, kMe, turn, daemon->trace.now_ns()); });
    PRYX_CHECK(view.has_value());
    const auto call = std::ranges::find(view->spans, kind, &trace::Span::kind);
    return call == view->spans.end() ? -1 : json::integer_or(call->attributes, "pryx.context.left_out", 0);
  }
  std::vector<pryx::agent::Compaction> compactions(const SessionId& s) {
    return read([&](db::Connection& c) { return ContextStore::list_compactions(c, kMe, s); });
  }
};

// What is proven: facts reach the summariser, its words come back in every later prompt, and a summary of a
// summary is given the earlier one. Whether a real model keeps a fact is up to the model; rules are pinned
// and do not depend on it.
TEST_F(LongSession, TwoHundredTurnsKeepTenFactsAndThreeRules) {
  boot_with(4'000);
  const SessionId s = session();
  for (const std::string_view rule : {"never delete anything", "answer in English", "prices are in euros"})
    ASSERT_TRUE(now(desk().pin(me(), s, {.kind = "rule", .text = std::string(rule)})));
  for (int i = 0; i < 200; ++i) {
    std::string text = kFiller;
    if (i % 20 == 3) text = fmt::format("remember: the code of door {} is {}.", i, 4711 + i);
    const TurnId turn = say(s, text);
    ASSERT_EQ(state(turn), "completed") << i;
  }
  EXPECT_GE(notes->summaries, 5);
  EXPECT_EQ(on_disk(s), 400 + notes->summaries);  // nothing is deleted
  const std::string prompt = text_of(notes->requests.back());
  for (int i = 3; i < 200; i += 20)
    EXPECT_NE(prompt.find(fmt::format("the code of door {} is {}", i, 4711 + i)), std::string::npos) << i;
  for (const std::string_view rule : {"never delete anything", "answer in English", "prices are in euros"})
    EXPECT_NE(prompt.find(rule), std::string::npos) << rule;
  EXPECT_NE(prompt.find("[SUMMARY of "), std::string::npos);
  for (const auto& request : notes->requests)
    EXPECT_LE(models::estimate_tokens(models::TokenizerFamily::kLlama, request), 4'000);
  // One summary stands at a time, and it says for how many messages.
  std::int64_t standing = 0;
  for (const auto& it : compactions(s)) standing = it.covered;
  EXPECT_GT(standing, 200);
}

TEST_F(LongSession, TheOwnerIsWarnedAtEightyPercentAndTheOldestGoesAtNinety) {
  boot_with(4'000);
  const SessionId s = session();
  int warned_at = -1, compacted_at = -1;
  for (int i = 0; i < 120 && compacted_at < 0; ++i) {
    say(s, kFiller);
    if (warned_at < 0 && count_events("context.warning") > 0) warned_at = i;
    if (count_events("context.compacted") > 0) compacted_at = i;
  }
  ASSERT_GT(warned_at, 10);
  EXPECT_GT(compacted_at, warned_at);
  EXPECT_EQ(count_events("context.warning"), 1);
  const auto done = compactions(s);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_GE(done[0].tokens_before, 3'600);
  EXPECT_LT(done[0].tokens_after, 3'200);
  EXPECT_FALSE(done[0].dropped);
}

// At eighty percent, in the same request that the owner is warned about: before anything is summarised. Then
// not again until a summary made room and it filled up once more.
TEST_F(LongSession, WhoCanSaveIsRemindedOnceBeforeEachSummary) {
  boot_with(4'000);
  give_memory();
  const SessionId s = session();
  std::vector<std::size_t> warned, compacted;
  for (std::size_t i = 0; i < 200 && compacted.size() < 2; ++i) {
    const std::int64_t warnings = count_events("context.warning"), done = count_events("context.compacted");
    say(s, kFiller);
    if (count_events("context.warning") > warnings) warned.push_back(i);
    if (count_events("context.compacted") > done) compacted.push_back(i);
  }
  ASSERT_EQ(compacted.size(), 2u);
  ASSERT_EQ(warned.size(), 2u);
  EXPECT_EQ(reminded(), warned);
  EXPECT_LT(warned[0], compacted[0]);
  EXPECT_GT(warned[1], compacted[0]);
  EXPECT_LT(warned[1], compacted[1]);
}

// The control: nobody is told to use what it does not have.
TEST_F(LongSession, WhoCannotSaveIsNotReminded) {
  boot_with(4'000);
  const SessionId s = session();
  for (int i = 0; i < 120 && count_events("context.compacted") == 0; ++i) say(s, kFiller);
  EXPECT_EQ(count_events("context.warning"), 1);
  EXPECT_TRUE(reminded().empty());
}

TEST_F(LongSession, AHundredThousandTokensAreEnoughToBeReminded) {
  boot_with(1'000'000);
  give_memory();
  const SessionId s = session();
  std::string much;
  while (much.size() < 150'000) much += kFiller;
  for (int i = 0; i < 6 && reminded().empty(); ++i) say(s, much);
  ASSERT_EQ(reminded().size(), 1u);
  EXPECT_GE(models::estimate_tokens(models::TokenizerFamily::kLlama, notes->requests.back()), 90'000);
  EXPECT_EQ(count_events("context.warning"), 0) << "the window itself is far from full";
  say(s, kFiller);
  EXPECT_EQ(reminded().size(), 1u);
}

TEST_F(LongSession, AModelThatCannotSummariseLeavesAMarkerAndTheAnswerComes) {
  boot_with(4'000);
  const SessionId s = session();
  notes->fails_to_summarise = true;
  TurnId last;
  for (int i = 0; i < 120 && count_events("context.compacted") == 0; ++i) last = say(s, kFiller);
  EXPECT_EQ(state(last), "completed");
  EXPECT_EQ(step_states(last), "model failed, model done");
  ASSERT_TRUE(compactions(s).at(0).dropped);
  EXPECT_NE(text_of(notes->requests.back()).find("earlier messages were left out"), std::string::npos);
  EXPECT_GE(left_out_of(last, trace::SpanKind::kModel), compactions(s).at(0).covered);
}

TEST_F(LongSession, WhoAnswersInsteadSummarisesToo) {
  boot_with(4'000);
  const auto backup = std::make_shared<Notetaker>();
  daemon->models.put_provider("backup", backup);
  daemon->engine.set_fallbacks({"backup/taker"});
  for (const ErrorCode code : {ErrorCode::kBudget, ErrorCode::kForbidden}) {
    SCOPED_TRACE(facts(code).name);
    notes->refuses_summaries = Error{code, "no more of that", -1};
    const int summaries = backup->summaries;
    const SessionId s = session();
    TurnId last;
    for (int i = 0; i < 120 && compactions(s).empty() && step_states(last) != "model failed"; ++i)
      last = say(s, kFiller);
    EXPECT_EQ(state(last), "completed") << turn(last).error_detail;
    EXPECT_EQ(step_states(last), "model failed, model done, model done");
    EXPECT_EQ(turn(last).answered_by, "backup/taker");
    ASSERT_EQ(compactions(s).size(), 1u);
    EXPECT_FALSE(compactions(s)[0].dropped);
    EXPECT_EQ(backup->summaries, summaries + 1);
    EXPECT_NE(text_of(backup->requests.back()).find("[SUMMARY of "), std::string::npos);
    // Asked for by a person as well.
    const TurnId asked = compact(s);
    EXPECT_EQ(state(asked), "completed") << turn(asked).error_detail;
    EXPECT_EQ(step_states(asked), "model failed, model done");
    EXPECT_EQ(turn(asked).answered_by, "backup/taker");
    EXPECT_EQ(backup->summaries, summaries + 2);
    const std::int64_t told = read([&](db::Connection& c) {
      return c.count(R"(SELECT count(*) FROM messages WHERE session_id = $1 AND parts LIKE '%"notice"%')", s);
    });
    EXPECT_EQ(told, 2);
  }
}

// Nobody stands in: the turn cannot be answered either, and the next one finds all as it was.
TEST_F(LongSession, AnEmptyAccountLeavesNothingOut) {
  boot_with(4'000);
  notes->refuses_summaries = Error{ErrorCode::kBudget, "no credit left", -1};
  const SessionId s = session();
  const TurnId last = fill_until_stopped(s);
  EXPECT_EQ(turn(last).error_code, "budget");
  EXPECT_TRUE(compactions(s).empty());
}

// The answer would have to wait for that model as well, and then it comes with the summary.
TEST_F(LongSession, ASummaryIsWaitedForWhileItsModelIsAway) {
  limits.model_wait = std::chrono::hours(24);
  boot_with(4'000);
  const SessionId s = session();
  notes->refuses_summaries = Error{ErrorCode::kOverloaded, "slow down", 3'600'000};
  const TurnId last = fill_until_stopped(s);
  ASSERT_EQ(state(last), "running");
  EXPECT_EQ(step_states(last), "model started");
  const Step waiting = step_in(last, StepState::kStarted);
  EXPECT_EQ(waiting.purpose, "compaction");
  EXPECT_NE(waiting.summary.find("slow down"), std::string::npos) << waiting.summary;
  EXPECT_TRUE(compactions(s).empty());
  // Neither does a restart leave anything out.
  kill();
  boot_and([this] { set_limit(4'000); });
  EXPECT_EQ(step_states(last), "model started");
  notes->refuses_summaries.reset();
  pass(std::chrono::minutes(76));
  ASSERT_EQ(state(last), "completed") << turn(last).error_detail;
  EXPECT_EQ(step_states(last), "model done, model done");
  ASSERT_EQ(compactions(s).size(), 1u);
  EXPECT_FALSE(compactions(s)[0].dropped);
}

TEST_F(LongSession, ASummaryIsWaitedForNoLongerThanAnAnswer) {
  limits.model_wait = std::chrono::hours(2);
  boot_with(4'000);
  const SessionId s = session();
  notes->refuses_summaries = Error{ErrorCode::kOverloaded, "slow down", 3'600'000};
  const TurnId last = fill_until_stopped(s);
  ASSERT_EQ(state(last), "running");
  pass(std::chrono::hours(5));
  EXPECT_EQ(state(last), "failed");
  EXPECT_EQ(turn(last).error_code, "overloaded");
  EXPECT_EQ(step_states(last), "model failed");
  EXPECT_TRUE(compactions(s).empty());
}

// Asked for by a person, who reads why it failed and can take the request's number to the vendor.
TEST_F(LongSession, ACompactionThatFailsNamesTheModelAndTheVendorsRequest) {
  boot_with(16'000);
  const SessionId s = session();
  for (int i = 0; i < 12; ++i) say(s, kFiller);
  notes->fails_to_summarise = true;
  const TurnId last = compact(s);
  ASSERT_EQ(state(last), "failed");
  EXPECT_EQ(json::to_text(turn(last).to_json().at("error")),
            R"({"code":"invalid_argument","detail":"not today","provider":"notes","model":"notes/taker",)"
            R"("http_status":422,"request_id":"req_sum"})");
}

// Numbers take far more tokens than their bytes let expect.
TEST_F(LongSession, ASummaryThatNobodyCountedIsBookedByItsText) {
  boot_with(16'000);
  for (int i = 0; i < 300; ++i) notes->summary += fmt::format("{} ", 10'000 + i * 37);
  const std::int64_t tokens = models::estimate_tokens(models::TokenizerFamily::kLlama, notes->summary);
  ASSERT_GT(tokens, static_cast<std::int64_t>(notes->summary.size() / 4) + 50);
  for (const bool breaks : {false, true}) {
    const SessionId s = session();
    for (int i = 0; i < 12; ++i) say(s, kFiller);
    notes->breaks_off = breaks;
    if (!breaks) notes->usage = models::Usage{.input_tokens = 900'000, .output_tokens = 3, .estimated = true};
    const TurnId last = compact(s);
    notes->usage.reset();
    ASSERT_EQ(state(last), breaks ? "failed" : "completed");
    const auto booked = read([&](db::Connection& c) { return trace::Ledger::list_turn(c, kMe, s, last); });
    ASSERT_EQ(booked.size(), 1u) << breaks;
    EXPECT_EQ(booked[0].tokens.output, tokens) << breaks;
    EXPECT_LT(booked[0].tokens.input, 100'000) << breaks;
    EXPECT_TRUE(booked[0].tokens.estimated) << breaks;
  }
}

// Thoughts come out of the same allowance. What was cut in the middle is no summary of anything.
TEST_F(LongSession, ASummaryThatIsCutIsAskedForWithMoreRoom) {
  boot_with(16'000);
  const SessionId s = session();
  for (int i = 0; i < 12; ++i) say(s, i == 3 ? "remember: the code is 4711" : kFiller);
  notes->requests.clear();
  notes->thinks_for = 5'000;
  const TurnId last = compact(s);
  ASSERT_EQ(state(last), "completed");
  EXPECT_EQ(step_states(last), "model done");
  ASSERT_EQ(notes->requests.size(), 2u);
  EXPECT_LT(notes->requests[0].max_output_tokens, notes->thinks_for);
  EXPECT_GE(notes->requests[1].max_output_tokens, notes->thinks_for);
  const auto booked = read([&](db::Connection& c) { return trace::Ledger::list_turn(c, kMe, s, last); });
  EXPECT_EQ(booked.size(), 2u) << "each is paid for";
  say(s, "and now");
  const std::string prompt = text_of(notes->requests.back());
  EXPECT_NE(prompt.find("4711"), std::string::npos) << prompt;
  EXPECT_EQ(prompt.find("The summary ends here"), std::string::npos) << prompt;

  // One that is known to think has the room at once.
  for (int i = 0; i < 6; ++i) say(s, kFiller);
  const auto file = std::make_shared<models::CatalogFile>();
  models::CatalogEntry thinker;
  thinker.context_tokens = 16'000;
  thinker.reasoning = true;
  file->models.emplace("notes/taker", thinker);
  daemon->models.set_catalog(std::make_shared<const models::Catalog>(models::built_in_catalog(), file));
  notes->requests.clear();
  ASSERT_EQ(state(compact(s)), "completed");
  EXPECT_EQ(notes->requests.size(), 1u);
}

TEST_F(LongSession, ASummaryThatStaysCutSaysSo) {
  boot_with(16'000);
  const SessionId s = session();
  for (int i = 0; i < 12; ++i) say(s, kFiller);
  notes->thinks_for = 1'000'000;
  ASSERT_EQ(state(compact(s)), "completed");
  EXPECT_FALSE(compactions(s).at(0).dropped);
  say(s, "and now");
  const std::string prompt = text_of(notes->requests.back());
  EXPECT_NE(prompt.find("What was\n[The summary ends here: there was no room for more of it.]"),
            std::string::npos)
      << prompt;
  const auto event = read([&](db::Connection& c) {
    return c.list("SELECT payload FROM events WHERE name = 'context.compacted'",
                  [](const db::Row& r) { return r.text(0); });
  });
  ASSERT_EQ(event.size(), 1u);
  EXPECT_NE(event[0].find("\"cut\":true"), std::string::npos) << event[0];
}

// Its span says what the model was shown, as that of an answer does: what is covered, and nothing else.
TEST_F(LongSession, TheSpanOfACompactionNamesTheLabelsOfWhatItCovers) {
  boot_with(16'000);
  const SessionId s = session();
  say(s, kFiller, trust::joined(trust::Labels{"owner"}, trust::Labels{"web"}));
  for (int i = 0; i < 12; ++i) say(s, kFiller, trust::Labels{"owner"});
  const TurnId last = compact(s);
  ASSERT_EQ(state(last), "completed");
  const auto all = messages(s);
  const auto summary = std::ranges::find_if(all, [](const Message& m) { return is_summary(m); });
  ASSERT_NE(summary, all.end());
  ASSERT_TRUE(summary->parts.front().labels.has("web"));
  const auto view = read([&](db::Connection& c) { return load_trace(c, kMe, last, daemon->trace.now_ns()); });
  ASSERT_TRUE(view.has_value());
  const auto call = std::ranges::find(view->spans, trace::SpanKind::kCompaction, &trace::Span::kind);
  ASSERT_NE(call, view->spans.end());
  EXPECT_EQ(std::ranges::count(view->spans, trace::SpanKind::kModel, &trace::Span::kind), 0);
  EXPECT_EQ(json::string_or(call->attributes, "pryx.purpose"), "compaction");
  const auto booked = read([&](db::Connection& c) { return trace::Ledger::list_turn(c, kMe, s, last); });
  ASSERT_EQ(booked.size(), 1u);
  EXPECT_EQ(booked[0].scope.purpose, "compaction");
  ASSERT_TRUE(call->attributes.contains("pryx.context.labels")) << json::to_text(call->attributes);
  EXPECT_EQ(call->attributes.at("pryx.context.labels"), summary->parts.front().labels.to_json());
}

TEST_F(LongSession, UndoBringsTheMessagesBack) {
  boot_with(4'000);
  const SessionId s = session();
  for (int i = 0; i < 120 && count_events("context.compacted") == 0; ++i)
    say(s, fmt::format("{} {}", i, kFiller));
  EXPECT_EQ(text_of(notes->requests.back()).find("\n0 We talked"), std::string::npos);
  const auto undone = now(desk().undo(me(), s));
  ASSERT_TRUE(undone);
  EXPECT_EQ(now(desk().undo(me(), s)).error().code, ErrorCode::kConflict);
  set_limit(16'000);
  say(s, "again");
  const std::string prompt = text_of(notes->requests.back());
  EXPECT_NE(prompt.find("\n0 We talked"), std::string::npos);
  EXPECT_EQ(prompt.find("[SUMMARY of"), std::string::npos);
}

TEST_F(LongSession, AKillBetweenTheSummaryAndItsCommitLosesNothing) {
  boot();
  set_limit(4'000);
  const SessionId s = session();
  for (int i = 0; i < 30; ++i) say(s, fmt::format("{} {}", i, kFiller));
  // A model that never answers: the summary's step is started, and nothing more is on disk.
  const auto slow = std::make_shared<models::testing::ScriptedProvider>(loop);
  for (int i = 0; i < 200; ++i) slow->add(says("short", std::chrono::hours(1)));
  set_limit(1'500);
  daemon->models.put_provider("notes", slow);
  const TurnId turn = say(s, "and now");
  const std::int64_t before = on_disk(s);
  ASSERT_EQ(step_states(turn), "model started");
  kill();
  boot_and([this] { set_limit(1'500); });
  pass(std::chrono::hours(4));
  EXPECT_EQ(state(turn), "completed") << step_states(turn);
  EXPECT_EQ(step_states(turn), "model done, model done");
  EXPECT_EQ(on_disk(s), before + 2);
  EXPECT_EQ(compactions(s).size(), 1u);
}

TEST_F(LongSession, WhatAProviderCallsTooLongIsSentAgainShorterAndThenFailsByName) {
  boot_with(100'000);
  const SessionId s = session();
  for (int i = 0; i < 40; ++i) say(s, kFiller);
  notes->refuses_over = 1'500;
  const TurnId turn = say(s, "and now");
  EXPECT_EQ(state(turn), "completed") << this->turn(turn).error_detail;
  EXPECT_EQ(step_states(turn), "model failed, model done, model done");
  notes->refuses_over = 50;
  const TurnId hopeless = say(s, "and again");
  EXPECT_EQ(state(hopeless), "failed");
  EXPECT_EQ(this->turn(hopeless).error_code, "context_too_long");
}

TEST_F(LongSession, AMessageThatCannotFitFailsBeforeAnybodyIsAsked) {
  boot_with(2'000);
  std::string endless;
  for (int i = 0; i < 2'000; ++i) endless += kFiller;
  const TurnId turn = say(session(), endless);
  EXPECT_EQ(this->turn(turn).error_code, "context_too_long");
  EXPECT_TRUE(notes->requests.empty());
}

TEST_F(LongSession, DenialsAreCarriedOnWordForWord) {
  boot();
  policy.rules = {{.verdict = trust::Verdict::kDeny, .tool = "test.*"}};
  const SessionId s = session();
  model->add(asks_for({{"test.pure", R"({"n":1})"}}));
  model->add(says("It was denied."));
  send(s, "look");
  settle();
  const auto history = messages(s);
  const std::set<TurnId> none;
  std::vector<Message> longer = history;
  for (int i = 0; i < 4; ++i) {
    Message answer;
    answer.role = Role::kAssistant;
    answer.id = MessageId(fmt::format("msg_{}", i));
    answer.turn = TurnId(fmt::format("trn_{}", i));
    answer.parts.emplace_back();
    longer.push_back(answer);
  }
  const Cover cover = choose_cover({.history = longer, .open_turns = none, .budget = {}, .want = 1});
  ASSERT_EQ(cover.kept.size(), 1u);
  EXPECT_NE(cover.kept[0].find("test.pure: Denied:"), std::string::npos);
  const Part part = summary_part(cover, "They looked.");
  EXPECT_TRUE(part.text.starts_with("[SUMMARY of 4 messages]\nThey looked."));
  EXPECT_NE(part.text.find("test.pure: Denied:"), std::string::npos);
  EXPECT_TRUE(part.labels.has("owner"));
  const Part again = Part::from_json(part.to_json());
  EXPECT_EQ(again.covers, part.covers);
  EXPECT_EQ(again.kept, part.kept);
}

TEST_F(LongSession, WhatIsOpenIsNeverCovered) {
  std::vector<Message> history;
  for (int i = 0; i < 8; ++i) {
    for (const Role role : {Role::kUser, Role::kAssistant}) {
      Message message;
      message.role = role;
      message.id = MessageId(fmt::format("msg_{}{}", i, role == Role::kUser ? "u" : "a"));
      message.turn = TurnId(fmt::format("trn_{}", i));
      message.parts.emplace_back();
      message.parts.back().text = kFiller;
      message.parts.back().labels = trust::Labels{i == 1 ? "web" : "owner"};
      history.push_back(message);
    }
  }
  const std::set<TurnId> open{TurnId("trn_2")};
  const Cover cover = choose_cover({.history = history, .open_turns = open, .budget = {}, .want = 1'000'000});
  EXPECT_EQ(cover.count, 8);  // turns 0, 1, 3, 4: the newest three answers stay, and so does the open one
  for (const Message* message : cover.messages) EXPECT_NE(message->turn.str(), "trn_2");
  EXPECT_TRUE(cover.labels.has("web"));
}

TEST_F(LongSession, WhatHadNoRoomInTheSummarysRequestIsSaidWithTheSummary) {
  boot_with(100'000);
  const SessionId s = session();
  for (int i = 0; i < 60; ++i) say(s, repeated(1'000));
  set_limit(4'000);
  const TurnId last = say(s, "and now");
  ASSERT_EQ(state(last), "completed");
  const auto all = messages(s);
  const auto summary = std::ranges::find_if(all, [](const Message& m) { return is_summary(m); });
  ASSERT_NE(summary, all.end());
  const std::int64_t left_out = summary->parts.front().left_out;
  EXPECT_GT(left_out, 20);
  EXPECT_LT(left_out, summary->parts.front().count);
  const std::string marker = fmt::format("[{} of these messages are left out of the summary", left_out);
  EXPECT_NE(text_of(notes->requests.back()).find(marker), std::string::npos);
  const auto event = read([&](db::Connection& c) {
    return c.list("SELECT payload FROM events WHERE name = 'context.compacted'",
                  [](const db::Row& r) { return r.text(0); });
  });
  ASSERT_FALSE(event.empty());
  EXPECT_NE(event[0].find(fmt::format("\"left_out\":{}", left_out)), std::string::npos) << event[0];
  EXPECT_EQ(left_out_of(last, trace::SpanKind::kCompaction), left_out);
}

TEST_F(LongSession, ASummaryOfSummariesCarriesOnHowManyWereLeftOut) {
  std::vector<Message> history;
  const auto add = [&](Role role, const std::string& turn, Part part) {
    Message message;
    message.role = role;
    message.id = MessageId(fmt::format("msg_{}", history.size()));
    message.turn = TurnId(turn);
    message.parts.push_back(std::move(part));
    history.push_back(std::move(message));
  };
  add(Role::kAssistant, "trn_s", {.type = "summary", .count = 10, .left_out = 4});
  add(Role::kAssistant, "trn_s", {.type = "summary", .count = 10, .dropped = true});
  for (const std::string turn : {"trn_0", "trn_1", "trn_2", "trn_3", "trn_4"}) {
    add(Role::kUser, turn, {.text = kFiller});
    add(Role::kAssistant, turn, {.text = kFiller});
  }
  const std::set<TurnId> none;
  const Cover cover = choose_cover({.history = history, .open_turns = none, .budget = {}, .want = 1'000'000});
  EXPECT_EQ(cover.count, 24);
  const Part part = summary_part(cover, "They talked.");
  EXPECT_TRUE(part.text.starts_with("[SUMMARY of 24 messages]\n[14 of these messages are left out of"));
  EXPECT_EQ(Part::from_json(part.to_json()).left_out, 14);
  EXPECT_EQ(summary_part(cover, "").left_out, 0);
}

TEST_F(LongSession, WhatIsMoreThanIsReadAtOnceIsSaidToBeMissing) {
  boot_with(1'000'000);
  const SessionId s = session();
  const std::string marker = "earlier messages are not shown";
  for (int i = 0; i < 2; ++i) say(s, repeated(700'000));
  EXPECT_EQ(text_of(notes->requests.back()).find(marker), std::string::npos);
  say(s, repeated(700'000));
  const TurnId last = say(s, repeated(700'000));
  ASSERT_EQ(state(last), "completed");
  EXPECT_NE(text_of(notes->requests.back()).find("[3 " + marker), std::string::npos);
  EXPECT_EQ(left_out_of(last, trace::SpanKind::kModel), 3);
}

// While it can be read, at whatever share of the model's context: what is beyond that nobody summarises.
TEST_F(LongSession, WhatWouldSoonBeMoreThanIsReadAtOnceIsSummarisedBefore) {
  boot_with(1'000'000);
  const SessionId s = session();
  for (int i = 0; i < 10; ++i) {
    const TurnId turn =
        say(s, fmt::format("remember: the code of door {} is {}.\n{}", i, 4711 + i, repeated(230'000)));
    ASSERT_EQ(state(turn), "completed") << i;
    const std::string prompt = text_of(notes->requests.back());
    EXPECT_EQ(prompt.find("earlier messages are not shown"), std::string::npos) << i;
    EXPECT_EQ(left_out_of(turn, trace::SpanKind::kModel), 0) << i;
    EXPECT_EQ(compactions(s).empty(), i < 6) << i;
  }
  const std::string prompt = text_of(notes->requests.back());
  for (int i = 0; i < 10; ++i)
    EXPECT_NE(prompt.find(fmt::format("the code of door {} is {}", i, 4711 + i)), std::string::npos) << i;
  EXPECT_NE(prompt.find("[SUMMARY of "), std::string::npos);
  EXPECT_EQ(json::integer_or(*now(desk().report(me(), s)), "unread_messages", -1), 0);
}

// It is older than what the summary was written from. Without the summary over it, it would come back behind
// what followed on it.
TEST_F(LongSession, ASummaryStandsForWhatWasNotReadToo) {
  boot_with(1'000'000);
  const SessionId s = session();
  for (int i = 0; i < 6; ++i) say(s, fmt::format("part {} begins. {}", i, kSwells));
  swell(s, 450'000);
  const auto preview = now(desk().preview(me(), s));
  ASSERT_TRUE(preview);
  EXPECT_EQ(json::integer_or(*preview, "messages", 0), 6);
  EXPECT_EQ(json::integer_or(*preview, "unread_messages", 0), 3);
  EXPECT_EQ(json::integer_or(*now(desk().report(me(), s)), "unread_messages", 0), 3);
  const TurnId summarised = compact(s);
  ASSERT_EQ(state(summarised), "completed");
  EXPECT_NE(text_of(notes->requests.back()).find("[3 messages are left out here]"), std::string::npos);
  EXPECT_EQ(left_out_of(summarised, trace::SpanKind::kCompaction), 3);
  ASSERT_EQ(compactions(s).size(), 1u);
  EXPECT_EQ(compactions(s)[0].covered, 6);
  const TurnId after = say(s, "and now");
  const std::string prompt = text_of(notes->requests.back());
  EXPECT_NE(prompt.find(
                "[SUMMARY of 6 messages]\n[3 of these messages are left out of the summary. The transcript"),
            std::string::npos);
  EXPECT_EQ(prompt.find("earlier messages are not shown"), std::string::npos);
  EXPECT_EQ(json::integer_or(*now(desk().report(me(), s)), "unread_messages", -1), 0);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(prompt.find(fmt::format("part {} begins", i)) != std::string::npos, i >= 3) << i;
  EXPECT_EQ(left_out_of(after, trace::SpanKind::kModel), 3);
  ASSERT_TRUE(now(desk().undo(me(), s)));
  EXPECT_GT(json::integer_or(*now(desk().report(me(), s)), "unread_messages", 0), 0);
}

TEST_F(LongSession, WhatIsOpenStaysWhereItIsThoughNobodyReadIt) {
  boot_with(1'000'000);
  const SessionId s = session();
  const TurnId open = say(s, std::string(kSwells));
  for (int i = 0; i < 5; ++i) say(s, std::string(kSwells));
  swell(s, 450'000);
  ASSERT_TRUE(write([&](db::Transaction& t) {
                return t.db().run("UPDATE turns SET state = 'needs_attention' WHERE id = $1", open);
              }).has_value());
  ASSERT_EQ(state(compact(s)), "completed");
  ASSERT_EQ(compactions(s).size(), 1u);
  EXPECT_EQ(compactions(s)[0].covered, 4) << "the first turn's two messages are not among them";
  const std::int64_t uncovered = read([&](db::Connection& c) {
    return c.count("SELECT count(*) FROM messages WHERE turn_id = $1 AND covered_by = ''", open);
  });
  EXPECT_EQ(uncovered, 2);
}

// Nobody summarises what a client brings again each time.
TEST_F(LongSession, AHiddenSessionThatIsTooLongSaysWhatWasLeftOut) {
  boot_with(4'000);
  const SessionId s = session(true);
  TurnId last;
  for (int i = 0; i < 30; ++i) last = say(s, repeated(1'000));
  ASSERT_EQ(state(last), "completed");
  EXPECT_EQ(notes->summaries, 0);
  EXPECT_NE(text_of(notes->requests.back()).find(" messages are left out]"), std::string::npos);
  EXPECT_GT(left_out_of(last, trace::SpanKind::kModel), 10);
}

TEST_F(LongSession, AnAgentsOwnModelGoesByItsOwnCountAndIsReported) {
  boot_with(4'000);
  testing::SetProfiles::added["taker"] = AgentProfile{.name = "taker", .model = "notes/taker"};
  const SessionId s = session();
  ASSERT_TRUE(write([&](db::Transaction& t) {
                return t.db().run("UPDATE sessions SET agent = 'taker' WHERE id = $1", s);
              }).has_value());
  for (int i = 0; i < 120 && count_events("context.compacted") == 0; ++i) {
    ASSERT_TRUE(accept({.session = s, .text = kFiller}));
    settle();
  }
  ASSERT_EQ(count_events("context.compacted"), 1);
  EXPECT_EQ(count_events("context.warning"), 1);
  ContextDesk reports({.loop = loop,
                       .database = *daemon->database,
                       .events = daemon->events,
                       .ids = daemon->ids,
                       .models = daemon->models,
                       .default_model = "fake/one",
                       .profiles = &daemon->profiles});
  const auto report = now(reports.report(me(), s));
  ASSERT_TRUE(report);
  EXPECT_EQ(json::string_or(*report, "model"), "notes/taker");
  EXPECT_EQ(json::integer_or(*report, "limit_tokens", 0), 4'000);
}

}  // namespace
}  // namespace pryx::agent
