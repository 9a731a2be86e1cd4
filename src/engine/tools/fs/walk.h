// SPDX-License-Identifier: MIT
// A bounded walk through a folder below a held directory: sorted, deterministic, never through a symbolic
// link, so never in a circle. Blocking; worker threads.
#pragma once
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/tools/fs/denied_paths.h"
#include "engine/tools/fs/ignore_rules.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools::fs {

inline constexpr std::size_t kMaxFolderEntries =
    100'000;  // of one folder; names are held in memory to be sorted
inline constexpr std::size_t kMaxWalkDepth = 64;

struct WalkOptions {
  bool recursive = true;
  bool include_hidden = false;
  bool use_ignore_files = true;
  const DeniedPaths* denied = nullptr;  // left out and not entered; null: nothing is
};

struct WalkEntry {
  const std::string& path;   // from the workspace
  const std::string& below;  // from the folder the walk started in
  PathSegments segments;     // of path
  std::size_t start_depth;   // how many of the segments lead to the start
  platform::FileType type;
};

enum class WalkStep : std::uint8_t { kGoOn, kStop };
using WalkVisitor = std::function<WalkStep(const platform::HeldDirectory& start, const WalkEntry& entry)>;

struct WalkReport {
  std::size_t hidden = 0;       // left out because their name starts with a dot
  std::size_t ignored = 0;      // left out because of an ignore file; a folder counts once
  std::size_t denied = 0;       // left out because of WalkOptions::denied; a folder counts once
  std::size_t unreadable = 0;   // folders that could not be listed
  std::size_t too_deep = 0;     // folders below kMaxWalkDepth
  std::size_t cut_folders = 0;  // folders with more than kMaxFolderEntries names
};

// Folders come before what is in them. An error only when the start itself cannot be listed.
[[nodiscard]] Result<WalkReport> walk(const platform::HeldDirectory& workspace, const std::string& start,
                                      WalkOptions options, std::stop_token stop, const WalkVisitor& visit);

// "3 hidden and 2 ignored entries left out." and the like, a line each; empty when nothing was left out.
[[nodiscard]] std::string describe(const WalkReport& report);

}  // namespace pryx::tools::fs
