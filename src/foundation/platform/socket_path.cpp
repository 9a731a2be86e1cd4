// SPDX-License-Identifier: MIT
#include "foundation/platform/socket_path.h"

#include <fcntl.h>

#include <cerrno>

namespace pryx::platform {

Result<SocketPath> SocketPath::make(const std::string& directory, const std::string& name) {
  std::string plain = directory + "/" + name;
  if (plain.size() <= kMaxSocketPath) return SocketPath(std::move(plain), UniqueFd());
  UniqueFd held(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!held) return std::unexpected(system_error(fmt::format("open directory {}", directory), errno));
  std::string address = fmt::format("/proc/self/fd/{}/{}", held.get(), name);
  if (address.size() > kMaxSocketPath)
    return fail(ErrorCode::kInvalidArgument, "socket name '{}' is too long", name);
  return SocketPath(std::move(address), std::move(held));
}

}  // namespace pryx::platform
