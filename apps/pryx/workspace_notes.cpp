// SPDX-License-Identifier: MIT
#include "workspace_notes.h"

#include <pwd.h>
#include <sys/stat.h>

#include <array>
#include <utility>
#include <vector>

#include "engine/agent/context.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"

namespace pryx::app {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;
constexpr std::size_t kMaxLevels = 32;

using platform::FileInfo;
using platform::FileType;
using platform::HeldDirectory;
using platform::Symlinks;

std::string home_of(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return found->pw_dir == nullptr ? std::string() : std::string(found->pw_dir);
}

bool is_repository(const HeldDirectory& folder) {
  // A file in worktrees and submodules.
  const auto git = folder.stat_entry(".git");
  return git && (git->type == FileType::kDirectory || git->type == FileType::kRegular);
}

bool is_same(const FileInfo& a, const FileInfo& b) { return a.device == b.device && a.inode == b.inode; }

// The folders above, nearest first, up to and with the root of the repository; none when there is no such
// root. Each is held and was seen to contain the one below it, so a path that changed meanwhile leads
// nowhere.
std::vector<HeldDirectory> folders_of_repository(const HeldDirectory& workspace) {
  std::vector<HeldDirectory> above;
  auto below = workspace.stat("");
  if (!below || is_repository(workspace)) return {};
  const uid_t owner = below->uid;
  const std::string home = home_of(owner);
  std::string path = workspace.path();
  for (std::size_t level = 0; level < kMaxLevels && path != home; ++level) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || path.size() <= 1) return {};
    const std::string name = path.substr(slash + 1);
    path = slash == 0 ? "/" : path.substr(0, slash);
    auto folder = HeldDirectory::open(path);
    if (!folder) return {};
    const auto info = folder->stat("");
    const auto child = folder->stat(name, Symlinks::kRefuse);
    if (!info || !child || !is_same(*child, *below)) return {};
    if (info->uid != owner || (info->mode & S_IWOTH) != 0) return {};
    below = info;
    above.push_back(std::move(*folder));
    if (is_repository(above.back())) return above;
  }
  return {};
}

bool read_into(WorkspaceNotes& notes, const HeldDirectory& folder, const std::string& prefix) {
  for (const char* name : {"AGENTS.md", "CLAUDE.md"}) {
    // A link would make another file the agent's instructions, and a write of that one asks nobody: what
    // counts as the agent's own future goes by its name.
    const auto text = folder.read_file(name, kMaxFileBytes, Symlinks::kRefuse);
    if (!text) {
      const auto entry = folder.stat_entry(name);
      if (entry && entry->type == FileType::kSymlink)
        log::warn("workspace.notes_are_a_link", {{"path", folder.path()}, {"name", name}});
      continue;
    }
    notes.text = to_valid_utf8(utf8_prefix(*text, agent::kMaxInstructionBytes));
    notes.name = prefix + name;
    return true;
  }
  return false;
}

}  // namespace

WorkspaceNotes read_workspace_notes(const HeldDirectory& workspace, LookAbove above) {
  WorkspaceNotes notes;
  if (read_into(notes, workspace, {}) || above == LookAbove::kNo) return notes;
  std::string prefix;
  for (const HeldDirectory& folder : folders_of_repository(workspace)) {
    prefix += "../";
    if (read_into(notes, folder, prefix)) break;
  }
  return notes;
}

}  // namespace pryx::app
