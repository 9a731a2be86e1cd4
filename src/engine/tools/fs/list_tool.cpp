// SPDX-License-Identifier: MIT
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"

#include "engine/tools/fs/walk.h"

namespace pryx::tools::fs {
namespace {

using platform::FileType;

constexpr std::size_t kDefaultEntries = 1000;
constexpr std::size_t kMaxEntries = 10'000;
constexpr std::size_t kMaxTextBytes = 900u << 10;  // the whole result stays below 1 MiB

constexpr std::string_view kText =
    "Lists a folder of the workspace, sorted by name: folders end in '/', files show their size in bytes, "
    "links show where they point. "
    "With recursive=true also what is in its subfolders, without what .gitignore and .ignore files exclude.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "path": {"type": "string", "maxLength": 16384, "description": "Folder, relative to the workspace (default: the workspace)."},
    "recursive": {"type": "boolean", "description": "Also list subfolders (default false)."},
    "max_entries": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "Default 1000."},
    "include_hidden": {"type": "boolean", "description": "Also names that start with a dot (default false)."},
    "include_ignored": {"type": "boolean", "description": "Do not apply ignore files when recursive (default false)."}
  },
  "additionalProperties": false
})json";

bool flag(const json::object& arguments, std::string_view key) {
  const auto value = json::find_bool(arguments, key);
  return value && value->value_or(false);
}

std::string describe_entry(const platform::HeldDirectory& start, const WalkEntry& entry) {
  const std::string name = encode_name(entry.path);
  switch (entry.type) {
    case FileType::kDirectory:
      return name + "/\n";
    case FileType::kRegular: {
      const auto info = start.stat_entry(entry.below);
      return info ? fmt::format("{}  {}\n", name, info->size)
                  : fmt::format("{}  (cannot be looked at)\n", name);
    }
    case FileType::kSymlink: {
      const auto target = read_link(start, entry.below);
      return fmt::format("{} -> {}\n", name, target ? encode_name(*target) : "(cannot be read)");
    }
    default:
      return fmt::format("{}  ({})\n", name, platform::file_type_name(entry.type));
  }
}

ToolOutcome describe_file(const std::string& path, const platform::FileInfo& info) {
  ToolOutcome out;
  out.text = fmt::format("'{}' is a {} of {} bytes, not a folder. fs.read shows what is in a file.\n",
                         display_path(path), platform::file_type_name(info.type), info.size);
  out.summary = "not a folder";
  out.ok = false;
  return out;
}

class ListTool final : public FileTool {
 public:
  explicit ListTool(async::WorkerPool& pool);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            const DeniedPaths& denied, std::stop_token stop) const override;
};

}  // namespace

ListTool::ListTool(async::WorkerPool& pool) : FileTool(pool, "fs.list", kText, kParameters) {}

std::string ListTool::render(const json::object& arguments) const {
  return fmt::format("fs.list {}{}", render_path(arguments),
                     flag(arguments, "recursive") ? " (recursive)" : "");
}

Result<ToolOutcome> ListTool::perform(const json::object& arguments, const platform::HeldDirectory& workspace,
                                      const DeniedPaths& denied, std::stop_token stop) const {
  const auto path = path_argument(arguments);
  if (!path) return path.error();
  const auto info = workspace.stat(path->bytes);
  if (!info) return explain(workspace, path->bytes, info.error(), denied);
  if (info->type != FileType::kDirectory) return describe_file(path->bytes, *info);

  WalkOptions options;
  options.recursive = flag(arguments, "recursive");
  options.include_hidden = flag(arguments, "include_hidden");
  options.denied = &denied;
  options.use_ignore_files = options.recursive && !flag(arguments, "include_ignored");
  const std::size_t most =
      std::max<std::size_t>(1, count_argument(arguments, "max_entries", kDefaultEntries, kMaxEntries));
  std::string lines;
  std::size_t count = 0;
  bool cut = false;
  const auto report = walk(workspace, path->bytes, options, stop,
                           [&](const platform::HeldDirectory& start, const WalkEntry& entry) {
                             cut = count >= most || lines.size() >= kMaxTextBytes;
                             if (cut) return WalkStep::kStop;
                             ++count;
                             lines += describe_entry(start, entry);
                             return WalkStep::kGoOn;
                           });
  if (!report) return explain(workspace, path->bytes, report.error(), denied);

  ToolOutcome out;
  const std::string entries = counted(count, "entry", "entries");
  out.text = count == 0 ? fmt::format("'{}' has no entries to show.\n", display_path(path->bytes))
                        : std::move(lines);
  if (cut) {
    out.text +=
        fmt::format("Cut after {}; there are more. List a subfolder, or raise max_entries (up to {}).\n",
                    entries, kMaxEntries);
  }
  out.text += describe(*report);
  out.summary = cut ? fmt::format("first {}", entries) : entries;
  out.details = {{"path", display_path(path->bytes)},
                 {"count", count},
                 {"truncated", cut},
                 {"hidden", report->hidden},
                 {"ignored", report->ignored}};
  return out;
}

std::unique_ptr<Tool> make_list_tool(async::WorkerPool& pool) { return std::make_unique<ListTool>(pool); }

}  // namespace pryx::tools::fs
