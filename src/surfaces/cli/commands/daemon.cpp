// SPDX-License-Identifier: MIT
// pryx daemon: start, stop and look after the background process; pryx serve: be that process.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "foundation/base/text.h"
#include "foundation/platform/hardening.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/listen_address.h"
#include "surfaces/cli/read_secret.h"
#include "surfaces/cli/signals.h"
#include "surfaces/client/supervisor.h"
#include "trust/vault/database_key.h"

namespace pryx::cli {
namespace {

constexpr int kStatusFd = 3;  // where the starter of `daemon supervise` waits
constexpr auto kFollowStep = std::chrono::milliseconds(250);

json::object describe(const config::CoreRecord& core) {
  json::object out = config::to_json(core);
  out["running"] = true;
  return out;
}

void say_running(Context& context, std::string_view what, const config::CoreRecord& core) {
  if (context.wants_json()) {
    context.console().print_json(describe(core));
    return;
  }
  context.console().note(
      fmt::format("{} (pid {}{}{})", what, core.process.pid, core.url.empty() ? "" : ", ", core.url));
}

Result<void> refuse_host(const Context& context) {
  if (context.globals().host.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, "pryx daemon works on this machine's daemon; leave out --host");
}

// Of a sealed key file: read when that is asked for, asked for when the key is sealed and there is somebody
// to ask.
Result<std::optional<Secret>> start_passphrase(Context& context, const Invocation& invocation) {
  if (invocation.has("passphrase-stdin")) {
    PRYX_TRY(Secret passphrase, read_secret(context, "passphrase", true));
    return std::optional(std::move(passphrase));
  }
  PRYX_TRY(const config::Places places, context.places());
  const auto record = vault::read_key_record(places);
  const bool is_sealed = record && *record && (*record)->backend == "sealed_file";
  if (!is_sealed || !context.console().options().in_is_tty ||
      context.environment().find("CREDENTIALS_DIRECTORY"))
    return std::nullopt;
  PRYX_TRY(Secret passphrase, context.console().ask_secret("passphrase of the database key"));
  return std::optional(std::move(passphrase));
}

Result<int> run_start(Context& context, const Invocation& invocation) {
  PRYX_TRY_VOID(refuse_host(context));
  PRYX_TRY(client::DaemonControl control, context.daemon());
  if (!control.find_running()) {
    PRYX_TRY(auto passphrase, start_passphrase(context, invocation));
    control.give_passphrase(std::move(passphrase));
  }
  PRYX_TRY(const client::Started started, control.start());
  say_running(context, started.by == client::StartedBy::kAlreadyRunning ? "already running" : "started",
              started.core);
  return 0;
}

Result<int> run_stop(Context& context, const Invocation&) {
  PRYX_TRY_VOID(refuse_host(context));
  PRYX_TRY(client::DaemonControl control, context.daemon());
  PRYX_TRY(const auto pid, control.stop());
  if (context.wants_json())
    context.console().print_json(
        {{"running", false}, {"stopped_pid", pid ? json::value(*pid) : json::value(nullptr)}});
  else
    context.console().note(pid ? fmt::format("stopped (pid {})", *pid) : "not running");
  return 0;
}

Result<int> run_restart(Context& context, const Invocation& invocation) {
  PRYX_TRY_VOID(refuse_host(context));
  PRYX_TRY(client::DaemonControl control, context.daemon());
  PRYX_TRY(auto passphrase, start_passphrase(context, invocation));
  control.give_passphrase(std::move(passphrase));
  PRYX_TRY(const auto pid, control.stop());
  (void)pid;
  PRYX_TRY(const client::Started started, control.start());
  say_running(context, "restarted", started.core);
  return 0;
}

Result<int> run_daemon_status(Context& context, const Invocation&) {
  PRYX_TRY_VOID(refuse_host(context));
  PRYX_TRY(client::DaemonControl control, context.daemon());
  const auto core = control.find_running();
  if (!core) {
    if (context.wants_json())
      context.console().print_json({{"running", false}});
    else
      context.console().print("not running");
    return facts(ErrorCode::kUnavailable).exit_code;
  }
  if (context.wants_json()) {
    context.console().print_json(describe(*core));
    return 0;
  }
  context.console().print_table({{"STATE"}, {"PID"}, {"VERSION"}, {"URL"}},
                                {{Line("running", kGood), Line(fmt::format("{}", core->process.pid)),
                                  Line(core->version), Line(core->url.empty() ? core->socket : core->url)}});
  return 0;
}

// Prints what is appended until a signal comes. A rotated file is taken up from its start.
Result<int> follow_log(Context& context, const std::string& path, SignalPipe& signals) {
  platform::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  off_t position = file ? ::lseek(file.get(), 0, SEEK_END) : 0;
  const client::Waiting waiting{&context.clock(), -1};
  while (client::wait_for_fd(signals.fd(), POLLIN, context.clock().monotonic() + kFollowStep, waiting) ==
         client::Readiness::kTimeout) {
    platform::UniqueFd current(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!current) continue;
    const off_t size = ::lseek(current.get(), 0, SEEK_END);
    if (size < position) position = 0;
    if (size == position) continue;
    (void)::lseek(current.get(), position, SEEK_SET);
    position = size;
    PRYX_TRY(const std::string text, platform::read_all(current.get(), 64u << 20, path));
    context.console().write_data(text);
  }
  return 0;
}

Result<int> run_logs(Context& context, const Invocation& invocation) {
  PRYX_TRY_VOID(refuse_host(context));
  PRYX_TRY(const auto lines, invocation.find_integer("lines", 1, 100'000));
  PRYX_TRY(const client::DaemonControl control, context.daemon());
  const std::string path = control.places().log_file();
  const bool follow = invocation.has("follow");
  if (!platform::exists(path) && !follow) {
    const bool by_manager = control.service_unit().has_manager();
    return fail(ErrorCode::kNotFound, "there is no log at {}; {}", path,
                by_manager ? "journalctl --user -u pryx" : "pryx daemon start");
  }
  context.console().write_data(
      client::log_tail(control.places(), static_cast<std::size_t>(lines.value_or(50))));
  if (!follow) return 0;
  PRYX_TRY(SignalPipe signals, SignalPipe::open(false));
  return follow_log(context, path, signals);
}

Result<int> run_install(Context& context, const Invocation& invocation) {
  PRYX_TRY_VOID(refuse_host(context));
  PRYX_TRY(client::DaemonControl control, context.daemon());
  PRYX_TRY(const std::string executable, client::own_executable());
  client::ServiceUnit unit = control.service_unit();
  if (invocation.has("print")) {
    const std::string text =
        client::format_unit(executable, control.places().kind == config::PlacesKind::kSystem);
    if (context.wants_json())
      context.console().print_json({{"unit", unit.path()}, {"text", text}});
    else
      context.console().write_data(text);
    return 0;
  }
  if (unit.has_manager()) {
    // One daemon per home: the one that runs gives way to the unit's.
    PRYX_TRY(const auto stopped, control.stop());
    (void)stopped;
  }
  PRYX_TRY_VOID(unit.install(executable));
  if (context.wants_json()) {
    context.console().print_json({{"installed", true}, {"unit", unit.path()}});
    return 0;
  }
  context.console().note(
      fmt::format("installed {} and started it; it starts with your session from now on", unit.path()));
  return 0;
}

Result<int> run_uninstall(Context& context, const Invocation&) {
  PRYX_TRY_VOID(refuse_host(context));
  PRYX_TRY(client::DaemonControl control, context.daemon());
  client::ServiceUnit unit = control.service_unit();
  PRYX_TRY_VOID(unit.uninstall());
  if (context.wants_json()) {
    context.console().print_json({{"installed", false}, {"unit", unit.path()}});
    return 0;
  }
  context.console().note(fmt::format("removed {}; your data stays where it is", unit.path()));
  return 0;
}

Result<int> run_supervise(Context& context, const Invocation& invocation) {
  // It keeps the passphrase of a sealed key for as long as the daemon lives.
  PRYX_TRY_VOID(platform::harden_process());
  PRYX_TRY(client::SupervisorOptions options, [&]() -> Result<client::SupervisorOptions> {
    client::SupervisorOptions made;
    PRYX_TRY(made.executable, client::own_executable());
    PRYX_TRY(made.places, context.places());
    return made;
  }());
  options.arguments = {"serve"};
  if (invocation.has("passphrase-stdin")) {
    PRYX_TRY(options.passphrase, read_secret(context, "passphrase", true));
    options.arguments.push_back("--passphrase-stdin");
  }
  for (const auto& [name, value] : context.environment().values()) options.environment.emplace(name, value);
  options.status_fd = ::fcntl(kStatusFd, F_SETFD, FD_CLOEXEC) == 0 ? kStatusFd : -1;
  return client::supervise(std::move(options), context.clock());
}

// What `pryx doctor` asks in a process of its own: what is wrong with the store goes to standard output.
Result<int> run_check_store(Context& context, const Invocation&) {
  if (!context.hooks().check_store) return fail(ErrorCode::kUnsupported, "no store is known here");
  const auto checked = context.hooks().check_store();
  if (checked) {
    context.console().print_json({{"ok", true}});
    return 0;
  }
  context.console().print_json(
      {{"ok", false}, {"code", facts(checked.error().code).name}, {"problem", checked.error().message}});
  return facts(checked.error().code).exit_code;
}

Result<int> run_serve(Context& context, const Invocation& invocation) {
  PRYX_TRY_VOID(refuse_host(context));
  ServeOptions options;
  if (invocation.has("no-tcp") && invocation.has("listen")) {
    return fail(ErrorCode::kInvalidArgument, "--listen and --no-tcp exclude each other");
  }
  options.tcp = !invocation.has("no-tcp");
  if (const auto listen = invocation.find("listen")) {
    PRYX_TRY(const ListenAddress address, parse_listen_address(*listen));
    options.listen_address = address.address;
    options.port = address.port;
    options.port_is_fixed = true;
  }
  options.run_as = invocation.value_or("run-as", "");
  if (!options.run_as.empty() && ::geteuid() != 0)
    return fail(ErrorCode::kInvalidArgument, "--run-as needs root");
  options.allow_safe_mode = !invocation.has("no-safe-mode");
  options.verbose = context.globals().verbose;
  PRYX_TRY(options.passphrase, start_passphrase(context, invocation));
  return context.hooks().serve(options);
}

}  // namespace

std::vector<Command> daemon_commands() {
  return {
      {.noun = "daemon",
       .verb = "start",
       .summary = "start it and wait until it answers",
       .examples = {"daemon start", "daemon start --passphrase-stdin < passphrase.txt"},
       .flags = {{"--passphrase-stdin", "", "read the passphrase of a sealed key file from standard input"}},
       .handler = run_start},
      {.noun = "daemon",
       .verb = "stop",
       .summary = "let it finish what it is writing and end",
       .examples = {"daemon stop"},
       .handler = run_stop},
      {.noun = "daemon",
       .verb = "restart",
       .summary = "stop and start; also leaves safe mode",
       .examples = {"daemon restart"},
       .flags = {{"--passphrase-stdin", "", "read the passphrase of a sealed key file from standard input"}},
       .handler = run_restart},
      {.noun = "daemon",
       .verb = "status",
       .summary = "whether it runs; exits 8 when it does not",
       .examples = {"daemon status --json"},
       .handler = run_daemon_status},
      {.noun = "daemon",
       .verb = "logs",
       .summary = "the end of its log",
       .examples = {"daemon logs --lines 200", "daemon logs --follow"},
       .flags = {{"-f,--follow", "", "go on printing what is added"},
                 {"-n,--lines", "N", "how many lines (50)"}},
       .handler = run_logs},
      {.noun = "daemon",
       .verb = "install",
       .summary = "start it with your login, as a systemd unit",
       .examples = {"daemon install", "daemon install --print"},
       .flags = {{"--print", "", "print the unit and change nothing"}},
       .handler = run_install},
      {.noun = "daemon",
       .verb = "uninstall",
       .summary = "remove that unit; data stays",
       .examples = {"daemon uninstall"},
       .handler = run_uninstall},
      {.noun = "daemon",
       .verb = "supervise",
       .summary = "the parent that daemon start leaves behind",
       .flags = {{"--passphrase-stdin", "", "read the passphrase of a sealed key file from standard input"}},
       .handler = run_supervise,
       .hidden = true},
      {.noun = "daemon",
       .verb = "check-store",
       .summary = "whether the database of a daemon that is down is sound",
       .handler = run_check_store,
       .hidden = true}};
}

std::vector<Command> serve_commands() {
  return {
      {.noun = "serve",
       .summary = "run the daemon in the foreground",
       .examples = {"serve", "serve --listen 127.0.0.1:0", "serve --no-tcp"},
       .flags = {{"--listen", "ADDRESS:PORT",
                  "a loopback address; port 0 takes any free one (127.0.0.1:7799, or the next free port)"},
                 {"--no-tcp", "", "the Unix socket only"},
                 {"--run-as", "USER", "as root: the user to become (pryx)"},
                 {"--passphrase-stdin", "", "read the passphrase of a sealed key file from standard input"},
                 {"--no-safe-mode", "", "start normally whatever happened before; for crash tests"}},
       .handler = run_serve}};
}

}  // namespace pryx::cli
