// SPDX-License-Identifier: MIT
#include "engine/tools/shell/process_tools.h"

#include <algorithm>

#include "engine/tools/shell/exec_outcome.h"
#include "engine/tools/shell/exec_request.h"
#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

constexpr std::string_view kListParameters = R"json({
  "type": "object",
  "properties": {
    "all": {"type": "boolean", "description": "Also those that have ended (default: only the running ones)."}
  },
  "additionalProperties": false
})json";
constexpr std::string_view kViewParameters = R"json({
  "type": "object",
  "properties": {
    "id": {"type": "string", "maxLength": 64, "description": "prc_… as shell.exec returned it."},
    "lines": {"type": "integer", "minimum": 1, "maximum": 500, "description": "Most lines to return (default 100)."},
    "all": {"type": "boolean", "description": "The last lines, also those you have seen (default: only what is new, unless its mode is streaming)."},
    "wait": {"type": "number", "minimum": 0, "maximum": 60, "description": "Seconds to wait for something new (default 0)."}
  },
  "required": ["id"],
  "additionalProperties": false
})json";
constexpr std::string_view kWriteParameters = R"json({
  "type": "object",
  "properties": {
    "id": {"type": "string", "maxLength": 64, "description": "prc_… as shell.exec returned it."},
    "text": {"type": "string", "maxLength": 131072, "description": "Sent as it is: end a line with a line feed."},
    "close": {"type": "boolean", "description": "Close its standard input afterwards (default false)."}
  },
  "required": ["id"],
  "additionalProperties": false
})json";
constexpr std::string_view kStopParameters = R"json({
  "type": "object",
  "properties": {"id": {"type": "string", "maxLength": 64, "description": "prc_… as shell.exec returned it."}},
  "required": ["id"],
  "additionalProperties": false
})json";

ToolDescription describe(std::string_view name, std::string_view text, std::string_view parameters,
                         EffectClass effect, Risk risk) {
  ToolDescription out;
  out.name = name;
  out.description = text;
  out.parameters = json::parse_object(parameters).value();
  out.effect = effect;
  out.risk = risk;
  out.read_only = effect == EffectClass::kPure;
  return out;
}

ProcessViewer viewer_of(const ToolContext& context) {
  return {context.principal.id, context.session, "agent"};
}

bool flag(const json::object& arguments, std::string_view key) {
  const auto value = json::find_bool(arguments, key);
  return value && value->value_or(false);
}

ProcessId id_of(const json::object& arguments) { return ProcessId(json::string_or(arguments, "id")); }

std::string line_of(const ProcessRecord& record) {
  return fmt::format("{}{}  {}  {}  {}", record.id.str(), record.tag.empty() ? "" : " (" + record.tag + ")",
                     to_text(record.scope), describe_state(record), record.command);
}

std::string lines_of(const ProcessView& view, std::string_view indent) {
  std::string out;
  for (const OutputLine& line : view.lines)
    out += fmt::format("{}{}{}\n", indent, line.stream == OutputStream::kErrorOutput ? "[stderr] " : "",
                       line.text);
  return out;
}

// What the process could not do is a no for the model; a broken store is an error.
Result<ToolOutcome> explain(const Error& error) {
  if (error.code == ErrorCode::kNotFound || error.code == ErrorCode::kConflict ||
      error.code == ErrorCode::kOverloaded)
    return refuse(error.message);
  return std::unexpected(error);
}

}  // namespace

Result<void> add_process_tools(Registry& registry, BackgroundProcesses& processes) {
  PRYX_TRY_VOID(registry.add(std::make_unique<ListTool>(processes)));
  PRYX_TRY_VOID(registry.add(std::make_unique<ViewTool>(processes)));
  PRYX_TRY_VOID(registry.add(std::make_unique<WriteTool>(processes)));
  return registry.add(std::make_unique<StopTool>(processes));
}

ListTool::ListTool(BackgroundProcesses& processes)
    : processes_(processes),
      description_(
          describe("shell.list",
                   "Lists the background processes of this session and the global ones, each with its "
                   "last lines of output.",
                   kListParameters, EffectClass::kPure, Risk::kLow)) {}

Result<Touches> ListTool::touches(const json::object&) const { return Touches{}; }

std::string ListTool::render(const json::object& arguments) const {
  return flag(arguments, "all") ? "shell.list (also ended ones)" : "shell.list";
}

async::Task<Result<ToolOutcome>> ListTool::run(const GatePass&, json::object arguments, ToolContext context) {
  PRYX_CO_TRY(auto found, co_await processes_.list(viewer_of(context)));
  if (!flag(arguments, "all"))
    std::erase_if(found, [](const ProcessView& view) { return !view.record.is_running(); });
  ToolOutcome out;
  json::array items;
  bool has_network = false, has_secret = false;
  for (const ProcessView& view : found) {
    out.text += line_of(view.record) + "\n" + lines_of(view, "    ");
    items.push_back(view.record.to_json());
    has_network = has_network || !view.record.hosts.empty();
    has_secret = has_secret || !view.record.secrets.empty();
  }
  if (found.empty()) out.text = "No background process runs.\n";
  out.summary = fmt::format("{} processes", found.size());
  out.details = {{"processes", std::move(items)}};
  out.labels = output_labels(context.principal, has_network, has_secret);
  co_return out;
}

ViewTool::ViewTool(BackgroundProcesses& processes)
    : processes_(processes),
      description_(describe(
          "shell.view", "Shows the state of a background process and what it printed since you looked last.",
          kViewParameters, EffectClass::kPure, Risk::kLow)) {}

Result<Touches> ViewTool::touches(const json::object&) const { return Touches{}; }

std::string ViewTool::render(const json::object& arguments) const {
  return fmt::format("shell.view {}", json::string_or(arguments, "id"));
}

async::Task<Result<ToolOutcome>> ViewTool::run(const GatePass&, json::object arguments, ToolContext context) {
  const auto lines = static_cast<std::size_t>(std::clamp<std::int64_t>(
      json::integer_or(arguments, "lines", BackgroundProcesses::kViewLines), 1, LineRing::kLines));
  const json::value* wait = json::find(arguments, "wait");
  const double seconds = wait != nullptr && wait->is_number() ? wait->to_number<double>() : 0;
  const auto limit = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  Result<ProcessView> view = co_await processes_.take(viewer_of(context), id_of(arguments), lines, limit);
  if (view && flag(arguments, "all"))
    view = co_await processes_.view(viewer_of(context), id_of(arguments), {.lines = lines});
  if (!view) co_return explain(view.error());
  ToolOutcome out;
  out.summary = fmt::format("{}, {} lines", describe_state(view->record), view->lines.size());
  out.text =
      fmt::format("[{}; {} lines in all]\n", line_of(view->record), view->total_lines) + lines_of(*view, "");
  if (view->lines.empty()) out.text += "[nothing new]\n";
  const bool hands_out = view->record.mode != ProcessMode::kStreaming && !flag(arguments, "all");
  if (hands_out && !view->lines.empty() && view->lines.front().number > view->handed_out + 1)
    out.text +=
        fmt::format("[{} new lines before these are not shown; all=true with lines={} shows what is kept]\n",
                    view->lines.front().number - view->handed_out - 1, LineRing::kLines);
  out.details = view->record.to_json();
  out.labels = output_labels(context.principal, !view->record.hosts.empty(), !view->record.secrets.empty());
  co_return out;
}

WriteTool::WriteTool(BackgroundProcesses& processes)
    : processes_(processes),
      description_(describe("shell.write", "Writes to the standard input of a background process.",
                            kWriteParameters, EffectClass::kOneShot, Risk::kHigh)) {}

Result<Touches> WriteTool::touches(const json::object& arguments) const {
  const json::value* text = json::find(arguments, "text");
  if (text == nullptr && !flag(arguments, "close"))
    return fail(ErrorCode::kInvalidArgument, "give text to write, or close=true");
  Touches out;
  out.needs_sandbox = true;
  // What the program makes of its input is unknown, so it counts as leaving the machine.
  out.is_outward_sink = true;
  return out;
}

std::string WriteTool::render(const json::object& arguments) const {
  const std::string text = json::string_or(arguments, "text");
  return fmt::format("shell.write {} ({} bytes{})", json::string_or(arguments, "id"), text.size(),
                     flag(arguments, "close") ? ", then closes its input" : "");
}

async::Task<Result<Binding>> WriteTool::bind(json::object arguments, ToolContext context) {
  const std::string text = json::string_or(arguments, "text");
  const ProcessRecord* record = processes_.find_running(viewer_of(context), id_of(arguments));
  Binding binding;
  binding.facts = {{"process", record != nullptr ? json::value(record->command) : json::value(nullptr)}};
  binding.preview =
      fmt::format("to: {}\n", record != nullptr ? line_of(*record) : "a process that does not run");
  for (const std::string_view line : split(text, '\n')) binding.preview += fmt::format("  {}\n", line);
  if (flag(arguments, "close")) binding.preview += "then closes its input\n";
  binding.shown_whole = binding.preview.size() <= kMaxShownBytes && is_displayable(text);
  co_return binding;
}

async::Task<Result<ToolOutcome>> WriteTool::run(const GatePass&, json::object arguments,
                                                ToolContext context) {
  std::string text = json::string_or(arguments, "text");
  const std::size_t bytes = text.size();
  const auto written = co_await processes_.write(viewer_of(context), id_of(arguments), std::move(text),
                                                 flag(arguments, "close"));
  if (!written) co_return explain(written.error());
  ToolOutcome out;
  out.summary = fmt::format("{} bytes sent", bytes);
  out.text = fmt::format("[{}; shell.view shows what it answers]\n", out.summary);
  out.labels = trust::Labels{"model"};
  co_return out;
}

StopTool::StopTool(BackgroundProcesses& processes)
    : processes_(processes),
      description_(describe("shell.stop", "Kills a background process and everything below it.",
                            kStopParameters, EffectClass::kIdempotent, Risk::kLow)) {}

Result<Touches> StopTool::touches(const json::object&) const { return Touches{}; }

std::string StopTool::render(const json::object& arguments) const {
  return fmt::format("shell.stop {}", json::string_or(arguments, "id"));
}

async::Task<Result<ToolOutcome>> StopTool::run(const GatePass&, json::object arguments, ToolContext context) {
  const auto stopped = co_await processes_.kill(viewer_of(context), id_of(arguments));
  if (!stopped) co_return explain(stopped.error());
  ToolOutcome out;
  out.summary = describe_state(*stopped);
  out.text = fmt::format("[{}]\n", line_of(*stopped));
  out.details = stopped->to_json();
  out.labels = output_labels(context.principal, !stopped->hosts.empty(), !stopped->secrets.empty());
  co_return out;
}

}  // namespace pryx::tools::shell
