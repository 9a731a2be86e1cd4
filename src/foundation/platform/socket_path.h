// SPDX-License-Identifier: MIT
// An address for a Unix socket below any directory. A sockaddr_un holds 107 bytes of path; longer ones are
// named relative to a directory that stays open while the address is used (bind, connect, unlink). A value
// that owns a descriptor; any thread.
#pragma once
#include <string>

#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::platform {

inline constexpr std::size_t kMaxSocketPath = 107;

class SocketPath {
 public:
  [[nodiscard]] static Result<SocketPath> make(const std::string& directory, const std::string& name);
  // What to give to bind() and connect(): the plain path, or /proc/self/fd/N/name. Valid while this object
  // lives.
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  SocketPath(std::string address, UniqueFd held) : address_(std::move(address)), held_(std::move(held)) {}
  std::string address_;
  UniqueFd held_;
};

}  // namespace pryx::platform
