// SPDX-License-Identifier: MIT
// Where everything of Pryx lives: below PRYX_HOME, in the XDG directories of the user, or in the home of the
// system user when started as root. A value that is computed once in main and handed down.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "foundation/base/result.h"
#include "foundation/platform/environment.h"

namespace pryx::config {

enum class PlacesKind : std::uint8_t {
  kPortable,  // PRYX_HOME: tests and portable use; never touches the keychain
  kUser,      // XDG
  kSystem,    // started as root without PRYX_HOME
};

struct Places {
  PlacesKind kind = PlacesKind::kUser;
  std::string home;  // the directory above the five, for kPortable and kSystem; else empty
  std::string config, data, state, cache, run;

  [[nodiscard]] std::string config_file() const { return config + "/config.yaml"; }
  [[nodiscard]] std::string policy_file() const { return config + "/policy.yaml"; }
  [[nodiscard]] std::string agents() const { return config + "/agents"; }
  [[nodiscard]] std::string skills() const { return config + "/skills"; }
  [[nodiscard]] std::string tasks() const { return config + "/tasks"; }
  [[nodiscard]] std::string master_key() const { return config + "/master.key"; }
  [[nodiscard]] std::string sealed_master_key() const { return config + "/master.key.sealed"; }
  [[nodiscard]] std::string database() const { return data + "/pryx.db"; }
  [[nodiscard]] std::string key_record() const { return data + "/key.json"; }
  [[nodiscard]] std::string results() const {
    return data + "/results";
  }  // large tool results, named by their hash
  [[nodiscard]] std::string workspaces() const {
    return data + "/workspaces";
  }  // private folders of sessions without a workspace
  [[nodiscard]] std::string log_file() const { return state + "/pryx.log"; }
  [[nodiscard]] std::string starts_file() const { return state + "/starts.json"; }  // what safe mode counts
  [[nodiscard]] std::string supervisor_file() const { return state + "/supervisor.json"; }
  [[nodiscard]] std::string core_file() const { return run + "/core.json"; }
  [[nodiscard]] std::string lock_file() const { return run + "/core.lock"; }
  [[nodiscard]] std::string socket() const { return run + "/" + socket_name(); }
  [[nodiscard]] static std::string socket_name() { return "pryx.sock"; }
};

inline constexpr std::string_view kSystemHome = "/var/lib/pryx";

// Looks at the disk only to find the home of a user without $HOME and whether /run/user/UID exists.
[[nodiscard]] Result<Places> find_places(const platform::Environment& environment, uid_t uid);
// Makes the five directories, and agents and tasks, all 0700 and owned by this process's user.
[[nodiscard]] Result<void> create_places(const Places& places);

}  // namespace pryx::config
