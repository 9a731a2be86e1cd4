// SPDX-License-Identifier: MIT
#include "surfaces/client/service_unit.h"

#include <sys/stat.h>

#include <filesystem>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "foundation/platform/subprocess.h"

namespace pryx::client {
namespace {

constexpr std::string_view kUnitName = "pryx.service";
constexpr auto kCommandLimit = std::chrono::seconds(5);
constexpr auto kStartLimit = std::chrono::seconds(12);  // a start waits for the daemon's own readiness

bool is_socket(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

// An argument in a unit file: quoted, with its percent signs and quotes made literal.
std::string quote_for_unit(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '%') out.push_back('%');
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace

std::string format_unit(const std::string& executable, bool is_system) {
  return fmt::format(
      "[Unit]\n"
      "Description=Pryx agent daemon\n"
      "After=network.target\n"
      "StartLimitIntervalSec=600\n"
      "StartLimitBurst=10\n"
      "\n"
      "[Service]\n"
      "Type=notify\n"
      "NotifyAccess=main\n"
      "ExecStart={} serve\n"
      "Restart=on-failure\n"
      "RestartSec=1\n"
      "RestartPreventExitStatus=2 4 5\n"
      "WatchdogSec=30\n"
      "TimeoutStopSec=10\n"
      "\n"
      "[Install]\n"
      "WantedBy={}\n",
      quote_for_unit(executable), is_system ? "multi-user.target" : "default.target");
}

ServiceUnit::ServiceUnit(const config::Places& places, const platform::Environment& environment)
    : environment_(environment) {
  if (places.kind == config::PlacesKind::kPortable) return;
  is_system_ = places.kind == config::PlacesKind::kSystem;
  bool is_running = false;
  if (is_system_) {
    path_ = "/etc/systemd/system/" + std::string(kUnitName);
    is_running = is_socket("/run/systemd/private");
  } else {
    // places.config is …/pryx below the user's config directory, where units live too.
    path_ = places.config.substr(0, places.config.rfind('/')) + "/systemd/user/" + std::string(kUnitName);
    if (auto runtime = environment.find("XDG_RUNTIME_DIR"))
      is_running = is_socket(*runtime + "/systemd/private");
  }
  if (is_running) systemctl_ = platform::find_system_program("systemctl").value_or("");
}

bool ServiceUnit::is_installed() const { return !path_.empty() && platform::exists(path_); }

Result<void> ServiceUnit::run(const std::string& program, std::vector<std::string> arguments,
                              Duration limit) const {
  platform::SpawnOptions spawn;
  spawn.executable = program;
  spawn.argv = {program};
  if (!is_system_) spawn.argv.emplace_back("--user");
  spawn.argv.insert(spawn.argv.end(), std::make_move_iterator(arguments.begin()),
                    std::make_move_iterator(arguments.end()));
  for (const auto& [name, value] : environment_.values()) spawn.env.emplace(name, value);
  PRYX_TRY(const auto done, platform::run_to_completion(std::move(spawn), {}, limit));
  if (done.status.is_success()) return {};
  return fail(ErrorCode::kUnavailable, "{} failed: {}", program, trim(utf8_prefix(done.error_output, 500)));
}

Result<void> ServiceUnit::install(const std::string& executable) {
  if (path_.empty())
    return fail(ErrorCode::kInvalidArgument,
                "a unit serves the user's own home, not PRYX_HOME; unset PRYX_HOME");
  if (!has_manager())
    return fail(ErrorCode::kUnsupported, "no systemd manager answers here; use pryx daemon start instead");
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  PRYX_TRY_VOID(platform::atomic_write_file(path_, format_unit(executable, is_system_), 0644));
  PRYX_TRY_VOID(run(systemctl_, {"daemon-reload"}, kCommandLimit));
  return run(systemctl_, {"enable", "--now", std::string(kUnitName)}, kStartLimit);
}

Result<void> ServiceUnit::uninstall() {
  if (!is_installed()) return fail(ErrorCode::kNotFound, "no unit is installed");
  if (has_manager())
    PRYX_TRY_VOID(run(systemctl_, {"disable", "--now", std::string(kUnitName)}, kStartLimit));
  PRYX_TRY_VOID(platform::remove_file(path_));
  if (!has_manager()) return {};
  return run(systemctl_, {"daemon-reload"}, kCommandLimit);
}

Result<void> ServiceUnit::start() { return run(systemctl_, {"start", std::string(kUnitName)}, kStartLimit); }

Result<void> ServiceUnit::stop() { return run(systemctl_, {"stop", std::string(kUnitName)}, kStartLimit); }

Result<void> ServiceUnit::start_transient(
    const std::string& executable, const std::map<std::string, std::string, std::less<>>& environment) {
  const auto program = platform::find_system_program("systemd-run");
  if (!program) return fail(ErrorCode::kUnsupported, "systemd-run is missing");
  std::vector<std::string> arguments = {"--quiet", "--collect", "--unit=pryx",
                                        "--description=Pryx agent daemon"};
  for (std::string_view property : {"Type=notify", "NotifyAccess=main", "Restart=on-failure", "RestartSec=1",
                                    "RestartPreventExitStatus=2 4 5", "WatchdogSec=30", "TimeoutStopSec=10",
                                    "StartLimitIntervalSec=600", "StartLimitBurst=10"}) {
    arguments.push_back(fmt::format("--property={}", property));
  }
  // The manager's own environment may lack what moves the five directories.
  for (const auto& [name, value] : environment) {
    if (name.starts_with("PRYX_") || name.starts_with("XDG_"))
      arguments.push_back(fmt::format("--setenv={}={}", name, value));
  }
  arguments.push_back(executable);
  arguments.emplace_back("serve");
  return run(*program, std::move(arguments), kStartLimit);
}

}  // namespace pryx::client
