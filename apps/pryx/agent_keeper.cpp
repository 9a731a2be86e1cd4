// SPDX-License-Identifier: MIT
#include "agent_keeper.h"

#include <algorithm>

#include "admin.h"
#include "agent_health.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "foundation/platform/held_directory.h"
#include "policy_keeper.h"
#include "recorded_marks.h"
#include "settings_event.h"

namespace pryx::app {
namespace {

constexpr std::size_t kMaxAgents = 200;
constexpr std::string_view kEnd = ".yaml";
constexpr std::string_view kMarks = "agents/";

std::string mark_name(std::string_view id) { return fmt::format("{}{}{}", kMarks, id, kEnd); }

std::string problems_of(const std::vector<agent::ProfileProblem>& problems) {
  std::string out;
  for (const agent::ProfileProblem& problem : problems) {
    if (!problem.is_warning) out += (out.empty() ? "" : "; ") + problem.to_text();
  }
  return out;
}

}  // namespace

AgentKeeper::AgentKeeper(std::string folder, db::Database& database, events::EventLog& events,
                         audit::AuditLog& audit)
    : folder_(std::move(folder)), database_(database), events_(events), audit_(audit) {}

std::string AgentKeeper::path_of(std::string_view id) const {
  return fmt::format("{}/{}{}", folder_, id, kEnd);
}

std::vector<std::string> AgentKeeper::names_on_disk() const {
  std::vector<std::string> names;
  const auto held = platform::HeldDirectory::open(folder_);
  if (!held) return names;
  const auto listing = held->list("", 4 * kMaxAgents);
  if (!listing) return names;
  for (const platform::DirectoryEntry& entry : listing->entries) {
    const std::string_view name = entry.name;
    if (!name.ends_with(kEnd) || names.size() >= kMaxAgents) continue;
    const std::string_view id = name.substr(0, name.size() - kEnd.size());
    if (agent::is_profile_name(id))
      names.emplace_back(id);
    else if (!name.starts_with('.'))
      log::warn("agents.name", {{"file", to_valid_utf8(name)}});
  }
  return names;
}

std::vector<std::string> AgentKeeper::look() {
  std::vector<std::string> changed;
  const std::vector<std::string> names = names_on_disk();
  for (const auto& item : kept_) {
    if (std::ranges::find(names, item.first) == names.end()) changed.push_back(item.first);
  }
  for (const std::string& id : changed) kept_.erase(id);
  for (const std::string& id : names) {
    const auto file = read_human_file(path_of(id));
    Kept& kept = kept_[id];
    const std::string hash = file ? file->hash : "unreadable";
    if (kept.judged_hash == hash) continue;
    kept.judged_hash = hash;
    changed.push_back(id);
    agent::ParsedProfile parsed;
    if (file)
      parsed = agent::parse_profile(file->text, id);
    else
      parsed.problems.push_back({1, {}, file.error().message});
    for (const agent::ProfileProblem& problem : parsed.problems) {
      if (problem.is_warning) log::warn("agent.warning", {{"agent", id}, {"text", problem.to_text()}});
    }
    kept.problems = std::move(parsed.problems);
    kept.is_valid = parsed.profile.has_value();
    if (kept.is_valid) kept.profile = std::make_shared<const agent::AgentProfile>(std::move(*parsed.profile));
  }
  return changed;
}

void AgentKeeper::load_at_start() {
  (void)look();
  for (const auto& [id, kept] : kept_) {
    if (kept.is_valid) continue;
    log::error("agent.invalid", {{"agent", id}, {"problems", problems_of(kept.problems)}});
  }
}

async::Task<void> AgentKeeper::note_first_files() {
  const auto marks = co_await database_.read([](db::Connection& c) { return recorded_marks(c); });
  if (!marks) {
    log::error("agent.change_not_recorded", {{"error", marks.error().message}});
    co_return;
  }
  std::vector<std::string> ids;
  for (const auto& [id, kept] : kept_) {
    if (mark_of(*marks, mark_name(id)) != kept.judged_hash) ids.push_back(id);
  }
  for (const auto& [name, mark] : *marks) {
    if (!name.starts_with(kMarks)) continue;
    const std::string id = name.substr(kMarks.size(), name.size() - kMarks.size() - kEnd.size());
    if (!kept_.contains(id)) ids.push_back(id);
  }
  co_await note_changes(std::move(ids), {});
}

async::Task<void> AgentKeeper::reload() { co_await note_changes(look(), {}); }

std::shared_ptr<const agent::AgentProfile> AgentKeeper::find(std::string_view name) const {
  static const auto built_in = std::make_shared<const agent::AgentProfile>();
  const auto found = kept_.find(name);
  if (found != kept_.end() && found->second.profile) return found->second.profile;
  return name == built_in->name ? built_in : nullptr;
}

std::vector<std::shared_ptr<const agent::AgentProfile>> AgentKeeper::profiles() const {
  std::vector<std::shared_ptr<const agent::AgentProfile>> out;
  if (!kept_.contains("default")) out.push_back(find("default"));
  for (const auto& [name, kept] : kept_) {
    if (kept.profile) out.push_back(kept.profile);
  }
  return out;
}

std::vector<server::Component> AgentKeeper::health() const {
  std::vector<server::Component> out;
  for (const auto& [id, kept] : kept_) {
    if (auto line = describe_agent(id, kept.problems)) out.push_back(std::move(*line));
  }
  return out;
}

server::AgentEntry AgentKeeper::entry_of(const std::string& id) const {
  server::AgentEntry entry;
  entry.profile.name = id;
  entry.profile.description.clear();
  if (const auto profile = find(id)) entry.profile = *profile;
  const auto kept = kept_.find(id);
  if (const auto file = read_human_file(path_of(id))) entry.file = *file;
  if (kept == kept_.end()) return entry;
  entry.problems = kept->second.problems;
  entry.state = kept->second.is_valid ? "file" : kept->second.profile ? "last_good" : "invalid";
  return entry;
}

async::Task<void> AgentKeeper::note_changes(std::vector<std::string> ids, std::string own) {
  for (const std::string& id : ids) {
    const auto kept = kept_.find(id);
    const std::string mark = kept == kept_.end() ? std::string() : kept->second.judged_hash;
    const bool is_rejected = kept != kept_.end() && !kept->second.is_valid;
    const std::string kind = mark.empty()  ? "agent.removed"
                             : is_rejected ? "agent.rejected"
                                           : "agent.changed";
    const std::string detail = is_rejected ? problems_of(kept->second.problems) : mark;
    if (id != own) log::info(kind, {{"agent", id}, {"actor", "file"}, {"detail", detail}});
    const std::string path = path_of(id);
    const auto written = co_await database_.write([&, this](db::Transaction& t) -> Result<void> {
      PRYX_TRY_VOID(put_recorded_mark(t, mark_name(id), mark, audit_.clock().wall()));
      PRYX_TRY_VOID(append_settings_changed(t, events_, owner().id, SetUp::kAgents, id == own ? "" : "file"));
      if (id == own) return {};
      PRYX_TRY_VOID(audit_.append(t, {.principal = owner().id,
                                      .kind = kind,
                                      .actor = "file",
                                      .subject = id,
                                      .detail = {{"detail", detail}}}));
      if (!is_rejected) return {};
      PRYX_TRY_VOID(events_.append(
          t,
          {.principal = owner().id,
           .name = "error.occurred",
           .session = {},
           .surface = {},
           .payload = {
               {"area", "agents"}, {"path", path}, {"detail", detail}, {"try", "pryx agent show " + id}}}));
      return {};
    });
    if (!written) log::error("agent.change_not_recorded", {{"error", written.error().message}});
  }
}

async::Task<Result<std::vector<server::AgentEntry>>> AgentKeeper::list(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  std::vector<server::AgentEntry> all;
  if (!kept_.contains("default")) all.push_back(entry_of("default"));
  for (const auto& [name, kept] : kept_) all.push_back(entry_of(name));
  co_return all;
}

async::Task<Result<server::AgentEntry>> AgentKeeper::get(Caller caller, std::string id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  if (!kept_.contains(id) && find(id) == nullptr)
    co_return fail(ErrorCode::kNotFound, "there is no agent '{}'", utf8_prefix(id, 64));
  co_return entry_of(id);
}

async::Task<Result<server::AgentEntry>> AgentKeeper::put(Caller caller, std::string id, std::string text,
                                                         std::string expected_hash) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  const agent::ParsedProfile parsed = agent::parse_profile(text, id);
  if (!parsed.profile)
    co_return fail(ErrorCode::kCheckFailed, "{}.yaml is not valid: {}", utf8_prefix(id, 64),
                   problems_of(parsed.problems));
  // Evidence before effect: what cannot be recorded does not come into force.
  PRYX_CO_TRY_VOID(
      co_await audit_change(database_, audit_, caller, "agent.changed", id, {{"instead_of", expected_hash}}));
  PRYX_CO_TRY_VOID(replace_human_file(path_of(id), text, expected_hash));
  co_await note_changes(look(), id);
  co_return entry_of(id);
}

async::Task<Result<void>> AgentKeeper::remove(Caller caller, std::string id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  if (!kept_.contains(id))
    co_return fail(ErrorCode::kNotFound, "there is no file of an agent '{}'", utf8_prefix(id, 64));
  PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, caller, "agent.removed", id, {}));
  PRYX_CO_TRY_VOID(platform::remove_file(path_of(id)));
  co_await note_changes(look(), id);
  co_return Result<void>{};
}

}  // namespace pryx::app
