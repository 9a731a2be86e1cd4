// SPDX-License-Identifier: MIT
#include "surfaces/server/session_actions.h"

#include "engine/agent/context_store.h"
#include "engine/agent/session_deletion.h"
#include "engine/agent/session_store.h"
#include "engine/agent/turn_store.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "surfaces/server/route.h"

namespace pryx::server {
namespace {

using agent::Session;
using agent::SessionStore;
using agent::TurnStore;

constexpr std::size_t kMaxTitleBytes = 400;

Result<void> emit(db::Transaction& t, events::EventLog& events, const Caller& caller, std::string name,
                  const Session& session) {
  json::object payload{{"session_id", session.id.str()}, {"session", session.to_json()}};
  PRYX_TRY_VOID(events.append(t, {.principal = session.principal,
                                  .name = std::move(name),
                                  .session = session.id,
                                  .surface = caller.surface,
                                  .payload = std::move(payload)}));
  return {};
}

Result<Session> must_find(db::Connection& c, const PrincipalId& principal, const SessionId& id) {
  PRYX_TRY(auto session, SessionStore::find_session(c, principal, id));
  if (!session) return fail(ErrorCode::kNotFound, "there is no session {}", id.str());
  return std::move(*session);
}

// A turn that goes on would start things in a session that has ended.
Result<void> check_may_archive(db::Connection& c, const PrincipalId& principal, const SessionId& id) {
  PRYX_TRY(const auto open, TurnStore::count_open(c, principal, id));
  if (open == 0) return {};
  return fail(ErrorCode::kConflict,
              "session {} has {} open turns and is not archived; wait for them or cancel them first",
              id.str(), open);
}

// The workspace that an id or a path names.
async::Task<Result<WorkspaceId>> find_workspace(Services& services, Caller caller, std::string text) {
  if (text.empty()) co_return WorkspaceId();
  if (text.starts_with('/')) {
    PRYX_CO_TRY_VOID(co_await may_open(services, caller, text));
    PRYX_CO_TRY(const agent::Workspace opened, co_await services.workspaces.open(caller, text));
    co_return opened.id;
  }
  const auto id = WorkspaceId::parse(text);
  if (!id) co_return fail(ErrorCode::kInvalidArgument, "workspace must be an id (wsp_…) or an absolute path");
  PRYX_CO_TRY(const auto found,
              co_await services.database.read([principal = caller.principal.id, id = *id](db::Connection& c) {
                return SessionStore::find_workspace(c, principal, id);
              }));
  if (!found) co_return fail(ErrorCode::kNotFound, "there is no workspace {}", text);
  co_return *id;
}

Result<void> apply(Services& services, const SessionFields& fields, Session& session) {
  if (fields.agent) {
    if (!services.agents.exists(*fields.agent))
      return fail(ErrorCode::kInvalidArgument, "there is no agent '{}'", utf8_prefix(*fields.agent, 64));
    session.agent = *fields.agent;
  }
  if (fields.model) {
    if (!fields.model->empty()) PRYX_TRY_VOID(services.models.resolve(*fields.model));
    session.model = *fields.model;
  }
  if (fields.title) {
    if (fields.title->size() > kMaxTitleBytes)
      return fail(ErrorCode::kInvalidArgument, "title has more than {} bytes", kMaxTitleBytes);
    session.title = *fields.title;
  }
  if (fields.status) {
    if (*fields.status != "active" && *fields.status != "archived")
      return fail(ErrorCode::kInvalidArgument, "status must be active or archived");
    session.status = *fields.status;
  }
  return {};
}

// Copies page by page, so that a long transcript is never whole in memory.
Result<void> copy_messages(db::Connection& c, IdSource& ids, const Session& from, const Session& to,
                           const MessageId& last) {
  agent::Page page{.limit = 200, .cursor = {}};
  std::map<MessageId, MessageId> copies;
  for (;;) {
    PRYX_TRY(auto messages, SessionStore::list_messages(c, from.principal, from.id, page));
    for (agent::Message& message : messages.items) {
      const bool is_last = message.id == last;
      message.session = to.id;
      const MessageId original = std::exchange(message.id, ids.make<MessageId>());
      copies.emplace(original, message.id);
      for (agent::Part& part : message.parts) {
        for (std::string& covered : part.covers) {
          const auto copied = copies.find(MessageId(covered));
          if (copied != copies.end()) covered = copied->second.str();
        }
      }
      message.turn = {};
      message.step = {};
      // What still streams goes on in the original alone.
      for (agent::Part& part : message.parts) {
        if (part.state == agent::PartState::kStreaming) part.state = agent::PartState::kInterrupted;
      }
      PRYX_TRY_VOID(SessionStore::insert_message(c, message));
      if (is_last) return agent::ContextStore::copy(c, from, to, copies);
    }
    if (messages.next_cursor.empty()) break;
    page.cursor = messages.next_cursor;
  }
  if (!last.empty())
    return fail(ErrorCode::kNotFound, "session {} has no message {}", from.id.str(), last.str());
  return agent::ContextStore::copy(c, from, to, copies);
}

}  // namespace

async::Task<Result<void>> may_open(Services& services, Caller caller, std::string path) {
  if (caller.scopes.has(Scope::kAdmin)) co_return Result<void>{};
  PRYX_CO_TRY(const auto known,
              co_await services.database.read([principal = caller.principal.id, path](db::Connection& c) {
                return SessionStore::find_workspace_by_path(c, principal, path);
              }));
  if (!known) co_return caller.require(Scope::kAdmin);
  co_return Result<void>{};
}

Result<SessionFields> decode_session_fields(const json::object& body) {
  SessionFields fields;
  PRYX_TRY(fields.workspace, json::find_string(body, "workspace"));
  PRYX_TRY(fields.agent, json::find_string(body, "agent"));
  PRYX_TRY(fields.model, json::find_string(body, "model"));
  PRYX_TRY(fields.title, json::find_string(body, "title"));
  PRYX_TRY(fields.status, json::find_string(body, "status"));
  return fields;
}

async::Task<Result<Session>> get_session(Services& services, Caller caller, SessionId id) {
  co_return co_await services.database.read(
      [principal = caller.principal.id, id](db::Connection& c) { return must_find(c, principal, id); });
}

async::Task<Result<Session>> create_session(Services& services, Caller caller, SessionFields fields) {
  const WallTime now = services.loop.clock().wall();
  Session session{.principal = caller.principal.id,
                  .id = services.ids.make<SessionId>(),
                  .agent = agent::AgentProfile().name,
                  .status = "active",
                  .surface = caller.surface,
                  .created_at = now,
                  .updated_at = now};
  PRYX_CO_TRY_VOID(apply(services, fields, session));
  PRYX_CO_TRY(session.workspace, co_await find_workspace(services, caller, fields.workspace.value_or("")));
  co_return co_await services.database.write([&](db::Transaction& t) -> Result<Session> {
    PRYX_TRY_VOID(SessionStore::insert_session(t.db(), session));
    PRYX_TRY_VOID(emit(t, services.events, caller, "session.created", session));
    return session;
  });
}

async::Task<Result<Session>> change_session(Services& services, Caller caller, SessionId id,
                                            SessionFields fields) {
  WorkspaceId workspace;
  if (fields.workspace) {
    PRYX_CO_TRY(workspace, co_await find_workspace(services, caller, *fields.workspace));
  }
  // Checked on a throwaway value here, because the router belongs to this thread.
  Session checked;
  PRYX_CO_TRY_VOID(apply(services, fields, checked));
  const bool is_end = fields.status == "archived";
  if (is_end) {
    // Before anything is ended, so that a refusal leaves all as it is.
    PRYX_CO_TRY_VOID(
        co_await services.database.read([principal = caller.principal.id, id](db::Connection& c) {
          return check_may_archive(c, principal, id);
        }));
    PRYX_CO_TRY_VOID(co_await services.sub_agents.end_children(caller, id));
  }
  auto changed = co_await services.database.write([&](db::Transaction& t) -> Result<Session> {
    PRYX_TRY(Session session, must_find(t.db(), caller.principal.id, id));
    if (is_end) PRYX_TRY_VOID(check_may_archive(t.db(), caller.principal.id, id));
    if (fields.agent) session.agent = checked.agent;
    if (fields.model) session.model = checked.model;
    if (fields.title) session.title = checked.title;
    if (fields.status) session.status = checked.status;
    if (fields.workspace) session.workspace = workspace;
    PRYX_TRY_VOID(SessionStore::update_session(t.db(), session));
    PRYX_TRY_VOID(emit(t, services.events, caller, "session.updated", session));
    return session;
  });
  // An archived session has ended, and with it what it left running.
  if (changed && is_end)
    co_await services.processes.end_session(caller.principal.id, id, tools::shell::SessionEnd::kArchived);
  co_return changed;
}

async::Task<Result<void>> delete_session(Services& services, Caller caller, SessionId id) {
  // Before anything is ended, so that a refusal leaves all as it is.
  PRYX_CO_TRY_VOID(co_await services.database.read([principal = caller.principal.id, id](db::Connection& c) {
    return agent::SessionDeletion::check(c, principal, id);
  }));
  // Nobody could see or stop them afterwards, and what their end writes down has to go with the session.
  PRYX_CO_TRY_VOID(co_await services.sub_agents.end_children(caller, id));
  PRYX_CO_TRY(const auto going,
              co_await services.database.read([principal = caller.principal.id, id](db::Connection& c) {
                return agent::SessionDeletion::list_going(c, principal, id);
              }));
  for (const SessionId& one : going)
    co_await services.processes.end_session(caller.principal.id, one, tools::shell::SessionEnd::kDeleted);
  const agent::SessionDeletion deletion{services.events, services.audit, services.approvals};
  PRYX_CO_TRY(const auto gone, co_await services.database.write([&](db::Transaction& t) {
    return deletion.remove(t, caller.principal.id, id, caller.surface);
  }));
  for (const SessionId& one : gone) {
    PRYX_CO_TRY_VOID(co_await services.processes.forget_session(caller.principal.id, one));
    PRYX_CO_TRY_VOID(co_await services.workspaces.forget_session(one));
    PRYX_CO_TRY_VOID(co_await services.memory.forget_session(caller, one));
  }
  co_return Result<void>{};
}

async::Task<Result<Session>> fork_session(Services& services, Caller caller, SessionId id, MessageId last,
                                          std::string title) {
  if (title.size() > kMaxTitleBytes)
    co_return fail(ErrorCode::kInvalidArgument, "title has more than {} bytes", kMaxTitleBytes);
  const WallTime now = services.loop.clock().wall();
  const SessionId copy_id = services.ids.make<SessionId>();
  // Ids for the copies are made inside the write job, so it has a source of its own.
  IdSource ids(services.loop.clock(), services.random);
  co_return co_await services.database.write([&](db::Transaction& t) -> Result<Session> {
    PRYX_TRY(const Session from, must_find(t.db(), caller.principal.id, id));
    Session copy = from;
    copy.id = copy_id;
    copy.parent = from.id;
    copy.title = title.empty() ? from.title : title;
    copy.status = "active";
    copy.hidden = false;
    copy.surface = caller.surface;
    copy.created_at = now;
    copy.updated_at = now;
    PRYX_TRY_VOID(SessionStore::insert_session(t.db(), copy));
    PRYX_TRY_VOID(copy_messages(t.db(), ids, from, copy, last));
    PRYX_TRY(copy, must_find(t.db(), caller.principal.id, copy.id));
    PRYX_TRY_VOID(emit(t, services.events, caller, "session.created", copy));
    return copy;
  });
}

namespace {

// Of one write job, for which every turn and every answer waits.
constexpr std::size_t kMessagesAtOnce = 200;
constexpr std::size_t kTextAtOnce = 1u << 20;

// Behind the last message that is written together with `first`.
std::size_t end_of_piece(const std::vector<agent::Message>& messages, std::size_t first) {
  std::size_t end = first;
  std::size_t bytes = 0;
  while (end < messages.size() && end - first < kMessagesAtOnce && bytes < kTextAtOnce) {
    for (const agent::Part& part : messages[end].parts) bytes += part.text.size();
    ++end;
  }
  return end;
}

Result<void> begin_import(db::Connection& c, const agent::ImportedSession& imported, WallTime now) {
  PRYX_TRY(const auto known, SessionStore::find_session(c, imported.session.principal, imported.session.id));
  if (known)
    return fail(ErrorCode::kConflict, "session {} is here already; delete it first, or keep it",
                imported.session.id.str());
  return agent::ImportStore::insert(c, imported, now);
}

async::Task<Result<void>> keep_messages(Services& services, std::vector<agent::Message>& messages) {
  for (std::size_t first = 0; first < messages.size();) {
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return fail(ErrorCode::kCancelled, "cancelled while the session was imported");
    const std::size_t end = end_of_piece(messages, first);
    const auto insert = [&messages, first, end](db::Transaction& t) -> Result<void> {
      for (std::size_t at = first; at < end; ++at)
        PRYX_TRY_VOID(SessionStore::insert_message(t.db(), messages[at]));
      return {};
    };
    PRYX_CO_TRY_VOID(co_await services.database.write(insert));
    first = end;
  }
  co_return Result<void>{};
}

async::Task<void> remove_and_free(Services& services, ImportSlot slot) {
  const ImportSlot held = std::move(slot);
  const auto removed = co_await remove_unfinished_imports(services);
  if (!removed && removed.error().code != ErrorCode::kCancelled)
    log::warn("session.import_not_removed", {{"error", removed.error().message}});
}

}  // namespace

async::Task<Result<Session>> keep_imported(Services& services, Caller caller,
                                           agent::ImportedSession imported) {
  imported.session.agent = agent::AgentProfile().name;
  imported.session.surface = "import";
  IdSource ids(services.loop.clock(), services.random);
  for (agent::Message& message : imported.messages) message.id = ids.make<MessageId>();
  const WallTime now = services.loop.clock().wall();
  PRYX_CO_TRY_VOID(co_await services.database.write(
      [&](db::Transaction& t) { return begin_import(t.db(), imported, now); }));
  PRYX_CO_TRY_VOID(co_await keep_messages(services, imported.messages));
  co_return co_await services.database.write([&](db::Transaction& t) -> Result<Session> {
    PRYX_TRY_VOID(agent::ImportStore::finish(t.db(), imported));
    PRYX_TRY_VOID(services.audit.append(t, {.principal = caller.principal.id,
                                            .kind = "session.imported",
                                            .actor = caller.surface,
                                            .session = imported.session.id,
                                            .subject = imported.session.id.str()}));
    PRYX_TRY(const Session session, must_find(t.db(), caller.principal.id, imported.session.id));
    PRYX_TRY_VOID(emit(t, services.events, caller, "session.created", session));
    return session;
  });
}

async::Task<Result<void>> remove_unfinished_imports(Services& services) {
  PRYX_CO_TRY(const auto unfinished, co_await services.database.read([](db::Connection& c) {
    return agent::ImportStore::list_unfinished(c);
  }));
  for (const agent::ImportStore::Unfinished& one : unfinished) {
    for (bool has_more = true; has_more;) {
      const bool cancelled = co_await async::is_cancelled();
      if (cancelled) co_return fail(ErrorCode::kCancelled, "cancelled; the next import removes the rest");
      const auto remove = [&one](db::Transaction& t) {
        return agent::ImportStore::remove_unfinished(t.db(), one, std::int64_t{kMessagesAtOnce});
      };
      PRYX_CO_TRY(has_more, co_await services.database.write(remove));
    }
  }
  co_return Result<void>{};
}

void remove_unfinished_later(ServerCore& core, ImportSlot slot) {
  core.background.spawn("session.import.remove", remove_and_free(core.services, std::move(slot)));
}

}  // namespace pryx::server
