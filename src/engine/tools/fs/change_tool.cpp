// SPDX-License-Identifier: MIT
#include "engine/tools/fs/change_tool.h"

#include <unistd.h>

#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/text_diff.h"
#include "engine/tools/fs/text_probe.h"
#include "foundation/base/text.h"
#include "trust/sandbox/protected_names.h"
#include "trust/sandbox/repository_names.h"

namespace pryx::tools::fs {
namespace {

using platform::HeldDirectory;

constexpr std::string_view kPathKeys[] = {"path", "from", "to"};

std::unexpected<Error> refuse_protected(const std::string& path, std::string_view why) {
  return fail(ErrorCode::kDenied,
              "'{}' is {}: other programs run or obey it without being asked, so Pryx never changes it; the "
              "owner can, by hand",
              display_path(path), why);
}

json::value digest_of(const std::optional<FileState>& state) {
  if (!state) return nullptr;
  if (state->digest.empty()) return "folder";
  return json::object{{"sha256", state->digest}, {"bytes", state->size}, {"mode", state->mode}};
}

// What an approval of this plan depends on.
json::object facts_of(const ChangePlan& plan) {
  json::array changes;
  for (const PlannedChange& planned : plan.changes) {
    changes.push_back(json::object{{"path", encode_name(planned.change.path)},
                                   {"before", digest_of(planned.change.before)},
                                   {"after", digest_of(planned.change.after)}});
  }
  return {{"changes", std::move(changes)}};
}

trust::Labels file_labels(const Principal& principal) {
  trust::Labels out{"file"};
  const auto added = out.add(fmt::format("principal:{}", principal.id.str()));
  return added ? out : trust::Labels::unreadable();
}

void add_diff(ChangePlan& plan, const std::string& path, const EntryNow& now,
              const std::optional<std::string>& after) {
  const std::string name = display_path(path);
  plan.preview += fmt::format("--- {}\n+++ {}\n", now.info ? "a/" + name : "/dev/null",
                              after ? "b/" + name : "/dev/null");
  const std::string_view after_bytes = after ? std::string_view(*after) : std::string_view();
  if (looks_binary(std::string_view(now.bytes).substr(0, kProbeBytes)) ||
      looks_binary(after_bytes.substr(0, kProbeBytes)) || now.bytes.find('\0') != std::string::npos ||
      after_bytes.find('\0') != std::string_view::npos) {
    plan.preview +=
        fmt::format("binary: {} bytes before, {} after; not shown\n", now.bytes.size(), after_bytes.size());
    plan.shown_whole = false;
    return;
  }
  const TextDiff diff = diff_texts(now.bytes, after_bytes);
  plan.preview += diff.text;
  plan.shown_whole = plan.shown_whole && diff.whole;
  plan.done.details["lines_added"] = diff.added;
  plan.done.details["lines_removed"] = diff.removed;
}

void add_notes(ChangePlan& plan, const EntryNow& now, bool stays) {
  if (!now.info) return;
  if (now.info->link_count > 1)
    plan.preview += fmt::format(
        "note: the file has {} names (hard links); only this one changes, the others keep the old content\n",
        now.info->link_count);
  if (stays && now.info->uid != ::geteuid())
    plan.preview += "note: the file belongs to another user; the changed one will belong to Pryx's user\n";
  if (stays && (now.info->mode & 06000u) != 0) plan.preview += "note: its set-user-id bits are dropped\n";
}

}  // namespace

bool flag_argument(const json::object& arguments, std::string_view key, bool fallback) {
  const auto value = json::find_bool(arguments, key);
  return value ? value->value_or(fallback) : fallback;
}

Result<std::string> changeable_path(const HeldDirectory& workspace, const json::object& arguments,
                                    std::string_view key) {
  const std::string text = json::string_or(arguments, key);
  PRYX_TRY(const WorkspacePath path, parse_workspace_path(text));
  if (path.outside) {
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is outside workspace; use a path relative to the workspace, such as 'src/main.cpp'",
                encode_name(decode_name(text)));
  }
  if (path.bytes.empty())
    return fail(ErrorCode::kInvalidArgument, "'{}' names the workspace itself, not a file in it", text);
  if (decode_name(text).ends_with('/'))
    return fail(ErrorCode::kInvalidArgument, "'{}' names a folder; a file's path does not end in '/'", text);
  if (const auto why = sandbox::protection_in(workspace, path.bytes))
    return refuse_protected(path.bytes, *why);
  return path.bytes;
}

Result<void> plan_file(ChangePlan& plan, const HeldDirectory& workspace, const std::string& path,
                       EntryNow now, std::optional<std::string> new_bytes) {
  PRYX_TRY(const auto missing, missing_folders(workspace, path));
  const std::string existing = missing.empty() ? folder_of(path) : folder_of(missing.front());
  PRYX_TRY(const std::uint32_t folder_mode, mode_below(workspace, existing, EntryKind::kFolder));
  if (new_bytes) {
    for (const std::string& folder : missing) {
      plan.preview += fmt::format("new folder {}/\n", display_path(folder));
      plan.changes.push_back({{.kind = EntryKind::kFolder,
                               .path = folder,
                               .before = {},
                               .after = FileState{.digest = {}, .mode = folder_mode},
                               .content = {}},
                              {}});
    }
  }
  add_diff(plan, path, now, new_bytes);
  add_notes(plan, now, new_bytes.has_value());
  PlannedChange planned;
  planned.change.path = path;
  planned.change.before = now.state();
  if (new_bytes) {
    const std::uint32_t mode = now.info ? now.info->mode & 01777u : folder_mode & 0644u;
    planned.change.after = state_of(*new_bytes, mode);
    planned.new_bytes = std::move(*new_bytes);
  }
  planned.change.content = std::move(now.bytes);
  plan.changes.push_back(std::move(planned));
  return {};
}

ChangeTool::ChangeTool(async::WorkerPool& pool, UndoJournal& journal, std::string_view name,
                       std::string_view text, std::string_view parameters, Risk risk)
    : pool_(pool), journal_(journal) {
  auto schema = json::parse_object(parameters);
  PRYX_CHECK(schema.has_value());
  description_.name = name;
  description_.description = text;
  description_.parameters = std::move(*schema);
  // The journal holds what every file was and is to become, so a crash leaves nothing to guess.
  description_.effect = EffectClass::kQueryable;
  description_.risk = risk;
  description_.read_only = false;
  description_.keeps_undo = true;
}

Result<Touches> ChangeTool::touches(const json::object& arguments) const {
  Touches touches;
  for (const std::string_view key : kPathKeys) {
    if (!arguments.contains(key)) continue;
    PRYX_TRY(const WorkspacePath path, parse_workspace_path(json::string_or(arguments, key)));
    if (path.outside) {
      touches.outside_workspace = true;
      continue;
    }
    if (const auto why = sandbox::protection_of(path.bytes)) return refuse_protected(path.bytes, *why);
    touches.writes_own_future = touches.writes_own_future || sandbox::is_own_future(path.bytes);
    touches.workspace_paths.push_back(encode_name(path.bytes));
  }
  return touches;
}

async::Task<Result<ChangePlan>> ChangeTool::plan_on_pool(json::object arguments, ToolContext context) {
  if (!context.workspace) {
    co_return fail(
        ErrorCode::kInvalidArgument,
        "this session has no workspace folder that can be opened, so there are no files to change");
  }
  auto job = [this, &arguments, &context](std::stop_token) { return plan(arguments, *context.workspace); };
  co_return co_await pool_.run(std::move(job));
}

async::Task<Result<Binding>> ChangeTool::bind(json::object arguments, ToolContext context) {
  PRYX_CO_TRY(ChangePlan plan, co_await plan_on_pool(std::move(arguments), std::move(context)));
  Binding binding;
  binding.facts = facts_of(plan);
  binding.preview = plan.changes.empty() ? plan.done.text + "\n" : std::move(plan.preview);
  binding.shown_whole = plan.shown_whole;
  co_return binding;
}

async::Task<Result<ToolOutcome>> ChangeTool::run(const GatePass&, json::object arguments,
                                                 ToolContext context) {
  const Principal principal = context.principal;
  Result<ToolOutcome> outcome = co_await change(std::move(arguments), std::move(context));
  if (!outcome && is_for_the_model(outcome.error().code)) outcome = refusal(outcome.error().message);
  if (outcome) outcome->labels = file_labels(principal);
  co_return outcome;
}

async::Task<Result<ToolOutcome>> ChangeTool::change(json::object arguments, ToolContext context) {
  PRYX_CO_TRY(ChangePlan plan, co_await plan_on_pool(std::move(arguments), context));
  if (!context.binding.facts.empty() && context.binding.facts != facts_of(plan)) {
    co_return fail(ErrorCode::kConflict,
                   "a file was changed by something else after this call was approved, so nothing was "
                   "done; read it again");
  }
  if (plan.changes.empty()) co_return std::move(plan.done);
  ChangeOwner owner{.principal = context.principal.id,
                    .turn = context.turn,
                    .step = context.step,
                    .workspace = context.workspace->path()};
  std::vector<Change> changes;
  for (const PlannedChange& planned : plan.changes) changes.push_back(planned.change);
  PRYX_CO_TRY_VOID(co_await journal_.note_changes(std::move(owner), std::move(changes)));
  auto job = [this, &plan, &context](const std::stop_token&) { return apply(plan, *context.workspace); };
  // To the end: a half-made change helps nobody, and all of it is quick.
  PRYX_CO_TRY_VOID(co_await pool_.run_to_end(std::move(job)));
  co_return std::move(plan.done);
}

Result<void> ChangeTool::apply(const ChangePlan& plan, const HeldDirectory& workspace) const {
  for (const PlannedChange& planned : plan.changes)
    PRYX_TRY_VOID(make_change(workspace, planned.change, planned.new_bytes));
  return {};
}

namespace {

// Every change of an attempt is in one row each; all of them happened, none, or it is not known.
PastEffect judge(const std::vector<RecordedChange>& rows, const HeldDirectory& workspace) {
  bool all_after = true, all_before = true;
  for (const RecordedChange& row : rows) {
    if (row.change.kind == EntryKind::kFolder) continue;  // a folder alone is no effect to speak of
    const auto now = look_at_file(workspace, row.change.path);
    if (!now) return PastEffect::kUnknown;
    all_after = all_after && is_state(*now, row.change.after);
    all_before = all_before && is_state(*now, row.change.before);
  }
  if (all_after) return PastEffect::kHappened;
  return all_before ? PastEffect::kDidNotHappen : PastEffect::kUnknown;
}

}  // namespace

async::Task<PastEffect> ChangeTool::query(json::object, ToolContext context) {
  const auto rows = co_await journal_.list_of_step(context.principal.id, context.turn, context.step);
  if (!rows) co_return PastEffect::kUnknown;
  if (rows->empty()) co_return PastEffect::kDidNotHappen;  // undo data comes before the effect
  if (!context.workspace || context.workspace->path() != rows->back().workspace)
    co_return PastEffect::kUnknown;
  auto job = [&rows, &context](std::stop_token) -> Result<PastEffect> {
    return judge(*rows, *context.workspace);
  };
  const auto past = co_await pool_.run(std::move(job));
  co_return past ? *past : PastEffect::kUnknown;
}

}  // namespace pryx::tools::fs
