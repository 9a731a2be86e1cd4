// SPDX-License-Identifier: MIT
#include "engine/tools/fs/denied_paths.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "engine/tools/fs/workspace_path.h"
#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

using platform::HeldDirectory;

// Empty when the kernel does not tell: a file that was removed meanwhile has a name with this end, and so has
// one that is called like it, which is then not read either.
std::string name_of(int fd) {
  std::string name(kMaxPathBytes + 1, '\0');
  const ssize_t size = ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), name.data(), name.size());
  if (size <= 0 || static_cast<std::size_t>(size) >= name.size()) return {};
  name.resize(static_cast<std::size_t>(size));
  return name.ends_with(" (deleted)") ? std::string() : name;
}

}  // namespace

std::optional<std::string> place_of(const HeldDirectory& workspace, int fd) {
  std::string base = name_of(workspace.fd());
  const std::string name = name_of(fd);
  if (base.empty() || name.empty()) return std::nullopt;
  if (name == base) return std::string();
  if (!base.ends_with('/')) base += '/';
  if (!name.starts_with(base)) return std::nullopt;
  return name.substr(base.size());
}

bool DeniedPaths::has(std::string_view path) const {
  if (globs_.empty()) return false;
  const std::string name = encode_name(path);
  return std::ranges::any_of(globs_, [&](const std::string& glob) { return glob_match(glob, name); });
}

bool DeniedPaths::hold(const HeldDirectory& workspace, int fd) const {
  if (globs_.empty()) return false;
  const auto place = place_of(workspace, fd);
  return !place || has(*place);
}

bool DeniedPaths::are_behind(const HeldDirectory& workspace, std::string_view path) const {
  if (globs_.empty()) return false;
  if (const auto file = workspace.open_file(path, O_RDONLY)) return hold(workspace, file->get());
  // The deepest folder that is there, and the rest as it is written.
  std::string_view folder = path;
  for (;;) {
    if (const auto held = workspace.open_directory(folder)) {
      const auto place = place_of(workspace, held->fd());
      std::string_view rest = path.substr(folder.size());
      if (rest.starts_with('/')) rest.remove_prefix(1);
      if (!place) return true;
      return has(rest.empty() ? *place : join_path(*place, rest));
    }
    if (folder.empty()) return true;  // not even the workspace itself
    const std::size_t slash = folder.rfind('/');
    folder = slash == std::string_view::npos ? std::string_view() : folder.substr(0, slash);
  }
}

}  // namespace pryx::tools::fs
