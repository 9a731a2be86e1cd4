// SPDX-License-Identifier: MIT
#include "housekeeping.h"

#include <malloc.h>

#include "engine/agent/result_refs.h"
#include "foundation/base/log.h"
#include "trust/trace/budgets.h"
#include "trust/trace/span_store.h"

namespace pryx::app {
namespace {

constexpr std::int64_t kPurgeBatch = 20;  // sessions in one transaction
constexpr int kPurgeBatches = 50;

}  // namespace

void Housekeeping::wait() {
  loop_.call_after(interval_, [this] {
    if (!stopping_) group_.spawn("round", run_round());
  });
}

async::Task<void> Housekeeping::run_round() {
  for (const auto& [name, job] : jobs_) {
    if (stopping_) co_return;
    const Result<void> done = co_await job();
    if (!done) log::warn("housekeeping.failed", {{"job", name}, {"error", done.error().message}});
  }
  ::malloc_trim(0);  // an idle daemon gives back what a busy hour took
  wait();
}

async::Task<void> Housekeeping::stop() {
  stopping_ = true;
  co_await group_.stop();
}

async::Task<Result<void>> purge_hidden_sessions(SessionPlaces places, WallTime before) {
  for (int batch = 0; batch < kPurgeBatches; ++batch) {
    PRYX_CO_TRY(const auto old, co_await places.database.read([before](db::Connection& c) {
      return agent::SessionDeletion::list_hidden(c, before, kPurgeBatch);
    }));
    // What the end of a process writes down has to go with its session.
    for (const auto& [principal, session] : old)
      co_await places.processes.end_session(principal, session, tools::shell::SessionEnd::kDeleted);
    PRYX_CO_TRY(const auto removed, co_await places.database.write([&](db::Transaction& t) {
      return places.deletion.remove_hidden(t, before, kPurgeBatch, "housekeeping");
    }));
    for (const auto& [principal, session] : removed) {
      PRYX_CO_TRY_VOID(co_await places.processes.forget_session(principal, session));
      PRYX_CO_TRY_VOID(co_await places.memory.remove_session({.id = principal}, session));
    }
    if (static_cast<std::int64_t>(removed.size()) < kPurgeBatch) break;
  }
  co_return Result<void>{};
}

async::Task<Result<void>> purge_results(db::Database& database, SealedResultFiles& files) {
  constexpr std::int64_t kAtOnce = 500;
  PRYX_CO_TRY(const auto unneeded, co_await database.read([](db::Connection& c) {
    return agent::ResultRefs::list_unneeded(c, kAtOnce);
  }));
  bool all = true;
  for (const std::string& ref : unneeded) {
    PRYX_CO_TRY(const bool removed, co_await files.remove(ref));
    all = all && removed;
  }
  if (!all) co_return Result<void>{};  // the next round looks at all of them again
  co_return co_await database.write(
      [](db::Transaction& t) { return agent::ResultRefs::forget_dropped(t.db(), kAtOnce); });
}

async::Task<Result<void>> purge_traces(db::Database& database, WallTime now) {
  constexpr std::int64_t kRows = 2'000;  // in one transaction
  constexpr int kRounds = 100;
  for (int i = 0; i < kRounds; ++i) {
    PRYX_CO_TRY(const std::int64_t dropped,
                co_await database.write([now](db::Transaction& t) -> Result<std::int64_t> {
                  PRYX_TRY_VOID(trace::Budgets::purge(t.db(), now, kRows));
                  return trace::SpanStore::purge(t.db(), now, kRows);
                }));
    if (dropped < kRows) break;
  }
  co_return Result<void>{};
}

}  // namespace pryx::app
