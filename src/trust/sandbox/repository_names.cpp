// SPDX-License-Identifier: MIT
#include "trust/sandbox/repository_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "foundation/platform/user_switch.h"
#include "trust/sandbox/git_config.h"
#include "trust/sandbox/mount_plan.h"
#include "trust/sandbox/protected_names.h"

namespace pryx::sandbox {
namespace {

constexpr std::size_t kMaxNames = 10'000;
constexpr std::size_t kMaxSettingFiles = 1'000;
constexpr std::size_t kMaxHooks = 1'000;
constexpr int kMaxIncludes = 10;  // as deep as Git follows them
constexpr int kMaxLinks = 40;
constexpr std::size_t kMaxPointer = 8'192;  // of a file that holds one path

constexpr std::string_view kNamedBySettings = "run or read by Git, because a repository's settings name it";
constexpr std::string_view kTooManySettings =
    "in a Git repository with more settings than are read to learn what they name";
constexpr std::string_view kPartOfRepository = "what would make this folder a Git repository with settings";

struct Key {
  std::string_view section, key;
};
// Commands of Git's own documentation (git-config(1)); each may also stand in a subsection. An empty section
// means any, an empty key too. An alias is one when it begins with "!".
constexpr std::array kCommands{Key{"core", "fsmonitor"},
                               Key{"core", "pager"},
                               Key{"core", "editor"},
                               Key{"core", "sshcommand"},
                               Key{"core", "askpass"},
                               Key{"core", "gitproxy"},
                               Key{"core", "alternaterefscommand"},
                               Key{"pager", ""},
                               Key{"", "command"},
                               Key{"", "cmd"},
                               Key{"", "program"},
                               Key{"sequence", "editor"},
                               Key{"diff", "external"},
                               Key{"diff", "textconv"},
                               Key{"filter", "clean"},
                               Key{"filter", "smudge"},
                               Key{"filter", "process"},
                               Key{"merge", "driver"},
                               Key{"gpg", "defaultkeycommand"},
                               Key{"gc", "recentobjectshook"},
                               Key{"remote", "uploadpack"},
                               Key{"remote", "receivepack"},
                               Key{"credential", "helper"},
                               Key{"submodule", "update"},
                               Key{"difftool", "path"},
                               Key{"mergetool", "path"},
                               Key{"browser", "path"},
                               Key{"man", "path"},
                               Key{"instaweb", "httpd"},
                               Key{"sendemail", "sendmailcmd"},
                               Key{"sendemail", "smtpserver"},
                               Key{"sendemail", "tocmd"},
                               Key{"sendemail", "cccmd"},
                               Key{"sendemail", "headercmd"},
                               Key{"imap", "tunnel"},
                               Key{"interactive", "difffilter"},
                               Key{"uploadpack", "packobjectshook"}};

std::optional<struct stat> look(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}
bool is_link(const std::string& path) {
  const auto info = look(path);
  return info && S_ISLNK(info->st_mode);
}
bool is_folder(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}
bool is_file(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// The beginning of a regular file; empty when there is none.
std::string read_some(const std::string& path, std::size_t most) {
  const platform::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  most = std::min(most, static_cast<std::size_t>(info.st_size));
  std::string text(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const ssize_t got = ::read(file.get(), text.data() + size, most - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::string beneath(const std::string& folder, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : fmt::format("{}/{}", folder, path);
}

bool is_command(const GitSetting& setting) {
  return std::ranges::any_of(kCommands, [&](const Key& known) {
    return (known.section.empty() || known.section == setting.section) &&
           (known.key.empty() || known.key == setting.key);
  });
}

// What Git runs by name in a folder of hooks (githooks(5)).
constexpr std::string_view kHooks =
    "applypatch-msg commit-msg fsmonitor-watchman p4-changelist p4-post-changelist p4-pre-submit "
    "p4-prepare-changelist post-applypatch post-checkout post-commit post-index-change post-merge "
    "post-receive post-rewrite post-update pre-applypatch pre-auto-gc pre-commit pre-merge-commit pre-push "
    "pre-rebase pre-receive prepare-commit-msg proc-receive push-to-checkout reference-transaction "
    "sendemail-validate update";

// "~/x" as Git reads it.
std::string expanded(const std::string& value) {
  if (!value.starts_with("~/")) return value;
  const auto user = platform::get_user(::geteuid());
  return user ? user->home + value.substr(1) : value;
}

}  // namespace

std::string path_of(int directory) {
  char text[4097];
  const ssize_t size = ::readlink(fmt::format("/proc/self/fd/{}", directory).c_str(), text, sizeof text - 1);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::set<std::string> refused_repository_parts(const std::function<bool(const std::string&)>& before,
                                               const std::function<bool(const std::string&)>& after) {
  if (!after("HEAD")) return {};
  if (!after("commondir") && !(after("objects") && after("refs"))) return {};
  std::set<std::string> parts = {"config", "hooks", "commondir", "config.worktree"};
  if (std::ranges::any_of(parts, before)) {
    for (const char* part : {"HEAD", "objects", "refs"}) {
      if (!before(part)) parts.insert(part);
    }
  }
  return parts;
}

RepositoryNames::RepositoryNames(std::string workspace) : workspace_(std::move(workspace)) {}

void RepositoryNames::add_above() {
  if (!workspace_.starts_with('/') || workspace_ == "/") return;
  std::string folder = workspace_;
  do {
    folder = parent_of(folder);
    add_worktree(folder);
  } while (folder != "/");
}

void RepositoryNames::add_folder(const std::string& relative) {
  if (!workspace_.starts_with('/')) return;
  const std::string folder = relative.empty() ? workspace_ : workspace_ + "/" + relative;
  add_worktree(folder);
  if (relative.ends_with("/.git") || relative == ".git") return;
  const auto has = [&](const char* part) { return look(folder + "/" + part).has_value(); };
  if (has("HEAD") && (has("commondir") || (has("objects") && has("refs")))) add_repository(folder, folder);
}

void RepositoryNames::add_worktree(const std::string& folder) {
  const std::string own = folder + "/.git";
  const auto info = look(own);
  if (!info) return;
  if (is_folder(own)) return add_repository(own, folder);
  constexpr std::string_view kMark = "gitdir:";
  const std::string pointer = read_some(own, kMaxPointer);
  if (!pointer.starts_with(kMark)) return;
  add_repository(beneath(folder, trim(std::string_view(pointer).substr(kMark.size()))), folder);
}

void RepositoryNames::add_repository(const std::string& git_folder, const std::string& top) {
  std::string common = git_folder;
  if (is_file(git_folder + "/commondir")) {
    const std::string pointer = read_some(git_folder + "/commondir", kMaxPointer);
    common = beneath(git_folder, trim(pointer));
  }
  const std::string hooks = common + "/hooks";
  if (is_link(hooks)) add_hooks(hooks, top);
  std::size_t count = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(hooks.c_str()), &::closedir);
  while (const dirent* entry = stream ? ::readdir(stream.get()) : nullptr) {
    if (++count > kMaxHooks) {
      complete_ = false;
      break;
    }
    const std::string hook = fmt::format("{}/{}", hooks, entry->d_name);
    if (is_link(hook)) name(hook);
  }
  for (const std::string& file : {common + "/config", git_folder + "/config.worktree"}) {
    if (is_link(file)) name(file);
    add_settings(file, top, 0);
  }
}

void RepositoryNames::add_settings(const std::string& file, const std::string& top, int depth) {
  if (depth > kMaxIncludes || !is_file(file) || !read_.insert(file + "\n" + top).second) return;
  if (read_.size() > kMaxSettingFiles) {
    complete_ = false;
    return;
  }
  const std::string text = read_some(file, kMaxGitConfigBytes);
  if (text.size() == kMaxGitConfigBytes) complete_ = false;
  const auto settings = read_git_config(text);
  if (settings.size() >= kMaxGitSettings) complete_ = false;
  for (const GitSetting& setting : settings) {
    if (setting.value.empty()) continue;
    if (setting.section == "core" && setting.key == "hookspath") {
      add_hooks(beneath(top, expanded(setting.value)), top);
    } else if ((setting.section == "include" || setting.section == "includeif") && setting.key == "path") {
      const std::string included = beneath(parent_of(file), expanded(setting.value));
      name(included);
      add_settings(included, top, depth + 1);
    } else if (setting.section == "alias" ? setting.value.starts_with('!') : is_command(setting)) {
      add_words(setting.value, top, false);
      add_words(setting.value, top, true);
      // One path, blanks and all.
      if (setting.key == "path" && setting.value.find('/') != std::string::npos)
        name(beneath(top, expanded(setting.value)));
    }
  }
}

// The folder, and what links in it lead to. One that is more than hooks (the worktree, the workspace, what is
// known by its name such as ".git") is not closed as a whole, so each hook in it is named.
void RepositoryNames::add_hooks(const std::string& folder, const std::string& top) {
  const std::string real = name_way(folder);
  const bool is_more = real == workspace_ || lies_in(top, real) || is_protected(relative_of(real));
  if (!is_more) note(real);
  for (const auto& hook : split(kHooks, ' ')) {
    const std::string path = fmt::format("{}/{}", folder, hook);
    if (is_more || is_link(path)) name(path);
  }
}

// Of a command: what looks like a path, there or not, and files of the worktree among its arguments. A shell
// joins what is quoted; what is in the quotes may be a command of its own, so both readings count.
void RepositoryNames::add_words(std::string_view command, const std::string& top, bool joins_quoted) {
  std::string word;
  bool is_first = true;
  char quote = 0;
  const auto take = [&] {
    const std::string taken = std::exchange(word, {});
    if (taken.empty()) return;
    const std::string path = beneath(top, expanded(taken));
    const bool is_path = taken.find('/') != std::string::npos;
    if ((is_path || (!is_first && is_file(path))) && !is_folder(path)) name(path);
    is_first = false;
  };
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool is_quote = c == '"' || c == '\'';
    if (joins_quoted && (quote != 0 ? c == quote : is_quote))
      quote = quote != 0 ? '\0' : c;
    else if (joins_quoted && c == '\\' && quote != '\'' && i + 1 < command.size())
      word += command[++i];
    else if (quote != 0 || std::string_view(" \t\n;|&()<>\"'`$!={}").find(c) == std::string_view::npos)
      word += c;
    else
      take();
  }
  take();
}

// Every link of the workspace on the way, and where the way ends: whoever replaces one of them decides what
// Git finds.
void RepositoryNames::name(const std::string& path) { note(name_way(path)); }

// The links alone, and, as the answer, where the way ends; empty when it leads in circles.
std::string RepositoryNames::name_way(const std::string& path) {
  std::deque<std::string> rest;
  const auto prepend = [&rest](std::string_view more) {
    const auto parts = split(more, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) rest.emplace_front(*part);
  };
  prepend(path);
  std::string real;
  int links = 0;
  while (!rest.empty()) {
    const std::string part = std::move(rest.front());
    rest.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      real.resize(real.empty() ? 0 : real.rfind('/'));
      continue;
    }
    const std::string next = real + "/" + part;
    const auto info = look(next);
    if (!info || !S_ISLNK(info->st_mode)) {
      real = next;
      continue;
    }
    note(next);
    char target[4097];
    const ssize_t size = ::readlink(next.c_str(), target, sizeof target - 1);
    if (size <= 0 || ++links > kMaxLinks) return {};
    if (target[0] == '/') real.clear();
    prepend(std::string_view(target, static_cast<std::size_t>(size)));
  }
  return real;
}

// Empty for the workspace itself and what lies outside of it.
std::string RepositoryNames::relative_of(const std::string& path) const {
  const std::size_t skip = workspace_ == "/" ? 1 : workspace_.size() + 1;
  return path.size() > skip && lies_in(path, workspace_) ? path.substr(skip) : std::string();
}

void RepositoryNames::note(const std::string& path) {
  std::string relative = relative_of(path);
  if (relative.empty() || is_protected(relative)) return;
  if (names_.size() < kMaxNames)
    names_.insert(std::move(relative));
  else
    complete_ = complete_ && names_.contains(relative);
}

bool RepositoryNames::has(std::string_view relative) const {
  if (names_.empty()) return false;
  for (std::size_t end = relative.find('/');; end = relative.find('/', end + 1)) {
    if (names_.contains(std::string(relative.substr(0, end)))) return true;
    if (end == std::string_view::npos) return false;
  }
}

bool RepositoryNames::leads_to(std::string_view relative) const {
  const std::string below = std::string(relative) + "/";
  const auto found = names_.lower_bound(below);
  return found != names_.end() && found->starts_with(below);
}

std::optional<std::string_view> protection_in(const platform::HeldDirectory& workspace,
                                              const std::string& relative) {
  if (const auto why = protection_of(relative)) return why;
  RepositoryNames names(path_of(workspace.fd()));
  names.add_above();
  for (std::size_t begin = 0; begin <= relative.size();) {
    const std::size_t end = std::min(relative.find('/', begin), relative.size());
    const std::string folder = begin == 0 ? "" : relative.substr(0, begin - 1);
    const std::string entry = relative.substr(begin, end - begin);
    const auto before = [&](const std::string& part) {
      const auto info = workspace.stat_entry(folder.empty() ? part : folder + "/" + part);
      return info.has_value() || info.error().code != ErrorCode::kNotFound;
    };
    const auto after = [&](const std::string& part) { return part == entry || before(part); };
    if (refused_repository_parts(before, after).contains(entry)) return kPartOfRepository;
    names.add_folder(folder);
    begin = end + 1;
  }
  if (names.has(relative)) return kNamedBySettings;
  if (!names.complete()) return kTooManySettings;
  return std::nullopt;
}

}  // namespace pryx::sandbox
