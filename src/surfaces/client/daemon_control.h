// SPDX-License-Identifier: MIT
// Finds, starts and stops the daemon of this home, for client commands. Blocking; main thread.
#pragma once
#include <optional>
#include <string>

#include "foundation/base/secret.h"
#include "foundation/config/core_file.h"
#include "foundation/config/places.h"
#include "foundation/platform/environment.h"
#include "surfaces/client/api_client.h"
#include "surfaces/client/service_unit.h"

namespace pryx::client {

enum class StartedBy : std::uint8_t { kAlreadyRunning, kServiceManager, kSupervisor };

struct Started {
  StartedBy by = StartedBy::kSupervisor;
  config::CoreRecord core;
};

class DaemonControl {
 public:
  DaemonControl(config::Places places, platform::Environment environment, Waiting waiting);

  [[nodiscard]] const config::Places& places() const { return places_; }
  [[nodiscard]] std::optional<config::CoreRecord> find_running() const {
    return config::find_running_core(places_);
  }
  [[nodiscard]] Endpoint socket_endpoint() const;

  // Of a sealed key file, for the next start().
  void give_passphrase(std::optional<Secret> passphrase) { passphrase_ = std::move(passphrase); }
  // Starts the daemon unless one runs, and waits until it answers. The error carries the daemon's own exit
  // code's meaning and the end of its log.
  [[nodiscard]] Result<Started> start();
  // Asks it, and the supervisor that would start it again, to end and waits. Nothing when none runs; the pid
  // that ended otherwise.
  [[nodiscard]] Result<std::optional<pid_t>> stop();
  // A daemon of another version that has nothing to do is replaced. True when that happened; a busy one
  // stays.
  [[nodiscard]] Result<bool> replace_other_version(const config::CoreRecord& running);

  [[nodiscard]] ServiceUnit service_unit() const;

 private:
  [[nodiscard]] Result<Started> start_by_service_manager(const ServiceUnit& unit);
  [[nodiscard]] Result<Started> start_by_supervisor();
  enum class WhenGone : std::uint8_t { kWait, kGiveUp };
  [[nodiscard]] Result<config::CoreRecord> wait_until_ready(MonotonicTime deadline, WhenGone when_gone);

  config::Places places_;
  platform::Environment environment_;
  Waiting waiting_;
  std::optional<Secret> passphrase_;
};

// The last lines of the log, for an error or `pryx daemon logs`.
[[nodiscard]] std::string log_tail(const config::Places& places, std::size_t max_lines);
// Why the last start failed, as the log says it; empty when the last one succeeded.
[[nodiscard]] std::string last_start_failure(const config::Places& places);
// What /proc/self/exe names.
[[nodiscard]] Result<std::string> own_executable();

}  // namespace pryx::client
