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

std::vector<json::object> objects_in(const json::object& body, std::string_view key) {
  std::vector<json::object> out;
  const json::value* list = json::find(body, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (item.is_object()) out.push_back(item.get_object());
  }
  return out;
}

json::object offline_check(const trust::ParsedPolicy& parsed) {
  return {
      {"valid", parsed.policy.has_value()}, {"problems", to_json(parsed.problems)}, {"tests", json::array{}}};
}

// `check` as the API words it.
Result<int> print_check(Context& context, const std::string& path, json::object check) {
  const auto tests = objects_in(check, "tests");
  std::string problems;
  for (const json::object& one : objects_in(check, "problems")) {
    const trust::PolicyProblem problem{static_cast<int>(json::integer_or(one, "line", 0)),
                                       json::string_or(one, "key"), json::string_or(one, "message")};
    problems += fmt::format("\n  {}", problem.to_text());
  }
  if (context.wants_json()) {
    check["path"] = path;
    context.console().print_json(check);
  } else if (problems.empty()) {
    context.console().print(Line(fmt::format("✓ {} is valid", path), kGood));
    if (!tests.empty())
      context.console().print(Line(
          fmt::format("✓ {} {} the rules", tests.size(), tests.size() == 1 ? "test holds" : "tests hold"),
          kGood));
  }
  if (problems.empty()) return 0;
  return fail(ErrorCode::kCheckFailed, "{} is not valid:{}", path, problems);
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
  if (!parsed.policy || parsed.policy->tests.empty())
    return print_check(context, path, offline_check(parsed));
  // The tests are about calls, and only the daemon knows the tools.
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(client::Reply reply, api->post("/api/v1/policy/check", {{"text", text}}));
  return print_check(context, path, std::move(reply.json));
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

// What the daemon decides about a call; `text` is its arguments, "-" for standard input.
Result<client::Reply> ask_decision(Context& context, const Invocation& invocation, const std::string& tool,
                                   std::string text) {
  if (text == "-") {
    PRYX_TRY(text, context.console().read_stdin(kMaxPolicy));
  }
  auto arguments = json::parse_object(text);
  if (!arguments)
    return fail(ErrorCode::kInvalidArgument, "the arguments are no JSON object: {}",
                arguments.error().message);
  json::object body{{"tool", tool}, {"arguments", std::move(*arguments)}};
  if (const auto labels = invocation.all("label"); !labels.empty()) {
    json::array list;
    for (const std::string& label : labels) list.emplace_back(label);
    body["labels"] = std::move(list);
  }
  if (const auto session = invocation.find("session")) body["session_id"] = *session;
  PRYX_TRY(client::ApiClient * api, context.api());
  return api->post("/api/v1/policy/test", std::move(body));
}

Style colour_of(std::string_view decision) {
  return decision == "allow" ? kGood : decision == "ask" ? kWarning : kBad;
}

// " (line 12)", of a rule that stands in a file.
std::string line_of(const json::object& rule) {
  const std::int64_t line = json::integer_or(rule, "line", 0);
  return line > 0 ? fmt::format(" (line {})", line) : std::string();
}

void print_decision(Console& console, const json::object& found) {
  const std::string decision = json::string_or(found, "decision");
  console.print(Line(decision, colour_of(decision))
                    .add(fmt::format("  {}{}", json::string_or(found, "rule"), line_of(found)), kBold));
  console.print(json::string_or(found, "reason"));
}

Result<int> run_test(Context& context, const Invocation& invocation) {
  const auto tool = invocation.find("tool");
  if (!tool)
    return fail(
        ErrorCode::kInvalidArgument,
        "pryx policy test needs --tool; for example --tool fs.read --args '{{\"path\":\"README.md\"}}'");
  PRYX_TRY(const client::Reply reply,
           ask_decision(context, invocation, *tool, invocation.value_or("args", "{}")));
  if (print_if_json(context, reply)) return 0;
  print_decision(context.console(), reply.json);
  for (const json::object& rule : objects_in(reply.json, "considered")) {
    context.console().print(
        Line(fmt::format("  {}: {}{} → {}", json::string_or(rule, "layer"), json::string_or(rule, "rule"),
                         line_of(rule), json::string_or(rule, "outcome")),
             kDim));
  }
  return 0;
}

std::string_view step_name(std::int64_t step) {
  static constexpr std::string_view kNames[] = {"",      "1 deny",  "2 forced ask", "3 grant",
                                                "4 ask", "5 allow", "6 no rule"};
  return step >= 1 && step <= 6 ? kNames[step] : "?";
}

Result<int> run_explain(Context& context, const Invocation& invocation) {
  std::string arguments = invocation.positional("args");
  if (arguments.empty()) arguments = "{}";
  PRYX_TRY(const client::Reply reply,
           ask_decision(context, invocation, invocation.positional("tool"), std::move(arguments)));
  if (print_if_json(context, reply)) return 0;
  print_decision(context.console(), reply.json);
  std::vector<std::vector<Line>> rows;
  for (const json::object& rule : objects_in(reply.json, "considered")) {
    const std::string outcome = json::string_or(rule, "outcome");
    rows.push_back({Line(step_name(json::integer_or(rule, "step", 0)), kDim),
                    Line(json::string_or(rule, "layer")), Line(json::string_or(rule, "rule") + line_of(rule)),
                    Line(outcome, outcome == "decides" ? kBold : kDim)});
  }
  context.console().print("");
  context.console().print_table({{"STEP"}, {"LAYER"}, {"RULE"}, {"OUTCOME"}}, rows);
  return 0;
}

Result<int> run_can(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->get(Query().add("tool", invocation.positional("tool")).on("/api/v1/policy/can")));
  const std::string can = json::string_or(reply.json, "can");
  const int code = can == "never" ? facts(ErrorCode::kDenied).exit_code : 0;
  if (print_if_json(context, reply)) return code;
  Console& console = context.console();
  const Style colour = can == "never" ? kBad : can == "always" ? kGood : kWarning;
  console.print(Line(can, colour).add("  " + json::string_or(reply.json, "reason")));
  for (const json::object& rule : objects_in(reply.json, "rules"))
    console.print(Line("  " + json::string_or(rule, "rule"), kDim));
  const json::value* known = json::find(reply.json, "known");
  if (known != nullptr && known->is_bool() && !known->get_bool())
    console.warn(fmt::format("there is no tool '{}'; pryx tool list", invocation.positional("tool")));
  return code;
}

Result<int> run_templates(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/policy/templates"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& item : items_of(reply.json))
    rows.push_back({Line(json::string_or(item, "name"), kBold), Line(json::string_or(item, "description"))});
  context.console().print_table({{"NAME"}, {"DESCRIPTION"}}, rows);
  return 0;
}

// The whole text of a template; the error names those that there are.
Result<std::string> template_text(client::ApiClient& api, const std::string& name) {
  PRYX_TRY(const client::Reply reply, api.get("/api/v1/policy/templates"));
  std::string names;
  for (const json::object& item : items_of(reply.json)) {
    const std::string known = json::string_or(item, "name");
    if (known == name) return json::string_or(item, "text");
    names += (names.empty() ? "" : ", ") + known;
  }
  return fail(ErrorCode::kNotFound, "there is no policy template '{}'; known: {}", utf8_prefix(name, 64),
              names);
}

Result<int> run_use(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const std::string text, template_text(*api, name));
  if (invocation.has("print")) {
    if (context.wants_json())
      context.console().print_json({{"name", name}, {"text", text}});
    else
      context.console().write_data(text);
    return 0;
  }
  PRYX_TRY(const client::Reply present, api->get("/api/v1/policy"));
  client::Call call{"PUT", "/api/v1/policy", json::object{{"text", text}}, {}, {}};
  call.headers.add("If-Match", "\"" + json::string_or(present.json, "hash") + "\"");
  PRYX_TRY(const client::Reply saved, api->call(std::move(call)));
  if (print_if_json(context, saved)) return 0;
  const std::string path = json::string_or(saved.json, "path");
  context.console().note(fmt::format("{} is in force, from {}", name, path));
  const json::value* existed = json::find(present.json, "exists");
  if (existed != nullptr && existed->is_bool() && existed->get_bool())
    context.console().note(fmt::format("the rules before are kept in {}.1", path));
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
       .summary = "whether a file holds valid rules and its tests hold; exits 3 and names the lines when not",
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
                 {"--session", "ID", "with the grants of this session and its folder"}},
       .handler = run_test},
      {.noun = "policy",
       .verb = "explain",
       .summary = "decide a call without running it, with every rule that was looked at",
       .examples =
           {"policy explain fs.read '{\"path\":\"README.md\"}'",
            "policy explain shell.exec '{\"command\":\"git log | head\"}'",
            "policy explain http.request '{\"url\":\"https://example.com/\"}' --label web --label private"},
       .flags = {{"--label", "L", "a label of the context", true},
                 {"--session", "ID", "with the grants of this session and its folder"}},
       .positionals = {{"tool", "the tool"},
                       {"args", "its arguments as JSON; - reads them from standard input", false}},
       .handler = run_explain},
      {.noun = "policy",
       .verb = "can",
       .summary = "whether a tool may be used at all; exits 7 when every call of it is denied",
       .examples = {"policy can shell.exec", "policy can http.request --json"},
       .positionals = {{"tool", "the tool"}},
       .handler = run_can},
      {.noun = "policy",
       .verb = "templates",
       .summary = "the policies that ship with Pryx",
       .examples = {"policy templates", "policy templates --json"},
       .handler = run_templates},
      {.noun = "policy",
       .verb = "use",
       .summary = "put a template in force as policy.yaml; the last five versions are kept beside it",
       .examples = {"policy use workspace", "policy use network-allowlist --print"},
       .flags = {{"--print", "", "only print it"}},
       .positionals = {{"name", "the template"}},
       .handler = run_use},
      {.noun = "policy",
       .verb = "edit",
       .summary = "change policy.yaml in your editor",
       .examples = {"policy edit"},
       .handler = run_edit}};
}

}  // namespace pryx::cli
