// SPDX-License-Identifier: MIT
#include "engine/agent/turn_store.h"

#include "engine/agent/session_store.h"
#include "engine/agent/session_totals.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

constexpr Duration kKeyLifetime = std::chrono::hours(24 * 7);

constexpr std::string_view kInsertTurn =
    "INSERT INTO turns (principal_id, id, session_id, state, priority, surface, model, message_id, "
    "interactive, approve, created_at, format, options)"
    " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)";
#define PRYX_TURN_COLUMNS                                                                                 \
  "SELECT seq, principal_id, id, session_id, state, priority, surface, model, answered_by, message_id, "  \
  "interactive, approve, starts, usage, denied_calls, error_code, error_detail, created_at, started_at, " \
  "ended_at, format, options, failure FROM turns "
constexpr std::string_view kGetTurn = PRYX_TURN_COLUMNS "WHERE id = $2 AND principal_id = $1";
constexpr std::string_view kGetTurnBySeq = PRYX_TURN_COLUMNS "WHERE seq = $2 AND principal_id = $1";
constexpr std::string_view kTurnsOfSession =
    PRYX_TURN_COLUMNS "WHERE principal_id = $1 AND session_id = $2 ORDER BY seq";
#undef PRYX_TURN_COLUMNS
constexpr std::string_view kOpenTurns =
    "SELECT principal_id, session_id, id, priority FROM turns WHERE state IN ('queued','running','waiting') "
    "ORDER BY seq";
constexpr std::string_view kChangeTurn =
    "UPDATE turns SET state = $3, ended_at = $4 WHERE id = $1 AND state = $2";
constexpr std::string_view kStartTurn =
    "UPDATE turns SET state = 'running', starts = starts + 1, started_at = coalesce(started_at, $3) WHERE id "
    "= $1 AND state = $2";
constexpr std::string_view kUsageOfTurn = "SELECT usage FROM turns WHERE id = $1";
constexpr std::string_view kSaveTurn =
    "UPDATE turns SET usage = $2, answered_by = $3, denied_calls = $4, error_code = $5, error_detail = $6, "
    "failure = $7, model = $8 WHERE id = $1";

constexpr std::string_view kInsertStep =
    "INSERT INTO steps (principal_id, turn_id, seq, id, kind, state, effect_class, attempt, tool, call_id, "
    "args_json, args_hash, idempotency_key, labels,"
    " policy_version, decision_rule, approval_id, result_ref, error_code, summary, planned_at, started_at, "
    "boot_id, format, purpose)"
    " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25)";
constexpr std::string_view kListSteps =
    "SELECT principal_id, turn_id, seq, id, kind, state, effect_class, attempt, tool, call_id, args_json, "
    "args_hash, idempotency_key, labels, policy_version,"
    " decision_rule, approval_id, result_ref, error_code, summary, planned_at, started_at, ended_at, "
    "boot_id, format, crashes, call_hash, purpose, verdict, verdict_rule FROM steps"
    " WHERE principal_id = $1 AND turn_id = $2 ORDER BY seq";
// Whatever came of them; a step that nobody came to was not decided. Newest first.
constexpr std::string_view kDecidedSteps =
    "SELECT s.principal_id, s.turn_id, s.seq, s.id, s.kind, s.state, s.effect_class, s.attempt, s.tool, "
    "s.call_id, s.args_json, s.args_hash, s.idempotency_key, s.labels, s.policy_version, s.decision_rule, "
    "s.approval_id, s.result_ref, s.error_code, s.summary, s.planned_at, s.started_at, s.ended_at, "
    "s.boot_id, "
    "s.format, s.crashes, s.call_hash, s.purpose, s.verdict, s.verdict_rule, t.session_id, t.approve FROM "
    "steps s JOIN turns t ON t.id = s.turn_id WHERE s.principal_id = $1 AND s.kind = 'tool' AND s.planned_at "
    ">= $2 AND (s.planned_at < $3 OR (s.planned_at = $3 AND s.id < $4)) AND s.state <> 'planned' AND NOT "
    "(s.state = 'cancelled' AND s.verdict = '' AND s.started_at IS NULL) ORDER BY s.planned_at DESC, s.id "
    "DESC LIMIT $5";
constexpr std::string_view kHasStep = "SELECT count(*) FROM steps WHERE id = $1";
constexpr std::string_view kChangeStep =
    "UPDATE steps SET state = $5, effect_class = $6, attempt = $7, args_hash = $8, idempotency_key = $9, "
    "policy_version = $10, decision_rule = $11,"
    " approval_id = $12, result_ref = $13, error_code = $14, summary = $15, started_at = $16, ended_at = "
    "$17, boot_id = $18, crashes = $19, call_hash = $20, verdict = $21, verdict_rule = $22"
    " WHERE principal_id = $1 AND turn_id = $2 AND seq = $3 AND state = $4";

constexpr std::string_view kGetKey =
    "SELECT body_hash, message_id, turn_id FROM idempotency_keys WHERE principal_id = $1 AND session_id = $2 "
    "AND key = $3 AND created_at > $4";
constexpr std::string_view kPutKey =
    "INSERT OR REPLACE INTO idempotency_keys (principal_id, session_id, key, body_hash, message_id, turn_id, "
    "created_at) VALUES ($1,$2,$3,$4,$5,$6,$7)";

constexpr std::string_view kInsertOutbox =
    "INSERT INTO outbox (principal_id, turn_id, id, session_id, target, state, event_version, created_at) "
    "VALUES ($1,$2,$3,$4,$5,$6,$7,$8)";
constexpr std::string_view kDeliverable =
    "SELECT turn_id, session_id FROM outbox WHERE principal_id = $1 AND state = 'pending' AND event_version "
    "<= $2 AND ($3 = '' OR session_id = $3)";
constexpr std::string_view kDeliver =
    "UPDATE outbox SET state = 'delivered', delivered_at = $3 WHERE principal_id = $1 AND turn_id = $2 AND "
    "state = 'pending' AND created_at <= $4";
constexpr std::string_view kOutboxSession =
    "SELECT session_id FROM outbox WHERE principal_id = $1 AND turn_id = $2 AND state = 'pending' AND "
    "created_at <= $3";
constexpr std::string_view kPendingOfSession =
    "SELECT 1 FROM outbox WHERE principal_id = $1 AND session_id = $2 AND state = 'pending' LIMIT 1";
constexpr std::string_view kListOutbox =
    "SELECT principal_id, id, turn_id, session_id, target, state, event_version, created_at, delivered_at "
    "FROM outbox WHERE principal_id = $1 AND turn_id = $2";

std::string usage_text(const Turn& turn) {
  const models::Usage& usage = turn.usage;
  return json::to_text(json::object{{"in", usage.input_tokens},
                                    {"out", usage.output_tokens},
                                    {"cached", usage.cached_input_tokens},
                                    {"cache_write", usage.cache_write_tokens},
                                    {"reasoning", usage.reasoning_tokens},
                                    {"estimated", usage.estimated},
                                    {"nano_usd", turn.cost_nano},
                                    {"calls", turn.model_calls},
                                    {"unpriced", turn.unpriced_calls}});
}

Turn read_usage_only(const db::Row& r) {
  Turn t;
  read_usage(t, r.view(0));
  return t;
}

Turn read_turn(const db::Row& r) {
  Turn t;
  t.seq = r.integer(0);
  t.principal = r.id<PrincipalId>(1);
  t.id = r.id<TurnId>(2);
  t.session = r.id<SessionId>(3);
  t.state = turn_state_from_text(r.view(4)).value_or(TurnState::kFailed);
  t.priority = static_cast<Priority>(r.integer(5));
  t.surface = r.text(6);
  t.model = r.text(7);
  t.answered_by = r.text(8);
  t.message = r.id<MessageId>(9);
  t.interactive = r.boolean(10);
  t.approve = r.text(11);
  t.starts = static_cast<int>(r.integer(12));
  read_usage(t, r.view(13));
  t.denied_calls = static_cast<int>(r.integer(14));
  t.error_code = r.text(15);
  t.error_detail = r.text(16);
  t.created_at = r.time(17);
  t.started_at = r.optional_time(18);
  t.ended_at = r.optional_time(19);
  t.format = static_cast<int>(r.integer(20));
  t.options = TurnOptions::from_text(r.view(21));
  t.failure = ModelFailure::from_text(r.view(22));
  return t;
}

Step read_step(const db::Row& r) {
  Step s;
  s.principal = r.id<PrincipalId>(0);
  s.turn = r.id<TurnId>(1);
  s.seq = static_cast<int>(r.integer(2));
  s.id = r.id<StepId>(3);
  s.kind = step_kind_from_text(r.view(4)).value_or(StepKind::kTool);
  s.state = step_state_from_text(r.view(5)).value_or(StepState::kUnknown);
  // An effect class of a newer release is treated as the most careful one.
  s.effect = tools::effect_class_from_text(r.view(6)).value_or(tools::EffectClass::kOneShot);
  s.attempt = static_cast<int>(r.integer(7));
  s.tool = r.text(8);
  s.call_id = r.text(9);
  s.arguments = r.text(10);
  s.args_hash = r.text(11);
  s.idempotency_key = r.text(12);
  auto labels = trust::Labels::parse(r.view(13));
  s.labels = labels ? std::move(*labels) : trust::Labels::unreadable();
  s.policy_version = r.text(14);
  s.decision_rule = r.text(15);
  s.approval = r.id<ApprovalId>(16);
  s.result_ref = r.text(17);
  s.error_code = r.text(18);
  s.summary = r.text(19);
  s.planned_at = r.time(20);
  s.started_at = r.optional_time(21);
  s.ended_at = r.optional_time(22);
  s.boot_id = r.text(23);
  s.format = static_cast<int>(r.integer(24));
  s.call_hash = r.text(26);
  s.purpose = r.text(27);
  s.verdict = r.text(28);
  s.verdict_rule = r.text(29);
  s.crashes = static_cast<int>(r.integer(25));
  return s;
}

Result<void> write_step(db::Connection& c, const Step& s, StepState from) {
  PRYX_TRY(const auto changed,
           c.run(kChangeStep, s.principal, s.turn, s.seq, to_text(from), to_text(s.state),
                 tools::to_text(s.effect), s.attempt, s.args_hash, s.idempotency_key, s.policy_version,
                 s.decision_rule, s.approval, s.result_ref, s.error_code, s.summary, s.started_at, s.ended_at,
                 s.boot_id, s.crashes, s.call_hash, s.verdict, s.verdict_rule));
  if (changed != 1) return fail(ErrorCode::kConflict, "step {} is no longer {}", s.id.str(), to_text(from));
  return {};
}

}  // namespace

void read_usage(Turn& turn, std::string_view text) {
  models::Usage& usage = turn.usage;
  const auto o = json::parse_object(text, json::kOwnText);
  if (!o) return;
  usage.input_tokens = json::integer_or(*o, "in", 0);
  usage.output_tokens = json::integer_or(*o, "out", 0);
  usage.cached_input_tokens = json::integer_or(*o, "cached", 0);
  usage.cache_write_tokens = json::integer_or(*o, "cache_write", 0);
  usage.reasoning_tokens = json::integer_or(*o, "reasoning", 0);
  const json::value* estimated = json::find(*o, "estimated");
  usage.estimated = estimated != nullptr && estimated->is_bool() && estimated->get_bool();
  turn.cost_nano = json::integer_or(*o, "nano_usd", 0);
  turn.model_calls = static_cast<int>(json::integer_or(*o, "calls", 0));
  turn.unpriced_calls = static_cast<int>(json::integer_or(*o, "unpriced", 0));
}

Result<void> TurnStore::insert_turn(db::Connection& c, const Turn& t) {
  PRYX_TRY_VOID(c.run(kInsertTurn, t.principal, t.id, t.session, to_text(t.state),
                      static_cast<int>(t.priority), t.surface, t.model, t.message, t.interactive, t.approve,
                      t.created_at, t.format, t.options.to_text()));
  return SessionTotals::turn_accepted(c, t);
}

Result<std::optional<Turn>> TurnStore::find_turn(db::Connection& c, const PrincipalId& principal,
                                                 const TurnId& id) {
  return c.find(kGetTurn, read_turn, principal, id);
}

Result<std::optional<Turn>> TurnStore::find_turn_by_seq(db::Connection& c, const PrincipalId& principal,
                                                        std::int64_t seq) {
  return c.find(kGetTurnBySeq, read_turn, principal, seq);
}

Result<std::vector<Turn>> TurnStore::list_turns(db::Connection& c, const PrincipalId& principal,
                                                const SessionId& session) {
  return c.list(kTurnsOfSession, read_turn, principal, session);
}

Result<std::int64_t> TurnStore::count_open(db::Connection& c, const PrincipalId& principal,
                                           const SessionId& session) {
  return c.count(
      "SELECT count(*) FROM turns WHERE principal_id = $1 AND session_id = $2 AND state IN "
      "('queued','running','waiting')",
      principal, session);
}

Result<bool> TurnStore::is_latest(db::Connection& c, const PrincipalId& principal, const SessionId& session,
                                  const TurnId& turn) {
  PRYX_TRY(const auto latest,
           c.find(
               "SELECT id FROM turns WHERE principal_id = $1 AND session_id = $2 ORDER BY seq DESC LIMIT 1",
               [](const db::Row& r) { return r.id<TurnId>(0); }, principal, session));
  return latest && *latest == turn;
}

Result<std::vector<OpenTurn>> TurnStore::list_open(db::Connection& c) {
  return c.list(kOpenTurns, [](const db::Row& r) {
    return OpenTurn{r.id<PrincipalId>(0), r.id<SessionId>(1), r.id<TurnId>(2),
                    static_cast<Priority>(r.integer(3))};
  });
}

Result<void> TurnStore::change_state(db::Connection& c, Turn& turn, TurnState to, WallTime at) {
  PRYX_CHECK(may_become(turn.state, to));
  std::optional<WallTime> ended;
  if (is_terminal(to)) ended = at;
  PRYX_TRY(const auto changed, c.run(kChangeTurn, turn.id, to_text(turn.state), to_text(to), ended));
  if (changed != 1)
    return fail(ErrorCode::kConflict, "turn {} is no longer {}", turn.id.str(), to_text(turn.state));
  turn.state = to;
  turn.ended_at = ended;
  return SessionTotals::turn_stands(c, turn);
}

Result<void> TurnStore::note_start(db::Connection& c, Turn& turn, WallTime at) {
  // A turn that a dead daemon left running or waiting is simply started once more.
  PRYX_CHECK(!is_terminal(turn.state) && turn.state != TurnState::kNeedsAttention);
  PRYX_TRY(const auto changed, c.run(kStartTurn, turn.id, to_text(turn.state), at));
  if (changed != 1)
    return fail(ErrorCode::kConflict, "turn {} is no longer {}", turn.id.str(), to_text(turn.state));
  turn.state = TurnState::kRunning;
  ++turn.starts;
  if (!turn.started_at) turn.started_at = at;
  return SessionTotals::turn_stands(c, turn);
}

Result<void> TurnStore::save_options(db::Connection& c, const Turn& turn) {
  PRYX_TRY_VOID(c.run("UPDATE turns SET options = $3 WHERE principal_id = $1 AND id = $2", turn.principal,
                      turn.id, turn.options.to_text()));
  return {};
}

Result<void> TurnStore::save_progress(db::Connection& c, const Turn& turn) {
  PRYX_TRY(const auto before, c.find(kUsageOfTurn, read_usage_only, turn.id));
  if (before) PRYX_TRY_VOID(SessionTotals::turn_used(c, *before, turn));
  PRYX_TRY_VOID(c.run(kSaveTurn, turn.id, usage_text(turn), turn.answered_by, turn.denied_calls,
                      turn.error_code, turn.error_detail, turn.failure.to_text(), turn.model));
  return {};
}

Result<void> TurnStore::insert_step(db::Connection& c, const Step& s) {
  PRYX_TRY_VOID(c.run(kInsertStep, s.principal, s.turn, s.seq, s.id, to_text(s.kind), to_text(s.state),
                      tools::to_text(s.effect), s.attempt, s.tool, s.call_id, s.arguments, s.args_hash,
                      s.idempotency_key, s.labels.to_text(), s.policy_version, s.decision_rule, s.approval,
                      s.result_ref, s.error_code, s.summary, s.planned_at, s.started_at, s.boot_id, s.format,
                      s.purpose));
  return {};
}

Result<std::vector<Step>> TurnStore::list_steps(db::Connection& c, const PrincipalId& principal,
                                                const TurnId& turn) {
  return c.list(kListSteps, read_step, principal, turn);
}

Result<std::vector<PastCall>> TurnStore::list_decided(db::Connection& c, const PrincipalId& principal,
                                                      WallTime from, WallTime before,
                                                      std::string_view before_id, std::int64_t limit) {
  return c.list(
      kDecidedSteps, [](const db::Row& r) { return PastCall{read_step(r), r.id<SessionId>(30), r.text(31)}; },
      principal, from, before, before_id, limit);
}

Result<bool> TurnStore::has_step(db::Connection& c, const StepId& id) {
  PRYX_TRY(const std::int64_t count, c.count(kHasStep, id));
  return count > 0;
}

Result<void> TurnStore::change_state(db::Connection& c, Step& step, StepState to, WallTime at) {
  PRYX_CHECK(may_become(step.state, to));
  const StepState from = std::exchange(step.state, to);
  if (is_terminal(to)) step.ended_at = at;
  auto written = write_step(c, step, from);
  if (!written) step.state = from;
  return written;
}

Result<void> TurnStore::start_attempt(db::Connection& c, Step& step, std::string_view boot_id, int crashes,
                                      WallTime at) {
  PRYX_CHECK(may_become(step.state, StepState::kStarted));
  Step next = step;
  next.state = StepState::kStarted;
  next.attempt += 1;
  next.crashes = crashes;
  next.boot_id = boot_id;
  next.started_at = at;
  PRYX_TRY_VOID(write_step(c, next, step.state));
  step = std::move(next);
  return {};
}

Result<void> TurnStore::reset_attempts(db::Connection& c, Step& step) {
  step.attempt = 0;
  step.crashes = 0;
  return write_step(c, step, step.state);
}

Result<std::optional<IdempotentAnswer>> TurnStore::find_key(db::Connection& c, const PrincipalId& principal,
                                                            const SessionId& session, std::string_view key,
                                                            WallTime now) {
  return c.find(
      kGetKey,
      [](const db::Row& r) { return IdempotentAnswer{r.text(0), r.id<MessageId>(1), r.id<TurnId>(2)}; },
      principal, session, key, now + -kKeyLifetime);
}

Result<void> TurnStore::insert_key(db::Connection& c, const PrincipalId& principal, const SessionId& session,
                                   std::string_view key, const IdempotentAnswer& answer, WallTime now) {
  PRYX_TRY_VOID(c.run(kPutKey, principal, session, key, answer.body_hash, answer.message, answer.turn, now));
  return {};
}

Result<std::int64_t> TurnStore::purge_keys(db::Connection& c, WallTime now) {
  return c.run("DELETE FROM idempotency_keys WHERE created_at <= $1", now + -kKeyLifetime);
}

Result<void> TurnStore::insert_outbox(db::Connection& c, const OutboxRow& row) {
  PRYX_TRY_VOID(c.run(kInsertOutbox, row.principal, row.turn, row.id, row.session, row.target,
                      to_text(row.state), row.event_version, row.created_at));
  return {};
}

Result<std::vector<SessionId>> TurnStore::deliver_up_to(db::Connection& c, const PrincipalId& principal,
                                                        std::uint64_t version, const SessionId& session,
                                                        WallTime at) {
  PRYX_TRY(const auto rows,
           c.list(
               kDeliverable, [](const db::Row& r) { return std::pair(r.id<TurnId>(0), r.id<SessionId>(1)); },
               principal, version, session.str()));
  std::vector<SessionId> sessions;
  for (const auto& [turn, of_session] : rows) {
    PRYX_TRY_VOID(c.run(kDeliver, principal, turn, at, WallTime{INT64_MAX}));
    sessions.push_back(of_session);
  }
  return sessions;
}

Result<std::optional<SessionId>> TurnStore::deliver_turn(db::Connection& c, const PrincipalId& principal,
                                                         const TurnId& turn, WallTime at, WallTime up_to) {
  PRYX_TRY(
      auto session,
      c.find(kOutboxSession, [](const db::Row& r) { return r.id<SessionId>(0); }, principal, turn, up_to));
  if (session) PRYX_TRY_VOID(c.run(kDeliver, principal, turn, at, up_to));
  return session;
}

Result<void> TurnStore::mark_read_if_delivered(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& session) {
  PRYX_TRY(const auto pending,
           c.find(kPendingOfSession, [](const db::Row& r) { return r.integer(0); }, principal, session));
  if (pending) return {};
  return SessionStore::set_unread(c, principal, session, false);
}

Result<std::vector<OutboxRow>> TurnStore::list_outbox(db::Connection& c, const PrincipalId& principal,
                                                      const TurnId& turn) {
  return c.list(
      kListOutbox,
      [](const db::Row& r) {
        OutboxRow row;
        row.principal = r.id<PrincipalId>(0);
        row.id = r.id<OutboxId>(1);
        row.turn = r.id<TurnId>(2);
        row.session = r.id<SessionId>(3);
        row.target = r.text(4);
        row.state = outbox_state_from_text(r.view(5)).value_or(OutboxState::kUnknown);
        row.event_version = static_cast<std::uint64_t>(r.integer(6));
        row.created_at = r.time(7);
        row.delivered_at = r.optional_time(8);
        return row;
      },
      principal, turn);
}

}  // namespace pryx::agent
