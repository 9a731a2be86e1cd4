// SPDX-License-Identifier: MIT
// What the engine writes traces and costs with: spans, calls of models with their reservations, and the
// events that tell clients. Everything but start() is called inside the write job that records the work
// itself, so a trace needs no commit of its own and is complete whenever the work's own rows are. Owned by
// apps/; methods with a Transaction run on the database's thread, the others on the I/O thread.
#pragma once
#include <atomic>
#include <functional>
#include <string>

#include "foundation/async/task.h"
#include "foundation/events/event_log.h"
#include "trust/trace/budgets.h"
#include "trust/trace/ledger.h"
#include "trust/trace/span_store.h"

namespace pryx::trace {

// How an attempt at a model ended.
struct CallEnd {
  Tokens tokens;
  CallOutcome outcome = CallOutcome::kOk;
  std::optional<NanoUsd> cost;  // nullopt: nobody knows
  // When another model than the one that was asked answered: which. Empty: the asked one.
  std::string provider;
  std::string model;
};
struct Charge {
  CostRow row;
  std::int64_t started_ns = 0;
};

// Counters since the start of this daemon, for /metrics.
struct Counts {
  std::atomic<std::int64_t> turns_ok{0}, turns_failed{0}, turns_cancelled{0};
  std::atomic<std::int64_t> calls_ok{0}, calls_failed{0};
  std::atomic<std::int64_t> tools_ok{0}, tools_failed{0}, tools_denied{0};
  std::atomic<std::int64_t> input_tokens{0}, output_tokens{0}, cost_nano{0};
  std::atomic<std::int64_t> budget_refusals{0}, spans{0};
};

class Recorder {
 public:
  // `boot_id`: of this life of the daemon.
  Recorder(const Clock& clock, events::EventLog& events, std::string boot_id);

  // Wall time in nanoseconds, finer than the wall clock tells. Any thread.
  [[nodiscard]] std::int64_t now_ns() const;
  [[nodiscard]] const std::string& boot_id() const { return boot_id_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }

  // How much an answer had been streamed when the daemon died, as tokens; the module that owns the
  // transcript knows.
  using StreamedTokens = std::function<Result<std::int64_t>(db::Connection&, const OpenCall&)>;
  // Settles the calls that other lives left open: they count as estimated, and their reservations end. Once,
  // before the first turn.
  [[nodiscard]] async::Task<Result<void>> start(db::Database& database, StreamedTokens streamed);
  // The last moment that the life before is known to have lived, by what it recorded; 0 before start().
  [[nodiscard]] std::int64_t last_life_ns() const { return last_life_ns_; }

  // --- inside write jobs ---
  // Writes the span and tells `trace.span`.
  [[nodiscard]] Result<void> add(db::Transaction& t, Span span, std::string_view surface);
  // kBudget when it does not fit (budgets.h); calls of the same step that are still open are settled first,
  // as interrupted.
  [[nodiscard]] Result<Grant> begin_call(db::Transaction& t, CallScope scope, const Ask& ask,
                                         const StreamedTokens& streamed);
  // Books the cost and tells `cost.updated`, and `budget.alert` where it is due. Nullopt when no such call is
  // open: it was settled before.
  [[nodiscard]] Result<std::optional<Charge>> end_call(db::Transaction& t, const PrincipalId& principal,
                                                       const StepId& step, int attempt, const CallEnd& end);
  // Whatever of this turn is still open, as interrupted; how many.
  [[nodiscard]] Result<int> settle_turn(db::Transaction& t, const PrincipalId& principal, const TurnId& turn,
                                        const StreamedTokens& streamed);
  // The control of a test: budgets are not guarded.
  void set_unguarded(bool unguarded) { unguarded_ = unguarded; }

 private:
  [[nodiscard]] Result<void> settle(db::Transaction& t, const OpenCall& call, std::int64_t output_tokens,
                                    std::int64_t end_ns);
  void count(const Span& span);
  const Clock& clock_;
  events::EventLog& events_;
  std::string boot_id_;
  mutable std::atomic<std::int64_t> offset_ns_;  // from the monotonic clock to the wall clock
  std::int64_t last_life_ns_ = 0;
  bool unguarded_ = false;
  Counts counts_;
};

// The span of one attempt at a model, ready for Recorder::add(); the caller fills times, status and more
// attributes.
[[nodiscard]] Span model_span(const CallScope& scope, const TraceContext& context, const CostRow* cost);

}  // namespace pryx::trace
