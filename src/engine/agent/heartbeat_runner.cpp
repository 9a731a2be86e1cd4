// SPDX-License-Identifier: MIT
#include "engine/agent/heartbeat_runner.h"

#include <algorithm>

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/held_directory.h"

namespace pryx::agent {
namespace {

constexpr Duration kLookEvery = std::chrono::minutes(1);

constexpr std::string_view kFind =
    "SELECT session_id, turn_id, last_at, file_hash, was_ok, settled FROM heartbeats WHERE principal_id = $1 "
    "AND workspace_id = $2";
constexpr std::string_view kPut =
    "INSERT INTO heartbeats (principal_id, workspace_id, session_id, turn_id, last_at, file_hash, was_ok, "
    "settled) VALUES ($1,$2,$3,$4,$5,$6,0,0) ON CONFLICT (principal_id, workspace_id) DO UPDATE SET "
    "session_id "
    "= $3, turn_id = $4, last_at = $5, file_hash = $6, was_ok = 0, settled = 0";
constexpr std::string_view kSettle =
    "UPDATE heartbeats SET was_ok = $3, settled = 1 WHERE principal_id = $1 AND turn_id = $2";
// Work of others in the workspace since the last one.
constexpr std::string_view kOthers =
    "SELECT count(*) FROM turns t JOIN sessions s ON s.principal_id = t.principal_id AND s.id = t.session_id "
    "WHERE t.principal_id = $1 AND s.workspace_id = $2 AND s.id <> $3 AND t.created_at > $4";
constexpr std::string_view kOpen =
    "SELECT count(*) FROM turns WHERE principal_id = $1 AND session_id = $2 AND state IN "
    "('queued','running','waiting','needs_attention')";

std::string answer_of(const std::vector<Message>& history, const TurnId& turn) {
  for (auto message = history.rbegin(); message != history.rend(); ++message) {
    if (message->turn == turn && message->role == Role::kAssistant) return message->text();
  }
  return {};
}

bool has_thoughts(const std::vector<Message>& history, const TurnId& turn) {
  return std::ranges::any_of(history, [&](const Message& message) {
    return message.turn == turn && std::ranges::any_of(message.parts, [](const Part& part) {
             return part.type == "reasoning" && !trim(part.text).empty();
           });
  });
}

Caller heartbeat_caller(const PrincipalId& principal) {
  return {.principal = {.id = principal}, .scopes = Scopes{Scope::kChat}, .surface = "heartbeat"};
}

}  // namespace

HeartbeatRunner::HeartbeatRunner(Parts parts) : parts_(parts), group_(parts.loop, "heartbeat") {}

Result<std::optional<HeartbeatRunner::Row>> HeartbeatRunner::find_row(db::Connection& c,
                                                                      const Workspace& workspace) {
  return c.find(
      kFind,
      [](const db::Row& r) {
        return Row{r.id<SessionId>(0), r.id<TurnId>(1), r.time(2), r.text(3), r.boolean(4), r.boolean(5)};
      },
      workspace.principal, workspace.id);
}

async::Task<Result<void>> HeartbeatRunner::start() {
  const auto open = co_await parts_.database.read([](db::Connection& c) {
    return c.list("SELECT session_id, turn_id, settled FROM heartbeats", [](const db::Row& r) {
      return std::pair(r.id<SessionId>(0), r.boolean(2) ? TurnId() : r.id<TurnId>(1));
    });
  });
  if (!open) co_return std::unexpected(open.error());
  ends_ = parts_.events.subscribe({.principal = owner().id,
                                   .names = {"turn.completed"},
                                   .session = {},
                                   .turn_id = {},
                                   .include_ephemeral = false});
  for (const auto& [session, turn] : *open) {
    sessions_.insert(session);
    if (turn.empty()) continue;
    const auto settled = co_await settle(turn);
    if (!settled) log::warn("heartbeat.not_judged", {{"error", settled.error().message}});
  }
  group_.spawn("follow", follow());
  group_.spawn("tick", tick());
  co_return Result<void>{};
}

void HeartbeatRunner::set_enabled(bool enabled) {
  if (enabled && !std::exchange(enabled_, enabled)) group_.spawn("look", look());
  enabled_ = enabled;
}

async::Task<void> HeartbeatRunner::stop() { co_await group_.stop(); }

async::Task<void> HeartbeatRunner::tick() {
  for (;;) {
    const auto slept = co_await async::sleep(parts_.loop, kLookEvery);
    if (!slept) co_return;
    co_await look();
  }
}

async::Task<void> HeartbeatRunner::follow() {
  for (;;) {
    const auto event = co_await ends_->next();
    if (!event && event.error().code == ErrorCode::kCancelled) co_return;
    if (!event) {
      const auto slept = co_await async::sleep(parts_.loop, std::chrono::seconds(1));
      if (!slept) co_return;
      continue;
    }
    if (!sessions_.contains((*event)->session)) continue;
    const auto settled = co_await settle(TurnId((*event)->turn_id));
    if (!settled) log::warn("heartbeat.not_judged", {{"error", settled.error().message}});
  }
}

async::Task<void> HeartbeatRunner::look() {
  if (!enabled_) co_return;
  const auto workspaces = co_await parts_.database.read(
      [](db::Connection& c) { return SessionStore::list_workspaces(c, owner().id); });
  if (!workspaces) co_return;
  for (const Workspace& workspace : *workspaces) {
    if (workspace.is_private) continue;
    const auto looked = co_await look_at(workspace);
    if (!looked && looked.error().code == ErrorCode::kCancelled) co_return;
    if (!looked)
      log::warn("heartbeat.failed", {{"workspace", workspace.path}, {"error", looked.error().message}});
  }
}

HeartbeatSettings HeartbeatRunner::settings() const {
  const auto profile = parts_.profiles != nullptr ? parts_.profiles->find(AgentProfile().name) : nullptr;
  return profile != nullptr ? profile->heartbeat : HeartbeatSettings();
}

async::Task<Result<void>> HeartbeatRunner::look_at(Workspace workspace) {
  const auto opened = co_await parts_.workspaces.open(
      Session{.principal = workspace.principal, .workspace = workspace.id, .surface = "heartbeat"});
  if (!opened.directory) co_return Result<void>{};
  const auto file = co_await parts_.pool.run([&](const std::stop_token&) {
    return opened.directory->read_file(kHeartbeatFile, 4 * kMaxHeartbeatBytes, platform::Symlinks::kRefuse);
  });
  if (!file) co_return Result<void>{};  // there is none, or none that may be read
  HeartbeatFacts facts{.file = to_valid_utf8(utf8_prefix(*file, kMaxHeartbeatBytes))};
  facts.file_hash = "sha256:" + crypto::sha256_hex(*file);
  PRYX_CO_TRY(const auto row,
              co_await parts_.database.read([&](db::Connection& c) -> Result<std::optional<Row>> {
                PRYX_TRY(auto found, find_row(c, workspace));
                if (!found) return found;
                PRYX_TRY(const auto others,
                         c.count(kOthers, workspace.principal, workspace.id, found->session, found->last_at));
                PRYX_TRY(const auto open, c.count(kOpen, workspace.principal, found->session));
                facts.active_since = others > 0;
                facts.is_busy = open > 0;
                return found;
              }));
  if (row) {
    facts.last_at = row->last_at;
    facts.last_hash = row->file_hash;
    facts.last_was_ok = row->was_ok;
  }
  const WallTime now = parts_.loop.clock().wall();
  if (decide_heartbeat(facts, settings(), now) != HeartbeatDecision::kRun) co_return Result<void>{};
  co_return co_await beat(std::move(workspace), row, heartbeat_prompt(*facts.file), facts.file_hash);
}

async::Task<Result<void>> HeartbeatRunner::beat(Workspace workspace, std::optional<Row> row, std::string text,
                                                std::string hash) {
  const PrincipalId principal = workspace.principal;
  const WallTime now = parts_.loop.clock().wall();
  const auto exists = [&](db::Connection& c) {
    return SessionStore::find_session(c, principal, row ? row->session : SessionId());
  };
  PRYX_CO_TRY(const auto known, co_await parts_.database.read(exists));
  NewMessage message{.session = known ? known->id : parts_.ids.make<SessionId>(), .text = std::move(text)};
  message.priority = Priority::kScheduled;
  // Whoever can write to the workspace can write this file.
  message.labels = trust::Labels{"file"};
  sessions_.insert(message.session);
  const SessionId session = message.session;
  const auto note = [&](db::Connection& c, const TurnId& turn) -> Result<void> {
    PRYX_TRY_VOID(c.run(kPut, principal, workspace.id, session, turn, now, hash));
    return {};
  };
  if (!known) {
    const auto join = [&](db::Connection& c, Turn& turn) -> Result<Session> {
      PRYX_TRY_VOID(note(c, turn.id));
      return Session{.principal = principal,
                     .id = session,
                     .workspace = workspace.id,
                     .agent = AgentProfile().name,
                     .title = fmt::format("Heartbeat of {}", workspace.name),
                     .status = "active",
                     .surface = "heartbeat",
                     .created_at = now,
                     .updated_at = now};
    };
    PRYX_CO_TRY_VOID(
        co_await parts_.inbox.accept_child(heartbeat_caller(principal), std::move(message), join));
    co_return Result<void>{};
  }
  // A crash between the two asks with the same key again and gets the same turn.
  message.idempotency_key = fmt::format("heartbeat/{}/{}", row->last_at.unix_ms, hash);
  PRYX_CO_TRY(const Accepted accepted,
              co_await parts_.inbox.accept(heartbeat_caller(principal), std::move(message)));
  co_return co_await parts_.database.write(
      [&](db::Transaction& t) -> Result<void> { return note(t.db(), accepted.turn); });
}

// An answer that says nothing was received by nobody, and needs to be by nobody; unless a person wants to see
// what led to it. Either way it counts as quiet: the same file is not asked about again.
async::Task<Result<void>> HeartbeatRunner::settle(TurnId id) {
  const HeartbeatSettings wanted = settings();
  const PrincipalId principal = owner().id;
  const WallTime now = parts_.loop.clock().wall();
  co_return co_await parts_.database.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY(const auto turn, TurnStore::find_turn(t.db(), principal, id));
    if (!turn || !is_terminal(turn->state)) return {};
    PRYX_TRY(const auto history, SessionStore::load_history(t.db(), *turn, kMaxHistoryBytes));
    const bool quiet = turn->state == TurnState::kCompleted &&
                       !heartbeat_message(answer_of(history, id), wanted.ack_max_chars).has_value();
    PRYX_TRY_VOID(t.db().run(kSettle, principal, id, quiet));
    if (!quiet || (wanted.include_reasoning && has_thoughts(history, id))) return {};
    PRYX_TRY_VOID(TurnStore::deliver_turn(t.db(), principal, id, now));
    return TurnStore::mark_read_if_delivered(t.db(), principal, turn->session);
  });
}

}  // namespace pryx::agent
