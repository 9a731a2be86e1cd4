// SPDX-License-Identifier: MIT
// The paths that the rules deny to a call, for what it reaches without naming it: what a walk comes by, and
// what is behind a link inside of the workspace. The path that a call names was decided on before. A value;
// what asks the file system blocks; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/platform/held_directory.h"

namespace pryx::tools::fs {

class DeniedPaths {
 public:
  DeniedPaths() = default;
  explicit DeniedPaths(std::vector<std::string> globs) : globs_(std::move(globs)) {}

  [[nodiscard]] bool empty() const { return globs_.empty(); }
  // `path`: bytes, from the workspace, with no link on the way.
  [[nodiscard]] bool has(std::string_view path) const;
  // Whether this open file or folder is denied by where it lies. What cannot be told counts as denied.
  [[nodiscard]] bool hold(const platform::HeldDirectory& workspace, int fd) const;
  // Whether `path` leads to something denied, links followed. Of a path that does not exist, as far as it
  // does.
  [[nodiscard]] bool are_behind(const platform::HeldDirectory& workspace, std::string_view path) const;

 private:
  std::vector<std::string> globs_;
};

// Where an open file or folder lies in the workspace, as the kernel has it; nullopt when it cannot be told.
[[nodiscard]] std::optional<std::string> place_of(const platform::HeldDirectory& workspace, int fd);

}  // namespace pryx::tools::fs
