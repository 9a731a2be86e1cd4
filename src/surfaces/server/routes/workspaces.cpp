// SPDX-License-Identifier: MIT
#include "engine/agent/session_store.h"
#include "foundation/base/text.h"
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/session_actions.h"

namespace pryx::server::routes {

using agent::SessionStore;

namespace {
// The record of a change that took place, in the change's own transaction.
Result<bool> with_audit(RouteCall& call, db::Transaction& t, Result<bool> changed, audit::Entry entry) {
  if (!changed || !*changed) return changed;
  entry.principal = call.principal();
  entry.actor = call.caller().surface;
  PRYX_TRY_VOID(call.services().audit.append(t, entry));
  return true;
}
}  // namespace

async::Task<Result<Reply>> list_workspaces(RouteCall& call) {
  PRYX_CO_TRY(const auto found,
              co_await call.services().database.read([principal = call.principal()](db::Connection& c) {
                return SessionStore::list_workspaces(c, principal);
              }));
  json::array items;
  for (const agent::Workspace& workspace : found) items.push_back(workspace.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> open_workspace(RouteCall& call) {
  PRYX_CO_TRY(const std::string path, json::get_string(call.body, "path"));
  if (!path.starts_with('/'))
    co_return fail(ErrorCode::kInvalidArgument,
                   "path must be absolute: the daemon has no current directory of yours");
  PRYX_CO_TRY_VOID(co_await may_open(call.services(), call.caller(), path));
  PRYX_CO_TRY(const agent::Workspace workspace,
              co_await call.services().workspaces.open(call.caller(), path));
  co_return Reply::of(workspace.to_json(), 201);
}

async::Task<Result<Reply>> get_workspace(RouteCall& call) {
  PRYX_CO_TRY(const WorkspaceId id, path_id<WorkspaceId>(call));
  PRYX_CO_TRY(const auto found,
              co_await call.services().database.read([principal = call.principal(), id](db::Connection& c) {
                return SessionStore::find_workspace(c, principal, id);
              }));
  if (!found) co_return fail(ErrorCode::kNotFound, "there is no workspace {}", id.str());
  co_return Reply::of(found->to_json());
}

async::Task<Result<Reply>> rename_workspace(RouteCall& call) {
  PRYX_CO_TRY(const WorkspaceId id, path_id<WorkspaceId>(call));
  PRYX_CO_TRY(const std::string name, json::get_string(call.body, "name"));
  if (trim(name).empty() || name.size() > 200)
    co_return fail(ErrorCode::kInvalidArgument, "name must have 1 to 200 bytes");
  PRYX_CO_TRY(const bool renamed, co_await call.services().database.write([&](db::Transaction& t) {
    return with_audit(call, t, SessionStore::rename_workspace(t.db(), call.principal(), id, name),
                      {.kind = "workspace.renamed", .subject = id.str(), .personal = {{"name", name}}});
  }));
  if (!renamed) co_return fail(ErrorCode::kNotFound, "there is no workspace {}", id.str());
  co_return co_await get_workspace(call);
}

async::Task<Result<Reply>> delete_workspace(RouteCall& call) {
  PRYX_CO_TRY(const WorkspaceId id, path_id<WorkspaceId>(call));
  PRYX_CO_TRY(const bool deleted, co_await call.services().database.write([&](db::Transaction& t) {
    return with_audit(call, t, SessionStore::delete_workspace(t.db(), call.principal(), id),
                      {.kind = "workspace.removed", .subject = id.str()});
  }));
  if (!deleted) co_return fail(ErrorCode::kNotFound, "there is no workspace {}", id.str());
  co_return Reply::empty();
}

}  // namespace pryx::server::routes
