// SPDX-License-Identifier: MIT
#include "engine/tools/fs/change_tool.h"
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"
#include "engine/tools/fs/line_ends.h"
#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

constexpr std::string_view kText =
    "Writes a file of the workspace: all of its content, or with append=true something at its end. The bytes "
    "are taken exactly as given, with no line end added. To change a part of a file, use fs.edit.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "Relative to the workspace."},
    "content": {"type": "string", "description": "The whole new content, or what to append."},
    "append": {"type": "boolean", "description": "Add to the end instead of replacing everything (default false)."},
    "encoding": {"enum": ["utf-8", "base64"], "description": "How content is given (default utf-8)."},
    "create_directories": {"type": "boolean", "description": "Make missing folders on the way (default true)."}
  },
  "required": ["path", "content"],
  "additionalProperties": false
})json";

Result<std::string> content_argument(const json::object& arguments) {
  PRYX_TRY(std::string content, json::get_string(arguments, "content"));
  if (json::string_or(arguments, "encoding", "utf-8") != "base64") return content;
  auto bytes = from_base64(content);
  if (!bytes) return fail(ErrorCode::kInvalidArgument, "content is no valid base64, but encoding says so");
  return std::move(*bytes);
}

class WriteTool final : public ChangeTool {
 public:
  WriteTool(async::WorkerPool& pool, UndoJournal& journal)
      : ChangeTool(pool, journal, "fs.write", kText, kParameters, Risk::kMedium) {}

  [[nodiscard]] std::string render(const json::object& arguments) const override {
    const auto content = content_argument(arguments);
    return fmt::format("fs.write {} ({} {})", render_path(arguments),
                       flag_argument(arguments, "append", false) ? "append" : "whole content:",
                       content ? counted(content->size(), "byte", "bytes") : "unreadable base64");
  }

 protected:
  [[nodiscard]] Result<ChangePlan> plan(const json::object& arguments,
                                        const platform::HeldDirectory& workspace) const override {
    PRYX_TRY(const std::string path, changeable_path(workspace, arguments, "path"));
    PRYX_TRY(std::string content, content_argument(arguments));
    PRYX_TRY(EntryNow now, look_at_file(workspace, path));
    if (!flag_argument(arguments, "create_directories", true)) {
      PRYX_TRY(const auto missing, missing_folders(workspace, path));
      if (!missing.empty())
        return fail(ErrorCode::kNotFound, "the folder '{}' does not exist; create_directories=true makes it",
                    display_path(missing.front()));
    }
    const bool appends = flag_argument(arguments, "append", false);
    const bool converts = appends && has_only_crlf(now.bytes) && has_bare_lf(content);
    if (converts) content = to_crlf(content);
    const std::size_t given = content.size();
    if (appends) content.insert(0, now.bytes);
    if (content.size() > kMaxChangedBytes) {
      return fail(ErrorCode::kTooLarge, "'{}' would have {} bytes; {} are the most", display_path(path),
                  content.size(), kMaxChangedBytes);
    }
    ChangePlan out;
    out.done.details = {{"path", display_path(path)}, {"bytes", content.size()}};
    const std::string shown = display_path(path);
    if (now.info && now.bytes == content) {
      out.done.summary = "no change";
      out.done.text = fmt::format("'{}' has exactly this content already; nothing was changed.", shown);
      return out;
    }
    out.done.summary = !now.info ? fmt::format("created, {}", counted(given, "byte", "bytes"))
                       : appends ? fmt::format("appended {}", counted(given, "byte", "bytes"))
                                 : fmt::format("replaced, {}", counted(given, "byte", "bytes"));
    out.done.text = !now.info ? fmt::format("Created '{}' with {}.", shown, counted(given, "byte", "bytes"))
                    : appends ? fmt::format("Appended {} to '{}', which has {} in all.",
                                            counted(given, "byte", "bytes"), shown, content.size())
                              : fmt::format("Replaced the content of '{}' ({}, {} before).", shown,
                                            counted(given, "byte", "bytes"), now.bytes.size());
    if (converts) out.done.text += " Its lines end in CRLF, so the new ones do as well.";
    PRYX_TRY_VOID(plan_file(out, workspace, path, std::move(now), std::move(content)));
    return out;
  }
};

}  // namespace

std::unique_ptr<Tool> make_write_tool(async::WorkerPool& pool, UndoJournal& journal) {
  return std::make_unique<WriteTool>(pool, journal);
}

}  // namespace pryx::tools::fs
