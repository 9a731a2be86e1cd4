// SPDX-License-Identifier: MIT
// pryx policy: the rules. `check` needs no daemon.
#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/edit_text.h"
#include "trust/policy/policy_file.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxPolicy = 1u << 20;

json::array to_json(const std::vector<trust::PolicyProblem>& problems) {
  json::array out;
  for (const trust::PolicyProblem& problem : problems) {
    out.push_back(json::object{{"line", problem.line}, {"key", problem.key}, {"message", problem.message}});
  }
  return out;
}

Result<int> run_check(Context& context, const Invocation& invocation) {
  std::string path = invocation.positional("file");
  std::string text;
  if (path == "-") {
    PRYX_TRY(text, context.console().read_stdin(kMaxPolicy));
  } else {
    if (path.empty()) {
      PRYX_TRY(const config::Places places, context.places());
      path = places.policy_file();
      if (!platform::exists(path)) {
        if (context.wants_json())
          context.console().print_json(
              {{"valid", true}, {"problems", json::array{}}, {"path", path}, {"exists", false}});
        else
          context.console().print(fmt::format("{} does not exist; the built-in rules hold", path));
        return 0;
      }
    }
    PRYX_TRY(text, platform::read_file(path, kMaxPolicy));
  }
  const auto kind =
      invocation.has("approve") ? trust::PolicyFileKind::kApprove : trust::PolicyFileKind::kPolicy;
  const trust::ParsedPolicy parsed = trust::check_policy(text, kind, path);
  if (context.wants_json())
    context.console().print_json(
        {{"valid", parsed.policy.has_value()}, {"path", path}, {"problems", to_json(parsed.problems)}});
  if (parsed.policy) {
    if (!context.wants_json()) context.console().print(Line(fmt::format("✓ {} is valid", path), kGood));
    return 0;
  }
  std::string problems;
  for (const trust::PolicyProblem& problem : parsed.problems)
    problems += fmt::format("\n  {}", problem.to_text());
  return fail(ErrorCode::kCheckFailed, "{} is not valid:{}", path, problems);
}

Result<int> run_show(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/policy"));
  if (print_if_json(context, reply)) return 0;
  const std::string in_force = json::string_or(reply.json, "in_force");
  const std::string path = json::string_or(reply.json, "path");
  if (in_force == "default")
    context.console().note(fmt::format("the built-in rules hold; {} would replace them", path));
  if (in_force == "file") context.console().note(fmt::format("from {}", path));
  if (in_force == "last_good")
    context.console().warn(
        fmt::format("{} is invalid; its last good version holds; pryx policy check", path));
  if (in_force == "read_only")
    context.console().warn(fmt::format("{} is invalid; all but reads is denied; pryx policy check", path));
  context.console().write_data(json::string_or(reply.json, "in_force_text"));
  return 0;
}

Result<json::object> read_arguments(Context& context, const Invocation& invocation) {
  std::string text = invocation.value_or("args", "{}");
  if (text == "-") {
    PRYX_TRY(text, context.console().read_stdin(kMaxPolicy));
  }
  auto parsed = json::parse_object(text);
  if (!parsed) return fail(ErrorCode::kInvalidArgument, "--args: {}", parsed.error().message);
  return parsed;
}

Result<int> run_test(Context& context, const Invocation& invocation) {
  const auto tool = invocation.find("tool");
  if (!tool)
    return fail(
        ErrorCode::kInvalidArgument,
        "pryx policy test needs --tool; for example --tool fs.read --args '{{\"path\":\"README.md\"}}'");
  PRYX_TRY(json::object arguments, read_arguments(context, invocation));
  json::object body{{"tool", *tool}, {"arguments", std::move(arguments)}};
  if (const auto labels = invocation.all("label"); !labels.empty()) {
    json::array list;
    for (const std::string& label : labels) list.emplace_back(label);
    body["labels"] = std::move(list);
  }
  if (const auto session = invocation.find("session")) body["session_id"] = *session;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/policy/test", std::move(body)));
  if (print_if_json(context, reply)) return 0;
  const std::string decision = json::string_or(reply.json, "decision");
  Line line(decision, decision == "allow" ? kGood : decision == "ask" ? kWarning : kBad);
  context.console().print(line.add(fmt::format("  {}", json::string_or(reply.json, "rule")), kBold));
  context.console().print(json::string_or(reply.json, "reason"));
  const json::value* considered = json::find(reply.json, "considered");
  if (considered == nullptr || !considered->is_array()) return 0;
  for (const json::value& entry : considered->get_array()) {
    if (!entry.is_object()) continue;
    const json::object& rule = entry.get_object();
    context.console().print(Line(fmt::format("  {}: {} → {}", json::string_or(rule, "layer"),
                                             json::string_or(rule, "rule"), json::string_or(rule, "outcome")),
                                 kDim));
  }
  return 0;
}

// Judged here first, so that the person gets back into the editor's text instead of a refusal by the daemon.
Result<void> check_text(const std::string& text) {
  const trust::ParsedPolicy parsed = trust::check_policy(text, trust::PolicyFileKind::kPolicy, "policy.yaml");
  if (parsed.policy) return {};
  std::string problems;
  for (const trust::PolicyProblem& problem : parsed.problems)
    problems += fmt::format("\n  {}", problem.to_text());
  return fail(ErrorCode::kCheckFailed, "the rules are not valid:{}", problems);
}

Result<int> run_edit(Context& context, const Invocation&) {
  return edit_over_api(context, {"/api/v1/policy", "policy.yaml", "in_force_text", check_text});
}

}  // namespace

std::vector<Command> policy_commands() {
  return {
      {.noun = "policy",
       .verb = "show",
       .summary = "the rules in force",
       .examples = {"policy show"},
       .handler = run_show},
      {.noun = "policy",
       .verb = "check",
       .summary = "whether a file holds valid rules; exits 3 and names the lines when not",
       .examples = {"policy check", "policy check rules.yaml", "policy check --approve fragment.yaml"},
       .flags = {{"--approve", "", "judge it as an --approve file"}},
       .positionals = {{"file", "the file, - for standard input; default: the policy.yaml of this home",
                        false}},
       .handler = run_check},
      {.noun = "policy",
       .verb = "test",
       .summary = "decide a call without running it",
       .examples = {"policy test --tool fs.read --args '{\"path\":\"README.md\"}'",
                    "policy test --tool shell.exec --args '{\"command\":\"rm -r /\"}' --label web --json"},
       .flags = {{"--tool", "T", "the tool"},
                 {"--args", "JSON", "its arguments; - reads them from standard input"},
                 {"--label", "L", "a label of the context", true},
                 {"--session", "ID", "with this session's grants"}},
       .handler = run_test},
      {.noun = "policy",
       .verb = "edit",
       .summary = "change policy.yaml in your editor",
       .examples = {"policy edit"},
       .handler = run_edit}};
}

}  // namespace pryx::cli
