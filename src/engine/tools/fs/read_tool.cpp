// SPDX-License-Identifier: MIT
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"

#include <fcntl.h>

#include <algorithm>

#include "engine/tools/fs/file_bytes.h"
#include "engine/tools/fs/text_probe.h"
#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

using platform::FileType;

constexpr std::size_t kDefaultLines = 2000;
constexpr std::size_t kMaxLines = 100'000;
constexpr std::size_t kDefaultBytes = 256u << 10;
constexpr std::size_t kMaxBytes = 1u << 20;
constexpr std::uint64_t kMaxSkippedBytes =
    256u << 20;  // what may lie before offset_line: well below a second of reading
constexpr std::uint64_t kMaxCountedBytes = 64u
                                           << 20;  // files up to this size get their lines counted to the end

constexpr std::string_view kText =
    "Reads a text file of the workspace, whole or by lines. Says when there is more and how to go on. Binary "
    "files are described only.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 16384, "description": "Relative to the workspace."},
    "offset_line": {"type": "integer", "minimum": 1, "description": "First line to read, from 1 (default 1)."},
    "limit_lines": {"type": "integer", "minimum": 1, "maximum": 100000, "description": "Default 2000."},
    "max_bytes": {"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Most bytes to return (default 262144)."},
    "line_numbers": {"type": "boolean", "description": "Put the number and a tab before each line (default false)."}
  },
  "required": ["path"],
  "additionalProperties": false
})json";

struct Request {
  std::uint64_t first_line = 1;
  std::size_t max_lines = kDefaultLines;
  std::size_t max_bytes = kDefaultBytes;
  bool line_numbers = false;
};

struct Excerpt {
  std::string text;
  std::uint64_t lines = 0;     // shown
  bool more = false;           // the file goes on behind them
  bool last_line_cut = false;  // the only line shown did not fit
};

Request read_request(const json::object& arguments) {
  Request out;
  out.first_line =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, json::integer_or(arguments, "offset_line", 1)));
  out.max_lines =
      std::max<std::size_t>(1, count_argument(arguments, "limit_lines", kDefaultLines, kMaxLines));
  out.max_bytes = std::max<std::size_t>(1, count_argument(arguments, "max_bytes", kDefaultBytes, kMaxBytes));
  const auto numbers = json::find_bool(arguments, "line_numbers");
  out.line_numbers = numbers && numbers->value_or(false);
  return out;
}

// How many whole lines lie before the wanted one, fewer at the end of the file. No value: too far into the
// file.
Result<std::optional<std::uint64_t>> skip_lines(FileBytes& file, std::uint64_t wanted) {
  std::uint64_t skipped = 0, bytes_seen = 0;
  while (skipped < wanted) {
    PRYX_TRY(const std::string_view bytes, file.peek());
    if (bytes.empty()) break;
    if (bytes_seen > kMaxSkippedBytes) return std::optional<std::uint64_t>{};
    const std::size_t end = bytes.find('\n');
    const std::size_t used = end == std::string_view::npos ? bytes.size() : end + 1;
    if (end != std::string_view::npos) ++skipped;
    bytes_seen += used;
    file.consume(used);
  }
  return std::optional(skipped);
}

Result<Excerpt> collect(FileBytes& file, const Request& request) {
  // Raw bytes of the wanted lines, one more than may be shown so that a cut is noticed.
  std::string raw;
  std::size_t newlines = 0;
  while (raw.size() <= request.max_bytes && newlines < request.max_lines) {
    PRYX_TRY(const std::string_view bytes, file.peek());
    if (bytes.empty()) break;
    const std::size_t end = bytes.find('\n');
    const std::size_t used =
        std::min(end == std::string_view::npos ? bytes.size() : end + 1, request.max_bytes + 1 - raw.size());
    raw += bytes.substr(0, used);
    if (raw.back() == '\n') ++newlines;
    file.consume(used);
  }
  PRYX_TRY(const std::string_view rest, file.peek());
  Excerpt out;
  std::string_view left = raw;
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    const std::string_view line = left.substr(0, end == std::string_view::npos ? left.size() : end + 1);
    const bool is_whole = end != std::string_view::npos || rest.empty();
    std::string shown =
        request.line_numbers ? fmt::format("{}\t", request.first_line + out.lines) : std::string();
    shown += to_valid_utf8(line);
    const bool fits = is_whole && out.text.size() + shown.size() <= request.max_bytes;
    if (!fits && out.lines > 0) break;
    if (!fits) {
      out.text = utf8_prefix(shown, request.max_bytes);
      out.last_line_cut = true;
    } else {
      out.text += shown;
    }
    ++out.lines;
    left.remove_prefix(line.size());
    if (!fits) break;
  }
  out.more = !left.empty() || !rest.empty();
  return out;
}

// Lines of the whole file, when it is small enough to look through.
Result<std::optional<std::uint64_t>> count_lines(const platform::HeldDirectory& workspace,
                                                 const std::string& path, std::uint64_t size,
                                                 std::stop_token stop) {
  if (size > kMaxCountedBytes) return std::optional<std::uint64_t>{};
  PRYX_TRY(platform::UniqueFd fd, workspace.open_file(path, O_RDONLY));
  FileBytes file(std::move(fd), std::move(stop));
  std::uint64_t lines = 0, seen = 0;
  char last = '\n';
  while (seen <= kMaxCountedBytes) {
    PRYX_TRY(const std::string_view bytes, file.peek());
    if (bytes.empty()) break;
    lines += static_cast<std::uint64_t>(std::ranges::count(bytes, '\n'));
    last = bytes.back();
    seen += bytes.size();
    file.consume(bytes.size());
  }
  return std::optional(lines + (last == '\n' ? 0 : 1));
}

ToolOutcome describe_binary(const std::string& path, std::uint64_t size, std::string_view sample) {
  ToolOutcome out;
  const std::string_view type = guess_binary_type(sample);
  out.text = fmt::format("'{}' is a binary file ({}, {} bytes). Its content is not shown as text.\n",
                         display_path(path), type, size);
  out.summary = fmt::format("binary, {}", type);
  out.details = {{"path", display_path(path)}, {"binary", true}, {"type", type}, {"size", size}};
  return out;
}

void append_continuation(ToolOutcome& out, const Request& request, const Excerpt& excerpt,
                         std::optional<std::uint64_t> total) {
  const std::uint64_t last = request.first_line + excerpt.lines - 1;
  if (!out.text.ends_with('\n')) out.text += '\n';
  if (excerpt.last_line_cut) {
    out.text += fmt::format(
        "[Line {} is longer than max_bytes={}: only its beginning is shown. Raise max_bytes, or use "
        "fs.search to find a "
        "place in it.]\n",
        last, request.max_bytes);
  }
  if (!excerpt.more) return;
  out.text += fmt::format("[Lines {}-{}{} are shown. Go on with offset_line={}.]\n", request.first_line, last,
                          total ? fmt::format(" of {}", *total) : std::string(), last + 1);
  out.details["next_offset_line"] = last + 1;
}

class ReadTool final : public FileTool {
 public:
  explicit ReadTool(async::WorkerPool& pool);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            const DeniedPaths& denied, std::stop_token stop) const override;
};

}  // namespace

ReadTool::ReadTool(async::WorkerPool& pool) : FileTool(pool, "fs.read", kText, kParameters) {}

std::string ReadTool::render(const json::object& arguments) const {
  const Request request = read_request(arguments);
  std::string out = fmt::format("fs.read {}", render_path(arguments));
  if (arguments.contains("offset_line") || arguments.contains("limit_lines")) {
    out += fmt::format(" (lines {}-{})", request.first_line, request.first_line + request.max_lines - 1);
  }
  return out;
}

Result<ToolOutcome> ReadTool::perform(const json::object& arguments, const platform::HeldDirectory& workspace,
                                      const DeniedPaths& denied, std::stop_token stop) const {
  const auto path = path_argument(arguments);
  if (!path) return path.error();
  const Request request = read_request(arguments);
  const auto info = workspace.stat(path->bytes);
  if (!info) return explain(workspace, path->bytes, info.error(), denied);
  if (info->type == FileType::kDirectory) {
    return refusal(fmt::format("'{}' is a folder. fs.list shows what is in it.", display_path(path->bytes)));
  }
  if (info->type != FileType::kRegular) {
    return refusal(fmt::format("'{}' is a {}; only regular files can be read.", display_path(path->bytes),
                               platform::file_type_name(info->type)));
  }
  auto fd = workspace.open_file(path->bytes, O_RDONLY);
  if (!fd) return explain(workspace, path->bytes, fd.error(), denied);
  // What was opened counts: a link may lead elsewhere by now.
  if (denied.hold(workspace, fd->get())) return denied_refusal(path->bytes);
  FileBytes file(std::move(*fd), stop);
  PRYX_TRY(const std::string_view head, file.peek());
  if (looks_binary(head.substr(0, kProbeBytes))) return describe_binary(path->bytes, info->size, head);

  ToolOutcome out;
  out.details = {{"path", display_path(path->bytes)}, {"size", info->size}, {"binary", false}};
  if (head.empty()) {
    out.text = fmt::format("'{}' is empty.\n", display_path(path->bytes));
    out.summary = "empty file";
    return out;
  }
  PRYX_TRY(const auto skipped, skip_lines(file, request.first_line - 1));
  if (!skipped)
    return refusal(
        fmt::format("Line {} lies more than 256 MiB into the file. Use fs.search to find the place.",
                    request.first_line));
  PRYX_TRY(const std::string_view start, file.peek());
  if (start.empty()) {
    PRYX_TRY(const auto total, count_lines(workspace, path->bytes, info->size, stop));
    return refusal(fmt::format("'{}' has {} lines; there is no line {}.", display_path(path->bytes),
                               total.value_or(*skipped), request.first_line));
  }
  PRYX_TRY(Excerpt excerpt, collect(file, request));
  if (excerpt.text.find('\0') != std::string::npos)
    return describe_binary(path->bytes, info->size, excerpt.text);
  out.text = std::move(excerpt.text);
  std::optional<std::uint64_t> total;
  if (excerpt.more) {
    PRYX_TRY(total, count_lines(workspace, path->bytes, info->size, stop));
    // What follows a cut line may be the rest of that line only.
    if (excerpt.last_line_cut && total && *total < request.first_line + excerpt.lines) excerpt.more = false;
  } else {
    total = request.first_line + excerpt.lines - 1;
  }
  out.details["first_line"] = request.first_line;
  out.details["last_line"] = request.first_line + excerpt.lines - 1;
  out.details["truncated"] = excerpt.more || excerpt.last_line_cut;
  if (total) out.details["total_lines"] = *total;
  if (excerpt.more || excerpt.last_line_cut) append_continuation(out, request, excerpt, total);
  out.summary = excerpt.more && total ? fmt::format("{} of {} lines", excerpt.lines, *total)
                                      : counted(static_cast<std::size_t>(excerpt.lines), "line", "lines");
  return out;
}

std::unique_ptr<Tool> make_read_tool(async::WorkerPool& pool) { return std::make_unique<ReadTool>(pool); }

}  // namespace pryx::tools::fs
