// SPDX-License-Identifier: MIT
#include "engine/tools/shell/exec_tool.h"

#include <algorithm>

#include "engine/tools/fs/workspace_path.h"
#include "engine/tools/shell/call_binding.h"
#include "engine/tools/shell/exec_outcome.h"
#include "engine/tools/shell/live_output.h"
#include "engine/tools/shell/output_scrubber.h"
#include "foundation/base/text.h"
#include "foundation/net/url.h"

namespace pryx::tools::shell {
namespace {

constexpr std::string_view kText =
    "Runs a command in a sandbox: the workspace is writable, the rest of the disk read-only with secrets "
    "hidden, no network but the named hosts. Returns its output and exit code. Servers, watchers and long "
    "work go into the background.";
// The sandbox's own clock is only the backstop of the one that runs here.
constexpr Duration kBackstop = std::chrono::seconds(5);
constexpr std::uint64_t kLeastCpuSeconds = 600;
constexpr std::size_t kMaxStoredCommand = 4096;

bool names_port(std::string_view entry) {
  const auto read = net::parse_host_port(entry.substr(entry.starts_with("*.") ? 2 : 0));
  return read && read->port;
}

ToolOutcome no_workspace() {
  return refuse(
      "This session has no workspace folder that can be opened, so there is no place to run a command in.");
}

}  // namespace

ExecTool::ExecTool(Parts parts) : parts_(parts) {
  description_.name = "shell.exec";
  description_.description = kText;
  description_.parameters = json::parse_object(exec_parameters()).value();
  description_.effect = EffectClass::kOneShot;
  description_.risk = Risk::kHigh;
}

Result<Touches> ExecTool::touches(const json::object& arguments) const {
  PRYX_TRY(const ExecRequest request, read_exec_request(arguments));
  const commands::Parse parse = parse_commands(request);
  Touches out;
  out.outside_workspace = request.cwd_outside;
  if (!request.cwd_outside) out.workspace_paths = {request.cwd};
  out.hosts = request.hosts;
  out.is_outward_sink = !request.hosts.empty();
  out.hands_out_secret = !request.secrets.empty();
  out.needs_sandbox = true;
  out.commands = parse.commands;
  out.parse_complete = parse.complete;
  return out;
}

EffectClass ExecTool::effect(const json::object& arguments) const {
  const auto request = read_exec_request(arguments);
  const bool may_repeat = request && !request->background && request->hosts.empty() &&
                          request->secrets.empty() && commands::is_read_only(parse_commands(*request));
  return may_repeat ? EffectClass::kIdempotent : EffectClass::kOneShot;
}

std::string ExecTool::render(const json::object& arguments) const {
  const auto request = read_exec_request(arguments);
  return request ? render_exec(*request) : fmt::format("shell.exec {}", json::to_text(arguments));
}

async::Task<Result<Binding>> ExecTool::bind(json::object arguments, ToolContext context) {
  PRYX_CO_TRY(ExecRequest request, read_exec_request(arguments));
  Binding binding;
  binding.preview = preview_exec(request);
  binding.shown_whole = is_shown_whole(request, binding.preview);
  json::object secrets;
  if (!request.secrets.empty() && parts_.secrets != nullptr) {
    PRYX_CO_TRY(secrets, co_await parts_.secrets->describe(context.principal, request.secrets));
  }
  if (!context.workspace) co_return binding;
  auto job = [request = std::move(request), workspace = context.workspace,
              &sandbox = parts_.sandbox](std::stop_token stop) -> Result<json::object> {
    auto facts = gather_binding(request, parse_commands(request), *workspace, sandbox.search_path(), stop);
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "shell.exec: cancelled");
    return facts;
  };
  PRYX_CO_TRY(binding.facts, co_await parts_.pool.run(std::move(job)));
  if (!secrets.empty()) binding.facts["secrets"] = std::move(secrets);
  co_return binding;
}

Result<std::shared_ptr<egress::ProxySocket>> ExecTool::open_proxy(const ExecRequest& request,
                                                                  const ToolContext& context) const {
  if (request.hosts.empty()) return nullptr;
  if (parts_.broker == nullptr)
    return fail(ErrorCode::kUnsupported, "commands get no network in this build; leave out hosts");
  egress::Sender sender{.principal = context.principal,
                        .session = context.session,
                        .turn = context.turn,
                        .step = context.step,
                        .tool = description_.name};
  egress::Limits limits{.request_bytes = 64u << 20, .response_bytes = 1u << 30, .time = request.limit};
  egress::AllowList allowed{.entries = request.hosts};
  // A secret does not travel in the open.
  for (std::string& entry : allowed.entries) {
    if (!request.secrets.empty() && !names_port(entry)) entry += ":443";
  }
  PRYX_TRY(auto proxy, parts_.broker->open_proxy(std::move(sender), std::move(allowed), limits));
  return std::shared_ptr<egress::ProxySocket>(std::move(proxy));
}

Result<sandbox::Request> ExecTool::make_request(const ExecRequest& request, const ToolContext& context,
                                                const egress::ProxySocket* proxy) const {
  sandbox::Request out;
  if (request.command) {
    // The grammar reads bash, so nothing else may read it here.
    out.program = "bash";
    out.argv = {"bash", "-c", *request.command};
  } else {
    out.argv = request.argv;
    out.program = request.argv.front();
    const bool is_relative_path = out.program.find('/') != std::string::npos && !out.program.starts_with('/');
    if (is_relative_path) {
      const std::string base = request.cwd.empty() ? std::string() : request.cwd + "/";
      PRYX_TRY(const auto path, fs::parse_workspace_path(fs::encode_name(base + out.program)));
      if (path.outside)
        return fail(ErrorCode::kDenied, "'{}' is outside of the workspace", utf8_prefix(out.program, 200));
      out.program = context.workspace->path() + "/" + path.bytes;
    }
  }
  out.workspace = context.workspace;
  // What passes for reading is held to it, whatever the repository makes one of the programs run.
  const commands::Parse parse = parse_commands(request);
  out.workspace_writable = !commands::is_read_only(parse);
  out.env = own_environment(request, parse);
  // Where a write of its own instructions would ask, a command writes none: nobody can be asked about what it
  // does not say. In the background it lives on into contexts that are not known yet.
  out.keeps_instructions =
      request.background || trust::forces_ask(context.context_labels, trust::Sink::kOwnFuture);
  out.cwd = request.cwd;
  if (proxy != nullptr) out.egress_socket = proxy->path();
  out.standard_input =
      request.background || !request.input.empty() ? platform::Stream::kPipe : platform::Stream::kNull;
  out.limits.wall_time = request.limit + kBackstop;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(request.limit).count();
  out.limits.cpu_seconds = std::max(kLeastCpuSeconds, static_cast<std::uint64_t>(seconds));
  return out;
}

async::Task<Result<ToolOutcome>> ExecTool::run(const GatePass&, json::object arguments, ToolContext context) {
  PRYX_CO_TRY(ExecRequest request, read_exec_request(arguments));
  if (request.cwd_outside) co_return refuse("The folder to run in is outside of the workspace.");
  if (!context.workspace) co_return no_workspace();
  auto folder = [&](const std::stop_token&) -> Result<void> {
    PRYX_TRY([[maybe_unused]] const auto held, context.workspace->open_directory(request.cwd));
    return {};
  };
  const auto opened = co_await parts_.pool.run(std::move(folder));
  if (!opened && opened.error().code == ErrorCode::kCancelled) co_return std::unexpected(opened.error());
  if (!opened)
    co_return refuse(fmt::format("'{}' cannot be the folder to run in: {}", fs::display_path(request.cwd),
                                 opened.error().message));
  PRYX_CO_TRY(auto proxy, open_proxy(request, context));
  auto launch = make_request(request, context, proxy.get());
  if (!launch) co_return refuse(launch.error().message);
  auto secrets = co_await secrets_for(request, context.principal);
  if (!secrets && secrets.error().code == ErrorCode::kCancelled) co_return std::unexpected(secrets.error());
  if (!secrets) co_return refuse(secrets.error().message);
  launch->secrets = std::move(*secrets);
  if (request.background) {
    co_return co_await start_in_background(std::move(request), std::move(context), std::move(*launch),
                                           std::move(proxy));
  }
  // The proxy stays open until the command has ended.
  co_return co_await run_to_end(std::move(request), std::move(context), std::move(*launch));
}

async::Task<Result<std::vector<sandbox::SecretFile>>> ExecTool::secrets_for(ExecRequest request,
                                                                            Principal principal) {
  std::vector<sandbox::SecretFile> out;
  for (const std::string& name : request.secrets) {
    if (parts_.secrets == nullptr)
      co_return fail(ErrorCode::kUnsupported, "commands get no secrets in this version of Pryx");
    PRYX_CO_TRY(Secret value, co_await parts_.secrets->reveal(principal, name, request.hosts));
    out.push_back({name, std::move(value)});
  }
  co_return out;
}

std::shared_ptr<RunRecorder> ExecTool::recorder_for(const ToolContext& context) const {
  if (parts_.journal == nullptr) return nullptr;
  return parts_.journal->make_recorder({.principal = context.principal.id,
                                        .turn = context.turn,
                                        .step = context.step,
                                        .workspace = context.workspace->path()});
}

async::Task<Result<ToolOutcome>> ExecTool::run_to_end(ExecRequest request, ToolContext context,
                                                      sandbox::Request launch) {
  OutputKeeper output(parts_.caps.output_head, parts_.caps.output_tail);
  OutputKeeper error_output(parts_.caps.error_head, parts_.caps.error_tail);
  LiveOutput live(parts_.loop, context.output);
  const MonotonicTime begin = parts_.loop.clock().monotonic();
  SecretScrubbers scrubbers(launch.secrets);
  auto keep = [&](OutputStream stream, std::string_view bytes) {
    (stream == OutputStream::kOutput ? output : error_output).add(bytes);
    live.add(bytes);
  };
  auto on_output = [&](OutputStream stream, std::string_view bytes) { scrubbers.add(stream, bytes, keep); };
  auto started = co_await ChildRun::launch(parts_.loop, parts_.sandbox, std::move(launch), on_output,
                                           recorder_for(context), parts_.processes.grace());
  if (!started) {
    // The refusal names the layer and the fix.
    if (started.error().code == ErrorCode::kNotFound) co_return refuse(started.error().message);
    co_return std::unexpected(started.error());
  }
  ChildRun& child = **started;
  if (!request.input.empty()) {
    static_cast<void>(child.write_input(request.input));
    child.close_input();
  }
  Result<ChildEnd> end = co_await child.wait(request.limit);
  const bool was_cancelled = !end && end.error().code == ErrorCode::kCancelled;
  if (!end) {
    child.kill(was_cancelled ? KillReason::kCancelled : KillReason::kTimeLimit);
    end = co_await child.wait_uncancellable();
  }
  scrubbers.finish(keep);
  live.finish();
  const Duration took = parts_.loop.clock().monotonic() - begin;
  if (was_cancelled)
    co_return fail(ErrorCode::kCancelled,
                   "cancelled after {}: the command was killed; what it had done until then stays",
                   format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(took)));
  ToolOutcome outcome = describe_end({*end, output, error_output, took, request.limit});
  outcome.labels = output_labels(context.principal, !request.hosts.empty(), !request.secrets.empty());
  co_return outcome;
}

async::Task<Result<ToolOutcome>> ExecTool::start_in_background(ExecRequest request, ToolContext context,
                                                               sandbox::Request launch,
                                                               std::shared_ptr<egress::ProxySocket> proxy) {
  ProcessLaunch process;
  process.record.principal = context.principal.id;
  process.record.session = context.session;
  process.record.scope = request.scope;
  process.record.mode = request.mode;
  process.record.tag = request.tag;
  const std::string line = request.command ? *request.command : quote_words(request.argv);
  process.record.command = std::string(utf8_prefix(line, kMaxStoredCommand));
  process.record.cwd = fs::display_path(request.cwd);
  process.record.hosts = request.hosts;
  process.record.secrets = request.secrets;
  process.turn = context.turn;
  process.step = context.step;
  process.request = std::move(launch);
  process.input = request.input;
  process.limit = request.limit;
  process.proxy = std::move(proxy);
  process.recorder = recorder_for(context);
  auto started = co_await parts_.processes.launch(std::move(process));
  if (!started) {
    const ErrorCode code = started.error().code;
    if (code == ErrorCode::kOverloaded || code == ErrorCode::kNotFound)
      co_return refuse(started.error().message);
    co_return std::unexpected(started.error());
  }
  const ProcessViewer viewer{context.principal.id, context.session, "agent"};
  co_await parts_.processes.wait_for_end(viewer, started->id, parts_.first_look);
  constexpr std::size_t kShown = BackgroundProcesses::kListLines;
  auto look = co_await parts_.processes.view(viewer, started->id, {.lines = kShown});
  // Handed out only when that is all there is; else the first look still gets what is not shown here.
  if (look && look->total_lines <= kShown)
    look = co_await parts_.processes.take(viewer, started->id, kShown, {});
  ToolOutcome out;
  const ProcessRecord& record = look ? look->record : *started;
  out.ok = record.is_running() || record.exit_code == 0;
  out.summary = fmt::format("{} {}", record.id.str(), describe_state(record));
  out.text = fmt::format("[{} in the background as {}{}{}]\n", record.is_running() ? "running" : "started",
                         record.id.str(), record.tag.empty() ? "" : ", tag " + record.tag,
                         record.is_running() ? "" : ", ended already: " + describe_state(record));
  if (look) {
    for (const OutputLine& shown : look->lines) out.text += shown.text + "\n";
    if (look->total_lines > kShown)
      out.text += fmt::format("[the last of {} lines; shell.view shows the others]\n", look->total_lines);
  }
  if (record.is_running())
    out.text += "[shell.view shows its output, shell.write sends it input, shell.stop ends it]\n";
  out.details = record.to_json();
  out.labels = output_labels(context.principal, !request.hosts.empty(), !request.secrets.empty());
  co_return out;
}

}  // namespace pryx::tools::shell
