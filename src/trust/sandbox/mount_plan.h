// SPDX-License-Identifier: MIT
// What a sandbox sees of the disk, decided from paths and turned into bubblewrap's arguments and Landlock's
// lists. Reads directory listings of the host, changes nothing. Any thread.
//
// The rule is that what nobody named is not there: homes, run-time directories, other disks and temporary
// places are empty and private. From the user's home only known tool chains come back, read-only.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pryx::sandbox {

struct View {
  std::string home;                       // real path of the user's home; may not exist
  std::vector<std::string> hidden_paths;  // absolute; files or directories
  std::string workspace;                  // where it appears; empty: none
  std::uint64_t temporary_bytes = 0;      // size of each private memory file system
};

struct MountPlan {
  std::vector<std::string> before_workspace;   // arguments for bubblewrap
  std::vector<std::string> after_workspace;    // hides what lies inside the workspace
  std::vector<std::string> read, write, list;  // Landlock
  std::vector<std::string> search_path;        // for PATH
  std::string home;                            // $HOME inside
};
[[nodiscard]] MountPlan plan_mounts(const View& view);

// The search path alone: the user's tool chains that are there, then the system's.
[[nodiscard]] std::vector<std::string> program_folders(const std::string& home);

// True when `path` is `folder` or lies below it. Both absolute and normal; for deciding what to mount, not
// for judging what a program may open.
[[nodiscard]] bool lies_in(const std::string& path, const std::string& folder);

}  // namespace pryx::sandbox
