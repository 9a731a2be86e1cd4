// SPDX-License-Identifier: MIT
// Pryx as a unit of systemd: the user's manager, or the system's when root asks. Only used without PRYX_HOME,
// because a unit belongs to the one home of its user.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/config/places.h"
#include "foundation/platform/environment.h"

namespace pryx::client {

class ServiceUnit {
 public:
  ServiceUnit(const config::Places& places, const platform::Environment& environment);

  // A manager runs that would take our commands.
  [[nodiscard]] bool has_manager() const { return !systemctl_.empty(); }
  [[nodiscard]] bool is_installed() const;
  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] Result<void> install(const std::string& executable);
  [[nodiscard]] Result<void> uninstall();
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> stop();
  // A unit for this run only, when none is installed. Nothing of it stays behind.
  [[nodiscard]] Result<void> start_transient(
      const std::string& executable, const std::map<std::string, std::string, std::less<>>& environment);

 private:
  [[nodiscard]] Result<void> run(const std::string& program, std::vector<std::string> arguments,
                                 Duration limit) const;
  bool is_system_ = false;
  std::string path_;  // of the unit file
  std::string systemctl_;
  platform::Environment environment_;
};

// The text of the unit file. Pure.
[[nodiscard]] std::string format_unit(const std::string& executable, bool is_system);

}  // namespace pryx::client
