// SPDX-License-Identifier: MIT
// What a run wrote, taken over into the workspace. The overlay's upper directory holds it: new and changed
// files as they are, deletions as character devices 0:0, replaced folders with a mark. Every name is looked
// at before it is carried over, and protected ones stay behind. Both trees are walked by descriptors; no link
// is followed. Blocking.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/platform/files.h"
#include "trust/sandbox/repository_names.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::sandbox {

enum class Refusal : std::uint8_t {
  kProtectedNames,
  kInstructionsToo,  // and what agents read as their own later
  kNothing,          // controls of tests
};

// Moves everything but protected names from `upper` to `workspace` (descriptors of directories), and but for
// what repositories name (RepositoryNames): `named`, and what the folders on the way name. What is refused
// stays in `upper`. An error leaves the rest there too; one about settings that cannot be read whole comes
// before the first move. The recorder is told everything first.
[[nodiscard]] Result<Applied> apply_written_tree(int upper, int workspace,
                                                 Refusal refusal = Refusal::kProtectedNames,
                                                 ChangeRecorder* recorder = nullptr,
                                                 const SettingNames& named = {});

// Protected names that exist below a directory, those that repositories name among them, each with what it
// is, so that a later look can tell an unchanged one from one that was put in its place.
struct ProtectedEntry {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool is_directory = false;
  bool is_link = false;
  bool operator==(const ProtectedEntry&) const = default;
};
struct ProtectedScan {
  std::map<std::string, ProtectedEntry> entries;
  SettingNames named;    // of repositories there, and around it
  bool complete = true;  // false: the tree has more names than the limit, or a folder could not be read, or
                         // settings could not
};
[[nodiscard]] ProtectedScan find_protected(int directory, std::size_t max_names,
                                           Refusal refusal = Refusal::kProtectedNames);

// The fallback without an overlay: moves protected names that `before` does not know into `quarantine`. Both
// looks are for the same names.
[[nodiscard]] Result<Applied> sweep_protected(int workspace, const ProtectedScan& before, int quarantine,
                                              Refusal refusal = Refusal::kProtectedNames);

// Deletes a tree of ours, whatever its permission bits are. Best effort.
void remove_tree(int parent, const std::string& name);

}  // namespace pryx::sandbox
