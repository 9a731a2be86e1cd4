// SPDX-License-Identifier: MIT
// pryx undo: gives back the files that a turn changed.
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

struct Words {
  std::string_view action;
  std::string_view done;
  std::string_view planned;  // with --dry-run
  Style style;
};

const Words& words_for(std::string_view action) {
  static const Words kWords[] = {
      {"restored", "given back", "would be given back", kGood},
      {"removed", "removed", "would be removed", kGood},
      {"unchanged", "as it was already", "is as it was already", kDim},
      {"already_undone", "undone before", "was undone before", kDim},
      {"folder_kept", "folder kept", "folder would be kept", kDim},
      {"changed_since", "left alone", "would be left alone", kWarning},
      {"not_kept", "left alone", "would be left alone", kWarning},
      {"held", "left alone", "would be left alone", kWarning},
  };
  static const Words kFailed{"failed", "failed", "would fail", kBad};
  for (const Words& words : kWords) {
    if (words.action == action) return words;
  }
  return kFailed;
}

std::vector<json::object> objects_of(const json::object& body, std::string_view key) {
  std::vector<json::object> out;
  const json::value* list = json::find(body, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->as_array()) {
    if (item.is_object()) out.push_back(item.as_object());
  }
  return out;
}

void print_report(Context& context, const json::object& report, bool dry_run) {
  bool changed_since = false;
  for (const json::object& file : objects_of(report, "files")) {
    const std::string action = json::string_or(file, "action");
    const Words& words = words_for(action);
    changed_since = changed_since || action == "changed_since";
    Line line(fmt::format("{}: ", dry_run ? words.planned : words.done), words.style);
    line.add(json::string_or(file, "path"));
    if (const std::string detail = json::string_or(file, "detail"); !detail.empty())
      line.add(fmt::format(" ({})", detail), kDim);
    context.console().print(line);
  }
  for (const json::object& step : objects_of(report, "not_undone")) {
    Line line("cannot be undone: ", kWarning);
    line.add(json::string_or(step, "tool"));
    if (const std::string summary = json::string_or(step, "summary"); !summary.empty())
      line.add(fmt::format(" ({})", summary));
    line.add(": " + json::string_or(step, "reason"), kDim);
    context.console().print(line);
  }
  if (json::string_or(report, "state") == "nothing_to_undo")
    context.console().note("there is nothing to give back");
  if (changed_since)
    context.console().note(
        "files changed since are left alone; --force gives their old content back all the same");
}

Result<int> run_undo(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("turn");
  const bool dry_run = invocation.has("dry-run");
  const bool force = invocation.has("force");
  PRYX_TRY(client::ApiClient * api, context.api());
  const std::string path = path_of("/api/v1/turns/", id, "/undo");
  if (force && !dry_run) {
    PRYX_TRY(const bool yes,
             context.console().confirm("Replace also what was changed since? Those changes are lost."));
    if (!yes) return facts(ErrorCode::kInvalidArgument).exit_code;
  }
  PRYX_TRY(const client::Reply reply, api->post(path, {{"dry_run", dry_run}, {"force", force}}));
  if (!print_if_json(context, reply)) print_report(context, reply.json, dry_run);
  const std::string state = json::string_or(reply.json, "state");
  const bool left = state == "partly_undone" || state == "refused";
  return left ? facts(ErrorCode::kConflict).exit_code : 0;
}

}  // namespace

std::vector<Command> undo_commands() {
  return {{.noun = "undo",
           .verb = "",
           .summary = "give back the files that a turn changed",
           .examples = {"undo trn_01J… --dry-run", "undo trn_01J…", "undo trn_01J… --json"},
           .flags = {{"--dry-run", "", "only say what would happen"},
                     {"--force", "", "also over files that were changed since"}},
           .positionals = {{"turn", "the turn; pryx session show names them"}},
           .handler = run_undo}};
}

}  // namespace pryx::cli
