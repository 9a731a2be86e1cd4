// SPDX-License-Identifier: MIT
#include "trust/sandbox/protected_names.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/text.h"

namespace pryx::sandbox {
namespace {

struct Named {
  std::string_view name;  // lower case
  std::string_view why;
};

constexpr std::string_view kShell = "read by a shell or a session when it starts";
constexpr std::string_view kGit = "a Git hook or setting";
constexpr std::string_view kEditor = "tasks or settings that an editor runs";
constexpr std::string_view kAgent = "settings of an agent or its tool servers";
constexpr std::string_view kTool = "settings through which a tool runs commands";
constexpr std::string_view kStart = "started by the desktop or the system";
constexpr std::string_view kAccess = "keys or rules of access";
constexpr std::string_view kHolder = "a folder of settings and programs that others run";

// The last part of a path.
constexpr std::array kFiles{
    Named{".bashrc", kShell},
    Named{".bash_profile", kShell},
    Named{".bash_login", kShell},
    Named{".bash_logout", kShell},
    Named{".bash_aliases", kShell},
    Named{".profile", kShell},
    Named{".zshrc", kShell},
    Named{".zshenv", kShell},
    Named{".zprofile", kShell},
    Named{".zlogin", kShell},
    Named{".zlogout", kShell},
    Named{".kshrc", kShell},
    Named{".mkshrc", kShell},
    Named{".cshrc", kShell},
    Named{".tcshrc", kShell},
    Named{".login", kShell},
    Named{".logout", kShell},
    Named{".inputrc", kShell},
    Named{".xprofile", kShell},
    Named{".xinitrc", kShell},
    Named{".xsession", kShell},
    Named{".xsessionrc", kShell},
    Named{".xserverrc", kShell},
    Named{".pam_environment", kShell},
    Named{".envrc", kShell},
    Named{".direnvrc", kShell},
    Named{".tmux.conf", kShell},
    Named{".screenrc", kShell},
    Named{".gitconfig", kGit},
    Named{".git", kGit},
    Named{"commondir", kGit},
    Named{"config.worktree", kGit},
    Named{".hgrc", kTool},
    Named{".pre-commit-config.yaml", kGit},
    Named{"lefthook.yml", kGit},
    Named{"lefthook.yaml", kGit},
    Named{".lefthook.yml", kGit},
    Named{".lefthook.yaml", kGit},
    Named{".vimrc", kEditor},
    Named{".gvimrc", kEditor},
    Named{".exrc", kEditor},
    Named{".nvimrc", kEditor},
    Named{".nvim.lua", kEditor},
    Named{".emacs", kEditor},
    Named{".emacs.el", kEditor},
    Named{".dir-locals.el", kEditor},
    Named{".dir-locals-2.el", kEditor},
    Named{".devcontainer.json", kEditor},
    Named{".mcp.json", kAgent},
    Named{"mcp.json", kAgent},
    Named{".aider.conf.yml", kAgent},
    Named{".npmrc", kTool},
    Named{".yarnrc", kTool},
    Named{".yarnrc.yml", kTool},
    Named{".pnpmfile.cjs", kTool},
    Named{".lldbinit", kTool},
    Named{".gdbinit", kTool},
    Named{".pdbrc", kTool},
    Named{".pythonrc", kTool},
    Named{".pythonrc.py", kTool},
    Named{".irbrc", kTool},
    Named{".pryrc", kTool},
    Named{".psqlrc", kTool},
    Named{".sqliterc", kTool},
    Named{".my.cnf", kTool},
    Named{".curlrc", kTool},
    Named{".wgetrc", kTool},
    Named{".mailcap", kTool},
    Named{".forward", kTool},
    Named{".procmailrc", kTool},
    Named{".lessfilter", kTool},
    Named{".mise.toml", kTool},
    Named{"mise.toml", kTool},
    Named{".condarc", kTool},
    Named{".rhosts", kAccess},
    Named{".shosts", kAccess},
    Named{".netrc", kAccess},
};

// Any part of a path: the folder and all below it.
constexpr std::array kFolders{
    Named{".husky", kGit},           Named{".githooks", kGit},
    Named{".vscode", kEditor},       Named{".vscode-server", kEditor},
    Named{".vscode-oss", kEditor},   Named{".idea", kEditor},
    Named{".fleet", kEditor},        Named{".zed", kEditor},
    Named{".devcontainer", kEditor}, Named{".vim", kEditor},
    Named{".nvim", kEditor},         Named{".emacs.d", kEditor},
    Named{".cursor", kAgent},        Named{".claude", kAgent},
    Named{".codex", kAgent},         Named{".gemini", kAgent},
    Named{".windsurf", kAgent},      Named{".continue", kAgent},
    Named{".roo", kAgent},           Named{".pryx", kAgent},
    Named{".openclaw", kAgent},      Named{".oh-my-zsh", kShell},
    Named{".bashrc.d", kShell},      Named{".zshrc.d", kShell},
    Named{".ssh", kAccess},          Named{".gnupg", kAccess},
    Named{".mise", kTool},
};

// Several parts in a row, at any depth: the last of them and all below it.
constexpr std::array kChains{
    Named{".config/autostart", kStart},
    Named{".config/systemd", kStart},
    Named{".config/environment.d", kStart},
    Named{".config/plasma-workspace", kStart},
    Named{".config/hypr", kStart},
    Named{".config/sway", kStart},
    Named{".config/i3", kStart},
    Named{".config/upstart", kStart},
    Named{".local/share/systemd", kStart},
    Named{".local/share/applications", kStart},
    Named{".local/share/dbus-1", kStart},
    Named{".kde/autostart", kStart},
    Named{".config/fish", kShell},
    Named{".config/zsh", kShell},
    Named{".config/bash", kShell},
    Named{".config/direnv", kShell},
    Named{".local/bin", kShell},
    Named{".local/lib", kTool},
    Named{".config/git", kGit},
    Named{".config/nvim", kEditor},
    Named{".config/code", kEditor},
    Named{".config/vscodium", kEditor},
    Named{".config/zed", kEditor},
    Named{".config/emacs", kEditor},
    Named{".config/pryx", kAgent},
    Named{".local/share/pryx", kAgent},
    Named{".local/state/pryx", kAgent},
    Named{".config/mise", kTool},
    Named{".config/pip", kTool},
    Named{".hg/hgrc", kTool},
    Named{".cargo/config", kTool},
    Named{".cargo/config.toml", kTool},
    Named{".cargo/bin", kTool},
};

// Below a repository's own folder ("….git"), besides "hooks".
constexpr std::array<std::string_view, 7> kGitFiles{
    "config", "config.worktree", "commondir", "gitdir", "alternates", "attributes", "git-rebase-todo"};
// What holds only names and objects; a branch may be called "hooks".
constexpr std::array<std::string_view, 3> kGitData{"refs", "logs", "objects"};

std::optional<std::string_view> find_named(std::span<const Named> list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &Named::name);
  if (found == list.end()) return std::nullopt;
  return found->why;
}

bool matches_chain(std::string_view chain, std::span<const std::string_view> parts) {
  // In place: every name of a workspace is compared with every chain, before each run.
  for (const std::string_view part : parts) {
    if (!chain.starts_with(part)) return false;
    chain.remove_prefix(part.size());
    if (chain.empty()) return true;
    if (chain.front() != '/') return false;
    chain.remove_prefix(1);
  }
  return false;
}

// `below`: the parts after a folder whose name ends in ".git".
bool is_git_setting(std::span<const std::string_view> below) {
  if (below.empty()) return false;
  if (std::ranges::find(kGitFiles, below.back()) != kGitFiles.end() && below.front() != "refs" &&
      below.front() != "logs")
    return true;
  if (std::ranges::find(kGitData, below.front()) != kGitData.end()) return false;
  return std::ranges::find(below, std::string_view("hooks")) != below.end();
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return name.ends_with(end); });
}

}  // namespace

std::optional<std::string_view> protection_of(std::string_view relative) {
  const std::string lower = lower_ascii(relative);
  const std::vector<std::string_view> parts = parts_of(lower);
  if (parts.empty()) return std::nullopt;
  if (const auto why = find_named(kFiles, parts.back())) return why;
  if (ends_with_any(parts.back(), {".code-workspace", ".sublime-project"})) return kEditor;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::span<const std::string_view> rest(parts.begin() + static_cast<std::ptrdiff_t>(i), parts.end());
    if (const auto why = find_named(kFolders, parts[i])) return why;
    for (const Named& chain : kChains) {
      if (matches_chain(chain.name, rest)) return chain.why;
    }
    if (parts[i].ends_with(".git") && is_git_setting(rest.subspan(1))) return kGit;
  }
  return std::nullopt;
}

bool is_protected(std::string_view relative) { return protection_of(relative).has_value(); }

bool may_be_folder(std::string_view relative) {
  const std::string lower = lower_ascii(relative);
  const std::vector<std::string_view> parts = parts_of(lower);
  return !parts.empty() && parts.back() == ".git";
}

bool may_not_be_link(std::string_view relative) {
  const std::string lower = lower_ascii(relative);
  const std::vector<std::string_view> parts = parts_of(lower);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string end;
    for (std::size_t k = i; k < parts.size(); ++k) end.append(parts[k]).append("/");
    for (const Named& chain : kChains) {
      if (chain.name.starts_with(end)) return true;
    }
  }
  return false;
}

std::optional<std::string_view> protection_of_workspace(std::string_view path) {
  const std::string lower = lower_ascii(path);
  const std::vector<std::string_view> parts = parts_of(lower);
  if (std::ranges::find(parts, std::string_view(".git")) != parts.end()) return kGit;
  if (const auto why = protection_of(lower)) return why;
  if (may_not_be_link(lower)) return kHolder;
  return std::nullopt;
}

bool is_own_future(std::string_view relative) {
  static constexpr std::array<std::string_view, 11> kNames{
      "agents.md",   "agents.override.md", "agent.md",       "claude.md",   "claude.local.md",
      "gemini.md",   ".cursorrules",       ".windsurfrules", ".clinerules", "copilot-instructions.md",
      "heartbeat.md"};
  const std::string lower = lower_ascii(relative);
  const std::vector<std::string_view> parts = parts_of(lower);
  return !parts.empty() && std::ranges::find(kNames, parts.back()) != kNames.end();
}

}  // namespace pryx::sandbox
