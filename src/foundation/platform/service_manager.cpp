// SPDX-License-Identifier: MIT
#include "foundation/platform/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace pryx::platform {
namespace {

std::optional<std::int64_t> positive_number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value <= 0) return std::nullopt;
  return value;
}

// One line per assignment: a line break in a status would add an assignment of its own.
std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r' || c == '\0') c = ' ';
  }
  return line;
}

}  // namespace

Result<ServiceManager> ServiceManager::connect(const Environment& environment) {
  ServiceManager manager;
  const auto path = environment.find("NOTIFY_SOCKET");
  if (!path) return manager;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((path->front() != '/' && path->front() != '@') || path->size() < 2 ||
      path->size() >= sizeof address.sun_path) {
    return fail(ErrorCode::kInvalidArgument, "NOTIFY_SOCKET '{}' is neither an absolute path nor @name",
                *path);
  }
  std::memcpy(address.sun_path, path->data(), path->size());
  if (path->front() == '@') address.sun_path[0] = '\0';
  // Neither the terminating NUL nor padding belongs to an abstract name.
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
  manager.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!manager.socket_ ||
      ::connect(manager.socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return std::unexpected(system_error(fmt::format("connect to the service manager at {}", *path), errno));
  }
  const auto microseconds = positive_number(environment.find("WATCHDOG_USEC"));
  const auto pid = environment.find("WATCHDOG_PID");
  if (microseconds && (!pid || positive_number(pid) == ::getpid())) {
    manager.watchdog_limit_ = std::chrono::microseconds(*microseconds);
  }
  return manager;
}

Result<void> ServiceManager::send(std::string_view message) {
  if (!socket_) return {};
  if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0) return {};
  return std::unexpected(system_error("notify the service manager", errno));
}

Result<void> ServiceManager::ready(std::string_view status) {
  return send(fmt::format("READY=1\nSTATUS={}\nMAINPID={}", one_line(status), ::getpid()));
}
Result<void> ServiceManager::stopping() { return send("STOPPING=1"); }
Result<void> ServiceManager::status(std::string_view text) { return send("STATUS=" + one_line(text)); }
Result<void> ServiceManager::feed_watchdog() { return send("WATCHDOG=1"); }

}  // namespace pryx::platform
