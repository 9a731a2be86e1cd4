// SPDX-License-Identifier: MIT
// Runs a program inside a private session bus with a real gnome-keyring-daemon, for tests of what stands on
// the keychain.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "foundation/platform/subprocess.h"

namespace pryx::platform::testing {

enum class Keyring { kUnlocked, kLocked, kAbsent };

inline bool keyring_programs_present() {
  for (const char* name : {"dbus-run-session", "gnome-keyring-daemon", "gdbus", "bash"}) {
    if (!find_system_program(name)) return false;
  }
  return true;
}

// `home` keeps the keyring between sessions; kUnlocked makes it at first use.
inline Result<CompletedRun> run_in_keyring_session(const std::string& home, Keyring keyring,
                                                   const std::string& program,
                                                   const std::vector<std::string>& arguments,
                                                   const std::map<std::string, std::string>& extra_env = {}) {
  // The wait keeps D-Bus from starting a second, locked daemon. The daemon's streams are closed, so that it
  // does not hold the pipes.
  static constexpr const char* kScript = R"(
case "$1" in
  unlocked) printf 'pw\n' | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 & ;;
  locked) gnome-keyring-daemon --foreground --components=secrets </dev/null >/dev/null 2>&1 & ;;
esac
[ "$1" = absent ] || gdbus wait --session --timeout 20 org.freedesktop.secrets || exit 99
shift
"$@"
code=$?
[ -z "$!" ] || kill "$!" 2>/dev/null
exit $code
)";
  SpawnOptions options;
  options.executable = *find_system_program("dbus-run-session");
  const char* mode = keyring == Keyring::kUnlocked ? "unlocked"
                     : keyring == Keyring::kLocked ? "locked"
                                                   : "absent";
  options.argv = {"dbus-run-session"};
  if (keyring == Keyring::kAbsent) {
    // A bus that knows no service files cannot start a keychain on demand.
    const std::string config = home + "/bus.conf";
    PRYX_TRY_VOID(atomic_write_file(config,
                                    R"(<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>)",
                                    0600));
    options.argv.push_back("--config-file=" + config);
  }
  options.argv.insert(options.argv.end(), {"--", "bash", "-c", kScript, "keyring", mode, program});
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", home}, {"XDG_RUNTIME_DIR", home}, {"LC_ALL", "C"}};
  // libsecret 0.20 loses a few bytes when it asks a locked keychain; that is not what these tests look for.
  options.env["ASAN_OPTIONS"] = "detect_leaks=0";
  for (const auto& [name, value] : extra_env) options.env[name] = value;
  return run_to_completion(std::move(options), "", std::chrono::seconds(60));
}

}  // namespace pryx::platform::testing
