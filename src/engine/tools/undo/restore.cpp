// SPDX-License-Identifier: MIT
#include "engine/tools/undo/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <span>

#include "engine/tools/fs/entry_state.h"
#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/workspace_path.h"
#include "engine/tools/undo/link_state.h"

namespace pryx::tools {
namespace {

using platform::FileType;
using platform::HeldDirectory;

constexpr std::size_t kMaxLookedAt = 1'000;  // names in a folder, to tell whether it would be empty
constexpr std::uint32_t kPermissions = 0777;

bool is_same(const std::optional<FileState>& a, const std::optional<FileState>& b) {
  if (!a || !b) return !a && !b;
  return a->size == b->size && a->digest == b->digest;
}

bool has_same_rights(const FileState& a, const FileState& b) {
  return ((a.mode ^ b.mode) & kPermissions) == 0;
}

// What counts besides files and nothing; everything else is an error.
enum class Sight : std::uint8_t {
  kFiles,
  kLinksToo,
  kUnreadToo,  // a file that is too large or may not be read has an empty digest
};

Result<std::optional<FileState>> look(const HeldDirectory& workspace, const std::string& path, Sight sight) {
  if (sight == Sight::kLinksToo) {
    PRYX_TRY(const auto missing, fs::missing_folders(workspace, path));
    if (!missing.empty()) return std::optional<FileState>{};
    const auto info = workspace.stat_entry(path);
    if (info && info->type == FileType::kSymlink) {
      PRYX_TRY(const std::string target, fs::read_link(workspace, path));
      return std::optional<FileState>(link_state(target));
    }
  }
  const auto now = fs::look_at_file(workspace, path);
  if (now) return now->state();
  const ErrorCode code = now.error().code;
  if (sight == Sight::kUnreadToo && (code == ErrorCode::kForbidden || code == ErrorCode::kTooLarge)) {
    const auto info = workspace.stat_entry(path);
    if (info && info->type == FileType::kRegular)
      return std::optional(FileState{.digest = {}, .mode = info->mode, .size = info->size});
  }
  return std::unexpected(now.error());
}

// The folder as it would be after the items so far.
class Ahead {
 public:
  explicit Ahead(const HeldDirectory& workspace) : workspace_(&workspace) {}

  [[nodiscard]] Result<std::optional<FileState>> file(const std::string& path,
                                                      Sight sight = Sight::kFiles) const {
    if (const auto known = files_.find(path); known != files_.end()) return known->second;
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      if (made_.contains(path.substr(0, at))) return std::optional<FileState>{};
    }
    return look(*workspace_, path, sight);
  }
  void set_file(const std::string& path, std::optional<FileState> state) { files_[path] = std::move(state); }

  void make_folder(const std::string& path, std::uint32_t mode) {
    files_.erase(path);
    made_.insert(path);
    modes_[path] = mode & kPermissions;
  }
  void remove_folder(const std::string& path) {
    files_[path] = std::nullopt;
    made_.erase(path);
    modes_.erase(path);
  }
  void set_folder_mode(const std::string& path, std::uint32_t mode) { modes_[path] = mode & kPermissions; }
  // nullopt: there is no such folder.
  [[nodiscard]] Result<std::optional<std::uint32_t>> folder_mode(const std::string& path) const {
    if (const auto known = modes_.find(path); known != modes_.end()) return std::optional(known->second);
    if (files_.contains(path)) return std::optional<std::uint32_t>{};
    PRYX_TRY(const auto missing, fs::missing_folders(*workspace_, path));
    if (!missing.empty()) return std::optional<std::uint32_t>{};
    const auto info = workspace_->stat_entry(path);
    if (!info && info.error().code != ErrorCode::kNotFound) return std::unexpected(info.error());
    if (!info || info->type != FileType::kDirectory) return std::optional<std::uint32_t>{};
    return std::optional(info->mode & kPermissions);
  }
  // Nothing, or something that an item so far takes away.
  [[nodiscard]] Result<bool> is_free(const std::string& path) const {
    PRYX_TRY(const auto there, file(path, Sight::kLinksToo));
    return !there.has_value();
  }

  [[nodiscard]] bool is_folder(const std::string& path) const {
    if (made_.contains(path)) return true;
    const auto info = workspace_->stat_entry(path);
    return !files_.contains(path) && info && info->type == FileType::kDirectory;
  }

  // nullopt: there is no such folder.
  [[nodiscard]] Result<std::optional<bool>> is_folder_empty(const std::string& path) const {
    if (gets_something(path)) return std::optional(false);
    if (made_.contains(path)) return std::optional(true);
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
  // By an item so far, somewhere below it.
  [[nodiscard]] bool gets_something(const std::string& folder) const {
    const std::string below = folder + "/";
    for (auto at = files_.lower_bound(below); at != files_.end() && at->first.starts_with(below); ++at) {
      if (at->second) return true;
    }
    const auto made = made_.lower_bound(below);
    return made != made_.end() && made->starts_with(below);
  }

  const HeldDirectory* workspace_;
  std::map<std::string, std::optional<FileState>> files_;
  std::set<std::string> made_;                  // folders
  std::map<std::string, std::uint32_t> modes_;  // of folders
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
  ahead.make_folder(change.path, change.before->mode);
}

// It was there before and after: only who may use it changed.
void plan_folder_mode(UndoItem& item, Ahead& ahead, Force force) {
  const Change& change = item.recorded.change;
  const auto now = ahead.folder_mode(change.path);
  if (!now) {
    item.action = UndoAction::kFailed;
    item.detail = now.error().message;
    return;
  }
  if (*now) item.found = FileState{.digest = {}, .mode = **now, .size = 0};
  if (item.found && has_same_rights(*item.found, *change.before)) {
    item.action = UndoAction::kUnchanged;
    return;
  }
  if (!item.found || (force == Force::kNo && !has_same_rights(*item.found, *change.after))) {
    item.action = UndoAction::kChangedSince;
    item.detail = item.found ? "its rights were changed since" : "it was deleted since";
    return;
  }
  item.action = UndoAction::kRestored;
  item.detail = "its rights";
  ahead.set_folder_mode(change.path, change.before->mode);
}

void plan_folder(UndoItem& item, Ahead& ahead, Force force) {
  const Change& change = item.recorded.change;
  if (change.before && change.after) {
    plan_folder_mode(item, ahead, force);
    return;
  }
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
    ahead.remove_folder(change.path);
  } else {
    item.action = UndoAction::kFolderKept;
    item.detail = "other things are in it";
  }
}

// Same bytes before and after: only who may use the file changed.
bool is_mode_change(const Change& change) {
  return change.before && change.after && is_same(change.before, change.after) &&
         !has_same_rights(*change.before, *change.after);
}

bool concerns_links(const Change& change) { return is_link(change.before) || is_link(change.after); }

std::string why_not_kept(const FileState& before) {
  if (before.digest.starts_with(kOtherDigest)) return "it was no file";
  return "its old content was too large to be kept, or is past the time it is kept";
}

void plan_mode(UndoItem& item, Ahead& ahead, Force force) {
  const Change& change = item.recorded.change;
  if (item.found && has_same_rights(*item.found, *change.before)) {
    item.action = UndoAction::kUnchanged;
    return;
  }
  const bool was_read = item.found && !item.found->digest.empty();
  const bool is_after =
      item.found && has_same_rights(*item.found, *change.after) &&
      (was_read ? is_same(item.found, change.after) : item.found->size == change.after->size);
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
  const bool is_kept = !change.before || item.recorded.has_content;
  const Sight sight = is_mode_change(change)   ? Sight::kUnreadToo
                      : concerns_links(change) ? Sight::kLinksToo
                                               : Sight::kFiles;
  auto now = ahead.file(change.path, sight);
  if (!now) {
    item.action = is_kept ? UndoAction::kFailed : UndoAction::kNotKept;
    item.detail = is_kept ? now.error().message : why_not_kept(*change.before);
    return;
  }
  item.found = *now;
  if (is_mode_change(change)) {
    plan_mode(item, ahead, force);
    return;
  }
  if (is_same(*now, change.before)) {
    const bool keeps_rights = *now && change.after && !concerns_links(change) &&
                              !has_same_rights(**now, *change.before) &&
                              has_same_rights(**now, *change.after);
    item.action = keeps_rights ? UndoAction::kRestored : UndoAction::kUnchanged;
    if (keeps_rights) ahead.set_file(change.path, change.before);
    return;
  }
  if (!is_same(*now, change.after) && force == Force::kNo) {
    item.action = UndoAction::kChangedSince;
    item.detail = !*now          ? "it was deleted since"
                  : change.after ? "it was changed since"
                                 : "something else has this name since";
    return;
  }
  if (!is_kept) {
    item.action = UndoAction::kNotKept;
    item.detail = why_not_kept(*change.before);
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
      plan_folder(item, tried, force);
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

std::unexpected<Error> changed_meanwhile(const std::string& path) {
  return fail(ErrorCode::kConflict, "'{}' was changed by something else meanwhile, so it was left alone",
              fs::display_path(path));
}

struct Place {
  HeldDirectory folder;
  std::string name;
};
Result<Place> place_of(const HeldDirectory& workspace, const std::string& path) {
  PRYX_TRY(HeldDirectory folder, workspace.open_directory(fs::folder_of(path), platform::Symlinks::kRefuse));
  return Place{std::move(folder), path.substr(path.rfind('/') + 1)};
}

// Never through a link, and without opening it: whoever is to get the right to read may not have it yet. The
// set-group-id and sticky bits stay.
Result<void> set_rights(const HeldDirectory& workspace, const std::string& path, std::uint32_t mode) {
  PRYX_TRY(const Place place, place_of(workspace, path));
  const platform::UniqueFd entry(
      ::openat(place.folder.fd(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (!entry || ::fstat(entry.get(), &info) != 0)
    return std::unexpected(
        platform::system_error(fmt::format("look at '{}'", fs::display_path(path)), errno));
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return changed_meanwhile(path);
  const std::string self = fmt::format("/proc/self/fd/{}", entry.get());
  if (::chmod(self.c_str(), (info.st_mode & 07000) | (mode & kPermissions)) != 0)
    return std::unexpected(
        platform::system_error(fmt::format("set the rights of '{}'", fs::display_path(path)), errno));
  return {};
}

Result<void> make_link(const HeldDirectory& workspace, const std::string& path, const std::string& target) {
  PRYX_TRY(const Place place, place_of(workspace, path));
  if (::symlinkat(target.c_str(), place.folder.fd(), place.name.c_str()) == 0) return {};
  return std::unexpected(
      platform::system_error(fmt::format("make the link '{}'", fs::display_path(path)), errno));
}

Result<void> give_mode_back(const HeldDirectory& workspace, const UndoItem& item) {
  const Change& made = item.recorded.change;
  PRYX_TRY(const auto now, look(workspace, made.path, Sight::kUnreadToo));
  if (!now || !is_same(now, item.found)) return changed_meanwhile(made.path);
  return set_rights(workspace, made.path, made.before->mode);
}

Result<void> give_folder_mode_back(const HeldDirectory& workspace, const UndoItem& item) {
  const Change& made = item.recorded.change;
  const auto info = workspace.stat_entry(made.path);
  if (!info) return std::unexpected(info.error());
  const bool is_as_found = info->type == FileType::kDirectory && item.found &&
                           ((info->mode ^ item.found->mode) & kPermissions) == 0;
  if (!is_as_found) return changed_meanwhile(made.path);
  return set_rights(workspace, made.path, made.before->mode);
}

// Under another name first: nobody sees it half done, and a crash leaves the one or the other.
Result<void> put_in_place(const HeldDirectory& workspace, const UndoItem& item, const std::string& content) {
  const Change& made = item.recorded.change;
  PRYX_TRY(const auto now, look(workspace, made.path, Sight::kLinksToo));
  if (!is_same(now, item.found)) return changed_meanwhile(made.path);
  if (!made.before) return workspace.remove_file(made.path);
  const std::string folder = fs::folder_of(made.path);
  const std::string beside =
      fmt::format("{}{}.pryx-undo-{}", folder, folder.empty() ? "" : "/", item.recorded.number);
  static_cast<void>(workspace.remove_file(beside));  // of an undo that was cut short
  Result<void> done = is_link(made.before) ? make_link(workspace, beside, content)
                                           : workspace.write_file(beside, content, made.before->mode,
                                                                  platform::Existing::kRefuse);
  if (done) {
    done =
        workspace.rename(beside, made.path, now ? platform::Existing::kReplace : platform::Existing::kRefuse);
  }
  if (!done) static_cast<void>(workspace.remove_file(beside));
  return done;
}

Result<void> undo_folder(const HeldDirectory& workspace, const UndoItem& item) {
  const Change& made = item.recorded.change;
  if (made.before && made.after) return give_folder_mode_back(workspace, item);
  if (made.before) {
    PRYX_TRY_VOID(workspace.make_directory(made.path, made.before->mode));
    return set_rights(workspace, made.path, made.before->mode);  // whatever the umask is
  }
  auto removed = workspace.remove_directory(made.path);
  if (!removed && removed.error().code == ErrorCode::kNotFound) return {};
  return removed;
}

}  // namespace

Result<void> undo_change(const HeldDirectory& workspace, const UndoItem& item, const std::string& content) {
  const Change& made = item.recorded.change;
  if (made.kind == EntryKind::kFolder) return undo_folder(workspace, item);
  if (is_mode_change(made) || (made.before && is_same(item.found, made.before)))
    return give_mode_back(workspace, item);
  const bool changes_rights = made.before && made.after && !has_same_rights(*made.before, *made.after);
  if (concerns_links(made) || changes_rights) return put_in_place(workspace, item, content);
  Change back;
  back.path = made.path;
  back.before = item.found;
  back.after = made.before;
  return fs::make_change(workspace, back, content);
}

}  // namespace pryx::tools
