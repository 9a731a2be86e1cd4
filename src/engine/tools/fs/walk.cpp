// SPDX-License-Identifier: MIT
#include "engine/tools/fs/walk.h"

#include <algorithm>
#include <array>

#include "engine/tools/fs/file_tool.h"

namespace pryx::tools::fs {
namespace {

using platform::FileType;
using platform::HeldDirectory;

// In this order: a folder's .ignore overrides its .gitignore.
constexpr std::array<const char*, 2> kIgnoreFiles = {".gitignore", ".ignore"};

class Walker {
 public:
  Walker(WalkOptions options, std::stop_token stop, const WalkVisitor& visit)
      : options_(options), stop_(std::move(stop)), visit_(visit) {}

  Result<WalkReport> run(const HeldDirectory& workspace, const std::string& start) {
    const auto parts = split_path(start);
    if (options_.use_ignore_files) load_rules_above(workspace, parts);
    for (const std::string_view part : parts) names_.emplace_back(part);
    start_depth_ = names_.size();
    PRYX_TRY(const HeldDirectory folder, workspace.open_directory(start));
    if (options_.denied != nullptr && !options_.denied->empty()) {
      // The rules are about where things lie, and a link may have led here.
      const auto place = place_of(workspace, folder.fd());
      if (!place) return fail(ErrorCode::kUnavailable, "where '{}' lies cannot be told", display_path(start));
      place_ = *place;
    }
    PRYX_TRY(platform::Listing listing, folder.list("", kMaxFolderEntries));
    walk_listing(folder, start, "", std::move(listing));
    return report_;
  }

 private:
  // The rules of the start folder itself are loaded when it is walked.
  void load_rules_above(const HeldDirectory& workspace, const std::vector<std::string_view>& parts) {
    std::string folder;
    for (std::size_t depth = 0; depth < parts.size(); ++depth) {
      load_rules(workspace, folder, depth);
      folder = join_path(folder, parts[depth]);
    }
  }

  void load_rules(const HeldDirectory& held, const std::string& folder, std::size_t depth) {
    for (const char* name : kIgnoreFiles) load_rule_file(held, join_path(folder, name), depth);
  }

  void load_rule_file(const HeldDirectory& held, const std::string& path, std::size_t depth) {
    // An ignore file that is a link, unreadable or huge is passed over: it is comfort only.
    const auto text = held.read_file(path, IgnoreRules::kMaxFileBytes, platform::Symlinks::kRefuse);
    if (text) rules_.push(IgnoreRules::parse(*text), depth);
  }

  WalkStep walk_listing(const HeldDirectory& start, const std::string& path, const std::string& below,
                        platform::Listing listing) {
    if (listing.truncated) ++report_.cut_folders;
    const std::size_t outer_rules = rules_.size();
    if (options_.use_ignore_files) {
      for (const char* name : kIgnoreFiles) {
        const bool is_there =
            std::ranges::any_of(listing.entries, [&](const auto& e) { return e.name == name; });
        if (is_there) load_rule_file(start, join_path(below, name), names_.size());
      }
    }
    WalkStep step = WalkStep::kGoOn;
    for (const platform::DirectoryEntry& entry : listing.entries) {
      if (stop_.stop_requested()) step = WalkStep::kStop;
      if (step == WalkStep::kStop) break;
      step = visit_entry(start, path, below, entry);
    }
    rules_.pop_to(outer_rules);
    return step;
  }

  WalkStep visit_entry(const HeldDirectory& start, const std::string& path, const std::string& below,
                       const platform::DirectoryEntry& entry) {
    if (!options_.include_hidden && entry.name.starts_with('.')) {
      ++report_.hidden;
      return WalkStep::kGoOn;
    }
    const std::string part = join_path(below, entry.name);
    if (options_.denied != nullptr && options_.denied->has(join_path(place_, part))) {
      ++report_.denied;
      return WalkStep::kGoOn;
    }
    names_.push_back(entry.name);
    const std::vector<std::string_view> segments(names_.begin(), names_.end());
    const bool is_folder = entry.type == FileType::kDirectory;
    WalkStep step = WalkStep::kGoOn;
    // The insides of a repository's own folder are noise at best, even when hidden names are wanted.
    const bool is_repository = options_.use_ignore_files && entry.name == ".git";
    if (is_repository || (options_.use_ignore_files &&
                          rules_.is_ignored(segments, is_folder ? EntryKind::kFolder : EntryKind::kOther))) {
      ++report_.ignored;
    } else {
      const std::string whole = join_path(path, entry.name);
      step = visit_(start, WalkEntry{whole, part, segments, start_depth_, entry.type});
      if (step == WalkStep::kGoOn && is_folder && options_.recursive) step = enter(start, whole, part);
    }
    names_.pop_back();
    return step;
  }

  WalkStep enter(const HeldDirectory& start, const std::string& path, const std::string& below) {
    if (names_.size() - start_depth_ >= kMaxWalkDepth) {
      ++report_.too_deep;
      return WalkStep::kGoOn;
    }
    auto listing = start.list(below, kMaxFolderEntries, platform::Symlinks::kRefuse);
    if (!listing) {
      ++report_.unreadable;
      return WalkStep::kGoOn;
    }
    return walk_listing(start, path, below, std::move(*listing));
  }

  WalkOptions options_;
  std::stop_token stop_;
  const WalkVisitor& visit_;
  std::vector<std::string> names_;  // from the workspace to where the walk is
  std::size_t start_depth_ = 0;
  std::string place_;  // of the start, links followed; only when paths are denied
  IgnoreStack rules_;
  WalkReport report_;
};

}  // namespace

Result<WalkReport> walk(const HeldDirectory& workspace, const std::string& start, WalkOptions options,
                        std::stop_token stop, const WalkVisitor& visit) {
  return Walker(options, std::move(stop), visit).run(workspace, start);
}

std::string describe(const WalkReport& report) {
  std::string out;
  if (report.hidden > 0) {
    out += fmt::format("{} left out (include_hidden=true shows them).\n",
                       counted(report.hidden, "hidden entry", "hidden entries"));
  }
  if (report.ignored > 0) {
    out += fmt::format("{} left out because of ignore files or .git (include_ignored=true shows them).\n",
                       counted(report.ignored, "entry", "entries"));
  }
  if (report.denied > 0) {
    out += fmt::format("{} left out because the policy denies them.\n",
                       counted(report.denied, "entry", "entries"));
  }
  if (report.unreadable > 0)
    out += fmt::format("{} could not be read.\n", counted(report.unreadable, "folder", "folders"));
  if (report.too_deep > 0) {
    out += fmt::format("{} not entered: more than {} levels deep.\n",
                       counted(report.too_deep, "folder", "folders"), kMaxWalkDepth);
  }
  if (report.cut_folders > 0) {
    out += fmt::format("{} with more than {} names: only that many were looked at.\n",
                       counted(report.cut_folders, "folder", "folders"), kMaxFolderEntries);
  }
  return out;
}

}  // namespace pryx::tools::fs
