// SPDX-License-Identifier: MIT
#include "engine/tools/fs/change_tool.h"
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"

namespace pryx::tools::fs {
namespace {

constexpr std::string_view kText =
    "Deletes one file of the workspace. Its content is kept for undo. Folders and symbolic links are not "
    "deleted by it.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "Relative to the workspace."}
  },
  "required": ["path"],
  "additionalProperties": false
})json";

class DeleteTool final : public ChangeTool {
 public:
  DeleteTool(async::WorkerPool& pool, UndoJournal& journal)
      : ChangeTool(pool, journal, "fs.delete", kText, kParameters, Risk::kHigh) {}

  [[nodiscard]] std::string render(const json::object& arguments) const override {
    return fmt::format("fs.delete {}", render_path(arguments));
  }

 protected:
  [[nodiscard]] Result<ChangePlan> plan(const json::object& arguments,
                                        const platform::HeldDirectory& workspace) const override {
    PRYX_TRY(const std::string path, changeable_path(workspace, arguments, "path"));
    PRYX_TRY(EntryNow now, look_at_file(workspace, path));
    const std::string shown = display_path(path);
    if (!now.info) return fail(ErrorCode::kNotFound, "there is no file '{}' to delete", shown);
    ChangePlan out;
    out.done.details = {{"path", shown}, {"bytes", now.bytes.size()}};
    out.done.summary = "deleted";
    out.done.text = fmt::format("Deleted '{}' ({}).", shown, counted(now.bytes.size(), "byte", "bytes"));
    PRYX_TRY_VOID(plan_file(out, workspace, path, std::move(now), std::nullopt));
    return out;
  }
};

}  // namespace

std::unique_ptr<Tool> make_delete_tool(async::WorkerPool& pool, UndoJournal& journal) {
  return std::make_unique<DeleteTool>(pool, journal);
}

}  // namespace pryx::tools::fs
