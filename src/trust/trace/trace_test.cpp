// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <random>

#include "foundation/async/testing/virtual_loop.h"
#include "foundation/async/wait_list.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "trust/trace/recorder.h"

namespace pryx::trace {
namespace {

const PrincipalId kMe("prn_owner");
constexpr NanoUsd kUsd = kNanoPerUsd;

TEST(Money, IsReadAndWrittenExactly) {
  EXPECT_EQ(parse_money("0.5").value(), kUsd / 2);
  EXPECT_EQ(parse_money("1").value(), kUsd);
  EXPECT_EQ(parse_money("1.000000001").value(), kUsd + 1);
  for (const char* bad : {"", ".", "1.", "-1", "1e3", "1.0000000001", "1,5", "$1", " 1", "1234567890"})
    EXPECT_FALSE(parse_money(bad)) << bad;
  EXPECT_EQ(money_text(kUsd / 2), "0.50");
  EXPECT_EQ(money_text(13'200'000), "0.0132");
  EXPECT_EQ(money_text(1), "0.000000001");
  EXPECT_EQ(money_json(std::nullopt), json::value(nullptr));
}

TEST(Spans, IdsComeFromTheTurn) {
  EXPECT_EQ(trace_id_of("trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"), "01563e3ab5d3d6764c61efb99302bd5b");
  EXPECT_EQ(trace_id_of("req_01ARZ3NDEKTSV4RRFFQ69G5FAV"), "01563e3ab5d3d6764c61efb99302bd5b");
  EXPECT_EQ(trace_id_of("nothing"), "");
  EXPECT_EQ(span_id_of("t", "a").size(), 16u);
  EXPECT_NE(span_id_of("t", "a"), span_id_of("t", "b"));
  EXPECT_EQ(provider_name("google", ""), "gcp.gemini");
  EXPECT_EQ(provider_name("my-box", "openai"), "my-box");
  EXPECT_EQ(provider_name("work", "anthropic"), "anthropic") << "the vendor, not what a person calls it";
}

// The module over a real store, without the engine.
class Books : public ::testing::Test {
 protected:
  Books() { open("bot_1"); }
  void open(const std::string& boot) {
    recorder.reset();
    events.reset();
    database.reset();
    const db::ModuleMigrations modules[] = {events::EventLog::migrations(), SpanStore::migrations()};
    auto opened = db::Database::open(loop, {.open = {.path = folder / "t.db"}, .inline_mode = true}, modules);
    PRYX_CHECK(opened.has_value());
    database = std::move(*opened);
    events.emplace(loop, *database);
    recorder.emplace(loop.clock(), *events, boot);
    PRYX_CHECK(now(events->start()).has_value());
    PRYX_CHECK(now(recorder->start(*database, [](db::Connection&, const OpenCall&) {
                 return Result<std::int64_t>(7);
               })).has_value());
  }
  template <class T>
  T now(async::Task<T> task) {
    std::optional<T> out;
    async::TaskGroup group(loop, "test");
    group.spawn("now", async::testing::detail::keep<T>(std::move(task), out));
    while (loop.poll()) {
    }
    PRYX_CHECK(out.has_value());
    return std::move(*out);
  }
  template <class Job>
  auto write(Job job) {
    return now(database->write(std::move(job)));
  }
  template <class Job>
  auto read(Job job) {
    return now(database->read(std::move(job))).value();
  }
  CallScope scope(int n, const std::string& session = "ses_a", const std::string& turn = "trn_a") {
    return {.principal = kMe,
            .session = SessionId(session),
            .turn = TurnId(turn),
            .step = StepId(fmt::format("stp_{}", n)),
            .attempt = 1,
            .agent = "default",
            .surface = "test",
            .provider = "fake",
            .model = "fake/one"};
  }
  static Ask asks(NanoUsd input, std::int64_t output = 0, std::int64_t pico = 0) {
    return {.input_at_most = input,
            .input_cost = input,
            .input_tokens = 10,
            .output_pico = pico,
            .output_tokens = output};
  }
  Result<Grant> begin(CallScope s, const Ask& ask) {
    return write([&](db::Transaction& t) {
      return recorder->begin_call(t, s, ask,
                                  [](db::Connection&, const OpenCall&) { return Result<std::int64_t>(7); });
    });
  }
  void end(const CallScope& s, std::optional<NanoUsd> cost, Tokens tokens = {.input = 1}) {
    ASSERT_TRUE(write([&](db::Transaction& t) {
      return recorder->end_call(t, kMe, s.step, s.attempt,
                                {.tokens = tokens, .cost = cost, .provider = {}, .model = {}});
    }));
  }
  void set(BudgetScope kind, const std::string& subject, std::optional<NanoUsd> limit,
           bool allow_unpriced = false) {
    ASSERT_TRUE(write([&](db::Transaction& t) {
      return Budgets::put(t.db(), {kMe, kind, subject, limit, allow_unpriced}, loop.clock().wall());
    }));
  }
  std::vector<BudgetState> budgets() {
    return read([&](db::Connection& c) { return Budgets::list(c, kMe, loop.clock().wall()); });
  }
  std::int64_t alerts() {
    return read(
        [](db::Connection& c) { return c.count("SELECT count(*) FROM events WHERE name = 'budget.alert'"); });
  }

  platform::testing::TemporaryDirectory folder;
  async::testing::VirtualLoop loop;
  std::unique_ptr<db::Database> database;
  std::optional<events::EventLog> events;
  std::optional<Recorder> recorder;
};

TEST_F(Books, ACallReservesAndItsEndGivesTheRestBack) {
  set(BudgetScope::kDay, "", kUsd);
  ASSERT_TRUE(begin(scope(1), asks(600'000'000)));
  EXPECT_EQ(budgets()[0].reserved, 600'000'000);
  const auto refused = begin(scope(2), asks(600'000'000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBudget);
  EXPECT_NE(refused.error().message.find("pryx cost budget --day"), std::string::npos);
  end(scope(1), 100'000'000);
  EXPECT_EQ(budgets()[0].reserved, 0);
  EXPECT_EQ(budgets()[0].spent, 100'000'000);
  EXPECT_TRUE(begin(scope(3), asks(600'000'000)));
}

TEST_F(Books, ALimitShortensTheAnswerBeforeItRefuses) {
  set(BudgetScope::kSession, "", 10'000'000);
  const auto grant = begin(scope(1), asks(0, 16'384, 1'000'000));  // a thousand nano a token
  ASSERT_TRUE(grant);
  EXPECT_TRUE(grant->has_limit);
  EXPECT_EQ(grant->output_tokens, 10'000);
  EXPECT_FALSE(begin(scope(2), asks(0, 16'384, 1'000'000)));
}

TEST_F(Books, ALimitThatComesLateCountsWhatWasSpentAndWhatIsUnderWay) {
  ASSERT_TRUE(begin(scope(1), asks(1)));
  end(scope(1), 300);
  ASSERT_TRUE(begin(scope(2), asks(500)));
  set(BudgetScope::kMonth, "", 1000);
  EXPECT_FALSE(begin(scope(3), asks(201)));
  EXPECT_TRUE(begin(scope(4), asks(200)));
  EXPECT_EQ(budgets()[0].spent, 300);
  EXPECT_EQ(budgets()[0].reserved, 700);
}

TEST_F(Books, AModelWithoutAPriceNeedsLeaveWhereThereIsALimit) {
  const Ask unknown{.input_tokens = 10, .output_tokens = 100};
  EXPECT_TRUE(begin(scope(1), unknown));
  set(BudgetScope::kDay, "", kUsd);
  const auto refused = begin(scope(2), unknown);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--allow-unpriced"), std::string::npos);
  set(BudgetScope::kTurn, "trn_a", std::nullopt, true);
  EXPECT_TRUE(begin(scope(3), unknown));
}

TEST_F(Books, EachMarkIsToldOncePerPeriodAndARestartChangesNothing) {
  set(BudgetScope::kDay, "", 1000);
  const auto spend = [&](int n, NanoUsd cost) {
    ASSERT_TRUE(begin(scope(n), asks(1)));
    end(scope(n), cost);
  };
  spend(1, 400);
  EXPECT_EQ(alerts(), 0);
  spend(2, 100);
  EXPECT_EQ(alerts(), 1);
  spend(3, 100);
  EXPECT_EQ(alerts(), 1);
  open("bot_2");
  spend(4, 100);
  EXPECT_EQ(alerts(), 1);
  spend(5, 200);
  EXPECT_EQ(alerts(), 3);
  loop.run_for(std::chrono::hours(24));
  spend(6, 600);
  EXPECT_EQ(alerts(), 4);
}

TEST_F(Books, ASubAgentCannotExceedItsSliceAndCountsOnThoseAboveIt) {
  set(BudgetScope::kTurn, "trn_a", 1000);
  ASSERT_TRUE(write([&](db::Transaction& t) {
    return Budgets::open_slice(t.db(), kMe, SessionId("ses_child"), SessionId("ses_a"), TurnId("trn_a"), 400,
                               loop.clock().wall());
  }));
  ASSERT_TRUE(write([&](db::Transaction& t) {
    return Budgets::open_slice(t.db(), kMe, SessionId("ses_grandchild"), SessionId("ses_child"),
                               TurnId("trn_child"), std::nullopt, loop.clock().wall());
  }));
  EXPECT_TRUE(begin(scope(1, "ses_child", "trn_child"), asks(300)));
  EXPECT_FALSE(begin(scope(2, "ses_child", "trn_child"), asks(101)));
  EXPECT_FALSE(begin(scope(3, "ses_grandchild", "trn_g"), asks(101)));
  EXPECT_TRUE(begin(scope(4, "ses_grandchild", "trn_g"), asks(100)));
  EXPECT_TRUE(begin(scope(5), asks(600)));
  EXPECT_FALSE(begin(scope(6), asks(1)));
}

TEST_F(Books, ACallThatADeathCutCountsAsEstimatedAndReservesNoMore) {
  set(BudgetScope::kDay, "", kUsd);
  Ask ask = asks(500'000'000, 100, 2'000'000);
  ask.input_cost = 1000;
  ASSERT_TRUE(begin(scope(1), ask));
  open("bot_2");
  EXPECT_EQ(budgets()[0].reserved, 0);
  EXPECT_EQ(budgets()[0].spent, 1000 + 7 * 2000);  // what was streamed, by the callback of open()
  const auto rows =
      read([](db::Connection& c) { return Ledger::list_turn(c, kMe, SessionId("ses_a"), TurnId("trn_a")); });
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(rows[0].tokens.estimated);
  EXPECT_EQ(rows[0].outcome, CallOutcome::kInterrupted);
  const auto spans = read([](db::Connection& c) { return SpanStore::list_since(c, 0, 10); });
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].status, SpanStatus::kInterrupted);
}

TEST_F(Books, ASpanNamesTheVendorAlsoWhenADeathCutTheCall) {
  CallScope s = scope(1);
  s.provider = "work";
  s.provider_kind = "google";
  s.model = "work/gemini-pro";
  ASSERT_TRUE(begin(s, asks(1)));
  open("bot_2");
  const auto spans = read([](db::Connection& c) { return SpanStore::list_since(c, 0, 10); });
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(json::string_or(spans.front().attributes, "gen_ai.provider.name"), "gcp.gemini");
  EXPECT_EQ(json::string_or(spans.front().attributes, "pryx.provider"), "work");
}

TEST_F(Books, SpansAreReadOnFromANumberAndDroppedFromTheOldest) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(write([&](db::Transaction& t) {
      return recorder->add(t, {.principal = kMe, .trace_id = "t", .span_id = fmt::format("{}", i)}, "test");
    }));
  }
  const auto rest = read([](db::Connection& c) { return SpanStore::list_since(c, 7, 100); });
  EXPECT_EQ(rest.size(), 3u);
  EXPECT_EQ(rest[0].seq, 8);
  ASSERT_TRUE(write([&](db::Transaction& t) {
    return SpanStore::purge(t.db(), loop.clock().wall(), 100, {.most = 4, .age = std::chrono::hours(1)});
  }));
  EXPECT_EQ(read([](db::Connection& c) { return SpanStore::count(c); }), 4);
  loop.run_for(std::chrono::hours(2));
  ASSERT_TRUE(write([&](db::Transaction& t) {
    return SpanStore::purge(t.db(), loop.clock().wall(), 100, {.most = 4, .age = std::chrono::hours(1)});
  }));
  EXPECT_EQ(read([](db::Connection& c) { return SpanStore::count(c); }), 0);
}

// Sum of spans = ledger = report = accounts, to the nano-dollar, through deaths of the daemon.
TEST_F(Books, TenThousandRandomTurnsSumToTheSameEverywhere) {
  std::mt19937_64 random(4);
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
  set(BudgetScope::kMonth, "", 900'000'000 * kUsd);
  int boot = 1;
  constexpr int kTurns = 10'000;
  constexpr int kTurnsInOneCommit = 20;
  for (int first = 0; first < kTurns; first += kTurnsInOneCommit) {
    ASSERT_TRUE(write([&](db::Transaction& t) -> Result<void> {
      for (int n = 0; n < kTurnsInOneCommit * 2; ++n) {
        const int turn = first + n / 2;
        const int call = n % 2;
        CallScope s = scope(turn * 10 + call, fmt::format("ses_{}", below(40)), fmt::format("trn_{}", turn));
        s.model = fmt::format("fake/{}", below(5));
        const bool priced = below(10) > 0;
        Ask ask = asks(below(1'000'000'000), 1000, below(70'000'000));
        if (!priced) ask.input_at_most = ask.input_cost = std::nullopt;
        if (!priced)
          PRYX_TRY_VOID(
              Budgets::put(t.db(), {kMe, BudgetScope::kTurn, s.turn.str(), std::nullopt, true}, {}));
        const auto seven = [](db::Connection&, const OpenCall&) { return Result<std::int64_t>(7); };
        PRYX_TRY_VOID(recorder->begin_call(t, s, ask, seven));
        if (below(50) == 0) continue;  // dies, or is settled with its turn
        const Tokens tokens{.input = below(100'000), .output = below(9000), .cached_input = below(50)};
        std::optional<NanoUsd> cost;
        if (priced) cost = below(3'000'000'000);
        PRYX_TRY(const auto charge,
                 recorder->end_call(t, kMe, s.step, 1,
                                    {.tokens = tokens, .cost = cost, .provider = {}, .model = {}}));
        Span span = model_span(s, {trace_id_of(s.turn.str()), {}}, &charge->row);
        PRYX_TRY_VOID(recorder->add(t, std::move(span), "test"));
      }
      return {};
    }));
    if (first % 2500 == 2480) open(fmt::format("bot_{}", ++boot));
  }
  open("bot_last");
  NanoUsd spans = 0;
  std::int64_t calls = 0;
  for (std::int64_t at = 0;;) {
    const auto page = read([at](db::Connection& c) { return SpanStore::list_since(c, at, 5000); });
    if (page.empty()) break;
    for (const Span& span : page) spans += json::integer_or(span.attributes, "pryx.cost.nano_usd", 0);
    calls += static_cast<std::int64_t>(page.size());
    at = page.back().seq;
  }
  const NanoUsd ledger =
      read([](db::Connection& c) { return c.count("SELECT coalesce(sum(nano_usd), 0) FROM costs"); });
  EXPECT_EQ(spans, ledger);
  EXPECT_EQ(calls, 20'000);
  EXPECT_EQ(budgets()[0].spent, ledger);
  EXPECT_EQ(budgets()[0].reserved, 0);
  for (const auto group : {GroupBy::kSession, GroupBy::kModel, GroupBy::kProvider, GroupBy::kAgent,
                           GroupBy::kDay, GroupBy::kMonth, GroupBy::kSurface}) {
    const auto report =
        read([group](db::Connection& c) { return Ledger::report(c, kMe, {.group_by = group}); });
    EXPECT_EQ(report.total.cost, ledger);
    EXPECT_EQ(report.total.calls, calls);
  }
}

}  // namespace
}  // namespace pryx::trace
