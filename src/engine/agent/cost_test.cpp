// SPDX-License-Identifier: MIT
// What a turn costs and what it may cost, through the real engine.
// Over 500 lines: one price, one set of books, and every way to spend.
#include <gtest/gtest.h>

#include <random>

#include "engine/agent/testing/corridor.h"
#include "engine/agent/trace_view.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using testing::asks_for;
using testing::Corridor;
using testing::kMe;
using testing::says;

constexpr trace::NanoUsd kUsd = trace::kNanoPerUsd;

class Costs : public ::testing::Test, public Corridor {
 protected:
  // fake/one: 3 USD a million tokens of input, 15 of output.
  void boot_priced() {
    boot();
    price();
  }
  void price() {
    models::CatalogEntry entry;
    entry.price = models::Price{.rates = {.input = 3'000'000, .output = 15'000'000}};
    entry.max_output_tokens = 2000;
    auto overrides = std::make_shared<models::CatalogFile>();
    overrides->models.emplace("fake/one", entry);
    entry.price = models::Price{.rates = {.input = 30'000'000, .output = 150'000'000}};
    overrides->models.emplace("fake/big", entry);
    daemon->models.set_catalog(
        std::make_shared<const models::Catalog>(models::built_in_catalog(), overrides));
  }
  static models::testing::Attempt answers(std::int64_t input, std::int64_t output, Duration before = {}) {
    auto attempt = says("yes", before);
    attempt.events.insert(attempt.events.begin() + 1,
                          models::UsageReport{{.input_tokens = input, .output_tokens = output}});
    return attempt;
  }
  void budget(trace::BudgetScope scope, trace::NanoUsd limit) {
    ASSERT_TRUE(write([&](db::Transaction& t) {
      return trace::Budgets::put(t.db(), {kMe, scope, "", limit, false}, loop.clock().wall());
    }));
  }
  trace::NanoUsd booked() {
    return read([](db::Connection& c) { return c.count("SELECT coalesce(sum(nano_usd), 0) FROM costs"); });
  }
  TraceView view(const TurnId& id) {
    auto view = read([&](db::Connection& c) { return load_trace(c, kMe, id, daemon->trace.now_ns()); });
    PRYX_CHECK(view.has_value());
    return std::move(*view);
  }
  std::string kinds(const TurnId& id) {
    std::string out;
    for (const trace::Span& span : view(id).spans)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", trace::to_text(span.kind),
                         trace::to_text(span.status));
    return out;
  }
};

TEST_F(Costs, ATurnKnowsWhatItCost) {
  boot_priced();
  model->add(answers(1000, 100));
  const TurnId id = send(session(), "hi");
  settle();
  EXPECT_EQ(turn(id).cost_nano, 1000 * 3000 + 100 * 15'000);
  EXPECT_EQ(json::to_text(turn(id).cost_json()), R"({"amount":"0.0045","currency":"USD"})");
  EXPECT_EQ(booked(), turn(id).cost_nano);
  EXPECT_EQ(kinds(id), "turn ok, queue ok, model ok");
  EXPECT_EQ(count_events("cost.updated"), 1);
}

TEST_F(Costs, AnAnswerUnderAnotherNameIsNeverFree) {
  boot_priced();
  budget(trace::BudgetScope::kDay, kUsd);
  const auto asked_and_answered_by = [this](std::string name) {
    auto attempt = answers(1000, 100);
    std::get<models::Finished>(attempt.events.back()).model_that_answered = std::move(name);
    model->add(std::move(attempt));
    const TurnId id = send(session(), "hi");
    settle();
    return turn(id);
  };
  const Turn unknown = asked_and_answered_by("one-20991231");
  EXPECT_EQ(unknown.answered_by, "fake/one-20991231");
  EXPECT_EQ(unknown.cost_nano, 1000 * 3000 + 100 * 15'000) << "the price of what was asked for";
  EXPECT_EQ(unknown.unpriced_calls, 0);
  const Turn dearer = asked_and_answered_by("big");
  EXPECT_EQ(dearer.cost_nano, 1000 * 30'000 + 100 * 150'000) << "its own";
  const auto spent =
      read([](db::Connection& c) { return c.count("SELECT coalesce(sum(spent), 0) FROM budget_accounts"); });
  EXPECT_EQ(spent, unknown.cost_nano + dearer.cost_nano);
  EXPECT_EQ(booked(), spent);
}

TEST_F(Costs, AModelNobodyKnowsThePriceOfHasNoCost) {
  boot();
  model->add(answers(1000, 100));
  const TurnId id = send(session(), "hi");
  settle();
  EXPECT_EQ(turn(id).cost_json(), json::value(nullptr));
  EXPECT_EQ(turn(id).unpriced_calls, 1);
}

// A budget, and a model that cannot be counted against it: a person decides.
class Unpriced : public Costs {
 protected:
  void SetUp() override {
    boot();
    budget(trace::BudgetScope::kDay, kUsd);
    for (int i = 0; i < 4; ++i) model->add(answers(1000, 100));
    here = session();
  }
  trust::Approval question() {
    const auto open = open_questions();
    PRYX_CHECK(open.size() == 1);
    return open[0];
  }
  SessionId here;
};

TEST_F(Unpriced, AsksOnceForATurnAndRecordsTheAnswer) {
  const TurnId id = send(here, "hi");
  settle();
  EXPECT_EQ(state(id), "waiting");
  EXPECT_EQ(model->requests.size(), 0u);
  EXPECT_EQ(question().tool, "model.unpriced");
  EXPECT_NE(question().rendering.find("fake/one"), std::string::npos);
  ASSERT_TRUE(answer(question().id, {.approve = true}));
  settle();
  EXPECT_EQ(state(id), "completed");
  EXPECT_EQ(turn(id).unpriced_calls, 1);
  EXPECT_NE(audit_kinds().find("approval.requested approval.resolved model.unpriced_allowed"),
            std::string::npos)
      << audit_kinds();
  // Once is once: the next turn asks for itself.
  const TurnId next = send(here, "again");
  settle();
  EXPECT_EQ(state(next), "waiting");
  EXPECT_EQ(model->requests.size(), 1u);
}

TEST_F(Unpriced, ARuleOfTheSessionAnswersItsNextTurns) {
  const TurnId id = send(here, "hi");
  settle();
  EXPECT_EQ(question().rule_suggestion, R"(model.unpriced(arg.model: "fake/one"))");
  ASSERT_TRUE(answer(question().id, {.approve = true, .scope = trust::GrantScope::kSession}));
  settle();
  EXPECT_EQ(state(id), "completed");
  const TurnId next = send(here, "again");
  settle();
  EXPECT_EQ(state(next), "completed");
  EXPECT_EQ(steps(next).front().decision_rule.find("grant "), 0u);
  // Another session is asked about.
  const TurnId other = send(session(), "elsewhere");
  settle();
  EXPECT_EQ(state(other), "waiting");
}

TEST_F(Unpriced, ARefusalAndSilenceEndTheTurn) {
  const TurnId id = send(here, "hi");
  settle();
  ASSERT_TRUE(answer(question().id, {.approve = false, .reason = "too dear"}));
  settle();
  EXPECT_EQ(state(id), "failed");
  EXPECT_EQ(turn(id).error_code, "denied");
  EXPECT_NE(turn(id).error_detail.find("too dear"), std::string::npos);
  const TurnId silent = send(here, "hi");
  settle();
  pass(6min);
  EXPECT_EQ(state(silent), "failed");
  EXPECT_EQ(turn(silent).error_code, "denied");
  EXPECT_EQ(model->requests.size(), 0u);
}

TEST_F(Unpriced, TheQuestionOutlivesADeath) {
  const TurnId id = send(here, "hi");
  settle();
  const ApprovalId asked = question().id;
  kill();
  model->add(answers(1000, 100));
  boot();
  settle();
  EXPECT_EQ(question().id, asked);
  EXPECT_EQ(state(id), "waiting");
  ASSERT_TRUE(answer(asked, {.approve = true}));
  settle();
  EXPECT_EQ(state(id), "completed");
}

TEST_F(Unpriced, ALimitOfTheTurnAndATurnWithoutAPersonAreRefused) {
  NewMessage limited{.session = here, .text = "hi"};
  limited.max_cost = kUsd;
  const TurnId id = accept(limited).value().turn;
  NewMessage alone{.session = session(), .text = "hi"};
  alone.interactive = false;
  const TurnId unattended = accept(alone).value().turn;
  settle();
  for (const TurnId& refused : {id, unattended}) {
    EXPECT_EQ(state(refused), "failed");
    EXPECT_EQ(turn(refused).error_code, facts(ErrorCode::kBudget).name);
  }
  EXPECT_TRUE(open_questions().empty());
  EXPECT_EQ(model->requests.size(), 0u);
}

TEST_F(Unpriced, AQuestionThatNoBudgetNeedsAnyMoreIsWithdrawn) {
  const TurnId id = send(here, "hi");
  settle();
  const ApprovalId asked = question().id;
  kill();
  model->add(answers(1000, 100));
  boot_and([this] {
    ASSERT_TRUE(write([&](db::Transaction& t) {
      return trace::Budgets::put(t.db(), {kMe, trace::BudgetScope::kDay, "", std::nullopt, false},
                                 loop.clock().wall());
    }));
  });
  settle();
  EXPECT_EQ(state(id), "completed");
  EXPECT_TRUE(open_questions().empty());
}

TEST_F(Costs, TheSpansOfAToolAndItsApprovalAreThere) {
  boot_priced();
  policy.rules = {{.verdict = trust::Verdict::kAsk, .tool = "test.*"}};
  model->add(asks_for({{"test.one_shot", R"({"n":1})"}}));
  model->add(says("done"));
  const TurnId id = send(session(), "do");
  settle();
  EXPECT_EQ(kinds(id), "turn open, queue ok, model ok, approval open");
  ASSERT_EQ(open_questions().size(), 1u);
  pass(3s);
  ASSERT_TRUE(answer(open_questions()[0].id, {.approve = true}));
  settle();
  EXPECT_EQ(state(id), "completed");
  EXPECT_EQ(kinds(id), "turn ok, approval ok, queue ok, model ok, tool ok, model ok");
}

TEST_F(Costs, AttemptsThatFailedAreSpansOfTheirOwn) {
  boot_priced();
  model->add({.refused = Error{ErrorCode::kUnavailable, "no route", -1}});
  model->add(answers(10, 10));
  const TurnId id = send(session(), "hi");
  pass(1min);
  EXPECT_EQ(state(id), "completed");
  EXPECT_EQ(kinds(id), "turn ok, queue ok, model error, model ok");
}

TEST_F(Costs, ADeathInTheMiddleLeavesNoGapInTheBooks) {
  boot_priced();
  budget(trace::BudgetScope::kDay, kUsd);
  model->add(answers(1000, 100, 1h));
  const TurnId id = send(session(), "hi");
  settle();
  kill();
  model->add(answers(500, 50));
  boot_and([this] { price(); });
  pass(2h);
  EXPECT_EQ(state(id), "completed");
  EXPECT_EQ(turn(id).cost_nano, booked());
  const auto reserved = read(
      [](db::Connection& c) { return c.count("SELECT coalesce(sum(reserved), 0) FROM budget_accounts"); });
  EXPECT_EQ(reserved, 0);
  EXPECT_EQ(read([](db::Connection& c) { return c.count("SELECT count(*) FROM open_calls"); }), 0);
}

// The vendor has read it, and a crash in the same moment would count it, too.
TEST_F(Costs, ACallThatIsGivenUpInSilenceCostsItsInput) {
  boot_priced();
  model->add(answers(1000, 100, 1h));
  const TurnId cancelled = send(session(), "hi");
  settle();
  ASSERT_TRUE(cancel(cancelled));
  settle();
  ASSERT_EQ(state(cancelled), "cancelled");
  EXPECT_GT(turn(cancelled).cost_nano, 0);
  EXPECT_EQ(turn(cancelled).cost_nano, turn(cancelled).usage.input_tokens * 3000);
  EXPECT_EQ(turn(cancelled).usage.output_tokens, 0);
  EXPECT_TRUE(turn(cancelled).usage.estimated);
  const trace::NanoUsd before = booked();
  EXPECT_EQ(before, turn(cancelled).cost_nano);

  for (int i = 0; i < 20; ++i)
    model->add({.refused = std::nullopt, .events = {}, .broken = Error{ErrorCode::kTimeout, "silent", -1}});
  const TurnId silent = send(session(), "hi");
  pass(1h);
  ASSERT_EQ(state(silent), "failed");
  EXPECT_GT(turn(silent).cost_nano, 0);
  EXPECT_EQ(booked(), before + turn(silent).cost_nano);
}

TEST_F(Costs, WhatWasReadIsBookedEachTimeThatItIsSent) {
  boot_priced();
  for (int i = 0; i < 20; ++i)
    model->add({.refused = std::nullopt, .events = {}, .broken = Error{ErrorCode::kTimeout, "silent", -1}});
  const SessionId s = session();
  const TurnId id = send(s, "hi");
  pass(1h);
  ASSERT_EQ(state(id), "failed");
  EXPECT_EQ(turn(id).error_code, "timeout");
  const auto rows = read([&](db::Connection& c) { return trace::Ledger::list_turn(c, kMe, s, id); });
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(model->requests.size(), rows.size());
  for (const trace::CostRow& row : rows) {
    EXPECT_GT(row.tokens.input, 0);
    EXPECT_EQ(row.tokens.input, rows[0].tokens.input);
  }
  EXPECT_EQ(turn(id).cost_nano, 5 * rows[0].tokens.input * 3000);
  EXPECT_EQ(booked(), turn(id).cost_nano);
  EXPECT_EQ(kinds(id),
            "turn error, queue ok, model error, model error, model error, model error, model error");
}

// Arguments are no text: nobody is shown them, and they are paid for as they come.
TEST_F(Costs, WhatWasSaidOfACallThatNeverCameWholeIsPaidFor) {
  boot_priced();
  model->add({.refused = std::nullopt,
              .events = {},
              .broken = Error{ErrorCode::kUnavailable, "cut", -1},
              .facts = {.http_status = 200, .request_id = {}, .answer_bytes = 72'000}});
  model->add(answers(1000, 100));
  const SessionId s = session();
  const TurnId id = send(s, "hi");
  pass(1min);
  ASSERT_EQ(state(id), "completed");
  const auto rows = read([&](db::Connection& c) { return trace::Ledger::list_turn(c, kMe, s, id); });
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].tokens.output, 18'000);
  EXPECT_TRUE(rows[0].tokens.estimated);
  EXPECT_EQ(rows[1].tokens.output, 100);
  EXPECT_EQ(booked(), (rows[0].tokens.input + 1000) * 3000 + 18'100 * 15'000);
  EXPECT_EQ(turn(id).cost_nano, booked());
}

// What the input is reserved with is more than what is left, after the first or the second.
TEST_F(Costs, ABudgetStopsWhatIsSentAgain) {
  boot_priced();
  for (int i = 0; i < 20; ++i)
    model->add({.refused = std::nullopt, .events = {}, .broken = Error{ErrorCode::kTimeout, "silent", -1}});
  NewMessage message{.session = session(), .text = {}};
  while (message.text.size() < 40'000) message.text += "some words and some more of them ";
  message.max_cost = kUsd / 5;
  const TurnId id = accept(message).value().turn;
  pass(1h);
  EXPECT_EQ(state(id), "failed");
  EXPECT_EQ(turn(id).error_code, facts(ErrorCode::kBudget).name) << turn(id).error_detail;
  EXPECT_GE(model->requests.size(), 1u);
  EXPECT_LT(model->requests.size(), 5u);
  EXPECT_GT(booked(), 0);
  EXPECT_LE(booked(), kUsd / 5);
  const auto open = read([](db::Connection& c) { return c.count("SELECT count(*) FROM open_calls"); });
  EXPECT_EQ(open, 0);
}

// A limit of ours does not pass by waiting for the model that was away before.
TEST_F(Costs, WhatABudgetRefusesIsNotWaitedFor) {
  limits.model_wait = 24h;
  boot_priced();
  daemon->engine.set_fallbacks({"fake/big"});
  model->add({.refused = Error{ErrorCode::kOverloaded, "busy", 3'600'000}, .events = {}, .broken = {}});
  for (int i = 0; i < 20; ++i)
    model->add({.refused = std::nullopt, .events = {}, .broken = Error{ErrorCode::kTimeout, "silent", -1}});
  NewMessage message{.session = session(), .text = {}};
  while (message.text.size() < 40'000) message.text += "some words and some more of them ";
  message.max_cost = 2 * kUsd;
  const TurnId id = accept(message).value().turn;
  pass(10min);
  EXPECT_EQ(state(id), "failed");
  EXPECT_EQ(turn(id).error_code, facts(ErrorCode::kBudget).name) << turn(id).error_detail;
  EXPECT_GT(booked(), 0);
}

// What is left does not pay for the stand-in, but for the chosen model it does.
TEST_F(Costs, AStandInThatIsTooDearDoesNotEndTheWait) {
  limits.model_wait = 24h;
  boot_priced();
  daemon->engine.set_fallbacks({"fake/big"});
  model->add({.refused = Error{ErrorCode::kOverloaded, "busy", 120'000}, .events = {}, .broken = {}});
  NewMessage message{.session = session(), .text = {}};
  while (message.text.size() < 40'000) message.text += "some words and some more of them ";
  message.max_cost = kUsd / 5;
  const TurnId id = accept(message).value().turn;
  settle();
  ASSERT_EQ(state(id), "running") << turn(id).error_detail;
  EXPECT_EQ(model->requests.size(), 1u);
  model->add(answers(1000, 100));
  pass(3min);
  ASSERT_EQ(state(id), "completed") << turn(id).error_detail;
  EXPECT_EQ(turn(id).answered_by, "fake/one");
  EXPECT_EQ(step_states(id), "model failed, model done");
  EXPECT_EQ(booked(), 1000 * 3000 + 100 * 15'000);
}

TEST_F(Costs, WhatWasRefusedOrNeverLeftCostsNothing) {
  boot_priced();
  model->add({.refused = Error{ErrorCode::kForbidden, "no", -1}});
  const TurnId refused = send(session(), "hi");
  settle();
  EXPECT_EQ(state(refused), "failed");
  // Cancelled while the next attempt is waited for: none is out.
  model->add({.refused = Error{ErrorCode::kUnavailable, "no route", -1}});
  const TurnId waits = send(session(), "hi");
  settle();
  ASSERT_TRUE(cancel(waits));
  settle();
  EXPECT_EQ(state(waits), "cancelled");
  EXPECT_EQ(booked(), 0);
}

TEST_F(Costs, TheLimitOfATurnEndsItWithWhatToDo) {
  boot_priced();
  NewMessage message{.session = session(), .text = "hi"};
  message.max_cost = 1000;
  const TurnId id = accept(message).value().turn;
  settle();
  EXPECT_EQ(state(id), "failed");
  EXPECT_EQ(turn(id).error_code, facts(ErrorCode::kBudget).name);
  EXPECT_NE(turn(id).error_detail.find("--max-cost"), std::string::npos);
  EXPECT_EQ(model->requests.size(), 0u);
}

TEST_F(Costs, ABudgetBoundsTheAnswerThatIsAskedFor) {
  boot_priced();
  budget(trace::BudgetScope::kDay, kUsd);
  model->add(answers(10, 10));
  (void)send(session(), "hi");
  settle();
  ASSERT_EQ(model->requests.size(), 1u);
  EXPECT_EQ(model->requests[0].max_output_tokens, 2000);
}

// A grant that is shorter than what was asked for is what is sent, whoever set the limit.
class Shortened : public Costs, public ::testing::WithParamInterface<std::int64_t> {};

TEST_P(Shortened, AnAnswerIsNeverLongerThanWhatIsPaidFor) {
  boot_priced();
  NewMessage message{.session = session(), .text = "hi"};
  message.max_cost = 25'000'000;  // pays for some 1,600 tokens of an answer to two letters
  message.options.own_tools = TurnOptions::OwnTools::kOff;
  message.options.max_output_tokens = GetParam();
  model->add(answers(10, 10));
  const TurnId id = accept(message).value().turn;
  settle();
  ASSERT_EQ(state(id), "completed") << turn(id).error_detail;
  ASSERT_EQ(model->requests.size(), 1u);
  const std::int64_t sent = model->requests[0].max_output_tokens;
  EXPECT_GE(sent, 1024);
  EXPECT_LT(sent, 2000);
  EXPECT_LE(sent * 15'000, *message.max_cost);
  const auto spans = view(id).spans;
  const auto call = std::ranges::find(spans, trace::SpanKind::kModel, &trace::Span::kind);
  ASSERT_NE(call, spans.end());
  EXPECT_EQ(json::integer_or(call->attributes, "gen_ai.request.max_tokens", 0), sent);
}

TEST_F(Costs, ACallsSpanSaysWhoChoseItsModel) {
  boot_priced();
  const auto route_of = [this](const std::string& asked) {
    model->add(answers(10, 10));
    const TurnId id = accept({.session = session(), .text = "hi", .model = asked}).value().turn;
    settle();
    EXPECT_EQ(state(id), "completed") << turn(id).error_detail;
    const auto spans = view(id).spans;
    const auto call = std::ranges::find(spans, trace::SpanKind::kModel, &trace::Span::kind);
    return call == spans.end() ? "no call" : json::string_or(call->attributes, "pryx.route");
  };
  EXPECT_EQ(route_of(""), "default");
  EXPECT_EQ(route_of("fake/one"), "message");
  testing::SetProfiles::added["default"] = AgentProfile{.model = "fake/big"};
  EXPECT_EQ(route_of(""), "agent");
  testing::SetProfiles::added.clear();
}

// 0: whatever the model gives, 2,000 of fake/one.
INSTANTIATE_TEST_SUITE_P(OfTheRequest, Shortened, ::testing::Values(0, 1990, 2000));

// 200 turns at once, each of which might cost 3 cents and more: a dollar does not pay for all of them.
class Race : public Costs {
 protected:
  int run(bool unguarded) {
    slots = 200;
    boot_priced();
    daemon->trace.set_unguarded(unguarded);
    budget(trace::BudgetScope::kDay, kUsd);
    for (int i = 0; i < 200; ++i) model->add(answers(400, 1900, 1s));
    std::vector<TurnId> turns;
    for (int i = 0; i < 200; ++i) turns.push_back(send(session(), fmt::format("turn {}", i)));
    pass(10min);
    int refused = 0;
    for (const TurnId& id : turns) refused += turn(id).error_code == facts(ErrorCode::kBudget).name ? 1 : 0;
    return refused;
  }
};

TEST_F(Race, TwoHundredTurnsNeverExceedADollar) {
  const int refused = run(false);
  EXPECT_GT(refused, 100);
  EXPECT_LT(refused, 190);
  EXPECT_LE(booked(), kUsd);
  EXPECT_GT(booked(), kUsd / 2);
}

TEST_F(Race, WithoutReservationsTheyWould) {
  (void)run(true);
  EXPECT_GT(booked(), kUsd);
}

// Random turns with tools, cuts and deaths: every turn's spans are whole, and all sums are one.
TEST_F(Costs, RandomTurnsThroughDeathsSumToTheSame) {
  boot_priced();
  std::mt19937_64 random(9);
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
  std::vector<TurnId> turns;
  for (int i = 0; i < 60; ++i) {
    if (below(3) == 0) model->add(asks_for({{"test.pure"}}));
    if (below(5) == 0) model->add(testing::cut_after("a part"));
    for (int k = 0; k < 4; ++k) model->add(answers(below(9000), below(900), below(4) == 0 ? 2s : 0s));
    turns.push_back(send(session(), fmt::format("turn {}", i)));
    settle();
    if (below(6) == 0) {
      kill();
      boot_and([this] { price(); });
    }
    pass(1min);
  }
  trace::NanoUsd of_turns = 0;
  trace::NanoUsd of_spans = 0;
  for (const TurnId& id : turns) {
    const Turn ended = turn(id);
    EXPECT_TRUE(is_terminal(ended.state)) << state(id);
    of_turns += ended.cost_nano;
    int roots = 0;
    for (const trace::Span& span : view(id).spans) {
      of_spans += json::integer_or(span.attributes, "pryx.cost.nano_usd", 0);
      roots += span.kind == trace::SpanKind::kTurn ? 1 : 0;
      EXPECT_NE(span.status, trace::SpanStatus::kOpen);
      EXPECT_LE(span.start_ns, span.end_ns);
    }
    EXPECT_EQ(roots, 1);
  }
  EXPECT_EQ(of_turns, booked());
  EXPECT_EQ(of_spans, booked());
}

}  // namespace
}  // namespace pryx::agent
