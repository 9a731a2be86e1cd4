// SPDX-License-Identifier: MIT
#include "engine/tools/undo/restore.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "engine/tools/fs/entry_state.h"
#include "engine/tools/fs/workspace_path.h"

namespace pryx::tools {
namespace {

using platform::FileType;
using platform::HeldDirectory;

constexpr std::size_t kMaxLookedAt = 1'000;  // names in a folder, to tell whether it would be empty

bool is_same(const std::optional<FileState>& a, const std::optional<FileState>& b) {
  if (!a || !b) return !a && !b;
  return a->size == b->size && a->digest == b->digest;
}

// The folder as it would be after the items so far.
class Ahead {
 public:
  explicit Ahead(const HeldDirectory& workspace) : workspace_(&workspace) {}

  [[nodiscard]] Result<std::optional<FileState>> file(const std::string& path) const {
    if (const auto known = files_.find(path); known != files_.end()) return known->second;
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      if (made_.contains(path.substr(0, at))) return std::optional<FileState>{};
    }
    PRYX_TRY(const auto now, fs::look_at_file(*workspace_, path));
    return now.state();
  }
  void set_file(const std::string& path, std::optional<FileState> state) { files_[path] = std::move(state); }

  void make_folder(const std::string& path) {
    files_.erase(path);
    made_.insert(path);
  }
  // Nothing, or something that an item so far takes away.
  [[nodiscard]] Result<bool> is_free(const std::string& path) const {
    PRYX_TRY(const auto there, file(path));
    return !there.has_value();
  }

  [[nodiscard]] bool is_folder(const std::string& path) const {
    if (made_.contains(path)) return true;
    const auto info = workspace_->stat_entry(path);
    return !files_.contains(path) && info && info->type == FileType::kDirectory;
  }

  // nullopt: there is no such folder.
  [[nodiscard]] Result<std::optional<bool>> is_folder_empty(const std::string& path) const {
    if (const auto known = files_.find(path); known != files_.end() && !known->second)
      return std::optional<bool>{};
    const auto info = workspace_->stat_entry(path);
    if (!info && info.error().code == ErrorCode::kNotFound) return std::optional<bool>{};
    if (!info) return std::unexpected(info.error());
    if (info->type != FileType::kDirectory) return std::optional(false);
    PRYX_TRY(const auto listing, workspace_->list(path, kMaxLookedAt, platform::Symlinks::kRefuse));
    const bool empty = !listing.truncated && std::ranges::all_of(listing.entries, [&](const auto& entry) {
      const auto known = files_.find(fs::join_path(path, entry.name));
      return known != files_.end() && !known->second;
    });
    return std::optional(empty);
  }

 private:
  const HeldDirectory* workspace_;
  std::map<std::string, std::optional<FileState>> files_;
  std::set<std::string> made_;  // folders
};

// One that was deleted comes back.
void plan_deleted_folder(UndoItem& item, Ahead& ahead) {
  const Change& change = item.recorded.change;
  const auto empty = ahead.is_folder_empty(change.path);
  const bool is_folder = empty && *empty && ahead.is_folder(change.path);
  if (is_folder) {
    item.action = UndoAction::kUnchanged;
    return;
  }
  const auto free = ahead.is_free(change.path);
  if (!free || !*free) {
    item.action = free ? UndoAction::kChangedSince : UndoAction::kFailed;
    item.detail = free ? "something else has this name since" : free.error().message;
    return;
  }
  item.action = UndoAction::kRestored;
  ahead.make_folder(change.path);
}

void plan_folder(UndoItem& item, Ahead& ahead) {
  const Change& change = item.recorded.change;
  if (change.before) {
    plan_deleted_folder(item, ahead);
    return;
  }
  const auto empty = ahead.is_folder_empty(change.path);
  if (!empty) {
    item.action = UndoAction::kFailed;
    item.detail = empty.error().message;
  } else if (!*empty) {
    item.action = UndoAction::kUnchanged;
  } else if (**empty) {
    item.action = UndoAction::kRemoved;
    ahead.set_file(change.path, std::nullopt);
  } else {
    item.action = UndoAction::kFolderKept;
    item.detail = "other things are in it";
  }
}

// Same bytes before and after: only who may use the file changed.
bool is_mode_change(const Change& change) {
  return change.before && change.after && is_same(change.before, change.after) &&
         change.before->mode != change.after->mode;
}

void plan_mode(UndoItem& item, Ahead& ahead, Force force) {
  const Change& change = item.recorded.change;
  if (item.found && item.found->mode == change.before->mode) {
    item.action = UndoAction::kUnchanged;
    return;
  }
  const bool is_after = is_same(item.found, change.after) && item.found->mode == change.after->mode;
  if (!item.found || (!is_after && force == Force::kNo)) {
    item.action = UndoAction::kChangedSince;
    item.detail = item.found ? "it was changed since" : "it was deleted since";
    return;
  }
  item.action = UndoAction::kRestored;
  ahead.set_file(change.path, change.before);
}

void plan_file(UndoItem& item, Ahead& ahead, Force force) {
  const Change& change = item.recorded.change;
  if (change.path.empty()) {
    item.action = UndoAction::kNotKept;
    item.detail =
        change.before && change.before->mode == 0
            ? fmt::format("{} more names that the command changed were too many to keep", change.before->size)
            : "the command wrote without an overlay, so what it changed is not known";
    return;
  }
  auto now = ahead.file(change.path);
  if (!now) {
    item.action = UndoAction::kFailed;
    item.detail = now.error().message;
    return;
  }
  item.found = *now;
  if (is_mode_change(change)) {
    plan_mode(item, ahead, force);
    return;
  }
  if (is_same(*now, change.before)) {
    item.action = UndoAction::kUnchanged;
    return;
  }
  if (!is_same(*now, change.after) && force == Force::kNo) {
    item.action = UndoAction::kChangedSince;
    item.detail = !*now          ? "it was deleted since"
                  : change.after ? "it was changed since"
                                 : "something else has this name since";
    return;
  }
  if (change.before && !item.recorded.has_content) {
    item.action = UndoAction::kNotKept;
    item.detail = "its old content was too large to be kept, or is past the time it is kept";
    return;
  }
  item.action = change.before ? UndoAction::kRestored : UndoAction::kRemoved;
  ahead.set_file(change.path, change.before);
}

// The items of one step, newest first.
std::vector<UndoItem> plan_step(std::span<const RecordedChange> changes, Ahead& ahead, Force force) {
  Ahead tried = ahead;
  std::vector<UndoItem> items;
  const UndoItem* blocker = nullptr;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    UndoItem item{.recorded = *change, .action = UndoAction::kAlreadyUndone, .detail = {}, .found = {}};
    if (!change->undone_at && change->change.kind == EntryKind::kFolder)
      plan_folder(item, tried);
    else if (!change->undone_at)
      plan_file(item, tried, force);
    items.push_back(std::move(item));
  }
  for (const UndoItem& item : items) {
    if (is_left_alone(item.action) && !item.recorded.change.independent) blocker = &item;
  }
  if (blocker == nullptr) {
    ahead = std::move(tried);
    return items;
  }
  const std::string why = fmt::format("'{}' of the same step cannot be given back",
                                      fs::display_path(blocker->recorded.change.path));
  for (UndoItem& item : items) {
    if (item.action != UndoAction::kRestored && item.action != UndoAction::kRemoved) continue;
    item.action = UndoAction::kHeld;
    item.detail = why;
  }
  return items;
}

}  // namespace

std::string_view to_text(UndoAction action) {
  switch (action) {
    case UndoAction::kRestored:
      return "restored";
    case UndoAction::kRemoved:
      return "removed";
    case UndoAction::kUnchanged:
      return "unchanged";
    case UndoAction::kAlreadyUndone:
      return "already_undone";
    case UndoAction::kFolderKept:
      return "folder_kept";
    case UndoAction::kChangedSince:
      return "changed_since";
    case UndoAction::kNotKept:
      return "not_kept";
    case UndoAction::kHeld:
      return "held";
    case UndoAction::kFailed:
      return "failed";
  }
  return "failed";
}

bool is_left_alone(UndoAction action) {
  return action == UndoAction::kChangedSince || action == UndoAction::kNotKept ||
         action == UndoAction::kHeld || action == UndoAction::kFailed;
}

std::vector<UndoItem> plan_undo(const HeldDirectory& workspace, const std::vector<RecordedChange>& changes,
                                Force force) {
  std::vector<UndoItem> out;
  Ahead ahead(workspace);
  std::span<const RecordedChange> rest(changes);
  while (!rest.empty()) {
    std::size_t first = rest.size() - 1;
    while (first > 0 && rest[first - 1].step == rest.back().step) --first;
    std::vector<UndoItem> step = plan_step(rest.subspan(first), ahead, force);
    std::ranges::move(step, std::back_inserter(out));
    rest = rest.first(first);
  }
  return out;
}

namespace {

// The file is replaced as a whole, like any other: nobody sees it half done.
Result<void> give_mode_back(const HeldDirectory& workspace, const UndoItem& item) {
  const Change& made = item.recorded.change;
  PRYX_TRY(const fs::EntryNow now, fs::look_at_file(workspace, made.path));
  if (!item.found || !fs::is_state(now, item.found))
    return fail(ErrorCode::kConflict, "'{}' was changed by something else meanwhile, so it was left alone",
                fs::display_path(made.path));
  return workspace.write_file(made.path, now.bytes, made.before->mode, platform::Existing::kReplace);
}

}  // namespace

Result<void> undo_change(const HeldDirectory& workspace, const UndoItem& item, const std::string& content) {
  const Change& made = item.recorded.change;
  if (made.kind == EntryKind::kFolder && made.before) {
    return workspace.make_directory(made.path, made.before->mode);
  }
  if (is_mode_change(made)) return give_mode_back(workspace, item);
  if (made.kind == EntryKind::kFolder) {
    auto removed = workspace.remove_directory(made.path);
    if (!removed && removed.error().code == ErrorCode::kNotFound) return {};
    return removed;
  }
  Change back;
  back.path = made.path;
  back.before = item.found;
  back.after = made.before;
  return fs::make_change(workspace, back, content);
}

}  // namespace pryx::tools
