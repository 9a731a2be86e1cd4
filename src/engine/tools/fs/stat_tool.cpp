// SPDX-License-Identifier: MIT
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"

namespace pryx::tools::fs {
namespace {

using platform::FileType;

constexpr std::string_view kText =
    "Tells what a path in the workspace is: type, size in bytes, permissions, time of the last change, and "
    "where a symbolic link points.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "Relative to the workspace."}
  },
  "required": ["path"],
  "additionalProperties": false
})json";

// What is behind a link, in a few words.
std::string describe_goal(const platform::HeldDirectory& workspace, const std::string& path) {
  const auto goal = workspace.stat(path);
  if (goal) return fmt::format("a {} inside of the workspace", platform::file_type_name(goal->type));
  if (goal.error().code == ErrorCode::kNotFound) return "nothing: the target does not exist";
  if (goal.error().code == ErrorCode::kDenied)
    return "outside of the workspace or in a circle: it cannot be followed";
  return "something that cannot be looked at";
}

class StatTool final : public FileTool {
 public:
  explicit StatTool(async::WorkerPool& pool);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            const DeniedPaths& denied, std::stop_token stop) const override;
};

}  // namespace

StatTool::StatTool(async::WorkerPool& pool) : FileTool(pool, "fs.stat", kText, kParameters) {}

std::string StatTool::render(const json::object& arguments) const {
  return fmt::format("fs.stat {}", render_path(arguments));
}

Result<ToolOutcome> StatTool::perform(const json::object& arguments, const platform::HeldDirectory& workspace,
                                      const DeniedPaths& denied, std::stop_token) const {
  const auto path = path_argument(arguments);
  if (!path) return path.error();
  const auto info = workspace.stat_entry(path->bytes);
  if (!info) return explain(workspace, path->bytes, info.error(), denied);
  const std::string_view type = platform::file_type_name(info->type);
  const std::string modified = to_rfc3339(info->modified_at);
  ToolOutcome out;
  out.details = {{"path", display_path(path->bytes)},
                 {"type", type},
                 {"size", info->size},
                 {"mode", fmt::format("{:04o}", info->mode)},
                 {"modified_at", modified}};
  out.text = fmt::format("path: {}\ntype: {}\nsize: {} bytes\nmode: {:04o}\nmodified: {}\n",
                         display_path(path->bytes), type, info->size, info->mode, modified);
  if (info->type == FileType::kRegular && info->link_count > 1) {
    out.text += fmt::format("hard links: {} (other names share this content)\n", info->link_count);
    out.details["link_count"] = info->link_count;
  }
  if (info->type == FileType::kSymlink) {
    const auto target = read_link(workspace, path->bytes);
    if (!target) return explain(workspace, path->bytes, target.error(), denied);
    const std::string goal = describe_goal(workspace, path->bytes);
    out.text += fmt::format("link target: {}\nleads to: {}\n", encode_name(*target), goal);
    out.details["target"] = encode_name(*target);
    out.details["leads_to"] = goal;
  }
  out.summary =
      info->type == FileType::kRegular ? fmt::format("file, {} bytes", info->size) : std::string(type);
  return out;
}

std::unique_ptr<Tool> make_stat_tool(async::WorkerPool& pool) { return std::make_unique<StatTool>(pool); }

}  // namespace pryx::tools::fs
