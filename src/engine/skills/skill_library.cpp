// SPDX-License-Identifier: MIT
#include "engine/skills/skill_library.h"

#include <algorithm>

#include "engine/skills/internal/bundled_skills.h"
#include "engine/skills/skill_folder.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::skills {
namespace {

using platform::HeldDirectory;
using platform::Symlinks;

constexpr std::string_view kWorkspaceFolder = ".pryx/skills";
constexpr std::size_t kMaxCached = 2048;

std::string hash_of(std::string_view text) { return "sha256:" + crypto::sha256_hex(text); }

// One look at everything, on a worker thread: what is known already is taken from the cache.
class Finder {
 public:
  Finder(const Surroundings& around, const SkillLibrary::Cache& known) : around_(around), known_(known) {}

  void add_folders(const HeldDirectory& root, Source source) {
    const auto entries = read_skill_folders(root);
    if (!entries) return;
    for (const FolderEntry& entry : *entries) {
      Skill skill{.name = entry.name, .source = source, .folder = root.path() + "/" + entry.name};
      if (source == Source::kWorkspace) skill.folder = fmt::format("{}/{}", kWorkspaceFolder, entry.name);
      if (entry.trouble.empty())
        judge(skill, entry.text);
      else
        skill.problems.push_back({1, {}, entry.trouble});
      found.push_back(std::move(skill));
    }
  }
  void add_bundled() {
    for (const internal::BundledSkill& bundled : internal::bundled_skills()) {
      Skill skill{.name = std::string(bundled.name), .source = Source::kBundled};
      judge(skill, bundled.text);
      found.push_back(std::move(skill));
    }
  }
  // By name; of one name the strongest first. One that is not valid shadows nothing.
  void finish() {
    std::map<std::string, std::vector<Skill>> by_name;
    for (Skill& skill : found) by_name[skill.name].push_back(std::move(skill));
    found.clear();
    for (auto& [name, group] : by_name) std::ranges::move(group, std::back_inserter(found));
    const Skill* valid = nullptr;
    for (Skill& skill : found) {
      if (valid != nullptr && valid->name != skill.name) valid = nullptr;
      if (valid != nullptr) skill.shadowed = true;
      if (valid == nullptr && skill.text) valid = &skill;
    }
  }
  std::vector<Skill> found;
  SkillLibrary::Cache cache;

 private:
  void judge(Skill& skill, std::string_view text) {
    skill.hash = hash_of(text);
    const std::string key = skill.name + "\n" + skill.hash;
    const auto before = known_.find(key);
    SkillLibrary::Parsed parsed;
    if (before != known_.end())
      parsed = before->second;
    else
      parsed.checked = std::make_shared<const CheckedSkill>(check_skill(text, skill.name));
    if (cache.size() < kMaxCached) cache.emplace(key, parsed);
    skill.description = parsed.checked->description;
    skill.problems = parsed.checked->problems;
    if (!parsed.checked->skill) return;
    skill.text = std::shared_ptr<const SkillText>(parsed.checked, &*parsed.checked->skill);
    const Requirements& needs = skill.text->requires_;
    for (const std::string& bin : needs.bins) {
      if (!is_program_on(around_.path, bin)) skill.missing.push_back("program " + bin);
    }
    for (const std::string& name : needs.env) {
      if (!around_.variables.contains(name)) skill.missing.push_back("variable " + name);
    }
    for (const std::string& key_name : needs.config) {
      if (!around_.settings.contains(key_name)) skill.missing.push_back("setting " + key_name);
    }
  }

  const Surroundings& around_;
  const SkillLibrary::Cache& known_;
};

Result<HeldDirectory> open_folder(const SkillLibrary::Workspace& workspace, const Skill& skill) {
  if (skill.source != Source::kWorkspace) return HeldDirectory::open(skill.folder);
  if (!workspace) return fail(ErrorCode::kNotFound, "there is no workspace to read {} from", skill.name);
  return workspace->open_directory(skill.folder, Symlinks::kRefuse);
}

Error unknown_file(const Skill& skill, std::string_view file) {
  return {ErrorCode::kNotFound,
          fmt::format("the skill {} has no file '{}'", skill.name, utf8_prefix(file, 200)), -1};
}

std::string_view bundled_text(const std::string& name) {
  for (const internal::BundledSkill& bundled : internal::bundled_skills()) {
    if (bundled.name == name) return bundled.text;
  }
  return {};
}

json::array to_array(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& item : list) out.emplace_back(item);
  return out;
}

}  // namespace

std::string_view to_text(Source source) {
  switch (source) {
    case Source::kWorkspace:
      return "workspace";
    case Source::kUser:
      return "user";
    case Source::kBundled:
      return "bundled";
  }
  return "bundled";
}

std::string_view Skill::state() const {
  if (!text) return "invalid";
  if (shadowed) return "shadowed";
  return missing.empty() ? "ready" : "missing";
}

trust::Labels Skill::labels() const {
  switch (source) {
    case Source::kWorkspace:
      // Instructions, as AGENTS.md is: foreign, and nobody's private data.
      return trust::Labels{"file"};
    case Source::kUser: {
      trust::Labels out;
      return out.add("plugin:" + name) ? out : trust::Labels::unreadable();
    }
    case Source::kBundled:
      return trust::Labels{"model"};
  }
  return trust::Labels::unreadable();
}

json::object Skill::to_json() const {
  json::object out{{"name", name},
                   {"description", description},
                   {"source", to_text(source)},
                   {"state", state()},
                   {"folder", folder},
                   {"hash", hash},
                   {"missing", to_array(missing)}};
  json::array list;
  for (const SkillProblem& problem : problems)
    list.push_back(
        json::object{{"line", problem.line}, {"field", problem.field}, {"message", problem.message}});
  out["problems"] = std::move(list);
  const SkillText none;
  const SkillText& t = text ? *text : none;
  out["license"] = t.license;
  out["compatibility"] = t.compatibility;
  out["allowed_tools"] = to_array(t.allowed_tools);
  json::object metadata;
  for (const auto& [key, value] : t.metadata) metadata[key] = value;
  out["metadata"] = std::move(metadata);
  out["emoji"] = t.emoji;
  out["requires"] = json::object{{"bins", to_array(t.requires_.bins)},
                                 {"env", to_array(t.requires_.env)},
                                 {"config", to_array(t.requires_.config)}};
  json::array installers;
  for (const Installer& installer : t.install)
    installers.push_back(
        json::object{{"kind", installer.kind}, {"package", installer.package}, {"label", installer.label}});
  out["install"] = std::move(installers);
  return out;
}

SkillLibrary::SkillLibrary(async::WorkerPool& pool, Options options)
    : pool_(pool), options_(std::move(options)), cache_(std::make_shared<const Cache>()) {}

async::Task<Result<std::vector<Skill>>> SkillLibrary::list(Workspace workspace) {
  const Surroundings around = options_.surroundings ? options_.surroundings() : Surroundings();
  const std::shared_ptr<const Cache> known = cache_;
  Cache fresh;
  auto found = co_await pool_.run([&, this](const std::stop_token&) -> Result<std::vector<Skill>> {
    Finder finder(around, *known);
    if (workspace) {
      const auto root = workspace->open_directory(kWorkspaceFolder, Symlinks::kRefuse);
      if (root) finder.add_folders(*root, Source::kWorkspace);
    }
    for (const std::string& folder : options_.user_folders) {
      if (!platform::exists(folder)) continue;
      const auto root = HeldDirectory::open(folder);
      if (root) finder.add_folders(*root, Source::kUser);
    }
    finder.add_bundled();
    finder.finish();
    fresh = std::move(finder.cache);
    return std::move(finder.found);
  });
  if (found) cache_ = std::make_shared<const Cache>(std::move(fresh));
  co_return found;
}

async::Task<Result<Skill>> SkillLibrary::find(Workspace workspace, std::string name) {
  PRYX_CO_TRY(const std::vector<Skill> all, co_await list(std::move(workspace)));
  const Skill* best = nullptr;
  for (const Skill& skill : all) {
    if (skill.name != name) continue;
    if (best == nullptr || (!best->text && skill.text)) best = &skill;
  }
  if (best == nullptr)
    co_return fail(ErrorCode::kNotFound, "there is no skill '{}'; `pryx skill list` shows those there are",
                   utf8_prefix(name, 64));
  co_return *best;
}

async::Task<Result<std::vector<std::string>>> SkillLibrary::files(Workspace workspace, Skill skill) {
  if (skill.source == Source::kBundled) co_return std::vector<std::string>{"SKILL.md"};
  co_return co_await pool_.run([&](const std::stop_token&) -> Result<std::vector<std::string>> {
    PRYX_TRY(const HeldDirectory folder, open_folder(workspace, skill));
    return list_skill_files(folder);
  });
}

async::Task<Result<SkillFile>> SkillLibrary::read(Workspace workspace, Skill skill, std::string file) {
  if (!is_plain_path(file))
    co_return fail(ErrorCode::kInvalidArgument,
                   "'{}' is no path below the folder of a skill; use one that skill.read lists",
                   utf8_prefix(file, 200));
  if (skill.source == Source::kBundled) {
    if (file != "SKILL.md") co_return fail(unknown_file(skill, file));
    co_return SkillFile{
        .path = std::move(file), .bytes = std::string(bundled_text(skill.name)), .executable = false};
  }
  co_return co_await pool_.run([&](const std::stop_token&) -> Result<SkillFile> {
    PRYX_TRY(const HeldDirectory folder, open_folder(workspace, skill));
    auto bytes = folder.read_file(file, kMaxFileBytes, Symlinks::kRefuse);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) return fail(unknown_file(skill, file));
    if (!bytes) return std::unexpected(bytes.error());
    return SkillFile{.path = file, .bytes = std::move(*bytes), .executable = is_executable_in(folder, file)};
  });
}

async::Task<Result<void>> SkillLibrary::add(std::string name, std::vector<SkillFile> files, bool replace) {
  PRYX_CO_TRY_VOID(check_files(name, files));
  if (options_.user_folders.empty())
    co_return fail(ErrorCode::kUnsupported, "this Pryx has no folder for a user's skills");
  co_return co_await pool_.run_to_end([&, this](const std::stop_token&) -> Result<void> {
    const std::string& root = options_.user_folders.front();
    if (!replace && platform::exists(root + "/" + name))
      return fail(ErrorCode::kConflict, "there is a skill {} already; replace it with --replace", name);
    return write_skill_folder(root, name, files);
  });
}

async::Task<Result<bool>> SkillLibrary::remove(std::string name) {
  if (!is_skill_name(name)) co_return false;
  co_return co_await pool_.run_to_end([&, this](const std::stop_token&) -> Result<bool> {
    for (const std::string& root : options_.user_folders) {
      PRYX_TRY(const bool removed, remove_skill_folder(root, name));
      if (removed) return true;
    }
    return false;
  });
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > 1024 || path.front() == '/' || !is_valid_utf8(path)) return false;
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\\'; }))
    return false;
  const auto parts = split(path, '/');
  return parts.size() <= 6 && std::ranges::none_of(parts, [](std::string_view part) {
           return part.empty() || part == "." || part == ".." || part.size() > 200;
         });
}

Result<void> check_files(const std::string& name, const std::vector<SkillFile>& files) {
  if (!is_skill_name(name))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no name of a skill", utf8_prefix(name, 100));
  if (files.empty() || files.size() > kMaxFiles)
    return fail(ErrorCode::kTooLarge, "a skill has 1 to {} files", kMaxFiles);
  std::size_t total = 0;
  std::set<std::string> paths;
  const SkillFile* main = nullptr;
  for (const SkillFile& file : files) {
    if (!is_plain_path(file.path) || !paths.insert(file.path).second)
      return fail(ErrorCode::kInvalidArgument, "'{}' is no path that a skill may have, or has twice",
                  utf8_prefix(file.path, 200));
    total += file.bytes.size();
    if (file.bytes.size() > kMaxFileBytes || total > kMaxFolderBytes)
      return fail(ErrorCode::kTooLarge, "a file of a skill has at most {} bytes, all together {}",
                  kMaxFileBytes, kMaxFolderBytes);
    if (file.path == "SKILL.md") main = &file;
  }
  if (main == nullptr) return fail(ErrorCode::kCheckFailed, "the folder holds no SKILL.md");
  const CheckedSkill checked = check_skill(main->bytes, name);
  std::string problems;
  for (const SkillProblem& problem : checked.problems) problems += "\n  " + problem.to_text();
  if (!checked.skill) return fail(ErrorCode::kCheckFailed, "SKILL.md is not valid:{}", problems);
  return {};
}

SkillIndex make_index(const std::vector<Skill>& skills, const std::vector<std::string>& only,
                      std::size_t max_bytes) {
  std::vector<const Skill*> offered;
  for (const Skill& skill : skills) {
    const bool wanted = only.empty() || std::ranges::any_of(only, [&](const std::string& pattern) {
                          return glob_match(pattern, skill.name);
                        });
    if (wanted && skill.state() == "ready") offered.push_back(&skill);
  }
  SkillIndex index;
  if (offered.empty()) return index;
  constexpr std::size_t kOverhead = 8;
  const std::size_t fair = max_bytes / offered.size();
  std::size_t left_out = 0;
  for (const Skill* skill : offered) {
    const std::size_t fixed = skill->name.size() + kOverhead;
    const std::size_t room = fair > fixed ? fair - fixed : 0;
    const bool all_fit = offered.size() * (1024 + kMaxNameBytes) <= max_bytes;
    std::string_view description = skill->description;
    if (!all_fit && description.size() > room) description = utf8_prefix(description, room);
    const bool is_cut = description.size() < skill->description.size();
    if (index.text.size() + fixed + description.size() > max_bytes || (is_cut && room < 24)) {
      ++left_out;
      continue;
    }
    index.text += fmt::format("- {}: {}{}\n", skill->name, description, is_cut ? "…" : "");
    if (skill->source == Source::kWorkspace) index.labels.join(skill->labels());
  }
  if (left_out > 0) index.text += fmt::format("({} more: skill.read without a name lists all)\n", left_out);
  return index;
}

}  // namespace pryx::skills
