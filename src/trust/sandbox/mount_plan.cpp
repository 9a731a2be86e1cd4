// SPDX-License-Identifier: MIT
#include "trust/sandbox/mount_plan.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

namespace pryx::sandbox {
namespace {

// Of the machine. /run holds the sockets of its services, /media and /mnt other people's disks.
constexpr std::array<std::string_view, 18> kHiddenFolders = {"/home",
                                                             "/root",
                                                             "/run",
                                                             "/tmp",
                                                             "/var/tmp",
                                                             "/mnt",
                                                             "/media",
                                                             "/srv",
                                                             "/var/mail",
                                                             "/var/log",
                                                             "/var/spool",
                                                             "/var/backups",
                                                             "/var/crash",
                                                             "/var/lib/systemd/coredump",
                                                             "/lost+found",
                                                             "/var/lib/docker",
                                                             "/var/lib/containerd",
                                                             "/boot"};

// What a system has at its top. Any other folder there is somebody's data.
constexpr std::array<std::string_view, 17> kSystemFolders = {"bin",   "boot",  "dev",    "etc", "gnu", "lib",
                                                             "lib32", "lib64", "libx32", "nix", "opt", "proc",
                                                             "sbin",  "snap",  "sys",    "usr", "var"};

// Of the user, below the home: programs and libraries, no settings and no credentials.
constexpr std::array<std::string_view, 39> kToolChains = {".cargo/bin",
                                                          ".cargo/registry",
                                                          ".cargo/git",
                                                          ".rustup",
                                                          ".pyenv",
                                                          ".rbenv",
                                                          ".nvm",
                                                          ".nodenv",
                                                          ".volta",
                                                          ".fnm",
                                                          ".asdf",
                                                          ".deno",
                                                          ".bun",
                                                          ".sdkman/candidates",
                                                          ".local/bin",
                                                          ".local/lib",
                                                          ".local/share/pipx",
                                                          ".local/pipx",
                                                          ".local/share/pnpm",
                                                          ".local/share/uv/python",
                                                          ".local/share/uv/tools",
                                                          ".npm-global/bin",
                                                          ".npm-global/lib",
                                                          "go/bin",
                                                          "go/pkg",
                                                          ".go",
                                                          ".ghcup",
                                                          ".opam",
                                                          ".juliaup",
                                                          ".dotnet/dotnet",
                                                          ".dotnet/sdk",
                                                          ".dotnet/shared",
                                                          ".dotnet/host",
                                                          ".dotnet/packs",
                                                          ".dotnet/tools",
                                                          ".m2/repository",
                                                          ".gradle/wrapper",
                                                          "miniconda3",
                                                          "anaconda3"};
// Settings inside of these, where tokens of package registries stand. "*" is any one name.
constexpr std::array<std::string_view, 11> kToolSettings = {".nvm/versions/node/*/etc",
                                                            ".nodenv/versions/*/etc",
                                                            ".volta/tools/image/node/*/etc",
                                                            ".fnm/node-versions/*/installation/etc",
                                                            ".asdf/installs/*/*/etc",
                                                            ".pyenv/versions/*/pip.conf",
                                                            ".pyenv/versions/*/.condarc",
                                                            "miniconda3/.condarc",
                                                            "miniconda3/pip.conf",
                                                            "anaconda3/.condarc",
                                                            "anaconda3/pip.conf"};
constexpr std::array<std::string_view, 11> kHomePrograms = {
    ".cargo/bin", ".pyenv/shims", ".pyenv/bin", ".rbenv/shims",    ".volta/bin", ".asdf/shims",
    ".deno/bin",  ".bun/bin",     ".local/bin", ".npm-global/bin", "go/bin"};
constexpr std::size_t kMaxSiblings = 4000;

enum class Kind { kAbsent, kFolder, kOther, kLink };
Kind kind_of(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return Kind::kAbsent;
  if (S_ISLNK(info.st_mode)) return Kind::kLink;
  return S_ISDIR(info.st_mode) ? Kind::kFolder : Kind::kOther;
}

std::vector<std::string> list(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(path.c_str()), &::closedir);
  if (!stream) return names;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.emplace_back(entry->d_name);
    if (names.size() > kMaxSiblings) return {};  // nothing there is readable rather than too much
  }
  return names;
}

// Landlock cannot take a right away below where it was given, so it is given to everything beside the hidden.
void allow_beside(const std::string& folder, const std::vector<std::string>& hidden,
                  std::vector<std::string>& read) {
  for (const std::string& name : list(folder.empty() ? "/" : folder)) {
    const std::string path = folder + "/" + name;
    if (std::ranges::find(hidden, path) != hidden.end()) continue;
    if (std::ranges::any_of(hidden, [&](const std::string& h) { return lies_in(h, path); }))
      allow_beside(path, hidden, read);
    else if (kind_of(path) != Kind::kLink)  // what a link names is judged by its own path
      read.push_back(path);
  }
}

void append(std::vector<std::string>& out, std::initializer_list<std::string> more) {
  out.insert(out.end(), more);
}

void hide(std::vector<std::string>& arguments, const std::string& path, std::uint64_t bytes) {
  if (kind_of(path) == Kind::kFolder)
    append(arguments, {"--size", std::to_string(bytes), "--tmpfs", path});
  else if (kind_of(path) == Kind::kOther)
    append(arguments, {"--ro-bind", "/dev/null", path});
}

std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

// Parents before what lies in them; nothing that lies in another hidden folder, because it is not there.
std::vector<std::string> outermost(std::vector<std::string> paths) {
  std::ranges::sort(paths);
  std::vector<std::string> kept;
  for (std::string& path : paths) {
    if (path.empty() || path == "/") continue;
    if (std::ranges::any_of(kept, [&](const std::string& k) { return lies_in(path, k); })) continue;
    kept.push_back(std::move(path));
  }
  return kept;
}

bool is_home(const std::string& path) {
  return !path.empty() && path != "/" && kind_of(path) == Kind::kFolder;
}

// What is there of `pattern` below `folder`.
void find_all(const std::string& folder, std::string_view pattern, std::vector<std::string>& found) {
  const std::size_t end = std::min(pattern.find('/'), pattern.size());
  const std::string_view step = pattern.substr(0, end);
  for (const std::string& name : step == "*" ? list(folder) : std::vector<std::string>{std::string(step)}) {
    const std::string path = folder + "/" + name;
    const Kind kind = kind_of(path);
    if (end == pattern.size() && (kind == Kind::kFolder || kind == Kind::kOther)) found.push_back(path);
    if (end < pattern.size() && kind == Kind::kFolder) find_all(path, pattern.substr(end + 1), found);
  }
}

void bring_home(const View& view, MountPlan& plan) {
  plan.home = "/tmp";
  if (!is_home(view.home)) return;
  plan.home = view.home;
  append(plan.before_workspace, {"--dir", view.home});
  std::vector<std::string> settings;
  for (const std::string_view pattern : kToolSettings) find_all(view.home, pattern, settings);
  for (const std::string_view name : kToolChains) {
    const std::string path = fmt::format("{}/{}", view.home, name);
    if (const Kind kind = kind_of(path); kind != Kind::kFolder && kind != Kind::kOther) continue;
    append(plan.before_workspace, {"--ro-bind-try", path, path});
    if (std::ranges::any_of(settings, [&](const std::string& one) { return lies_in(one, path); }))
      allow_beside(path, settings, plan.read);
    else
      plan.read.push_back(path);
  }
  for (const std::string& path : settings) hide(plan.before_workspace, path, view.temporary_bytes);
}

}  // namespace

bool lies_in(const std::string& path, const std::string& folder) {
  if (folder == "/") return true;
  return path == folder ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

MountPlan plan_mounts(const View& view) {
  MountPlan plan;
  std::vector<std::string> hidden(kHiddenFolders.begin(), kHiddenFolders.end());
  for (const std::string& name : list("/")) {
    if (std::ranges::find(kSystemFolders, name) == kSystemFolders.end()) hidden.push_back("/" + name);
  }
  if (!view.home.empty()) hidden.push_back(view.home);
  for (const std::string& path : view.hidden_paths) hidden.push_back(real_path(path).value_or(path));
  // Inside the workspace: hidden again, on top of it.
  if (!view.workspace.empty()) {
    for (const std::string& path : hidden) {
      if (path != view.workspace && lies_in(path, view.workspace))
        hide(plan.after_workspace, path, view.temporary_bytes);
    }
  }
  // What is not there needs no hiding, and would only split the lists of its neighbours.
  std::erase_if(hidden, [](const std::string& path) { return kind_of(path) == Kind::kAbsent; });
  const std::vector<std::string> outer = outermost(hidden);
  for (const std::string& path : outer) hide(plan.before_workspace, path, view.temporary_bytes);
  allow_beside("", outer, plan.read);
  bring_home(view, plan);
  append(plan.write, {"/tmp", "/var/tmp", "/dev"});
  plan.list.push_back("/");
  plan.search_path = program_folders(view.home);
  return plan;
}

std::vector<std::string> program_folders(const std::string& home) {
  std::vector<std::string> folders;
  for (const std::string_view name : kHomePrograms) {
    std::string path = fmt::format("{}/{}", home, name);
    if (is_home(home) && kind_of(path) == Kind::kFolder) folders.push_back(std::move(path));
  }
  for (const char* path : {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"})
    folders.emplace_back(path);
  return folders;
}

}  // namespace pryx::sandbox
