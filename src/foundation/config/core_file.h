// SPDX-License-Identifier: MIT
// run/core.json: which daemon serves this home. Written by the daemon when it can serve, removed at a clean
// stop; a file left by a crash is recognised by pid, start time and boot. Blocking; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "foundation/config/places.h"
#include "foundation/platform/process_identity.h"

namespace pryx::config {

struct CoreRecord {
  platform::ProcessIdentity process;
  std::string boot;     // of the machine
  std::string version;  // of Pryx
  std::string url;      // empty: no TCP
  std::string socket;
  WallTime started_at;
  bool operator==(const CoreRecord&) const = default;
};

// What this process would write.
[[nodiscard]] CoreRecord describe_this_core(std::string version, std::string url, std::string socket,
                                            WallTime started_at);
[[nodiscard]] json::object to_json(const CoreRecord& record);
[[nodiscard]] Result<CoreRecord> parse_core_record(std::string_view text);

[[nodiscard]] Result<void> write_core_file(const Places& places, const CoreRecord& record);
// The daemon that runs; nothing when there is no file or its process has ended. An unreadable file counts as
// stale.
[[nodiscard]] std::optional<CoreRecord> find_running_core(const Places& places);
// Removes the file and the socket, unless they belong to another process that runs.
[[nodiscard]] Result<void> remove_core_file(const Places& places);

}  // namespace pryx::config
