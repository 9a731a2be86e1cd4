// SPDX-License-Identifier: MIT
// The notify protocol of systemd, spoken directly: a datagram to the socket that the environment names.
// Without one every call is a successful no-op. Owned by the daemon's main; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/platform/environment.h"
#include "foundation/platform/files.h"

namespace pryx::platform {

class ServiceManager {
 public:
  // NOTIFY_SOCKET (a path, or @name in the abstract namespace), WATCHDOG_USEC and WATCHDOG_PID.
  [[nodiscard]] static Result<ServiceManager> connect(const Environment& environment);

  [[nodiscard]] bool is_present() const { return static_cast<bool>(socket_); }
  Result<void> ready(std::string_view status);
  Result<void> stopping();
  Result<void> status(std::string_view text);
  Result<void> feed_watchdog();
  // How long the manager waits without food before it kills this process: feed at half of it. Nothing when no
  // watchdog is asked for.
  [[nodiscard]] std::optional<Duration> watchdog_limit() const { return watchdog_limit_; }

 private:
  ServiceManager() = default;
  Result<void> send(std::string_view message);
  UniqueFd socket_;
  std::optional<Duration> watchdog_limit_;
};

}  // namespace pryx::platform
