// SPDX-License-Identifier: MIT
// Over 500 lines: one walk that is rehearsed and then done, and the looks for the same names beside it.
#include "trust/sandbox/written_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "trust/sandbox/coming_changes.h"
#include "trust/sandbox/protected_names.h"
#include "trust/sandbox/repository_names.h"

namespace pryx::sandbox {
namespace {

using platform::system_error;
using platform::UniqueFd;

constexpr int kMaxDepth = 200;              // each level holds two descriptors
constexpr std::size_t kMaxReported = 1000;  // names in a result; more are counted by nobody's patience
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::string_view kOverlayMarks = "user.overlay.";

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

struct Name {
  std::string text;
  unsigned char type = DT_UNKNOWN;  // as the folder says
};

// Sorted, without "." and "..". An own description, because reading moves its position.
Result<std::vector<Name>> typed_names_in(int directory, const std::string& path) {
  UniqueFd own(::openat(directory, ".", kOpenDirectory));
  if (!own) return std::unexpected(system_error(fmt::format("read the folder '{}'", path), errno));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), &::closedir);
  if (!stream) return std::unexpected(system_error(fmt::format("read the folder '{}'", path), errno));
  static_cast<void>(own.release());
  std::vector<Name> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.push_back({entry->d_name, entry->d_type});
    errno = 0;
  }
  if (errno != 0) return std::unexpected(system_error(fmt::format("read the folder '{}'", path), errno));
  std::ranges::sort(names, {}, &Name::text);
  return names;
}

Result<std::vector<std::string>> names_in(int directory, const std::string& path) {
  PRYX_TRY(auto typed, typed_names_in(directory, path));
  std::vector<std::string> names;
  names.reserve(typed.size());
  for (Name& name : typed) names.push_back(std::move(name.text));
  return names;
}

std::optional<struct stat> look(int directory, const std::string& name) {
  struct stat info{};
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return info;
}

bool is_deletion(const struct stat& info) { return S_ISCHR(info.st_mode) && info.st_rdev == 0; }

// A folder called ".git" may be made; a file or link of that name redirects Git.
bool refuses(const std::string& path, mode_t mode, Refusal refusal, const RepositoryNames& named) {
  if (refusal == Refusal::kNothing) return false;
  if (refusal == Refusal::kInstructionsToo && is_own_future(path)) return true;
  if (S_ISLNK(mode) && (may_not_be_link(path) || named.leads_to(path))) return true;
  return named.has(path) || (is_protected(path) && !(S_ISDIR(mode) && may_be_folder(path)));
}

void note(std::vector<std::string>& list, const std::string& path) {
  if (list.size() < kMaxReported) list.push_back(path);
}

bool is_opaque(int directory) {
  char value[4];
  return ::fgetxattr(directory, "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

// The overlay's own notes on a file must not reach the workspace.
void strip_marks(int directory, const std::string& name) {
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory, name);
  char list[4096];
  const ssize_t size = ::llistxattr(path.c_str(), list, sizeof list);
  for (ssize_t at = 0; at < size;) {
    const std::string_view attribute(list + at);
    if (attribute.starts_with(kOverlayMarks)) ::lremovexattr(path.c_str(), list + at);
    at += static_cast<ssize_t>(attribute.size()) + 1;
  }
}

std::string temporary_name_for(const std::string& path) {
  // Only one apply runs in a workspace folder at a time per name; the process and the address make it ours.
  return fmt::format(".pryx-{:x}-{:x}", static_cast<unsigned>(::getpid()), std::hash<std::string>{}(path));
}

// Takes over, or, with a collector, walks the same way and tells it what would change.
class Application {
 public:
  Application(Applied& applied, Refusal refusal, RepositoryNames& named, ChangeCollector* collector)
      : applied_(applied), refusal_(refusal), named_(named), collector_(collector) {}

  Result<void> folder(int upper, int target, const std::string& path, int depth) {
    if (depth > kMaxDepth) return fail(ErrorCode::kTooLarge, "'{}' lies too deep to be taken over", path);
    PRYX_TRY(const auto names, names_in(upper, path));
    // Nothing of a repository's settings is ever taken over, so they are the ones from before the run.
    if (refusal_ != Refusal::kNothing) {
      named_.add_folder(path);
      if (!names.empty() && !named_.complete())
        return fail(
            ErrorCode::kTooLarge,
            "a Git repository of the workspace, or around it, has more settings than are read to learn "
            "what they name, so nothing is taken over; shorten its settings");
    }
    const std::set<std::string> held_back = parts_of_new_repository(upper, target, names);
    for (const std::string& name : names) {
      const std::string full = join(path, name);
      const auto info = look(upper, name);
      if (!info) continue;
      if (held_back.contains(name) || refuses_here(full, info->st_mode)) {
        note(applied_.quarantined, full);
        continue;
      }
      PRYX_TRY_VOID(entry(upper, target, name, full, *info, depth));
    }
    return {};
  }

 private:
  std::set<std::string> parts_of_new_repository(int upper, int target,
                                                const std::vector<std::string>& names) {
    if (refusal_ == Refusal::kNothing) return {};
    const auto before = [&](const std::string& name) { return look(target, name).has_value(); };
    const auto after = [&](const std::string& name) {
      const auto written = look(upper, name);
      return written ? !is_deletion(*written) : before(name);
    };
    std::set<std::string> parts = refused_repository_parts(before, after);
    std::erase_if(parts, [&](const std::string& part) { return !std::ranges::binary_search(names, part); });
    return parts;
  }

  Result<void> entry(int upper, int target, const std::string& name, const std::string& path,
                     const struct stat& info, int depth) {
    if (is_deletion(info)) {
      PRYX_TRY_VOID(remove(target, name, path, depth));
      return {};
    }
    if (S_ISDIR(info.st_mode)) return merge(upper, target, name, path, info, depth);
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode) && !S_ISFIFO(info.st_mode))
      return {};  // sockets: their server is gone
    const auto there = look(target, name);
    if (there && S_ISDIR(there->st_mode)) {
      PRYX_TRY(const bool gone, remove(target, name, path, depth));
      if (collector_ != nullptr && gone) return collector_->add(path, name, -1, upper);
      if (!gone) return {};  // something protected below it stays, so it does
    }
    return carry(upper, target, name, path, info);
  }

  Result<void> carry(int upper, int target, const std::string& name, const std::string& path,
                     const struct stat& info) {
    if (collector_ != nullptr) return collector_->add(path, name, target, upper);
    if (!S_ISLNK(info.st_mode)) strip_marks(upper, name);
    // Nobody gains rights by a file that a sandbox wrote.
    if (S_ISREG(info.st_mode) && (info.st_mode & (S_ISUID | S_ISGID)) != 0 &&
        ::fchmodat(upper, name.c_str(), info.st_mode & 0777, 0) != 0)
      return std::unexpected(system_error(fmt::format("take the rights off '{}'", path), errno));
    if (::renameat(upper, name.c_str(), target, name.c_str()) == 0) {
      note(applied_.changed, path);
      return {};
    }
    if (errno != EXDEV) return std::unexpected(system_error(fmt::format("take over '{}'", path), errno));
    PRYX_TRY_VOID(copy(upper, target, name, path, info));
    note(applied_.changed, path);
    return {};
  }

  // From another file system: a copy beside it, then a rename, so that nobody sees half of it.
  Result<void> copy(int upper, int target, const std::string& name, const std::string& path,
                    const struct stat& info) {
    const std::string temporary = temporary_name_for(path);
    ::unlinkat(target, temporary.c_str(), 0);
    const auto copied = S_ISLNK(info.st_mode) ? copy_link(upper, target, name, temporary)
                        : S_ISFIFO(info.st_mode)
                            ? (::mkfifoat(target, temporary.c_str(), info.st_mode & 0777) == 0 ? 0 : errno)
                            : copy_file(upper, target, name, temporary, info);
    int problem = copied;
    if (problem == 0 && ::renameat(target, temporary.c_str(), target, name.c_str()) != 0) problem = errno;
    if (problem == 0) return {};
    ::unlinkat(target, temporary.c_str(), 0);
    return std::unexpected(system_error(fmt::format("take over '{}'", path), problem));
  }

  static int copy_link(int upper, int target, const std::string& name, const std::string& temporary) {
    char text[4097];
    const ssize_t size = ::readlinkat(upper, name.c_str(), text, sizeof text - 1);
    if (size < 0) return errno;
    text[size] = '\0';
    return ::symlinkat(text, target, temporary.c_str()) == 0 ? 0 : errno;
  }

  static int copy_file(int upper, int target, const std::string& name, const std::string& temporary,
                       const struct stat& info) {
    if ((info.st_mode & S_IRUSR) == 0 && ::fchmodat(upper, name.c_str(), S_IRUSR | S_IWUSR, 0) != 0)
      return errno;
    const UniqueFd from(::openat(upper, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!from) return errno;
    const UniqueFd to(
        ::openat(target, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!to) return errno;
    char buffer[65536];
    for (;;) {
      const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      if (got == 0) break;
      for (ssize_t sent = 0; sent < got;) {
        const ssize_t put = ::write(to.get(), buffer + sent, static_cast<std::size_t>(got - sent));
        if (put < 0 && errno != EINTR) return errno;
        if (put > 0) sent += put;
      }
    }
    const timespec times[] = {info.st_atim, info.st_mtim};
    ::futimens(to.get(), times);
    return ::fchmod(to.get(), info.st_mode & 0777) == 0 ? 0 : errno;
  }

  Result<void> merge(int upper, int target, const std::string& name, const std::string& path,
                     const struct stat& info, int depth) {
    // So that it can be walked.
    if (::fchmodat(upper, name.c_str(), (info.st_mode & 0777) | S_IRWXU, 0) != 0)
      return std::unexpected(system_error(fmt::format("open up the folder '{}'", path), errno));
    const UniqueFd from(::openat(upper, name.c_str(), kOpenDirectory));
    if (!from) return std::unexpected(system_error(fmt::format("read the folder '{}'", path), errno));
    const auto there = look(target, name);
    if (collector_ != nullptr) return rehearse_merge({from.get(), upper, target, depth}, name, path, info);
    if (there && !S_ISDIR(there->st_mode) && ::unlinkat(target, name.c_str(), 0) != 0)
      return std::unexpected(system_error(fmt::format("replace '{}' by a folder", path), errno));
    const bool is_new = !there || !S_ISDIR(there->st_mode);
    if (is_new && ::mkdirat(target, name.c_str(), 0700) != 0)
      return std::unexpected(system_error(fmt::format("make the folder '{}'", path), errno));
    if (is_new) note(applied_.changed, path);
    const UniqueFd to(::openat(target, name.c_str(), kOpenDirectory));
    if (!to) return std::unexpected(system_error(fmt::format("enter the folder '{}'", path), errno));
    if (!is_new && is_opaque(from.get())) PRYX_TRY_VOID(remove_others(from.get(), to.get(), path, depth));
    PRYX_TRY_VOID(folder(from.get(), to.get(), path, depth + 1));
    // Its set-group-id and sticky bits stay, or are those that the folder around it gives to new ones.
    struct stat now{};
    if (::fstat(to.get(), &now) == 0 && ((now.st_mode ^ info.st_mode) & 0777) != 0)
      ::fchmod(to.get(), (now.st_mode & 07000) | (info.st_mode & 0777));
    return {};
  }

  struct Place {
    int from;  // the folder in `upper`
    int upper;
    int target;
    int depth;
  };
  Result<void> rehearse_merge(const Place& place, const std::string& name, const std::string& path,
                              const struct stat& info) {
    const auto there = look(place.target, name);
    const bool is_new = !there || !S_ISDIR(there->st_mode);
    UniqueFd to;
    if (is_new) {
      if (there) PRYX_TRY_VOID(collector_->add(path, name, place.target, -1));
      PRYX_TRY_VOID(collector_->add(path, name, -1, place.upper));
    } else {
      to.reset(::openat(place.target, name.c_str(), kOpenDirectory));
      if (!to) return std::unexpected(system_error(fmt::format("enter the folder '{}'", path), errno));
      if (is_opaque(place.from)) PRYX_TRY_VOID(remove_others(place.from, to.get(), path, place.depth));
    }
    PRYX_TRY_VOID(folder(place.from, to.get(), path, place.depth + 1));
    ::fchmod(place.from, info.st_mode & 07777);
    // After what is below it: backwards a folder that was closed is opened first. A new one is made open.
    return collector_->add_folder_mode(path, is_new ? info.st_mode | S_IRWXU : there->st_mode, info.st_mode);
  }

  // The folder was deleted and made again: what it held before is gone.
  Result<void> remove_others(int upper, int target, const std::string& path, int depth) {
    PRYX_TRY(const auto names, names_in(target, path));
    for (const std::string& name : names) {
      if (!look(upper, name)) PRYX_TRY_VOID(remove(target, name, join(path, name), depth + 1));
    }
    return {};
  }

  // Protected names outlive the deletion of what they are in. Whether it is gone then.
  Result<bool> remove(int target, const std::string& name, const std::string& path, int depth) {
    const auto info = look(target, name);
    if (!info) return true;
    if (depth > kMaxDepth) return fail(ErrorCode::kTooLarge, "'{}' lies too deep to be deleted", path);
    const bool is_directory = S_ISDIR(info->st_mode);
    if (refuses_here(path, info->st_mode)) {
      note(applied_.quarantined, path);
      return false;
    }
    bool is_empty = true;
    if (is_directory) {
      const UniqueFd inside(::openat(target, name.c_str(), kOpenDirectory));
      if (!inside) return std::unexpected(system_error(fmt::format("delete the folder '{}'", path), errno));
      PRYX_TRY(const auto names, names_in(inside.get(), path));
      for (const std::string& child : names) {
        PRYX_TRY(const bool gone, remove(inside.get(), child, join(path, child), depth + 1));
        is_empty = is_empty && gone;
      }
    }
    if (collector_ != nullptr) {
      if (is_empty) PRYX_TRY_VOID(collector_->add(path, name, target, -1));
      return is_empty;
    }
    if (::unlinkat(target, name.c_str(), is_directory ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT &&
        errno != ENOTEMPTY)
      return std::unexpected(system_error(fmt::format("delete '{}'", path), errno));
    const bool gone = !look(target, name);
    if (gone) note(applied_.changed, path);
    return gone;
  }

  [[nodiscard]] bool refuses_here(const std::string& path, mode_t mode) const {
    return refuses(path, mode, refusal_, named_);
  }

  Applied& applied_;
  Refusal refusal_;
  RepositoryNames& named_;
  ChangeCollector* collector_;
};

class Scan {
 public:
  // `learns`: whether repositories on the way add to the names.
  Scan(ProtectedScan& scan, RepositoryNames& named, bool learns, std::size_t max_names, Refusal refusal)
      : scan_(scan), named_(named), learns_(learns), left_(max_names), refusal_(refusal) {}

  void folder(int directory, const std::string& path, int depth) {
    const auto names = typed_names_in(directory, path);
    if (!names || depth > kMaxDepth) {
      scan_.complete = false;
      return;
    }
    const auto has = [&](const char* name) {
      return std::ranges::binary_search(*names, std::string_view(name), {}, &Name::text);
    };
    const bool is_repository = has("HEAD") && (has("commondir") || (has("objects") && has("refs")));
    if (learns_ && (is_repository || has(".git"))) named_.add_folder(path);
    for (const auto& [name, type] : *names) {
      if (left_ == 0) {
        scan_.complete = false;
        return;
      }
      --left_;
      const std::string full = join(path, name);
      const bool is_setting = is_repository && (name == "config" || name == "hooks" || name == "commondir");
      const bool is_instruction = refusal_ == Refusal::kInstructionsToo && is_own_future(full);
      if (is_setting || is_instruction || is_protected(full) || type == DT_LNK || type == DT_UNKNOWN) {
        const auto info = look(directory, name);
        if (!info) continue;
        if (is_setting || refuses(full, info->st_mode, refusal_, named_)) {
          note_entry(full, *info);
          continue;
        }
      }
      if (is_repository && name == "objects") continue;  // thousands of names that are only hashes
      if (type != DT_DIR && type != DT_UNKNOWN) continue;
      const UniqueFd inside(::openat(directory, name.c_str(), kOpenDirectory));
      if (inside)
        folder(inside.get(), full, depth + 1);
      else if (errno == EACCES)
        scan_.complete = false;
    }
  }

  // What is named may lie anywhere, also where the search was over before it was named.
  void named(int directory) {
    for (const std::string& path : named_.names()) {
      UniqueFd folder(::openat(directory, ".", kOpenDirectory));
      std::size_t begin = 0;
      for (std::size_t end = path.find('/'); folder && end != std::string::npos;
           end = path.find('/', begin)) {
        folder.reset(::openat(folder.get(), path.substr(begin, end - begin).c_str(), kOpenDirectory));
        begin = end + 1;
      }
      const auto info = folder ? look(folder.get(), path.substr(begin)) : std::nullopt;
      if (info) note_entry(path, *info);
    }
  }

 private:
  void note_entry(const std::string& path, const struct stat& info) {
    scan_.entries[path] = {info.st_dev, info.st_ino, S_ISDIR(info.st_mode), S_ISLNK(info.st_mode)};
  }

  ProtectedScan& scan_;
  RepositoryNames& named_;
  bool learns_;
  std::size_t left_;
  Refusal refusal_;
};

ProtectedScan scan_with(RepositoryNames& named, bool learns, int directory, std::size_t max_names,
                        Refusal refusal) {
  ProtectedScan scan;
  Scan search(scan, named, learns, max_names, refusal);
  search.folder(directory, "", 0);
  search.named(directory);
  scan.complete = scan.complete && named.complete();
  scan.named = {named.names(), named.complete()};
  return scan;
}

}  // namespace

Result<Applied> apply_written_tree(int upper, int workspace, Refusal refusal, ChangeRecorder* recorder,
                                   const SettingNames& named) {
  RepositoryNames names(path_of(workspace));
  if (refusal != Refusal::kNothing) {
    names.add(named);
    names.add_above();
  }
  // Nothing is moved before all of the way was walked: settings at its end may name what lies at its begin.
  if (recorder != nullptr || refusal != Refusal::kNothing) {
    Applied rehearsed;
    ChangeCollector collector(recorder);
    PRYX_TRY_VOID(Application(rehearsed, refusal, names, &collector).folder(upper, workspace, "", 0));
    PRYX_TRY_VOID(collector.finish());
  }
  Applied applied;
  PRYX_TRY_VOID(Application(applied, refusal, names, nullptr).folder(upper, workspace, "", 0));
  return applied;
}

ProtectedScan find_protected(int directory, std::size_t max_names, Refusal refusal) {
  RepositoryNames named(path_of(directory));
  named.add_above();
  return scan_with(named, true, directory, max_names, refusal);
}

Result<Applied> sweep_protected(int workspace, const ProtectedScan& before, int quarantine, Refusal refusal) {
  Applied applied;
  // By the names from before: settings that the run has planted may not name anything.
  RepositoryNames named(path_of(workspace));
  named.add(before.named);
  const ProtectedScan after = scan_with(named, false, workspace, SIZE_MAX, refusal);
  std::size_t number = 0;
  for (const auto& [path, entry] : after.entries) {
    const auto known = before.entries.find(path);
    if (known != before.entries.end() && known->second == entry) continue;
    const std::string kept = fmt::format("{:04}", number++);
    note(applied.quarantined, path);
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    UniqueFd parent(::openat(workspace, ".", kOpenDirectory));
    for (std::size_t at = 0; parent && folder != "." && at <= folder.size();) {
      const std::size_t end = std::min(folder.find('/', at), folder.size());
      parent.reset(::openat(parent.get(), folder.substr(at, end - at).c_str(), kOpenDirectory));
      at = end + 1;
    }
    if (!parent && errno == ENOENT) continue;  // gone with a folder that was set aside before it
    if (!parent) return std::unexpected(system_error(fmt::format("reach '{}' to set it aside", path), errno));
    if (quarantine >= 0 && ::renameat(parent.get(), name.c_str(), quarantine, kept.c_str()) == 0) continue;
    // Another file system: it keeps its place under a name that nothing obeys.
    if (::renameat(parent.get(), name.c_str(), parent.get(), (name + ".pryx-refused").c_str()) != 0)
      return std::unexpected(system_error(fmt::format("set '{}' aside", path), errno));
  }
  if (!after.complete)
    return fail(ErrorCode::kStorage,
                "the workspace could not be searched whole for names that others run later; look at it "
                "before using it");
  return applied;
}

void remove_tree(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || (errno != EISDIR && errno != EPERM)) return;
  if (::fchmodat(parent, name.c_str(), 0700, 0) != 0) return;
  {
    const UniqueFd inside(::openat(parent, name.c_str(), kOpenDirectory));
    if (!inside) return;
    const auto names = names_in(inside.get(), name);
    if (!names) return;
    for (const std::string& child : *names) remove_tree(inside.get(), child);
  }
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

}  // namespace pryx::sandbox
