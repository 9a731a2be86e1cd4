// SPDX-License-Identifier: MIT
#include "engine/skills/skill_folder.h"

#include <unistd.h>

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::skills {
namespace {

using platform::FileType;
using platform::HeldDirectory;
using platform::Symlinks;

constexpr std::size_t kMaxDepth = 6;

Result<void> collect(const HeldDirectory& skill, const std::string& folder, std::size_t depth,
                     std::vector<std::string>& out) {
  if (depth > kMaxDepth) return {};
  PRYX_TRY(const platform::Listing listing, skill.list(folder, kMaxFiles, Symlinks::kRefuse));
  for (const platform::DirectoryEntry& entry : listing.entries) {
    if (out.size() >= kMaxFiles || !is_valid_utf8(entry.name)) continue;
    std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
    if (entry.type == FileType::kRegular) out.push_back(std::move(path));
    // A folder that cannot be read has no files to offer.
    else if (entry.type == FileType::kDirectory)
      (void)collect(skill, path, depth + 1, out);
  }
  return {};
}

// Deepest first. Links are removed, never followed.
Result<void> remove_below(const HeldDirectory& root, const std::string& folder, std::size_t depth) {
  if (depth > 2 * kMaxDepth) return fail(ErrorCode::kTooLarge, "'{}' is nested too deeply to remove", folder);
  PRYX_TRY(const platform::Listing listing, root.list(folder, 10 * kMaxFiles, Symlinks::kRefuse));
  for (const platform::DirectoryEntry& entry : listing.entries) {
    const std::string path = folder + "/" + entry.name;
    if (entry.type == FileType::kDirectory)
      PRYX_TRY_VOID(remove_below(root, path, depth + 1));
    else
      PRYX_TRY_VOID(root.remove_file(path));
  }
  return root.remove_directory(folder);
}

Result<void> make_folders(const HeldDirectory& root, const std::string& path) {
  for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
    const auto made = root.make_directory(path.substr(0, at), 0700);
    if (!made && made.error().code != ErrorCode::kConflict) return made;
  }
  return {};
}

}  // namespace

Result<std::vector<FolderEntry>> read_skill_folders(const HeldDirectory& root) {
  PRYX_TRY(const platform::Listing listing, root.list("", 4 * kMaxSkills, Symlinks::kRefuse));
  std::vector<FolderEntry> out;
  for (const platform::DirectoryEntry& entry : listing.entries) {
    if (out.size() >= kMaxSkills) break;
    if (entry.name.starts_with('.')) continue;
    FolderEntry found{.name = to_valid_utf8(entry.name), .text = {}, .trouble = {}};
    if (entry.type == FileType::kSymlink) {
      found.trouble = "it is a symbolic link; put the folder itself here";
    } else if (entry.type != FileType::kDirectory) {
      continue;
    } else {
      auto text = root.read_file(entry.name + "/SKILL.md", kMaxSkillBytes, Symlinks::kRefuse);
      if (text)
        found.text = std::move(*text);
      else
        found.trouble =
            text.error().code == ErrorCode::kNotFound ? "it holds no SKILL.md" : text.error().message;
    }
    out.push_back(std::move(found));
  }
  return out;
}

Result<std::vector<std::string>> list_skill_files(const HeldDirectory& skill) {
  std::vector<std::string> out;
  PRYX_TRY_VOID(collect(skill, "", 0, out));
  std::ranges::sort(out);
  return out;
}

bool is_executable_in(const HeldDirectory& folder, const std::string& path) {
  const auto info = folder.stat(path, Symlinks::kRefuse);
  return info && info->type == FileType::kRegular && (info->mode & 0100) != 0;
}

Result<bool> remove_skill_folder(const std::string& root, const std::string& name) {
  if (!platform::exists(root)) return false;
  PRYX_TRY(const HeldDirectory held, HeldDirectory::open(root));
  const auto info = held.stat_entry(name);
  if (!info && info.error().code == ErrorCode::kNotFound) return false;
  if (!info) return std::unexpected(info.error());
  if (info->type != FileType::kDirectory) {
    PRYX_TRY_VOID(held.remove_file(name));
    return true;
  }
  // Out of sight at once; what is left after a crash is a hidden folder that nobody reads.
  const std::string gone = fmt::format(".{}.removed", name);
  if (held.stat_entry(gone)) PRYX_TRY_VOID(remove_below(held, gone, 0));
  PRYX_TRY_VOID(held.rename(name, gone, platform::Existing::kRefuse));
  PRYX_TRY_VOID(remove_below(held, gone, 0));
  return true;
}

Result<void> write_skill_folder(const std::string& root, const std::string& name,
                                const std::vector<SkillFile>& files) {
  PRYX_TRY_VOID(platform::ensure_private_directory(root));
  PRYX_TRY(const HeldDirectory held, HeldDirectory::open(root));
  const std::string draft = fmt::format(".{}.draft", name);
  if (held.stat_entry(draft)) PRYX_TRY_VOID(remove_below(held, draft, 0));
  PRYX_TRY_VOID(held.make_directory(draft, 0700));
  for (const SkillFile& file : files) {
    const std::string path = draft + "/" + file.path;
    PRYX_TRY_VOID(make_folders(held, path));
    const bool runs = file.executable ? *file.executable : is_executable_in(held, name + "/" + file.path);
    PRYX_TRY_VOID(held.write_file(path, file.bytes, runs ? 0700 : 0600));
  }
  PRYX_TRY_VOID(remove_skill_folder(root, name));
  return held.rename(draft, name, platform::Existing::kRefuse);
}

bool is_program_on(const std::vector<std::string>& path, const std::string& name) {
  if (name.find('/') != std::string::npos) return false;
  return std::ranges::any_of(path, [&](const std::string& folder) {
    return !folder.empty() && folder.front() == '/' && ::access((folder + "/" + name).c_str(), X_OK) == 0;
  });
}

}  // namespace pryx::skills
