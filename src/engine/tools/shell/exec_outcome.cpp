// SPDX-License-Identifier: MIT
#include "engine/tools/shell/exec_outcome.h"

#include "engine/tools/fs/text_probe.h"
#include "engine/tools/fs/workspace_path.h"
#include "engine/tools/shell/process_record.h"

namespace pryx::tools::shell {
namespace {

std::string how_it_ended(const ExecReport& report) {
  const ChildEnd& end = report.end;
  if (end.killed_for == KillReason::kTimeLimit)
    return fmt::format("killed: not done within its time limit of {}", format_duration(report.limit));
  if (end.killed_for != KillReason::kNone) return fmt::format("killed: {}", to_text(end.killed_for));
  return describe_exit(end.status);
}

// "0.3 s"
std::string seconds(Duration took) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(took).count());
}

constexpr std::size_t kProbe = 8192;

std::string section(std::string_view name, const OutputKeeper& output) {
  if (output.empty()) return {};
  std::string text = output.text();
  if (fs::looks_binary(std::string_view(text).substr(0, kProbe))) {
    text = fmt::format("{} bytes of {}, not shown as text; redirect it into a file to keep it",
                       output.total_bytes(), fs::guess_binary_type(text));
  }
  if (!text.ends_with('\n')) text += '\n';
  return fmt::format("[{}]\n{}", name, text);
}

}  // namespace

ToolOutcome describe_end(const ExecReport& report) {
  const ChildEnd& end = report.end;
  ToolOutcome out;
  out.ok = end.is_success();
  out.summary = fmt::format("{}, {}", how_it_ended(report), seconds(report.took));
  out.text = fmt::format("[{}]\n", out.summary);
  json::array quarantined;
  if (!end.quarantined.empty()) {
    out.text += fmt::format(
        "[Not taken over, because programs of the user run these later or agents read them as instructions: "
        "{}. "
        "Pryx set them aside.]\n",
        fmt::join(end.quarantined, ", "));
    out.summary += fmt::format(", {} protected names set aside", end.quarantined.size());
    for (const std::string& name : end.quarantined) quarantined.emplace_back(fs::encode_name(name));
  }
  if (!end.written_directly.empty()) {
    out.text += fmt::format(
        "[Its writes went straight into the workspace: {}. Until it ended, protected names that it made were "
        "there.]\n",
        end.written_directly);
  }
  if (!end.finish_problem.empty()) {
    out.text += fmt::format("[What it wrote may be missing: {}]\n", end.finish_problem);
    out.summary += ", its changes may be missing";
  }
  if (end.input_refused)
    out.text += "[It ended or closed its standard input before it had read all of it.]\n";
  if (report.output.empty() && report.error_output.empty()) out.text += "[no output]\n";
  out.text += section("stdout", report.output) + section("stderr", report.error_output);
  const auto number = [](bool there, int value) { return there ? json::value(value) : json::value(nullptr); };
  out.details = {{"exit_code", number(end.status.signal == 0, end.status.code)},
                 {"signal", number(end.status.signal != 0, end.status.signal)},
                 {"killed_for", to_text(end.killed_for)},
                 {"timed_out", end.killed_for == KillReason::kTimeLimit},
                 {"duration_ms", std::chrono::duration_cast<std::chrono::milliseconds>(report.took).count()},
                 {"stdout_bytes", report.output.total_bytes()},
                 {"stderr_bytes", report.error_output.total_bytes()},
                 {"left_out_bytes", report.output.left_out_bytes() + report.error_output.left_out_bytes()},
                 {"quarantined", std::move(quarantined)}};
  if (!end.written_directly.empty()) out.details["written_directly"] = end.written_directly;
  return out;
}

trust::Labels output_labels(const Principal& principal, bool has_network, bool has_secret) {
  trust::Labels out{"file"};
  if (has_network) out.join(trust::Labels{"web"});
  if (has_secret) out.join(trust::Labels{"secret"});
  const auto added = out.add(fmt::format("principal:{}", principal.id.str()));
  return added ? out : trust::Labels::unreadable();
}

ToolOutcome refuse(std::string text) {
  ToolOutcome out;
  out.ok = false;
  out.text = std::move(text);
  out.summary = out.text;
  return out;
}

}  // namespace pryx::tools::shell
