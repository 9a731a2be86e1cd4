// SPDX-License-Identifier: MIT
// The checks of `pryx doctor` that need no daemon. Each is a finding and, where there is one without risk, a
// fix. Blocking; they read the disk and change nothing until a fix is applied.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "surfaces/cli/context.h"

namespace pryx::cli {

struct Check {
  enum class State : std::uint8_t { kGood, kWarning, kBad };
  std::string name;
  State state = State::kGood;
  std::string finding;
  std::string fix;                      // a command or a sentence; empty when all is well
  std::function<Result<void>()> apply;  // what --fix does; empty when a person has to
};

[[nodiscard]] std::vector<Check> check_places(const config::Places& places);
[[nodiscard]] std::vector<Check> check_files(const config::Places& places);
[[nodiscard]] std::vector<Check> check_daemon_files(const config::Places& places,
                                                    const std::string& own_version);
// Asks the keychain when the key is kept there, and waits two seconds for it at most.
[[nodiscard]] Check check_key(const config::Places& places, const platform::Environment& environment);
// Reads the whole database of a daemon that is down, in a process of its own (`pryx daemon check-store`);
// nothing where there is no database.
[[nodiscard]] std::optional<Check> check_database(const config::Places& places,
                                                  const platform::Environment& environment);
[[nodiscard]] Check check_disk(const config::Places& places);
[[nodiscard]] Check check_config(const config::Places& places);
[[nodiscard]] Check check_policy(const config::Places& places);
[[nodiscard]] Check check_terminal(const platform::Environment& environment, const ConsoleOptions& console);
// From the bodies of GET /status and GET /diagnostics.
[[nodiscard]] std::vector<Check> checks_of_daemon(const json::object& status,
                                                  const json::object& diagnostics);

}  // namespace pryx::cli
