// SPDX-License-Identifier: MIT
#include "foundation/platform/user_switch.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "foundation/base/text.h"
#include "foundation/platform/subprocess.h"

namespace pryx::platform {
namespace {

constexpr Duration kUserAddLimit = std::chrono::seconds(30);  // a network user database may be slow
constexpr int kMaxDepth = 64;

bool is_user_name(std::string_view name) {
  if (name.empty() || name.size() > 32 || (name[0] != '_' && (name[0] < 'a' || name[0] > 'z'))) return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

SystemUser from_entry(const passwd& entry) {
  return {entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir};
}

template <class Lookup>
Result<std::optional<SystemUser>> look_up(std::string_view what, Lookup lookup) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  const int error_number = lookup(&entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return from_entry(*found);
  if (error_number == 0 || error_number == ENOENT) return std::nullopt;
  return std::unexpected(system_error(fmt::format("look up user {}", what), error_number));
}

Result<void> make_user(const std::string& name, const std::string& home) {
  SpawnOptions options;
  options.privileges = Privileges::kKeep;
  options.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}, {"LC_ALL", "C"}};
  if (const auto useradd = find_system_program("useradd")) {
    options.executable = *useradd;
    options.argv = {"useradd",          "--system",          "--user-group",
                    "--no-create-home", "--home-dir",        home,
                    "--shell",          "/usr/sbin/nologin", name};
  } else if (const auto adduser = find_system_program("adduser")) {
    options.executable = *adduser;
    options.argv = {"adduser", "--system",          "--group", "--no-create-home", "--home", home,
                    "--shell", "/usr/sbin/nologin", name};
  } else {
    return fail(ErrorCode::kUnsupported,
                "make system user {}: neither useradd nor adduser is installed; make the user by hand", name);
  }
  PRYX_TRY(const CompletedRun run, run_to_completion(std::move(options), "", kUserAddLimit));
  if (!run.status.is_success()) {
    return fail(ErrorCode::kStorage,
                "make system user {}: {} ({}); make the user by hand or name one with --run-as", name,
                trim(run.error_output), run.status.describe());
  }
  return {};
}

class TreeWalk {
 public:
  TreeWalk(const SystemUser& user, std::size_t max_entries, bool changes)
      : user_(user), max_entries_(max_entries), changes_(changes) {}

  Result<void> visit(int parent, const char* name, const std::string& shown, int depth) {
    const UniqueFd entry(::openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!entry && errno == ENOENT && depth > 0)
      return {};  // its owner, a daemon that starts too, took it away
    if (!entry) return fail_here("open", shown);
    struct stat info{};
    if (::fstat(entry.get(), &info) != 0) return fail_here("look at", shown);
    if (depth == 0) device_ = info.st_dev;
    PRYX_TRY_VOID(check(info, shown, depth));
    if (changes_ && ::fchownat(entry.get(), "", user_.uid, user_.gid, AT_EMPTY_PATH) != 0) {
      return fail_here("change the owner of", shown);
    }
    if (!S_ISDIR(info.st_mode)) return {};
    return visit_children(entry.get(), shown, depth);
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::unexpected<Error> fail_here(std::string_view what, const std::string& shown) {
    return std::unexpected(system_error(fmt::format("{} {}", what, shown), errno));
  }
  Result<void> check(const struct stat& info, const std::string& shown, int depth) {
    if (++count_ > max_entries_ || depth > kMaxDepth) {
      return fail(ErrorCode::kTooLarge,
                  "{} is too large a tree to hand over to user {}; change its owner by hand", shown,
                  user_.name);
    }
    if (info.st_dev != device_) {
      return fail(ErrorCode::kDenied, "{} is another file system; change its owner by hand", shown);
    }
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1 && info.st_uid != user_.uid) {
      return fail(ErrorCode::kDenied, "{} has another name elsewhere and is not handed over to user {}",
                  shown, user_.name);
    }
    return {};
  }
  Result<void> visit_children(int directory_path, const std::string& shown, int depth) {
    const int number = ::openat(directory_path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (number < 0 && errno == ENOENT) return {};
    if (number < 0) return fail_here("list", shown);
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(number), &::closedir);
    if (!directory) return fail_here("list", shown);
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr && errno != 0) return fail_here("list", shown);
      if (entry == nullptr) return {};
      const std::string name(entry->d_name);
      if (name == "." || name == "..") continue;
      PRYX_TRY_VOID(visit(number, name.c_str(), fmt::format("{}/{}", shown, to_valid_utf8(name)), depth + 1));
    }
  }

  const SystemUser& user_;
  std::size_t max_entries_;
  bool changes_;
  std::size_t count_ = 0;
  dev_t device_ = 0;
};

}  // namespace

bool is_root() { return ::geteuid() == 0; }

Result<std::optional<SystemUser>> find_user(const std::string& name) {
  return look_up(name, [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
    return ::getpwnam_r(name.c_str(), entry, buffer, size, found);
  });
}

Result<SystemUser> get_user(uid_t uid) {
  const std::string shown = fmt::format("{}", uid);
  PRYX_TRY(auto found, look_up(shown, [&](passwd* entry, char* buffer, std::size_t size, passwd** out) {
             return ::getpwuid_r(uid, entry, buffer, size, out);
           }));
  if (!found) return fail(ErrorCode::kNotFound, "user {} has no entry in the user database", uid);
  return std::move(*found);
}

Result<SystemUser> ensure_system_user(const std::string& name, const std::string& home) {
  if (!is_user_name(name)) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no user name (a-z, 0-9, _ and -, at most 32)",
                utf8_prefix(name, 64));
  }
  PRYX_TRY(auto user, find_user(name));
  if (!user) {
    const auto made = make_user(name, home);
    PRYX_TRY(user, find_user(name));
    // Another program may have made it at the same moment.
    if (!made && !user) return std::unexpected(made.error());
  }
  if (!user) return fail(ErrorCode::kInternal, "user {} was made but cannot be found", name);
  if (user->uid == 0)
    return fail(ErrorCode::kDenied, "user {} is root under another name; choose an unprivileged user", name);
  return std::move(*user);
}

Result<void> drop_to_user(const SystemUser& user) {
  if (user.uid == 0 || user.gid == 0)
    return fail(ErrorCode::kDenied, "user {} has the rights of root", user.name);
  const auto failed = [&](std::string_view what) {
    return std::unexpected(system_error(fmt::format("become user {}: {}", user.name, what), errno));
  };
  if (::prctl(PR_SET_KEEPCAPS, 0) != 0) return failed("give capabilities up");
  if (::initgroups(user.name.c_str(), user.gid) != 0) return failed("set groups");
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return failed("set the group");
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return failed("set the user");
  uid_t uids[3];
  gid_t gids[3];
  const bool told =
      ::getresuid(&uids[0], &uids[1], &uids[2]) == 0 && ::getresgid(&gids[0], &gids[1], &gids[2]) == 0;
  bool dropped = told;
  for (int i = 0; told && i < 3; ++i) dropped = dropped && uids[i] == user.uid && gids[i] == user.gid;
  if (!dropped || ::setuid(0) == 0 || ::seteuid(0) == 0 || ::setgid(0) == 0 || ::setegid(0) == 0) {
    return fail(ErrorCode::kInternal, "become user {}: root could come back", user.name);
  }
  // Nor by a set-user-id program: nothing that this process ever runs gains rights.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("give up gaining rights");
  return {};
}

Result<std::size_t> hand_over_tree(const std::string& path, const SystemUser& user, std::size_t max_entries) {
  TreeWalk look(user, max_entries, false);
  PRYX_TRY_VOID(look.visit(AT_FDCWD, path.c_str(), path, 0));
  TreeWalk change(user, max_entries, true);
  PRYX_TRY_VOID(change.visit(AT_FDCWD, path.c_str(), path, 0));
  return change.count();
}

}  // namespace pryx::platform
