// SPDX-License-Identifier: MIT
// From root to an unprivileged system user, for the rest of the process's life, and handing that user its
// files. Start-up only, before other threads exist.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "foundation/base/result.h"

namespace pryx::platform {

struct SystemUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

[[nodiscard]] bool is_root();
[[nodiscard]] Result<std::optional<SystemUser>> find_user(const std::string& name);
[[nodiscard]] Result<SystemUser> get_user(uid_t uid);
// Makes the user with useradd or adduser when it is missing: no login shell, no home directory made. Refuses
// one with uid 0.
[[nodiscard]] Result<SystemUser> ensure_system_user(const std::string& name, const std::string& home);

// Sets groups, gid and uid, then proves that root cannot come back, and lets no program that is run later
// gain rights (a sandbox on unprivileged user namespaces needs none). When this fails half way, the caller
// must end the process.
[[nodiscard]] Result<void> drop_to_user(const SystemUser& user);

// Gives the tree to the user without following links or leaving the file system. Looks at everything first
// and changes nothing when there are more than max_entries or when a file has another name elsewhere (a hard
// link could hand over a file of the system).
[[nodiscard]] Result<std::size_t> hand_over_tree(const std::string& path, const SystemUser& user,
                                                 std::size_t max_entries);

}  // namespace pryx::platform
