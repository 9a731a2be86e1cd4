// SPDX-License-Identifier: MIT
#include "skill_keeper.h"

#include "admin.h"
#include "engine/agent/session_store.h"
#include "engine/skills/skill_tools.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "settings_event.h"

namespace pryx::app {
namespace {

constexpr std::string_view kHead =
    "\n\nSkills are instructions for kinds of tasks. When a task fits one of these, read it with skill.read "
    "before you begin:\n";

// ~/.pryx belongs to a person's own account: a portable home and the system's daemon have no part in it.
std::vector<std::string> user_folders(const config::Places& places,
                                      const platform::Environment& environment) {
  std::vector<std::string> folders{places.skills()};
  const auto home = environment.find("HOME");
  if (places.kind == config::PlacesKind::kUser && home && home->starts_with('/'))
    folders.push_back(*home + "/.pryx/skills");
  return folders;
}

}  // namespace

SkillKeeper::SkillKeeper(const Parts& parts)
    : database_(parts.database),
      events_(parts.events),
      audit_(parts.audit),
      environment_(parts.environment),
      library_(parts.pool, {.user_folders = user_folders(parts.places, parts.environment),
                            .surroundings = [this] { return surroundings(); }}) {}

Result<void> SkillKeeper::add_tools(tools::Registry& registry) {
  return skills::add_skill_tools(registry, library_);
}

void SkillKeeper::use(const config::Config& config) {
  settings_.clear();
  for (const auto& [key, effective] : config.all()) {
    const json::value& value = effective.value;
    const bool off = (value.is_bool() && !value.get_bool()) ||
                     (value.is_string() && (value.get_string().empty() || value.get_string() == "off"));
    if (!off) settings_.insert(key);
  }
}

skills::Surroundings SkillKeeper::surroundings() const {
  skills::Surroundings around;
  const std::string path = environment_.get_or("PATH", "/usr/local/bin:/usr/bin:/bin");
  for (const std::string_view folder : split(path, ':')) around.path.emplace_back(folder);
  for (const auto& [name, value] : environment_.values()) {
    if (!value.empty()) around.variables.insert(name);
  }
  around.settings = settings_;
  return around;
}

async::Task<agent::PromptNote> SkillKeeper::note(std::shared_ptr<const platform::HeldDirectory> workspace,
                                                 agent::AgentProfile profile, agent::NoteFor turn) {
  agent::PromptNote note;
  const auto found = co_await library_.list(std::move(workspace));
  if (!found) {
    log::warn("skills.not_listed", {{"error", found.error().message}});
    co_return note;
  }
  skills::SkillIndex index = skills::make_index(
      *found, profile.skills, turn.is_small ? skills::kSmallIndexBytes : skills::kMaxIndexBytes);
  if (index.text.empty()) co_return note;
  note.text = std::string(kHead) + index.text;
  note.labels = std::move(index.labels);
  co_return note;
}

async::Task<Result<skills::SkillLibrary::Workspace>> SkillKeeper::open(Caller caller, std::string id) {
  if (id.empty() || workspaces_ == nullptr) co_return skills::SkillLibrary::Workspace();
  const auto parsed = WorkspaceId::parse(id);
  if (!parsed) co_return fail(ErrorCode::kNotFound, "there is no workspace '{}'", utf8_prefix(id, 64));
  PRYX_CO_TRY(const auto known, co_await database_.read([&](db::Connection& c) {
    return agent::SessionStore::find_workspace(c, caller.principal.id, *parsed);
  }));
  if (!known) co_return fail(ErrorCode::kNotFound, "there is no workspace '{}'", id);
  auto opened =
      co_await workspaces_->open(agent::Session{.principal = caller.principal.id, .workspace = *parsed});
  co_return std::move(opened.directory);
}

async::Task<Result<server::SkillView>> SkillKeeper::view(skills::SkillLibrary::Workspace workspace,
                                                         std::string name) {
  server::SkillView view;
  PRYX_CO_TRY(view.skill, co_await library_.find(workspace, std::move(name)));
  auto text = co_await library_.read(workspace, view.skill, "SKILL.md");
  if (text) view.text = std::move(text->bytes);
  auto files = co_await library_.files(workspace, view.skill);
  if (files) view.files = std::move(*files);
  co_return view;
}

async::Task<Result<std::vector<skills::Skill>>> SkillKeeper::list(Caller caller, std::string workspace) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(auto directory, co_await open(caller, std::move(workspace)));
  co_return co_await library_.list(std::move(directory));
}

async::Task<Result<server::SkillView>> SkillKeeper::get(Caller caller, std::string workspace,
                                                        std::string name) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(auto directory, co_await open(caller, std::move(workspace)));
  co_return co_await view(std::move(directory), std::move(name));
}

async::Task<Result<skills::SkillFile>> SkillKeeper::read(Caller caller, std::string workspace,
                                                         std::string name, std::string file) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(auto directory, co_await open(caller, std::move(workspace)));
  PRYX_CO_TRY(skills::Skill skill, co_await library_.find(directory, std::move(name)));
  co_return co_await library_.read(std::move(directory), std::move(skill), std::move(file));
}

async::Task<Result<server::SkillView>> SkillKeeper::put(Caller caller, std::string name,
                                                        std::vector<skills::SkillFile> files, bool replace) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  PRYX_CO_TRY_VOID(skills::check_files(name, files));
  // Evidence before effect: what the agent will read as instructions is on the record before it can be read.
  PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, caller, "skill.installed", name,
                                         {{"files", files.size()}, {"replace", replace}}));
  PRYX_CO_TRY_VOID(co_await library_.add(name, std::move(files), replace));
  co_await tell_settings_changed(database_, events_, SetUp::kSkills, caller.surface);
  co_return co_await view(nullptr, std::move(name));
}

async::Task<Result<void>> SkillKeeper::remove(Caller caller, std::string name) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, caller, "skill.removed", name, {}));
  PRYX_CO_TRY(const bool removed, co_await library_.remove(name));
  if (removed) {
    co_await tell_settings_changed(database_, events_, SetUp::kSkills, caller.surface);
    co_return Result<void>{};
  }
  const auto other = co_await library_.find(nullptr, name);
  if (other)
    co_return fail(ErrorCode::kConflict,
                   "the skill {} comes with Pryx and cannot be removed; one of your own "
                   "with this name takes its place",
                   name);
  co_return fail(ErrorCode::kNotFound, "there is no skill '{}' of yours", utf8_prefix(name, 64));
}

}  // namespace pryx::app
