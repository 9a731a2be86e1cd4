// SPDX-License-Identifier: MIT
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/tools/fs/line_search.h"
#include "engine/tools/fs/text_probe.h"
#include "engine/tools/fs/walk.h"

namespace pryx::tools::fs {
namespace {

using platform::FileType;
using platform::HeldDirectory;

constexpr std::size_t kDefaultMatches = 200;
constexpr std::size_t kMaxMatches = 2000;
constexpr std::size_t kMaxMatchesPerFile = 200;
constexpr std::size_t kMaxContext = 20;
constexpr std::size_t kMaxFileBytes = 16u << 20;  // of each file; held in memory while it is searched
constexpr std::size_t kMaxTextBytes = 512u << 10;
constexpr auto kTimeLimit =
    std::chrono::seconds(20);  // a model that waits longer is better served by a narrower search

constexpr std::string_view kText =
    "Searches the text files of the workspace for a plain text or, with regex=true, an RE2 regular "
    "expression. Answers with lines of the "
    "form path:line:text. Leaves out hidden and binary files and what .gitignore and .ignore files exclude.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "pattern": {"type": "string", "minLength": 1, "maxLength": 4096},
    "path": {"type": "string", "maxLength": 16384, "description": "Folder or file, relative to the workspace (default: the workspace)."},
    "regex": {"type": "boolean", "description": "The pattern is a regular expression (default false)."},
    "case_sensitive": {"type": "boolean", "description": "Default true."},
    "glob": {"type": "string", "maxLength": 1024, "description": "Only files that fit, for example *.cpp, src/**/*.{h,cpp} or !*.min.js."},
    "max_matches": {"type": "integer", "minimum": 1, "maximum": 2000, "description": "Default 200."},
    "context_lines": {"type": "integer", "minimum": 0, "maximum": 20, "description": "Lines to show around a match (default 0)."},
    "include_hidden": {"type": "boolean", "description": "Also names that start with a dot (default false)."},
    "include_ignored": {"type": "boolean", "description": "Do not apply ignore files (default false)."}
  },
  "required": ["pattern"],
  "additionalProperties": false
})json";

bool flag(const json::object& arguments, std::string_view key, bool fallback) {
  const auto value = json::find_bool(arguments, key);
  return value ? value->value_or(fallback) : fallback;
}

enum class End : std::uint8_t { kAll, kMatches, kText, kTime };

// One search: what it looks for and what it found so far. One worker thread.
class Search {
 public:
  Search(LinePattern pattern, const json::object& arguments, const DeniedPaths& denied, const Clock& clock,
         std::stop_token stop)
      : pattern_(std::move(pattern)),
        glob_(json::string_or(arguments, "glob")),
        max_matches_(
            std::max<std::size_t>(1, count_argument(arguments, "max_matches", kDefaultMatches, kMaxMatches))),
        context_(count_argument(arguments, "context_lines", 0, kMaxContext)),
        denied_(denied),
        clock_(clock),
        deadline_(clock.monotonic() + kTimeLimit),
        stop_(std::move(stop)) {}

  WalkStep visit(const HeldDirectory& start, const WalkEntry& entry) {
    if (entry.type != FileType::kRegular || !glob_.accepts(entry.segments, entry.start_depth))
      return WalkStep::kGoOn;
    return search_file(start, entry.below, entry.path, platform::Symlinks::kRefuse);
  }

  WalkStep search_file(const HeldDirectory& held, const std::string& path, const std::string& shown_path,
                       platform::Symlinks symlinks) {
    const auto fd = held.open_file(path, O_RDONLY, 0, symlinks);
    // A walk passes no link and leaves out what is denied itself; `held` is the workspace otherwise.
    const bool is_denied =
        fd.has_value() && symlinks == platform::Symlinks::kFollowBeneath && denied_.hold(held, fd->get());
    if (!fd || is_denied || !read_text(fd->get())) {
      ++unreadable_;
      return go_on();
    }
    if (is_binary_) {
      ++binary_;
      return go_on();
    }
    ++searched_;
    if (is_cut_) ++partly_;
    const std::size_t limit =
        std::min(max_matches_ - matches_, kMaxMatchesPerFile) + 1;  // one more shows that there are more
    auto found = find_lines(pattern_, buffer_, limit, [this] { return is_over(); });
    const bool more = found.size() == limit;
    if (more) found.pop_back();
    if (!found.empty()) {
      ++files_;
      matches_ += found.size();
      if (context_ > 0 && !text_.empty()) text_ += "--\n";
      text_ += format_lines(display_path(shown_path), buffer_, found, context_);
    }
    if (more && matches_ < max_matches_) {
      text_ += fmt::format("({} has more matches: only the first {} are shown)\n", display_path(shown_path),
                           found.size());
    }
    if (more && matches_ >= max_matches_) end_ = End::kMatches;
    return go_on();
  }

  [[nodiscard]] ToolOutcome outcome(const std::string& pattern, const WalkReport& report) {
    ToolOutcome out;
    const std::string matches = counted(matches_, "match", "matches");
    const std::string searched = counted(searched_, "file", "files");
    out.text = std::move(text_);
    if (matches_ == 0)
      out.text += fmt::format("No match for '{}' in {}.\n", encode_name(pattern), searched);
    else
      out.text +=
          fmt::format("{} in {} ({} searched).\n", matches, counted(files_, "file", "files"), searched);
    if (end_ == End::kMatches)
      out.text +=
          "There are more matches. Narrow the pattern, path or glob, or raise max_matches (up to 2000).\n";
    if (end_ == End::kText)
      out.text += "The result got too long and is cut here. Narrow the pattern, path or glob.\n";
    if (end_ == End::kTime)
      out.text += "The search took too long and stopped here. Narrow it with path or glob.\n";
    if (binary_ > 0)
      out.text += fmt::format("{} left out.\n", counted(binary_, "binary file", "binary files"));
    if (unreadable_ > 0)
      out.text += fmt::format("{} could not be read.\n", counted(unreadable_, "file", "files"));
    if (partly_ > 0) {
      out.text += fmt::format("{} longer than {} MiB: only the beginning was searched.\n",
                              counted(partly_, "file", "files"), kMaxFileBytes >> 20);
    }
    out.text += describe(report);
    out.summary = matches_ == 0 ? fmt::format("no match in {}", searched)
                                : fmt::format("{} in {}", matches, counted(files_, "file", "files"));
    out.details = {{"matches", matches_},     {"files", files_},           {"files_searched", searched_},
                   {"binary_files", binary_}, {"ignored", report.ignored}, {"truncated", end_ != End::kAll}};
    return out;
  }

 private:
  // Into buffer_, without what lies behind kMaxFileBytes; a binary file is left after its first block.
  bool read_text(int fd) {
    buffer_.clear();
    is_binary_ = is_cut_ = false;
    for (;;) {
      // Doubling keeps the cost of growing in proportion to what is read.
      const std::size_t had = buffer_.size();
      const std::size_t block = std::clamp<std::size_t>(had, kProbeBytes, 1u << 20);
      buffer_.resize(std::min(had + block, kMaxFileBytes + 1));
      ssize_t length = 0;
      do {
        length = ::read(fd, buffer_.data() + had, buffer_.size() - had);
      } while (length < 0 && errno == EINTR);
      if (length < 0) return false;
      buffer_.resize(had + static_cast<std::size_t>(length));
      if (length == 0) return true;
      is_binary_ = had == 0 ? looks_binary(buffer_) : buffer_.find('\0', had) != std::string::npos;
      is_cut_ = buffer_.size() > kMaxFileBytes;
      if (is_cut_) buffer_.resize(kMaxFileBytes);
      if (is_binary_ || is_cut_ || stop_.stop_requested()) return true;
    }
  }

  bool is_over() {
    if (clock_.monotonic() > deadline_) end_ = End::kTime;
    return stop_.stop_requested() || end_ == End::kTime;
  }

  WalkStep go_on() {
    if (text_.size() >= kMaxTextBytes && end_ == End::kAll) end_ = End::kText;
    return is_over() || end_ != End::kAll ? WalkStep::kStop : WalkStep::kGoOn;
  }

  LinePattern pattern_;
  GlobFilter glob_;
  std::size_t max_matches_;
  std::size_t context_;
  const DeniedPaths& denied_;
  const Clock& clock_;
  MonotonicTime deadline_;
  std::stop_token stop_;
  End end_ = End::kAll;
  std::string buffer_;
  bool is_binary_ = false;
  bool is_cut_ = false;
  std::string text_;
  std::size_t matches_ = 0, files_ = 0, searched_ = 0, binary_ = 0, unreadable_ = 0, partly_ = 0;
};

class SearchTool final : public FileTool {
 public:
  // The clock serves the time limit; it must be readable from worker threads.
  SearchTool(async::WorkerPool& pool, const Clock& clock);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            const DeniedPaths& denied, std::stop_token stop) const override;

 private:
  const Clock& clock_;
};

}  // namespace

SearchTool::SearchTool(async::WorkerPool& pool, const Clock& clock)
    : FileTool(pool, "fs.search", kText, kParameters), clock_(clock) {}

std::string SearchTool::render(const json::object& arguments) const {
  const std::string quoted = json::to_text(json::value(json::string_or(arguments, "pattern")));
  std::string out = fmt::format("fs.search {}{} in {}", flag(arguments, "regex", false) ? "regex " : "",
                                quoted, render_path(arguments));
  const std::string glob = json::string_or(arguments, "glob");
  if (!glob.empty()) out += fmt::format(" ({})", encode_name(glob));
  return out;
}

Result<ToolOutcome> SearchTool::perform(const json::object& arguments, const HeldDirectory& workspace,
                                        const DeniedPaths& denied, std::stop_token stop) const {
  const auto path = path_argument(arguments);
  if (!path) return path.error();
  const std::string text = json::string_or(arguments, "pattern");
  auto pattern =
      LinePattern::compile(text, {flag(arguments, "regex", false), flag(arguments, "case_sensitive", true)});
  if (!pattern) return refusal(pattern.error().message);
  const auto info = workspace.stat(path->bytes);
  if (!info) return explain(workspace, path->bytes, info.error(), denied);
  Search search(std::move(*pattern), arguments, denied, clock_, stop);
  if (info->type == FileType::kRegular) {
    static_cast<void>(
        search.search_file(workspace, path->bytes, path->bytes, platform::Symlinks::kFollowBeneath));
    return search.outcome(text, {});
  }
  if (info->type != FileType::kDirectory) {
    return refusal(fmt::format("'{}' is a {}; only files and folders can be searched.",
                               display_path(path->bytes), platform::file_type_name(info->type)));
  }
  WalkOptions options;
  options.include_hidden = flag(arguments, "include_hidden", false);
  options.denied = &denied;
  options.use_ignore_files = !flag(arguments, "include_ignored", false);
  const auto report =
      walk(workspace, path->bytes, options, stop,
           [&](const HeldDirectory& start, const WalkEntry& entry) { return search.visit(start, entry); });
  if (!report) return explain(workspace, path->bytes, report.error(), denied);
  return search.outcome(text, *report);
}

std::unique_ptr<Tool> make_search_tool(async::WorkerPool& pool, const Clock& clock) {
  return std::make_unique<SearchTool>(pool, clock);
}

}  // namespace pryx::tools::fs
