// SPDX-License-Identifier: MIT
#include "ground.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "foundation/platform/hardening.h"
#include "foundation/platform/socket_path.h"
#include "foundation/platform/user_switch.h"

namespace pryx::app {
namespace {
constexpr std::size_t kHandOverLimit = 100'000;
}  // namespace

Result<Ground> prepare_ground(const cli::ServeOptions& options) {
  Ground ground;
  ground.environment = platform::Environment::capture();
  PRYX_TRY(ground.places, config::find_places(ground.environment, ::geteuid()));
  // Before root becomes another user, who may not read what the service manager handed over.
  PRYX_TRY(ground.secrets, vault::read_start_secrets(ground.environment));
  if (options.passphrase) ground.secrets.passphrase = options.passphrase;
  if (platform::is_root()) {
    const std::string name = options.run_as.empty() ? "pryx" : options.run_as;
    PRYX_TRY(const platform::SystemUser user,
             platform::ensure_system_user(name, std::string(config::kSystemHome)));
    // Root makes the home (it always has one place for all), hands it over, and is gone for good. One that an
    // earlier start handed over belongs to that user already; the folders in it are made by its owner.
    if (!platform::exists(ground.places.home))
      PRYX_TRY_VOID(platform::ensure_private_directory(ground.places.home));
    PRYX_TRY_VOID(platform::hand_over_tree(ground.places.home, user, kHandOverLimit));
    PRYX_TRY_VOID(platform::drop_to_user(user));
    ground.dropped_from_root = true;
    ground.user_name = user.name;
  } else {
    PRYX_TRY(const platform::SystemUser user, platform::get_user(::geteuid()));
    ground.user_name = user.name;
  }
  PRYX_TRY_VOID(platform::harden_process());
  PRYX_TRY_VOID(config::create_places(ground.places));
  return ground;
}

Result<platform::UniqueFd> bind_unix_socket(const config::Places& places) {
  PRYX_TRY(const platform::SocketPath path,
           platform::SocketPath::make(places.run, config::Places::socket_name()));
  platform::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(platform::system_error("make the socket", errno));
  ::unlink(path.address().c_str());  // the lock is ours, so whoever left it is gone
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.address().copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(platform::system_error(fmt::format("bind {}", places.socket()), errno));
  }
  // The folder above is 0700; the kernel's word on the peer decides the rest.
  ::chmod(path.address().c_str(), 0600);
  if (::listen(fd.get(), 512) != 0) return fail(platform::system_error("listen on the socket", errno));
  return fd;
}

}  // namespace pryx::app
