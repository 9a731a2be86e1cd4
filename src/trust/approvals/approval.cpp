// SPDX-License-Identifier: MIT
#include "trust/approvals/approval.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::trust {
namespace {

constexpr std::size_t kConfirmDigits = 6;  // typed by a person; it proves a look, it is no secret
constexpr std::string_view kHashPrefix = "sha256:";

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}
json::value time_or_null(const std::optional<WallTime>& at) {
  return at ? json::value(to_rfc3339(*at)) : json::value(nullptr);
}

json::array strings(const std::vector<std::string>& items) {
  json::array out;
  for (const std::string& item : items) out.emplace_back(item);
  return out;
}

std::vector<std::string> strings_from(const json::object& o, std::string_view key) {
  std::vector<std::string> out;
  const json::value* items = json::find(o, key);
  if (items == nullptr || !items->is_array()) return out;
  for (const json::value& item : items->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

bool flag(const json::object& o, std::string_view key, bool fallback) {
  const json::value* v = json::find(o, key);
  return v != nullptr && v->is_bool() ? v->get_bool() : fallback;
}

// Pairs of texts: assignments and redirects.
template <class Item, class First, class Second>
json::array pairs(const std::vector<Item>& items, First first, Second second) {
  json::array out;
  for (const Item& item : items) out.push_back(json::array{item.*first, item.*second});
  return out;
}
template <class Item>
std::vector<Item> pairs_from(const json::object& o, std::string_view key) {
  std::vector<Item> out;
  const json::value* items = json::find(o, key);
  if (items == nullptr || !items->is_array()) return out;
  for (const json::value& item : items->get_array()) {
    if (!item.is_array() || item.get_array().size() != 2) continue;
    const json::array& pair = item.get_array();
    if (!pair[0].is_string() || !pair[1].is_string()) continue;
    out.push_back(Item{std::string(pair[0].get_string()), std::string(pair[1].get_string())});
  }
  return out;
}

json::object command_to_json(const commands::SimpleCommand& command) {
  json::array patterns;
  for (const auto index : command.patterns) patterns.emplace_back(index);
  return {
      {"argv", strings(command.argv)},
      {"environment", pairs(command.environment, &commands::Assignment::name, &commands::Assignment::value)},
      {"redirects", pairs(command.redirects, &commands::Redirect::op, &commands::Redirect::target)},
      {"final_argv", strings(command.final_argv)},
      {"wrappers", strings(command.wrappers)},
      {"patterns", std::move(patterns)},
      {"open_ended", command.open_ended}};
}

commands::SimpleCommand command_from_json(const json::object& o) {
  commands::SimpleCommand command;
  command.argv = strings_from(o, "argv");
  command.environment = pairs_from<commands::Assignment>(o, "environment");
  command.redirects = pairs_from<commands::Redirect>(o, "redirects");
  command.final_argv = strings_from(o, "final_argv");
  command.wrappers = strings_from(o, "wrappers");
  if (const json::value* patterns = json::find(o, "patterns"); patterns != nullptr && patterns->is_array()) {
    for (const json::value& index : patterns->get_array()) {
      if (index.is_int64() && index.get_int64() >= 0)
        command.patterns.push_back(static_cast<std::uint32_t>(index.get_int64()));
    }
  }
  command.open_ended = flag(o, "open_ended", true);
  return command;
}

}  // namespace

std::string_view to_text(ApprovalState state) {
  switch (state) {
    case ApprovalState::kPending:
      return "pending";
    case ApprovalState::kApproved:
      return "approved";
    case ApprovalState::kDenied:
      return "denied";
    case ApprovalState::kExpired:
      return "expired";
    case ApprovalState::kSuperseded:
      return "superseded";
  }
  return "denied";
}

ApprovalState approval_state_from_text(std::string_view text) {
  for (const auto state : {ApprovalState::kPending, ApprovalState::kApproved, ApprovalState::kExpired,
                           ApprovalState::kSuperseded}) {
    if (to_text(state) == text) return state;
  }
  return ApprovalState::kDenied;
}

Result<std::vector<ApprovalState>> approval_states_from_list(std::string_view text) {
  std::vector<ApprovalState> states;
  const auto add = [&](ApprovalState state) {
    if (std::ranges::find(states, state) == states.end()) states.push_back(state);
  };
  for (const std::string_view word : split(text, ',')) {
    const std::string_view name = trim(word);
    const ApprovalState state = approval_state_from_text(name);
    if (name == "decided") {
      for (const auto decided : {ApprovalState::kApproved, ApprovalState::kDenied, ApprovalState::kExpired,
                                 ApprovalState::kSuperseded})
        add(decided);
    } else if (to_text(state) == name) {
      add(state);
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  "state must be one or several, with commas between, of pending, approved, denied, expired, "
                  "superseded and decided");
    }
  }
  return states;
}

bool may_become(ApprovalState from, ApprovalState to) {
  if (from == ApprovalState::kApproved) return to == ApprovalState::kSuperseded;
  return from == ApprovalState::kPending && to != ApprovalState::kPending;
}

std::string Approval::confirm_code() const {
  std::string_view digits = call_hash;
  if (digits.starts_with(kHashPrefix)) digits.remove_prefix(kHashPrefix.size());
  return std::string(digits.substr(0, kConfirmDigits));
}

json::object Approval::to_json() const {
  json::object o;
  o["id"] = id.str();
  o["session_id"] = session.str();
  o["turn_id"] = turn.str();
  o["step_id"] = step.str();
  o["tool"] = tool;
  const auto parsed = json::parse(arguments, json::kOwnText);
  o["arguments"] = parsed ? *parsed : json::value(nullptr);
  o["rendering"] = rendering;
  o["preview"] = text_or_null(preview);
  o["shown_whole"] = shown_whole;
  o["confirm_code"] = shown_whole ? json::value(nullptr) : json::value(confirm_code());
  o["call_hash"] = call_hash;
  o["bound"] = bound;
  o["reason"] = reason;
  o["risk"] = text_or_null(risk);
  o["labels"] = labels.to_json();
  o["changes"] = strings(changes);
  o["replaces"] = text_or_null(replaces.str());
  o["plan_id"] = text_or_null(plan);
  o["rule_suggestion"] = text_or_null(rule_suggestion);
  o["state"] = trust::to_text(state);
  o["created_at"] = to_rfc3339(created_at);
  o["expires_at"] = to_rfc3339(expires_at);
  o["resolved_at"] = time_or_null(resolved_at);
  o["resolved_by"] = text_or_null(resolved_by);
  o["scope"] = text_or_null(scope);
  o["answer_reason"] = text_or_null(answer_reason);
  o["launch_by"] = time_or_null(launch_by);
  o["used_at"] = time_or_null(used_at);
  return o;
}

json::object KeptGrant::to_json() const {
  const bool is_bound = grant.scope != GrantScope::kAlways;
  return {{"id", grant.id},
          {"scope", trust::to_text(grant.scope)},
          {"rule", grant.pattern.to_text()},
          {"tool", grant.pattern.tool},
          {"session_id", is_bound ? text_or_null(grant.session.str()) : json::value(nullptr)},
          {"workspace", grant.workspace ? json::value(*grant.workspace) : json::value(nullptr)},
          {"approval_id", text_or_null(approval.str())},
          {"created_at", to_rfc3339(created_at)},
          {"expires_at", time_or_null(grant.expires_at)}};
}

// No rule is offered for a call that policy must ask about each time, and a person cannot bring one along:
// the grant would answer other calls than the one that was shown.
Result<GrantPattern> lasting_rule(const Approval& asked, const std::string& text) {
  if (asked.rule_suggestion.empty())
    return fail(ErrorCode::kInvalidArgument,
                "this call can only be approved once: no rule may be kept for it");
  PRYX_TRY(GrantPattern pattern, GrantPattern::parse(text.empty() ? asked.rule_suggestion : text));
  if (pattern.names_one_call())
    return fail(ErrorCode::kInvalidArgument,
                "a rule that names the call by its hash would never answer another one; approve it once");
  return pattern;
}

json::object facts_to_json(const CallFacts& facts) {
  json::array list;
  for (const commands::SimpleCommand& command : facts.commands) list.push_back(command_to_json(command));
  return {{"read_only", facts.read_only},
          {"read_only_commands", facts.read_only_commands},
          {"commands", std::move(list)},
          {"paths", strings(facts.paths)},
          {"outside_workspace", facts.outside_workspace},
          {"hosts", strings(facts.hosts)},
          {"method", facts.method},
          {"sink", to_text(facts.sink)},
          {"parse_complete", facts.parse_complete},
          {"hands_out_secret", facts.hands_out_secret},
          {"workspace", facts.workspace}};
}

CallFacts facts_from_json(const json::object& o) {
  CallFacts facts;
  facts.read_only = flag(o, "read_only", false);
  facts.read_only_commands = flag(o, "read_only_commands", false);
  if (const json::value* list = json::find(o, "commands"); list != nullptr && list->is_array()) {
    for (const json::value& command : list->get_array()) {
      if (command.is_object()) facts.commands.push_back(command_from_json(command.get_object()));
    }
  }
  facts.paths = strings_from(o, "paths");
  // Unreadable facts match nothing: what touches the outside is covered by no rule.
  facts.outside_workspace = flag(o, "outside_workspace", true);
  facts.hosts = strings_from(o, "hosts");
  facts.method = json::string_or(o, "method");
  facts.sink = parse_sink(json::string_or(o, "sink")).value_or(Sink::kEgress);
  facts.parse_complete = flag(o, "parse_complete", false);
  facts.hands_out_secret = flag(o, "hands_out_secret", false);
  facts.workspace = json::string_or(o, "workspace");
  return facts;
}

}  // namespace pryx::trust
