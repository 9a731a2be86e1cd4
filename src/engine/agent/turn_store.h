// SPDX-License-Identifier: MIT
// Turns, steps and the outbox: their tables, with the transition tables enforced in SQL. Static functions for
// composing transactions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/records.h"
#include "foundation/db/database.h"

namespace pryx::agent {

constexpr int kMaxQueuedPerSession = 32;
constexpr int kMaxQueuedTurns = 10'000;
// The column `usage` of a turn: tokens, calls and cost.
void read_usage(Turn& turn, std::string_view text);

constexpr int kMaxCrashes = 3;  // a step that was under way at so many crashes is not started again

struct IdempotentAnswer {
  std::string body_hash;
  MessageId message;
  TurnId turn;
};

// A call that was decided, with what its turn adds to it.
struct PastCall {
  Step step;
  SessionId session;
  std::string approve;  // of the turn
};

struct OpenTurn {
  PrincipalId principal;
  SessionId session;
  TurnId turn;
  Priority priority = Priority::kOwner;
};

struct TurnStore {
  [[nodiscard]] static Result<void> insert_turn(db::Connection& c, const Turn& turn);
  [[nodiscard]] static Result<std::optional<Turn>> find_turn(db::Connection& c, const PrincipalId& principal,
                                                             const TurnId& id);
  [[nodiscard]] static Result<std::optional<Turn>> find_turn_by_seq(db::Connection& c,
                                                                    const PrincipalId& principal,
                                                                    std::int64_t seq);
  // All of a session, oldest first.
  [[nodiscard]] static Result<std::vector<Turn>> list_turns(db::Connection& c, const PrincipalId& principal,
                                                            const SessionId& session);
  [[nodiscard]] static Result<std::int64_t> count_open(db::Connection& c, const PrincipalId& principal,
                                                       const SessionId& session);
  // queued, running and waiting turns, oldest first: what a starting daemon goes on with.
  [[nodiscard]] static Result<bool> is_latest(db::Connection& c, const PrincipalId& principal,
                                              const SessionId& session, const TurnId& turn);
  [[nodiscard]] static Result<std::vector<OpenTurn>> list_open(db::Connection& c);
  // Checks the transition table and that the row still has the state the caller saw; kConflict otherwise.
  [[nodiscard]] static Result<void> change_state(db::Connection& c, Turn& turn, TurnState to, WallTime at);
  [[nodiscard]] static Result<void> note_start(db::Connection& c, Turn& turn,
                                               WallTime at);  // starts + 1, running
  [[nodiscard]] static Result<void> save_options(db::Connection& c, const Turn& turn);
  [[nodiscard]] static Result<void> save_progress(db::Connection& c,
                                                  const Turn& turn);  // usage, answered_by, errors

  [[nodiscard]] static Result<void> insert_step(db::Connection& c, const Step& step);
  [[nodiscard]] static Result<std::vector<Step>> list_steps(db::Connection& c, const PrincipalId& principal,
                                                            const TurnId& turn);
  // Calls whose decision fell from `from` on, before a place in the order by time and id. Newest first.
  [[nodiscard]] static Result<std::vector<PastCall>> list_decided(db::Connection& c,
                                                                  const PrincipalId& principal, WallTime from,
                                                                  WallTime before, std::string_view before_id,
                                                                  std::int64_t limit);
  [[nodiscard]] static Result<bool> has_step(db::Connection& c, const StepId& id);
  [[nodiscard]] static Result<void> change_state(db::Connection& c, Step& step, StepState to,
                                                 WallTime at);  // writes every mutable field
  // started with attempt + 1, from planned, awaiting_approval, unknown or an interrupted start. `crashes`:
  // how many there were while it was under way, this start's reason among them.
  [[nodiscard]] static Result<void> start_attempt(db::Connection& c, Step& step, std::string_view boot_id,
                                                  int crashes, WallTime at);

  // A person said: try again. The attempts and crashes before do not count any more.
  [[nodiscard]] static Result<void> reset_attempts(db::Connection& c, Step& step);

  [[nodiscard]] static Result<std::optional<IdempotentAnswer>> find_key(db::Connection& c,
                                                                        const PrincipalId& principal,
                                                                        const SessionId& session,
                                                                        std::string_view key, WallTime now);
  [[nodiscard]] static Result<void> insert_key(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& session, std::string_view key,
                                               const IdempotentAnswer& answer, WallTime now);
  [[nodiscard]] static Result<std::int64_t> purge_keys(db::Connection& c, WallTime now);

  [[nodiscard]] static Result<void> insert_outbox(db::Connection& c, const OutboxRow& row);
  // Rows whose terminal event has a version up to this one, of one session or of all, become delivered;
  // returns their sessions.
  [[nodiscard]] static Result<std::vector<SessionId>> deliver_up_to(db::Connection& c,
                                                                    const PrincipalId& principal,
                                                                    std::uint64_t version,
                                                                    const SessionId& session, WallTime at);
  // `up_to`: what was written later was not what somebody received.
  [[nodiscard]] static Result<std::optional<SessionId>> deliver_turn(db::Connection& c,
                                                                     const PrincipalId& principal,
                                                                     const TurnId& turn, WallTime at,
                                                                     WallTime up_to = WallTime{INT64_MAX});
  // A session is read once nothing of it is pending: an answer may have been received while an older one
  // waits.
  [[nodiscard]] static Result<void> mark_read_if_delivered(db::Connection& c, const PrincipalId& principal,
                                                           const SessionId& session);
  [[nodiscard]] static Result<std::vector<OutboxRow>> list_outbox(db::Connection& c,
                                                                  const PrincipalId& principal,
                                                                  const TurnId& turn);
};

}  // namespace pryx::agent
