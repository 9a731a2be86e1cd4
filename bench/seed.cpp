// SPDX-License-Identifier: MIT
// Fills a store with sessions and messages through the daemon's own code: `pryx_bench_seed HOME SESSIONS
// MESSAGES_PER_SESSION`; or forgets events as their retention would: `pryx_bench_seed HOME forget VERSION`.
// `pryx_bench_seed HOME spans N`: so many spans, and the ids of some of their turns on standard output.
// `pryx_bench_seed HOME decisions N`: so many decided tool calls in the last three days, ten in a turn.
// `pryx_bench_seed HOME rotate N`: drops the oldest spans down to N as their retention would; says how many
// transactions that took, and the longest in milliseconds.
// HOME is a PRYX_HOME whose daemon is stopped and that has been started once (its key file exists).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "engine/agent/session_store.h"
#include "engine/agent/turn_store.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/db/connection.h"
#include "foundation/platform/files.h"
#include "trust/trace/recorder.h"

namespace {
using namespace pryx;

// Word frequencies as in prose: a few words everywhere, many seldom.
std::string sentence(Random& random) {
  static constexpr const char* kCommon[] = {"the", "and",  "of",  "to",   "in",
                                            "is",  "that", "for", "with", "on"};
  std::string text;
  for (int i = 0; i < 14; ++i) {
    const auto roll = random.below(10);
    if (roll < 6)
      text += kCommon[random.below(10)];
    else if (roll < 9)
      text += "medium" + std::to_string(random.below(500));
    else
      text += "rare" + std::to_string(random.below(200'000));
    text += ' ';
  }
  return text;
}

Result<std::unique_ptr<db::Connection>> open_store(const std::string& home) {
  PRYX_TRY(std::string key, platform::read_file(home + "/config/master.key", 4096));
  while (!key.empty() && (key.back() == '\n' || key.back() == ' ')) key.pop_back();
  key.erase(0, key.rfind(' ') + 1);  // "key id, key" on its only line
  return db::Connection::open({.path = home + "/data/pryx.db", .key = Secret(key), .cache_kib = 262144});
}

Result<void> forget(const std::string& home, std::int64_t version) {
  PRYX_TRY(auto db, open_store(home));
  PRYX_TRY_VOID(db->run("DELETE FROM events WHERE version <= $1", version));
  return db->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<void> fill(const std::string& home, int sessions, int per_session) {
  PRYX_TRY(auto db, open_store(home));
  testing::ManualClock clock;
  testing::SeededRandom random(7);
  IdSource ids(clock, random);
  const PrincipalId owner("prn_owner");
  PRYX_TRY_VOID(db->execute("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=20000"));
  for (int s = 0; s < sessions; ++s) {
    if (s % 500 == 0) PRYX_TRY_VOID(db->execute("BEGIN"));
    clock.advance(std::chrono::seconds(60));
    agent::Session session{.principal = owner,
                           .id = ids.make<SessionId>(),
                           .agent = "default",
                           .title = "session " + std::to_string(s),
                           .status = "active",
                           .surface = "bench",
                           .created_at = clock.wall()};
    PRYX_TRY_VOID(agent::SessionStore::insert_session(*db, session));
    // One in fifty failed, so that a list of those has to pass over many others.
    const agent::Turn turn{.principal = owner,
                           .id = ids.make<TurnId>(),
                           .session = session.id,
                           .state = s % 50 == 0 ? agent::TurnState::kFailed : agent::TurnState::kCompleted,
                           .surface = "bench",
                           .message = ids.make<MessageId>(),
                           .created_at = clock.wall()};
    PRYX_TRY_VOID(agent::TurnStore::insert_turn(*db, turn));
    for (int m = 0; m < per_session; ++m) {
      agent::Message message{.principal = owner,
                             .session = session.id,
                             .id = ids.make<MessageId>(),
                             .role = m % 2 == 0 ? agent::Role::kUser : agent::Role::kAssistant,
                             .created_at = clock.wall()};
      agent::Part part;
      part.text = sentence(random);
      part.labels = trust::Labels{"owner"};
      message.parts.push_back(std::move(part));
      PRYX_TRY_VOID(agent::SessionStore::insert_message(*db, message));
    }
    if (s % 500 == 499 || s + 1 == sessions) PRYX_TRY_VOID(db->execute("COMMIT"));
  }
  return db->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

// Ten spans for each turn, in one session; says some of the turns' ids.
Result<void> trace_turns(const std::string& home, std::int64_t spans) {
  PRYX_TRY(auto db, open_store(home));
  testing::ManualClock clock;
  testing::SeededRandom random(8);
  IdSource ids(clock, random);
  const PrincipalId owner("prn_owner");
  agent::Session session{
      .principal = owner, .id = ids.make<SessionId>(), .status = "active", .created_at = clock.wall()};
  PRYX_TRY_VOID(db->execute("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=20000; BEGIN"));
  PRYX_TRY_VOID(agent::SessionStore::insert_session(*db, session));
  for (std::int64_t n = 0; n < spans / 10; ++n) {
    agent::Turn turn{.principal = owner,
                     .id = ids.make<TurnId>(),
                     .session = session.id,
                     .state = agent::TurnState::kCompleted,
                     .message = ids.make<MessageId>(),
                     .created_at = clock.wall()};
    PRYX_TRY_VOID(agent::TurnStore::insert_turn(*db, turn));
    const std::string trace_id = trace::trace_id_of(turn.id.str());
    for (int i = 0; i < 10; ++i) {
      trace::Span span = trace::model_span({.principal = owner,
                                            .session = session.id,
                                            .turn = turn.id,
                                            .step = ids.make<StepId>(),
                                            .provider = "bench",
                                            .model = "bench/fake"},
                                           {trace_id, {}}, nullptr);
      span.start_ns = trace::to_ns(clock.wall());
      span.end_ns = span.start_ns + 1'000'000;
      PRYX_TRY_VOID(trace::SpanStore::insert(*db, span));
    }
    if (n % 500 == 0) std::printf("%s\n", turn.id.str().c_str());
    if (n % 5000 == 4999) PRYX_TRY_VOID(db->execute("COMMIT; BEGIN"));
  }
  return db->execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<void> rotate(const std::string& home, std::int64_t keep) {
  PRYX_TRY(auto db, open_store(home));
  constexpr std::int64_t kBatch = 2'000;
  testing::ManualClock clock;
  double longest = 0;
  int transactions = 0;
  for (std::int64_t dropped = kBatch; dropped == kBatch; ++transactions) {
    const auto begin = std::chrono::steady_clock::now();
    PRYX_TRY_VOID(db->execute("BEGIN IMMEDIATE"));
    PRYX_TRY(dropped, trace::SpanStore::purge(*db, clock.wall(), kBatch, {.most = keep}));
    PRYX_TRY_VOID(db->execute("COMMIT"));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    longest = std::max(longest, took.count());
  }
  PRYX_TRY(const std::int64_t left, trace::SpanStore::count(*db));
  std::printf("%d %.3f %lld\n", transactions, longest, static_cast<long long>(left));
  return {};
}

struct Decided {
  const char* tool;
  const char* arguments;
  const char* verdict;
};
constexpr Decided kDecided[] = {
    {"fs.read", R"({"path":"src/main.cpp"})", "allow"},
    {"fs.search", R"({"pattern":"TODO","path":"src"})", "allow"},
    {"shell.exec", R"({"command":"git log --oneline | head -20"})", "allow"},
    {"shell.exec", R"({"command":"make test 2>&1 | tail -40"})", "ask"},
    {"fs.write", R"({"path":"notes/today.md","content":"a line of text\n"})", "ask"},
    {"http.request", R"({"url":"https://example.com/page?id=7"})", "ask"},
    {"fs.list", R"({"path":"."})", "allow"},
    {"shell.exec", R"({"command":"grep -rn needle . | sort | uniq -c"})", "allow"},
    {"memory.search", R"({"query":"tides"})", "allow"},
    {"fs.write", R"({"path":"../outside","content":"x"})", "deny"},
};

Result<void> decide_calls(const std::string& home, std::int64_t calls) {
  PRYX_TRY(auto db, open_store(home));
  testing::ManualClock clock;
  clock.advance(std::chrono::milliseconds(std::int64_t{std::time(nullptr)} * 1000 - clock.wall().unix_ms) -
                std::chrono::hours(72));
  testing::SeededRandom random(9);
  IdSource ids(clock, random);
  const PrincipalId owner("prn_owner");
  agent::Session session{
      .principal = owner, .id = ids.make<SessionId>(), .status = "active", .created_at = clock.wall()};
  PRYX_TRY_VOID(db->execute("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=20000; BEGIN"));
  PRYX_TRY_VOID(agent::SessionStore::insert_session(*db, session));
  for (std::int64_t n = 0; n < calls / 10; ++n) {
    clock.advance(std::chrono::milliseconds(10));
    agent::Turn turn{.principal = owner,
                     .id = ids.make<TurnId>(),
                     .session = session.id,
                     .state = agent::TurnState::kCompleted,
                     .message = ids.make<MessageId>(),
                     .created_at = clock.wall()};
    PRYX_TRY_VOID(agent::TurnStore::insert_turn(*db, turn));
    int seq = 0;
    for (const Decided& decided : kDecided) {
      agent::Step step{.principal = owner,
                       .id = ids.make<StepId>(),
                       .turn = turn.id,
                       .seq = ++seq,
                       .kind = agent::StepKind::kTool,
                       .tool = decided.tool,
                       .arguments = decided.arguments,
                       .labels = trust::Labels{"owner", "principal:prn_owner"},
                       .planned_at = clock.wall()};
      PRYX_TRY_VOID(agent::TurnStore::insert_step(*db, step));
      step.verdict = decided.verdict;
      step.verdict_rule = "seeded";
      PRYX_TRY_VOID(agent::TurnStore::change_state(*db, step, agent::StepState::kDenied, clock.wall()));
    }
    if (n % 5000 == 4999) PRYX_TRY_VOID(db->execute("COMMIT; BEGIN"));
  }
  return db->execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string_view what = argv[2];
  Result<void> done;
  if (what == "forget")
    done = forget(argv[1], std::atoll(argv[3]));
  else if (what == "rotate")
    done = rotate(argv[1], std::atoll(argv[3]));
  else if (what == "spans")
    done = trace_turns(argv[1], std::atoll(argv[3]));
  else if (what == "decisions")
    done = decide_calls(argv[1], std::atoll(argv[3]));
  else
    done = fill(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  if (!done) std::fprintf(stderr, "seed: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
