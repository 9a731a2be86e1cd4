// SPDX-License-Identifier: MIT
#include "engine/tools/fs/change_tool.h"
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"
#include "engine/tools/fs/text_match.h"
#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

constexpr std::string_view kText =
    "Replaces a piece of text in a file of the workspace by another. old_text must be in the file exactly "
    "once, white space included, or all=true. Line ends of a CRLF file are kept.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "Relative to the workspace."},
    "old_text": {"type": "string", "minLength": 1, "description": "What is there, copied exactly."},
    "new_text": {"type": "string", "description": "What shall be there instead; may be empty."},
    "all": {"type": "boolean", "description": "Replace every place (default false: there must be one)."}
  },
  "required": ["path", "old_text", "new_text"],
  "additionalProperties": false
})json";

class EditTool final : public ChangeTool {
 public:
  EditTool(async::WorkerPool& pool, UndoJournal& journal)
      : ChangeTool(pool, journal, "fs.edit", kText, kParameters, Risk::kMedium) {}

  [[nodiscard]] std::string render(const json::object& arguments) const override {
    const auto quoted = [&](std::string_view key) {
      return json::to_text(json::value(json::string_or(arguments, key)));
    };
    return fmt::format("fs.edit {} {} -> {}{}", render_path(arguments), quoted("old_text"),
                       quoted("new_text"), flag_argument(arguments, "all", false) ? " (everywhere)" : "");
  }

 protected:
  [[nodiscard]] Result<ChangePlan> plan(const json::object& arguments,
                                        const platform::HeldDirectory& workspace) const override {
    PRYX_TRY(const std::string path, changeable_path(workspace, arguments, "path"));
    const std::string shown = display_path(path);
    PRYX_TRY(EntryNow now, look_at_file(workspace, path));
    if (!now.info)
      return fail(ErrorCode::kNotFound, "there is no file '{}' to edit; fs.write makes one", shown);
    if (now.bytes.find('\0') != std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "'{}' is binary; fs.edit changes text only", shown);
    const bool all = flag_argument(arguments, "all", false);
    auto replaced = replace_text(now.bytes, json::string_or(arguments, "old_text"),
                                 json::string_or(arguments, "new_text"), all ? HowMany::kAll : HowMany::kOne);
    if (!replaced) return fail(replaced.error().code, "'{}': {}", shown, replaced.error().message);
    if (replaced->text.size() > kMaxChangedBytes)
      return fail(ErrorCode::kTooLarge, "'{}' would have {} bytes; {} are the most", shown,
                  replaced->text.size(), kMaxChangedBytes);
    ChangePlan out;
    out.done.details = {{"path", shown}, {"bytes", replaced->text.size()}, {"replacements", replaced->count}};
    if (replaced->text == now.bytes) {
      out.done.summary = "no change";
      out.done.text = fmt::format("old_text and new_text are the same; '{}' was not changed.", shown);
      return out;
    }
    out.done.summary = counted(replaced->count, "place changed", "places changed");
    out.done.text = fmt::format("Changed {} in '{}'.{}", counted(replaced->count, "place", "places"), shown,
                                replaced->used_crlf ? " Its lines end in CRLF, and still do." : "");
    PRYX_TRY_VOID(plan_file(out, workspace, path, std::move(now), std::move(replaced->text)));
    return out;
  }
};

}  // namespace

std::unique_ptr<Tool> make_edit_tool(async::WorkerPool& pool, UndoJournal& journal) {
  return std::make_unique<EditTool>(pool, journal);
}

}  // namespace pryx::tools::fs
