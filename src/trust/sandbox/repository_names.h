// SPDX-License-Identifier: MIT
// Names that Git obeys although no list of names has them: the parts that make a folder of any name a
// repository, and what a repository's own settings have Git run or read (hooks behind a link or in
// core.hooksPath, included files, filters and drivers). Reads the disk, changes nothing. Blocking; the values
// belong to one thread at a time.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "foundation/platform/held_directory.h"

namespace pryx::sandbox {

// A folder with HEAD, objects and refs (or with HEAD and commondir, which names where the rest is) is a
// repository, and then its settings decide what Git runs. Nobody who is held here may give it settings, or
// complete one that already has them. Which entries of a folder are refused therefore, from which of them are
// there before and after the change.
[[nodiscard]] std::set<std::string> refused_repository_parts(
    const std::function<bool(const std::string&)>& before,
    const std::function<bool(const std::string&)>& after);

// What settings name, relative to the workspace; there or not.
struct SettingNames {
  std::set<std::string> names;
  bool complete = true;  // false: there were more settings, names or hooks than the limits
};

class RepositoryNames {
 public:
  explicit RepositoryNames(std::string workspace);  // real path

  // Repositories in whose worktree the workspace lies.
  void add_above();
  // The one whose worktree or whose data is this folder of the workspace; nothing when there is none.
  void add_folder(const std::string& relative);
  // What another look found.
  void add(const SettingNames& found) {
    names_.insert(found.names.begin(), found.names.end());
    complete_ = complete_ && found.complete;
  }

  // Relative to the workspace. Without those that are protected by their name alone.
  [[nodiscard]] const std::set<std::string>& names() const { return names_; }
  // False: there were more settings, names or hooks than the limits, so that names are missing.
  [[nodiscard]] bool complete() const { return complete_; }
  // Whether it is one of them, or lies below one.
  [[nodiscard]] bool has(std::string_view relative) const;
  // Whether one of them lies below it, so that a link in its place would lead Git elsewhere.
  [[nodiscard]] bool leads_to(std::string_view relative) const;

 private:
  void add_worktree(const std::string& folder);
  void add_repository(const std::string& git_folder, const std::string& top);
  void add_settings(const std::string& file, const std::string& top, int depth);
  void add_hooks(const std::string& folder, const std::string& top);
  void add_words(std::string_view command, const std::string& top, bool joins_quoted);
  std::string name_way(const std::string& path);
  void name(const std::string& path);
  void note(const std::string& path);
  [[nodiscard]] std::string relative_of(const std::string& path) const;

  std::string workspace_;
  std::set<std::string> names_;
  std::set<std::string> read_;  // settings
  bool complete_ = true;
};

// For whoever changes one entry of the workspace: why it may not be changed, in a few words for people.
// Nullopt: it may. More than protection_of(), which knows the name alone.
[[nodiscard]] std::optional<std::string_view> protection_in(const platform::HeldDirectory& workspace,
                                                            const std::string& relative);

// Where a held directory is right now; empty when that cannot be told.
[[nodiscard]] std::string path_of(int directory);

}  // namespace pryx::sandbox
