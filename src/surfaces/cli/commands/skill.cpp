// SPDX-License-Identifier: MIT
// pryx skill: instructions that agents load when they need them. `validate` needs no daemon.
#include "engine/skills/skill_library.h"
#include "foundation/base/text.h"
#include "foundation/platform/held_directory.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

using platform::FileType;
using platform::HeldDirectory;
using platform::Symlinks;

std::string folder_name(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// A folder as the user named it, absolute, so that "." has a name.
Result<std::string> folder_of(Context& context, const Invocation& invocation) {
  std::string path = invocation.positional("folder");
  if (path.ends_with("/SKILL.md")) path.resize(path.size() - 9);
  if (path == "SKILL.md" || path.empty()) path = ".";
  if (path.starts_with('/')) return path;
  PRYX_TRY(const std::string here, context.workspace());
  if (path == ".") return here;
  return here + "/" + (path.starts_with("./") ? path.substr(2) : path);
}

// Every regular file of the folder; links and other things are refused, because they would not be what they
// seem once they are copied.
Result<void> collect(const HeldDirectory& root, const std::string& folder,
                     std::vector<skills::SkillFile>& out, std::size_t depth) {
  PRYX_TRY(const platform::Listing listing, root.list(folder, skills::kMaxFiles + 1, Symlinks::kRefuse));
  for (const platform::DirectoryEntry& entry : listing.entries) {
    const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
    if (entry.name == ".git" || entry.name == ".DS_Store") continue;
    if (entry.type == FileType::kDirectory && depth < 5) {
      PRYX_TRY_VOID(collect(root, path, out, depth + 1));
      continue;
    }
    if (entry.type != FileType::kRegular)
      return fail(ErrorCode::kInvalidArgument, "'{}' is a {}; a skill is made of plain files", path,
                  platform::file_type_name(entry.type));
    PRYX_TRY(std::string bytes, root.read_file(path, skills::kMaxFileBytes, Symlinks::kRefuse));
    PRYX_TRY(const platform::FileInfo info, root.stat(path, Symlinks::kRefuse));
    out.push_back({path, std::move(bytes), (info.mode & 0100) != 0});
    if (out.size() > skills::kMaxFiles)
      return fail(ErrorCode::kTooLarge, "a skill has at most {} files", skills::kMaxFiles);
  }
  return {};
}

json::array to_json(const std::vector<skills::SkillProblem>& problems) {
  json::array out;
  for (const skills::SkillProblem& problem : problems)
    out.push_back(
        json::object{{"line", problem.line}, {"field", problem.field}, {"message", problem.message}});
  return out;
}

Result<int> run_validate(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::string path, folder_of(context, invocation));
  PRYX_TRY(const HeldDirectory root, HeldDirectory::open(path));
  PRYX_TRY(const std::string text, root.read_file("SKILL.md", skills::kMaxSkillBytes, Symlinks::kRefuse));
  const skills::CheckedSkill checked = skills::check_skill(text, folder_name(path));
  if (context.wants_json())
    context.console().print_json({{"valid", checked.skill.has_value()},
                                  {"path", path},
                                  {"name", checked.name},
                                  {"problems", to_json(checked.problems)}});
  if (!checked.skill) {
    std::string problems;
    for (const skills::SkillProblem& problem : checked.problems) problems += "\n  " + problem.to_text();
    return fail(ErrorCode::kCheckFailed, "{}/SKILL.md is not valid:{}", path, problems);
  }
  std::vector<skills::SkillFile> files;
  PRYX_TRY_VOID(collect(root, "", files, 0));
  PRYX_TRY_VOID(skills::check_files(checked.name, files));
  if (!context.wants_json())
    context.console().print(Line(fmt::format("✓ {} is valid ({} files)", checked.name, files.size()), kGood));
  return 0;
}

Style colour_of(std::string_view state) {
  return state == "ready" ? kGood : state == "invalid" ? kBad : kDim;
}

Query workspace_query(const Invocation& invocation) {
  Query query;
  query.add("workspace", invocation.value_or("in", ""));
  return query;
}

Result<int> run_list(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get(workspace_query(invocation).on("/api/v1/skills")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& skill : items_of(reply.json)) {
    const std::string state = json::string_or(skill, "state");
    const std::string description = json::string_or(skill, "description");
    const std::string_view shown = utf8_prefix(description, 100);
    rows.push_back({Line(json::string_or(skill, "name")), Line(json::string_or(skill, "source")),
                    Line(state, colour_of(state)),
                    Line(std::string(shown) + (shown.size() < description.size() ? "…" : ""), kDim)});
  }
  context.console().print_table({{"NAME"}, {"SOURCE"}, {"STATE"}, {"DESCRIPTION"}}, rows);
  return 0;
}

std::string joined(const json::object& from, std::string_view key) {
  std::string out;
  const json::value* list = json::find(from, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (item.is_string()) out += (out.empty() ? "" : ", ") + std::string(item.get_string());
  }
  return out;
}

void print_facts(Console& console, const json::object& skill) {
  const std::string state = json::string_or(skill, "state");
  console.print(Line(json::string_or(skill, "name"), kBold)
                    .add(fmt::format("  {}  ", json::string_or(skill, "source")), kDim)
                    .add(state, colour_of(state)));
  console.print(json::string_or(skill, "description"));
  const auto fact = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) console.print(Line(fmt::format("{}: ", name), kDim).add(value));
  };
  fact("folder", json::string_or(skill, "folder"));
  fact("license", json::string_or(skill, "license"));
  fact("compatibility", json::string_or(skill, "compatibility"));
  fact("missing", joined(skill, "missing"));
  fact("files", joined(skill, "files"));
  const json::value* install = json::find(skill, "install");
  if (install != nullptr && install->is_array()) {
    for (const json::value& item : install->get_array()) {
      if (item.is_object())
        fact("its author suggests to install",
             fmt::format("{} {}", json::string_or(item.get_object(), "kind"),
                         json::string_or(item.get_object(), "package")));
    }
  }
  const json::value* problems = json::find(skill, "problems");
  if (problems == nullptr || !problems->is_array()) return;
  for (const json::value& item : problems->get_array()) {
    if (item.is_object())
      console.print(Line(fmt::format("line {}: {} {}", json::integer_or(item.get_object(), "line", 1),
                                     json::string_or(item.get_object(), "field"),
                                     json::string_or(item.get_object(), "message")),
                         kBad));
  }
}

Result<int> run_show(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string name = invocation.positional("name");
  if (const auto file = invocation.find("file")) {
    const std::string target =
        workspace_query(invocation).add("path", *file).on(path_of("/api/v1/skills/", name, "/file"));
    PRYX_TRY(const client::Reply reply, api->get(target));
    if (print_if_json(context, reply)) return 0;
    const auto bytes = from_base64(json::string_or(reply.json, "base64"));
    context.console().write_data(bytes && !bytes->empty() ? *bytes : json::string_or(reply.json, "text"));
    return 0;
  }
  PRYX_TRY(const client::Reply reply,
           api->get(workspace_query(invocation).on(path_of("/api/v1/skills/", name))));
  if (print_if_json(context, reply)) return 0;
  print_facts(context.console(), reply.json);
  context.console().print("");
  context.console().write_data(json::string_or(reply.json, "text"));
  return 0;
}

Result<int> run_add(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::string path, folder_of(context, invocation));
  PRYX_TRY(const HeldDirectory root, HeldDirectory::open(path));
  std::vector<skills::SkillFile> files;
  PRYX_TRY_VOID(collect(root, "", files, 0));
  const std::string name = folder_name(path);
  PRYX_TRY_VOID(skills::check_files(name, files));
  json::array list;
  for (const skills::SkillFile& file : files) {
    json::object entry{{"path", file.path}, {"executable", file.executable.value_or(false)}};
    if (is_valid_utf8(file.bytes))
      entry["text"] = file.bytes;
    else
      entry["base64"] = to_base64(file.bytes);
    list.push_back(std::move(entry));
  }
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->put(path_of("/api/v1/skills/", name),
                    {{"files", std::move(list)}, {"replace", invocation.has("replace")}}));
  if (print_if_json(context, reply)) return 0;
  print_facts(context.console(), reply.json);
  context.console().note(fmt::format("added {}; nothing of it was run", name));
  return 0;
}

Result<int> run_rm(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  PRYX_TRY(const bool sure, context.console().confirm(fmt::format("remove the skill {}?", name)));
  if (!sure) return 2;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/skills/", name)));
  if (context.wants_json())
    context.console().print_json({{"removed", name}});
  else
    context.console().note(fmt::format("removed {}", name));
  return 0;
}

}  // namespace

std::vector<Command> skill_commands() {
  const Flag in{"--in", "WSP", "with the skills of this workspace, wsp_…"};
  return {{.noun = "skill",
           .verb = "list",
           .summary = "instructions that agents load when they need them",
           .examples = {"skill list", "skill list --in wsp_01J… --json"},
           .flags = {in},
           .handler = run_list},
          {.noun = "skill",
           .verb = "show",
           .summary = "one with its text, or one of its files",
           .examples = {"skill show code-review", "skill show my-skill --file scripts/check.sh"},
           .flags = {in, {"--file", "PATH", "print this file of it"}},
           .positionals = {{"name", "the skill"}},
           .handler = run_show},
          {.noun = "skill",
           .verb = "add",
           .summary = "install a folder with a SKILL.md; nothing of it is run",
           .examples = {"skill add ./release-notes", "skill add ./release-notes --replace"},
           .flags = {{"--replace", "", "take the place of the one there is"}},
           .positionals = {{"folder", "its name is the skill's"}},
           .handler = run_add},
          {.noun = "skill",
           .verb = "validate",
           .summary = "check a folder by the Agent Skills specification",
           .examples = {"skill validate ./release-notes", "skill validate . --json"},
           .positionals = {{"folder", "default: the current one", false}},
           .handler = run_validate},
          {.noun = "skill",
           .verb = "rm",
           .summary = "remove one that you added",
           .examples = {"skill rm release-notes --yes"},
           .positionals = {{"name", "the skill"}},
           .handler = run_rm}};
}

}  // namespace pryx::cli
