// SPDX-License-Identifier: MIT
// pryx doctor: what is wrong and what to do. Starts no daemon; the database of one that is
// down is read by a process of its own.
#include "surfaces/cli/doctor.h"

#include "foundation/config/core_file.h"
#include "surfaces/cli/commands/commands.h"
#include "trust/vault/database_key.h"

namespace pryx::cli {
namespace {

using State = Check::State;

void append(std::vector<Check>& all, std::vector<Check> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Check check_binary() {
  Check check{.name = "program"};
  const auto path = client::own_executable();
  check.finding = path ? fmt::format("{} (version {})", *path, PRYX_VERSION) : path.error().message;
  if (!path) check.state = State::kWarning;
  return check;
}

void ask_daemon(Context& context, std::vector<Check>& checks) {
  auto api = context.api_if_running();
  if (!api) {
    if (!context.globals().host.empty())
      checks.push_back(
          {.name = "daemon", .state = State::kBad, .finding = api.error().message, .fix = {}, .apply = {}});
    return;
  }
  const auto status = (*api)->get("/api/v1/status");
  if (!status) {
    checks.push_back({.name = "connection",
                      .state = State::kBad,
                      .finding = status.error().message,
                      .fix = "pryx daemon restart",
                      .apply = {}});
    return;
  }
  checks.push_back({.name = "connection", .finding = "the daemon answers", .fix = {}, .apply = {}});
  const auto diagnostics = (*api)->get("/api/v1/diagnostics?integrity=true");
  if (!diagnostics) {
    checks.push_back({.name = "diagnostics",
                      .state = State::kBad,
                      .finding = diagnostics.error().message,
                      .fix = "pryx daemon logs",
                      .apply = {}});
    return;
  }
  append(checks, checks_of_daemon(status->json, diagnostics->json));
}

Result<std::vector<Check>> run_checks(Context& context) {
  PRYX_TRY(const config::Places places, context.places());
  std::vector<Check> checks = {check_binary()};
  append(checks, check_places(places));
  append(checks, check_files(places));
  Check key = check_key(places, context.environment());
  // Without its key, or with one that only a start is given, there is nothing to look at.
  const auto record = vault::read_key_record(places);
  const bool can_read = key.state != State::kBad && record && *record &&
                        ((*record)->backend == "file" || (*record)->backend == "secret_service");
  checks.push_back(std::move(key));
  checks.push_back(check_disk(places));
  checks.push_back(check_config(places));
  checks.push_back(check_policy(places));
  checks.push_back(check_terminal(context.environment(), context.console().options()));
  if (context.globals().host.empty()) {
    append(checks, check_daemon_files(places, PRYX_VERSION));
    if (can_read && !config::find_running_core(places)) {
      if (auto database = check_database(places, context.environment()))
        checks.push_back(std::move(*database));
    }
  }
  ask_daemon(context, checks);
  return checks;
}

std::string_view name_of(State state) {
  return state == State::kGood ? "ok" : state == State::kWarning ? "warning" : "error";
}

void print_checks(Context& context, const std::vector<Check>& checks) {
  if (context.wants_json()) {
    json::array list;
    bool ok = true;
    for (const Check& check : checks) {
      ok = ok && check.state != State::kBad;
      list.push_back(json::object{{"name", check.name},
                                  {"state", name_of(check.state)},
                                  {"finding", check.finding},
                                  {"fix", check.fix.empty() ? json::value(nullptr) : json::value(check.fix)},
                                  {"fixable", static_cast<bool>(check.apply)}});
    }
    context.console().print_json({{"ok", ok}, {"checks", std::move(list)}});
    return;
  }
  for (const Check& check : checks) {
    Line line;
    if (check.state == State::kGood) line.add("✓ ", kGood);
    if (check.state == State::kWarning) line.add("! ", kWarning);
    if (check.state == State::kBad) line.add("✗ ", kBad);
    line.add(check.name, kBold).add(" — ", kDim).add(check.finding);
    if (!check.fix.empty()) line.add(" — ", kDim).add(check.fix, kAccent);
    context.console().print(line);
  }
}

Result<int> run_doctor(Context& context, const Invocation& invocation) {
  PRYX_TRY(std::vector<Check> checks, run_checks(context));
  if (invocation.has("fix")) {
    bool changed = false;
    for (const Check& check : checks) {
      if (!check.apply) continue;
      context.console().note(fmt::format("fixing {}: {}", check.name, check.fix));
      const auto applied = check.apply();
      if (applied)
        changed = true;
      else
        context.console().warn(applied.error().message);
    }
    if (changed) {
      PRYX_TRY(checks, run_checks(context));
    }
  }
  print_checks(context, checks);
  for (const Check& check : checks) {
    if (check.state == State::kBad) return facts(ErrorCode::kCheckFailed).exit_code;
  }
  return 0;
}

}  // namespace

std::vector<Command> doctor_commands() {
  return {{.noun = "doctor",
           .summary = "check this installation; exits 3 when something is broken",
           .examples = {"doctor", "doctor --fix", "doctor --json"},
           .flags = {{"--fix", "", "do what is without risk: file modes, stale files"}},
           .handler = run_doctor}};
}

}  // namespace pryx::cli
