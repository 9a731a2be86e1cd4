// SPDX-License-Identifier: MIT
#include "engine/tools/fs/change_tool.h"
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"

namespace pryx::tools::fs {
namespace {

constexpr std::string_view kText =
    "Moves or renames one file of the workspace. The new name must be free; missing folders on the way are "
    "made.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "from": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "The file, relative to the workspace."},
    "to": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "Its whole new path, relative to the workspace."}
  },
  "required": ["from", "to"],
  "additionalProperties": false
})json";

std::string shown_argument(const json::object& arguments, std::string_view key) {
  return encode_name(decode_name(json::string_or(arguments, key)));
}

class MoveTool final : public ChangeTool {
 public:
  MoveTool(async::WorkerPool& pool, UndoJournal& journal)
      : ChangeTool(pool, journal, "fs.move", kText, kParameters, Risk::kMedium) {}

  [[nodiscard]] std::string render(const json::object& arguments) const override {
    return fmt::format("fs.move {} -> {}", shown_argument(arguments, "from"),
                       shown_argument(arguments, "to"));
  }

 protected:
  [[nodiscard]] Result<ChangePlan> plan(const json::object& arguments,
                                        const platform::HeldDirectory& workspace) const override {
    PRYX_TRY(const std::string from, changeable_path(workspace, arguments, "from"));
    PRYX_TRY(const std::string to, changeable_path(workspace, arguments, "to"));
    PRYX_TRY(EntryNow source, look_at_file(workspace, from));
    PRYX_TRY(const EntryNow target, look_at_file(workspace, to));
    if (!source.info) return fail(ErrorCode::kNotFound, "there is no file '{}' to move", display_path(from));
    if (target.info)
      return fail(ErrorCode::kConflict, "'{}' exists already; move it away or delete it first",
                  display_path(to));
    ChangePlan out;
    const std::string bytes = source.bytes;
    PRYX_TRY_VOID(plan_file(out, workspace, to, EntryNow{}, bytes));
    // A rename keeps what the file is, so the new name has its permissions.
    out.changes.back().change.after->mode = source.info->mode;
    PlannedChange gone;
    gone.change.path = from;
    gone.change.before = source.state();
    gone.change.content = std::move(source.bytes);
    out.changes.push_back(std::move(gone));
    const std::size_t folders = out.changes.size() - 2;
    out.preview = fmt::format("rename from {}\nrename to {}\n({}, unchanged)\n", display_path(from),
                              display_path(to), counted(bytes.size(), "byte", "bytes"));
    for (std::size_t i = 0; i < folders; ++i)
      out.preview += fmt::format("new folder {}/\n", display_path(out.changes[i].change.path));
    out.shown_whole = true;
    out.done.details = {{"from", display_path(from)}, {"to", display_path(to)}};
    out.done.summary = "moved";
    out.done.text = fmt::format("Moved '{}' to '{}'.", display_path(from), display_path(to));
    return out;
  }

  [[nodiscard]] Result<void> apply(const ChangePlan& plan,
                                   const platform::HeldDirectory& workspace) const override {
    const std::size_t folders = plan.changes.size() - 2;
    for (std::size_t i = 0; i < folders; ++i)
      PRYX_TRY_VOID(make_change(workspace, plan.changes[i].change, {}));
    const Change& to = plan.changes[folders].change;
    const Change& from = plan.changes[folders + 1].change;
    PRYX_TRY(const EntryNow now, look_at_file(workspace, from.path));
    if (!is_state(now, from.before))
      return fail(ErrorCode::kConflict, "'{}' was changed by something else meanwhile, so it was left alone",
                  display_path(from.path));
    const auto moved = workspace.rename(from.path, to.path, platform::Existing::kRefuse);
    if (!moved) return std::unexpected(explain_change(workspace, to.path, moved.error()));
    return {};
  }
};

}  // namespace

std::unique_ptr<Tool> make_move_tool(async::WorkerPool& pool, UndoJournal& journal) {
  return std::make_unique<MoveTool>(pool, journal);
}

}  // namespace pryx::tools::fs
