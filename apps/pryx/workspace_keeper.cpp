// SPDX-License-Identifier: MIT
#include "workspace_keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "foundation/platform/held_directory.h"
#include "trust/sandbox/protected_names.h"
#include "trust/sandbox/written_tree.h"
#include "workspace_notes.h"

namespace pryx::app {
namespace {

std::string base_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos || slash + 1 == path.size() ? path : path.substr(slash + 1);
}

// Whether one of these is the other or an ancestor of it. Both are real paths, and this only refuses: it
// never grants anything.
bool overlap(std::string a, std::string b) {
  if (a.back() != '/') a += '/';
  if (b.back() != '/') b += '/';
  return a.starts_with(b) || b.starts_with(a);
}

agent::WorkspaceOpener::Opened open_directory(const std::string& path, LookAbove above) {
  agent::WorkspaceOpener::Opened opened;
  auto held = platform::HeldDirectory::open(path);
  if (!held) {
    log::warn("workspace.not_opened", {{"path", path}, {"error", held.error().message}});
    return opened;
  }
  auto directory = std::make_shared<const platform::HeldDirectory>(std::move(*held));
  opened.facts.path = path;
  WorkspaceNotes notes = read_workspace_notes(*directory, above);
  opened.facts.instructions = std::move(notes.text);
  opened.facts.instructions_name = std::move(notes.name);
  opened.directory = std::move(directory);
  return opened;
}

}  // namespace

WorkspaceKeeper::WorkspaceKeeper(async::EventLoop& loop, async::WorkerPool& pool, db::Database& database,
                                 audit::AuditLog& audit, IdSource& ids, const tools::PolicySource& policy,
                                 Options options)
    : loop_(loop),
      pool_(pool),
      database_(database),
      audit_(audit),
      ids_(ids),
      policy_(policy),
      options_(std::move(options)) {}

Result<std::string> WorkspaceKeeper::check_path(const std::string& path, const trust::Layer& rules) const {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) {
    return fail(ErrorCode::kInvalidArgument, "a workspace needs an absolute path, '{}' is none",
                utf8_prefix(path, 100));
  }
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr)
    return fail(platform::system_error(fmt::format("open {} as a workspace", path), errno));
  const std::string resolved(real.get());
  for (const std::string& own : options_.own_places) {
    if (overlap(resolved, own))
      return fail(ErrorCode::kDenied,
                  "{} holds Pryx's own files, so no agent may work there; choose a project folder", resolved);
  }
  if (const auto why = sandbox::protection_of_workspace(resolved))
    return fail(ErrorCode::kDenied,
                "{} lies in a protected place ({}), so no agent may work there; choose a project folder",
                resolved, *why);
  if (!rules.allows_workspace(resolved))
    return fail(ErrorCode::kDenied, "{} lies outside of {}, where {} keeps all work (workspace.root)",
                resolved, rules.workspace_root(), rules.name());
  if (::access(resolved.c_str(), R_OK | W_OK | X_OK) != 0) {
    const std::string fix = options_.dropped_from_root
                                ? fmt::format("chown -R {} '{}'", options_.user_name, resolved)
                                : fmt::format("chmod u+rwx '{}'", resolved);
    return fail(ErrorCode::kDenied, "user {} cannot write {}; if it may, run: {}", options_.user_name,
                resolved, fix);
  }
  PRYX_TRY_VOID(platform::HeldDirectory::open(resolved));
  return resolved;
}

async::Task<Result<agent::Workspace>> WorkspaceKeeper::open(Caller caller, std::string path) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  const auto rules = policy_.policy().engine->base_layer();
  PRYX_CO_TRY(const std::string real,
              co_await pool_.run([&](const std::stop_token&) { return check_path(path, *rules); }));
  agent::Workspace made{.principal = caller.principal.id,
                        .id = ids_.make<WorkspaceId>(),
                        .path = real,
                        .name = base_name(real),
                        .created_at = loop_.clock().wall()};
  co_return co_await database_.write([&](db::Transaction& t) -> Result<agent::Workspace> {
    PRYX_TRY(auto known, agent::SessionStore::find_workspace_by_path(t.db(), caller.principal.id, real));
    if (known) return std::move(*known);
    PRYX_TRY_VOID(agent::SessionStore::insert_workspace(t.db(), made));
    PRYX_TRY_VOID(audit_.append(t, {.principal = caller.principal.id,
                                    .kind = "workspace.added",
                                    .actor = caller.surface,
                                    .subject = made.id.str(),
                                    .detail = {},
                                    .personal = {{"path", real}}}));
    return made;
  });
}

async::Task<agent::WorkspaceOpener::Opened> WorkspaceKeeper::open(agent::Session session) {
  // A sub-agent works where its parent does.
  for (int depth = 0; depth < 8 && session.workspace.empty() && session.surface == "agent"; ++depth) {
    auto parent = co_await database_.read([&](db::Connection& c) {
      return agent::SessionStore::find_session(c, session.principal, session.parent);
    });
    if (!parent || !*parent) break;
    session = std::move(**parent);
  }
  if (session.workspace.empty()) {
    // Nobody named a folder: the session gets one of its own, never a home directory.
    auto opened = co_await pool_.run([&](const std::stop_token&) -> Result<Opened> {
      const std::string path = options_.private_root + "/" + session.id.str();
      PRYX_TRY_VOID(platform::ensure_private_directory(path));
      return open_directory(path, LookAbove::kNo);
    });
    if (opened) co_return std::move(*opened);
    log::warn("workspace.private_failed",
              {{"session_id", session.id.str()}, {"error", opened.error().message}});
    co_return Opened{};
  }
  const auto workspace = co_await database_.read([&](db::Connection& c) {
    return agent::SessionStore::find_workspace(c, session.principal, session.workspace);
  });
  // One that cannot be looked at is still none of the others.
  Opened closed;
  closed.chosen_folder = session.workspace.str();
  if (!workspace || !*workspace) co_return closed;
  closed.chosen_folder = (*workspace)->is_private ? std::string() : (*workspace)->path;
  const auto rules = policy_.policy().engine->base_layer();
  auto opened = co_await pool_.run([&](const std::stop_token&) -> Result<Opened> {
    // Judged again: a link put in its place since then could lead anywhere, Pryx's own files included.
    PRYX_TRY(const std::string real, check_path((*workspace)->path, *rules));
    if (real != (*workspace)->path)
      return fail(ErrorCode::kDenied, "{} is {} by now; add that folder as a workspace if it should be one",
                  (*workspace)->path, real);
    return open_directory(real, LookAbove::kYes);
  });
  if (opened) {
    opened->chosen_folder = closed.chosen_folder;
    co_return std::move(*opened);
  }
  log::warn("workspace.not_opened", {{"path", (*workspace)->path}, {"error", opened.error().message}});
  co_return closed;
}

async::Task<Result<void>> WorkspaceKeeper::forget_session(SessionId session) {
  // Of no session there is no folder, and the path would be that of all of them.
  if (session.empty()) co_return fail(ErrorCode::kInvalidArgument, "no session to forget the folder of");
  co_return co_await pool_.run([&](const std::stop_token&) -> Result<void> {
    sandbox::remove_tree(AT_FDCWD, options_.private_root + "/" + session.str());
    return {};
  });
}

async::Task<Result<void>> WorkspaceKeeper::purge() {
  constexpr std::size_t kAtOnce = 1000;  // the rest is for the next round
  PRYX_CO_TRY(std::vector<SessionId> folders,
              co_await pool_.run([&](const std::stop_token&) -> Result<std::vector<SessionId>> {
                std::vector<SessionId> found;
                std::error_code error;
                for (std::filesystem::directory_iterator it(options_.private_root, error), end;
                     !error && it != end; it.increment(error)) {
                  if (auto id = SessionId::parse(it->path().filename().string())) found.push_back(*id);
                }
                return found;
              }));
  PRYX_CO_TRY(std::vector<SessionId> missing, co_await database_.read([&](db::Connection& c) {
    return agent::SessionStore::list_missing(c, folders);
  }));
  if (missing.size() > kAtOnce) missing.resize(kAtOnce);
  for (const SessionId& session : missing) PRYX_CO_TRY_VOID(co_await forget_session(session));
  co_return Result<void>{};
}

}  // namespace pryx::app
