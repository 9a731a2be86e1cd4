// SPDX-License-Identifier: MIT
#include "surfaces/cli/doctor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "foundation/base/text.h"
#include "foundation/config/config_file.h"
#include "foundation/config/core_file.h"
#include "foundation/platform/files.h"
#include "foundation/platform/subprocess.h"
#include "trust/policy/policy_file.h"
#include "trust/vault/database_key.h"

namespace pryx::cli {
namespace {

using State = Check::State;

constexpr std::size_t kMaxFile = 1u << 20;
constexpr std::uint64_t kLittleSpace = 1ull << 30;
constexpr std::uint64_t kNoSpace = 100ull << 20;
constexpr auto kKeychainLimit = std::chrono::seconds(2);
constexpr auto kIntegrityLimit = std::chrono::seconds(60);

// Whose directories these are: the system user's when root looks after its daemon.
uid_t owner_of(const config::Places& places) {
  struct stat info{};
  if (!places.home.empty() && ::geteuid() == 0 && ::lstat(places.home.c_str(), &info) == 0)
    return info.st_uid;
  return ::geteuid();
}

Check check_private(const std::string& name, const std::string& path, bool is_directory, uid_t owner) {
  Check check{.name = name};
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    check.state = State::kWarning;
    check.finding = fmt::format("{} does not exist yet", path);
    check.fix = "the daemon makes it: pryx daemon start";
    return check;
  }
  const mode_t wanted = is_directory ? 0700 : 0600;
  const bool is_right_kind = is_directory ? S_ISDIR(info.st_mode) : S_ISREG(info.st_mode);
  if (!is_right_kind) {
    check.state = State::kBad;
    check.finding = fmt::format("{} is no {}", path, is_directory ? "directory" : "regular file");
    check.fix = "move it away";
  } else if (info.st_uid != owner) {
    check.state = State::kBad;
    check.finding = fmt::format("{} belongs to user {}, not {}", path, info.st_uid, owner);
    check.fix = fmt::format("chown {} {}", owner, path);
  } else if ((info.st_mode & 077) != 0) {
    check.state = State::kBad;
    check.finding = fmt::format("{} can be reached by others (mode {:o})", path, info.st_mode & 0777);
    check.fix = fmt::format("chmod {:o} {}", wanted, path);
    // Root changes nothing where another user could put a link meanwhile; that user runs doctor instead.
    if (info.st_uid == ::geteuid()) {
      check.apply = [path, wanted]() -> Result<void> {
        const platform::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!fd || ::fchmod(fd.get(), wanted) != 0) {
          return fail(platform::system_error(fmt::format("chmod {}", path), errno));
        }
        return {};
      };
    }
  } else {
    check.finding = path;
  }
  return check;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes >= 10ull << 30) return fmt::format("{} GB", bytes >> 30);
  return fmt::format("{} MB", bytes >> 20);
}

// A service that is there by name may be locked, hang or have lost the key: only asking it tells.
void ask_keychain(const config::Places& places, const platform::Environment& environment,
                  const std::string& key_id, Check& check) {
  if (places.kind != config::PlacesKind::kUser) {
    check.state = State::kBad;
    check.finding = "kept in the desktop keychain, which serves only a user's own home";
    check.fix = "start Pryx as it was set up: as that user, without PRYX_HOME";
    return;
  }
  vault::SecretServiceBackend keychain{platform::SecretService(environment, kKeychainLimit)};
  const auto key = keychain.load(key_id);
  if (key && *key) {
    check.finding = "held by the desktop keychain, which answers";
    return;
  }
  check.state = State::kBad;
  check.finding = key ? fmt::format("the desktop keychain has no key {}", key_id)
                      : fmt::format("the desktop keychain does not give the key: {}", key.error().message);
  check.fix = keychain.how_to_unlock();
}

}  // namespace

std::vector<Check> check_places(const config::Places& places) {
  const uid_t owner = owner_of(places);
  return {check_private("config directory", places.config, true, owner),
          check_private("data directory", places.data, true, owner),
          check_private("state directory", places.state, true, owner),
          check_private("cache directory", places.cache, true, owner),
          check_private("run directory", places.run, true, owner)};
}

std::vector<Check> check_files(const config::Places& places) {
  std::vector<Check> checks;
  const uid_t owner = owner_of(places);
  for (const auto& [name, path] : {std::pair<std::string, std::string>{"master key", places.master_key()},
                                   {"database", places.database()},
                                   {"key record", places.key_record()},
                                   {"token file", places.config + "/token"}}) {
    if (platform::exists(path)) checks.push_back(check_private(name, path, false, owner));
  }
  return checks;
}

std::vector<Check> check_daemon_files(const config::Places& places, const std::string& own_version) {
  std::vector<Check> checks;
  Check daemon{.name = "daemon"};
  const auto core = config::find_running_core(places);
  if (core) {
    daemon.finding = fmt::format("runs (pid {}, version {})", core->process.pid, core->version);
    if (core->version != own_version) {
      daemon.state = State::kWarning;
      daemon.finding += fmt::format(", this program is {}", own_version);
      daemon.fix = "pryx daemon restart";
    }
    checks.push_back(std::move(daemon));
    return checks;
  }
  daemon.state = State::kWarning;
  daemon.finding = "does not run";
  daemon.fix = "pryx daemon start";
  if (const std::string why = client::last_start_failure(places); !why.empty()) {
    const std::size_t advice = why.rfind("; ");
    daemon.state = State::kBad;
    daemon.finding = fmt::format("could not start: {}", why.substr(0, advice));
    if (advice != std::string::npos) daemon.fix = why.substr(advice + 2);
  }
  checks.push_back(std::move(daemon));
  for (const std::string& path : {places.core_file(), places.socket()}) {
    if (!platform::exists(path)) continue;
    Check stale{.name = "stale file",
                .state = State::kWarning,
                .finding = fmt::format("{} was left by a daemon that is gone", path),
                .fix = fmt::format("rm {}", path),
                .apply = {}};
    if (owner_of(places) == ::geteuid()) stale.apply = [places] { return config::remove_core_file(places); };
    checks.push_back(std::move(stale));
  }
  return checks;
}

Check check_key(const config::Places& places, const platform::Environment& environment) {
  Check check{.name = "key"};
  const bool has_database = platform::exists(places.database());
  const auto text = platform::read_file(places.key_record(), kMaxFile);
  if (!text) {
    check.state = has_database ? State::kBad : State::kGood;
    check.finding = has_database
                        ? fmt::format("the database exists, but {} does not: nothing says where its key is",
                                      places.key_record())
                        : "none yet; the first start makes one";
    if (has_database) check.fix = "restore key.json from a backup; never make another key";
    return check;
  }
  const auto record = json::parse_object(*text);
  const std::string backend = record ? json::string_or(*record, "backend") : "";
  if (backend == "file") {
    const bool has_key = platform::exists(places.master_key());
    check.state = has_key ? State::kWarning : State::kBad;
    check.finding =
        has_key ? fmt::format("KEPT IN A FILE: whoever reads {} reads everything", places.master_key())
                : fmt::format("{} is gone: the database cannot be opened", places.master_key());
    check.fix = has_key ? "keep that file out of backups and shared folders" : "restore it from a backup";
  } else if (backend == "sealed_file") {
    const bool has_key = platform::exists(places.sealed_master_key());
    check.state = has_key ? State::kGood : State::kBad;
    check.finding =
        has_key ? fmt::format("sealed with a passphrase in {}", places.sealed_master_key())
                : fmt::format("{} is gone: the database cannot be opened", places.sealed_master_key());
    if (!has_key) check.fix = "restore it from a backup";
  } else if (backend == "secret_service") {
    ask_keychain(places, environment, json::string_or(*record, "key_id"), check);
  } else if (backend.empty()) {
    check.state = State::kBad;
    check.finding = fmt::format("{} cannot be understood", places.key_record());
    check.fix = "restore it from a backup";
  } else {
    check.finding = fmt::format("held by {}", backend);
  }
  return check;
}

std::optional<Check> check_database(const config::Places& places, const platform::Environment& environment) {
  if (!platform::exists(places.database())) return std::nullopt;
  Check check{.name = "integrity"};
  const auto unsure = [&check](std::string why) {
    check.state = State::kWarning;
    check.finding = fmt::format("the database was not looked through: {}", why);
    check.fix = "pryx daemon start, then pryx doctor";
    return check;
  };
  platform::SpawnOptions spawn;
  auto executable = client::own_executable();
  if (!executable) return unsure(executable.error().message);
  spawn.executable = std::move(*executable);
  spawn.argv = {"pryx", "daemon", "check-store", "--json"};
  for (const auto& [name, value] : environment.values()) spawn.env.emplace(name, value);
  spawn.privileges = platform::Privileges::kKeep;
  const auto done = platform::run_to_completion(std::move(spawn), {}, kIntegrityLimit);
  if (!done) return unsure(done.error().message);
  const auto answer = json::parse_object(done->output);
  if (!answer) return unsure("the process that was to do it ended early");
  if (done->status.is_success()) {
    check.finding = "all that is stored is sound";
    return check;
  }
  const std::string code = json::string_or(*answer, "code");
  std::string problem = json::string_or(*answer, "problem");
  problem.resize(std::min(problem.size(), problem.find("; run `pryx doctor`")));
  if (code == facts(ErrorCode::kConflict).name) return unsure("a daemon has come up meanwhile");
  if (code == facts(ErrorCode::kUnavailable).name) {
    check = unsure(problem);
    check.fix = "mend that first, then pryx doctor";
    return check;
  }
  check.state = State::kBad;
  check.finding = problem;
  check.fix = fmt::format("keep a copy of {}, then restore the newest backup of it", places.data);
  return check;
}

Check check_disk(const config::Places& places) {
  Check check{.name = "disk space"};
  std::string path = places.data;
  while (path.size() > 1 && !platform::exists(path)) path.resize(std::max<std::size_t>(1, path.rfind('/')));
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) {
    check.state = State::kWarning;
    check.finding = fmt::format("cannot be read for {}: {}", path, platform::describe_errno(errno));
    return check;
  }
  const std::uint64_t free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  check.finding = fmt::format("{} free for {}", size_text(free), places.data);
  if (free < kLittleSpace) {
    check.state = free < kNoSpace ? State::kBad : State::kWarning;
    check.fix = "free some; messages are accepted only when they can be written";
  }
  return check;
}

Check check_config(const config::Places& places) {
  Check check{.name = "config.yaml"};
  if (!platform::exists(places.config_file())) {
    check.finding = "none; the defaults hold";
    return check;
  }
  const auto text = platform::read_file(places.config_file(), kMaxFile);
  const auto parsed =
      text ? config::parse_config_file(*text) : Result<config::ConfigFile>(std::unexpected(text.error()));
  if (!parsed) {
    check.state = State::kBad;
    check.finding = parsed.error().message;
    check.fix = fmt::format("edit {}", places.config_file());
    return check;
  }
  check.finding = "valid";
  if (!parsed->warnings.empty()) {
    check.state = State::kWarning;
    check.finding = fmt::format("line {}: {}", parsed->warnings[0].line, parsed->warnings[0].text);
    check.fix = fmt::format("edit {}", places.config_file());
  }
  return check;
}

Check check_policy(const config::Places& places) {
  Check check{.name = "policy.yaml"};
  if (!platform::exists(places.policy_file())) {
    check.finding = "none; the built-in rules hold";
    return check;
  }
  const auto text = platform::read_file(places.policy_file(), kMaxFile);
  if (!text) {
    check.state = State::kBad;
    check.finding = text.error().message;
    check.fix = fmt::format("make {} readable", places.policy_file());
    return check;
  }
  const trust::ParsedPolicy parsed =
      trust::check_policy(*text, trust::PolicyFileKind::kPolicy, "policy.yaml");
  check.finding = "valid";
  if (!parsed.policy) {
    check.state = State::kBad;
    check.finding = parsed.problems.empty() ? "invalid" : parsed.problems[0].to_text();
    check.fix = "pryx policy check";
  }
  return check;
}

Check check_terminal(const platform::Environment& environment, const ConsoleOptions& console) {
  Check check{.name = "terminal"};
  if (!console.out_is_tty) {
    check.finding = "none; plain output";
    return check;
  }
  const std::string term = environment.get_or("TERM", "");
  const std::string locale =
      environment.get_or("LC_ALL", environment.get_or("LC_CTYPE", environment.get_or("LANG", "")));
  check.finding = fmt::format("{}, {} columns", term.empty() ? "TERM is not set" : term, console.columns);
  const std::string lower = lower_ascii(locale);
  if (lower.find("utf-8") == std::string::npos && lower.find("utf8") == std::string::npos) {
    check.state = State::kWarning;
    check.finding += fmt::format(", locale '{}' is not UTF-8", locale);
    check.fix = "export LANG=C.UTF-8";
  } else if (term.empty() || term == "dumb") {
    check.state = State::kWarning;
    check.fix = "pryx chat --plain";
  }
  return check;
}

std::vector<Check> checks_of_daemon(const json::object& status, const json::object& diagnostics) {
  std::vector<Check> checks;
  if (json::string_or(status, "mode", "normal") != "normal") {
    checks.push_back({.name = "safe mode",
                      .state = State::kBad,
                      .finding = json::string_or(status, "safe_mode_reason", "on: messages wait"),
                      .fix = "pryx daemon logs, then pryx daemon restart",
                      .apply = {}});
  }
  if (const std::string origin = json::string_or(status, "public_url"); !origin.empty()) {
    checks.push_back(
        {.name = "public origin",
         .finding = fmt::format("{} is answered too, for a TLS terminator on this machine", origin),
         .fix = {},
         .apply = {}});
  }
  const json::value* components = json::find(diagnostics, "components");
  if (components == nullptr || !components->is_array()) return checks;
  for (const json::value& entry : components->get_array()) {
    if (!entry.is_object()) continue;
    const json::object& component = entry.get_object();
    const std::string state = json::string_or(component, "state");
    const std::string detail = json::string_or(component, "detail");
    // "what is wrong; what to do", as everywhere.
    const std::size_t cut = state == "ok" ? std::string::npos : detail.rfind("; ");
    Check check{.name = json::string_or(component, "name")};
    check.state = state == "ok" ? State::kGood : state == "degraded" ? State::kWarning : State::kBad;
    check.finding = detail.empty() ? state : detail.substr(0, cut);
    if (cut != std::string::npos) check.fix = detail.substr(cut + 2);
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace pryx::cli
