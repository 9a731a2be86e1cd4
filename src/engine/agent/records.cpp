// SPDX-License-Identifier: MIT
#include "engine/agent/records.h"

#include "trust/trace/money.h"
#include "trust/trace/span.h"

namespace pryx::agent {
namespace {

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_rfc3339(*time)) : json::value(nullptr);
}
json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object usage_json(const models::Usage& usage) {
  return {{"input_tokens", usage.input_tokens},
          {"output_tokens", usage.output_tokens},
          {"cached_input_tokens", usage.cached_input_tokens},
          {"cache_write_tokens", usage.cache_write_tokens},
          {"reasoning_tokens", usage.reasoning_tokens},
          {"estimated", usage.estimated}};
}

}  // namespace

json::object Workspace::to_json() const {
  return {{"id", id.str()},
          {"path", path},
          {"name", name},
          {"private", is_private},
          {"created_at", to_rfc3339(created_at)}};
}

json::value Session::cost_json() const {
  if (unpriced_calls > 0 && unpriced_calls == model_calls) return nullptr;
  return trace::money_json(cost_nano);
}

json::object Session::to_json() const {
  return {{"id", id.str()},
          {"workspace_id", text_or_null(workspace.str())},
          {"agent", agent},
          {"model", text_or_null(model)},
          {"title", title},
          {"status", status},
          {"surface", surface},
          {"parent_id", text_or_null(parent.str())},
          {"message_count", message_count},
          {"unread", unread},
          {"last_turn_id", text_or_null(last_turn.str())},
          {"last_state", last_state ? json::value(agent::to_text(*last_state)) : json::value(nullptr)},
          {"cost", cost_json()},
          {"unpriced_calls", unpriced_calls},
          {"input_tokens", input_tokens},
          {"output_tokens", output_tokens},
          {"created_at", to_rfc3339(created_at)},
          {"updated_at", to_rfc3339(updated_at)}};
}

std::string_view to_text(Role role) {
  switch (role) {
    case Role::kUser:
      return "user";
    case Role::kAssistant:
      return "assistant";
    case Role::kTool:
      return "tool";
    case Role::kSystem:
      return "system";
  }
  return "user";
}

Role role_from_text(std::string_view text) {
  if (text == "assistant") return Role::kAssistant;
  if (text == "tool") return Role::kTool;
  if (text == "system") return Role::kSystem;
  return Role::kUser;
}

json::object Part::to_json() const {
  json::object o;
  o["type"] = type;
  o["state"] = agent::to_text(state);
  o["text"] = text;
  if (!tool.empty()) o["tool"] = tool;
  if (!call_id.empty()) o["call_id"] = call_id;
  if (!step.empty()) o["step_id"] = step.str();
  if (type == "tool_result") o["ok"] = ok;
  if (!result_ref.empty()) o["result_ref"] = result_ref;
  if (!media_type.empty()) o["media_type"] = media_type;
  if (!name.empty()) o["name"] = name;
  if (bytes > 0) o["bytes"] = bytes;
  if (!detail.empty()) o["detail"] = detail;
  if (!covers.empty()) o["covers"] = json::array(covers.begin(), covers.end());
  if (count > 0) o["count"] = count;
  if (left_out > 0) o["left_out"] = left_out;
  if (!kept.empty()) o["kept"] = json::array(kept.begin(), kept.end());
  if (dropped) o["dropped"] = true;
  if (denied) o["denied"] = true;
  o["labels"] = labels.to_json();
  return o;
}

json::object Part::to_record() const {
  json::object o = to_json();
  if (width > 0) o["width"] = width;
  if (height > 0) o["height"] = height;
  if (!provider_data.empty()) {
    o["provider_data"] = json::object{
        {"format", provider_data.format}, {"model", provider_data.model}, {"json", provider_data.json}};
    if (thinking_tokens > 0) o["thinking_tokens"] = thinking_tokens;
    if (thoughts_dropped) o["thoughts_dropped"] = true;
  }
  return o;
}

namespace {
std::vector<std::string> strings_of(const json::object& o, std::string_view key) {
  std::vector<std::string> out;
  const json::value* list = json::find(o, key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}
bool flag_of(const json::object& o, std::string_view key) {
  const json::value* flag = json::find(o, key);
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}
}  // namespace

Part Part::from_json(const json::object& o) {
  Part part;
  part.type = json::string_or(o, "type", "text");
  const std::string state = json::string_or(o, "state", "complete");
  part.state = state == "streaming"
                   ? PartState::kStreaming
                   : (state == "interrupted" ? PartState::kInterrupted : PartState::kComplete);
  part.text = json::string_or(o, "text");
  part.tool = json::string_or(o, "tool");
  part.call_id = json::string_or(o, "call_id");
  part.step = StepId(json::string_or(o, "step_id"));
  const json::value* ok = json::find(o, "ok");
  part.ok = ok == nullptr || !ok->is_bool() || ok->get_bool();
  part.result_ref = json::string_or(o, "result_ref");
  part.media_type = json::string_or(o, "media_type");
  part.name = json::string_or(o, "name");
  part.bytes = json::integer_or(o, "bytes", 0);
  part.detail = json::string_or(o, "detail");
  part.width = json::integer_or(o, "width", 0);
  part.height = json::integer_or(o, "height", 0);
  part.covers = strings_of(o, "covers");
  part.count = json::integer_or(o, "count", 0);
  part.left_out = json::integer_or(o, "left_out", 0);
  part.kept = strings_of(o, "kept");
  part.dropped = flag_of(o, "dropped");
  part.denied = flag_of(o, "denied");
  if (const json::value* data = json::find(o, "provider_data"); data != nullptr && data->is_object()) {
    const json::object& fields = data->get_object();
    part.provider_data = {json::string_or(fields, "format"), json::string_or(fields, "model"),
                          json::string_or(fields, "json")};
    part.thinking_tokens = json::integer_or(o, "thinking_tokens", 0);
    part.thoughts_dropped = flag_of(o, "thoughts_dropped");
  }
  const json::value* labels = json::find(o, "labels");
  auto parsed = labels != nullptr ? trust::Labels::from_json(*labels)
                                  : Result<trust::Labels>(trust::Labels::unreadable());
  part.labels = parsed ? std::move(*parsed) : trust::Labels::unreadable();
  return part;
}

std::vector<Part> parts_from_text(std::string_view text) {
  std::vector<Part> parts;
  const auto parsed = json::parse(text, json::kOwnText);
  if (!parsed || !parsed->is_array()) return parts;
  for (const json::value& item : parsed->get_array()) {
    if (item.is_object()) parts.push_back(Part::from_json(item.get_object()));
  }
  return parts;
}

json::object Message::to_json() const {
  json::array list;
  for (const Part& part : parts) list.push_back(part.to_json());
  return {{"id", id.str()},
          {"session_id", session.str()},
          {"role", agent::to_text(role)},
          {"turn_id", text_or_null(turn.str())},
          {"step_id", text_or_null(step.str())},
          {"parts", std::move(list)},
          {"created_at", to_rfc3339(created_at)}};
}

std::string Message::text() const {
  std::string out;
  for (const Part& part : parts) {
    if (part.type == "text") out += part.text;
  }
  return out;
}

std::string ModelFailure::to_text() const {
  if (provider.empty()) return {};
  return json::to_text(json::object{
      {"provider", provider}, {"model", model}, {"http_status", http_status}, {"request_id", request_id}});
}

ModelFailure ModelFailure::from_text(std::string_view text) {
  const auto o = json::parse_object(text.empty() ? "{}" : text, json::kOwnText);
  if (!o) return {};
  return {.provider = json::string_or(*o, "provider"),
          .model = json::string_or(*o, "model"),
          .http_status = static_cast<int>(json::integer_or(*o, "http_status", 0)),
          .request_id = json::string_or(*o, "request_id")};
}

void Turn::add_cost(const models::Usage& more, std::optional<std::int64_t> nano) {
  usage.input_tokens += more.input_tokens;
  usage.output_tokens += more.output_tokens;
  usage.cached_input_tokens += more.cached_input_tokens;
  usage.cache_write_tokens += more.cache_write_tokens;
  usage.reasoning_tokens += more.reasoning_tokens;
  usage.estimated = usage.estimated || more.estimated;
  ++model_calls;
  if (nano)
    cost_nano = trace::add_money(cost_nano, *nano);
  else
    ++unpriced_calls;
}

json::value Turn::cost_json() const {
  if (unpriced_calls > 0 && unpriced_calls == model_calls) return nullptr;
  return trace::money_json(cost_nano);
}

json::object Turn::to_json() const {
  json::value error = nullptr;
  if (!error_code.empty()) {
    error = json::object{
        {"code", error_code},
        {"detail", error_detail},
        {"provider", text_or_null(failure.provider)},
        {"model", text_or_null(failure.model)},
        {"http_status", failure.http_status > 0 ? json::value(failure.http_status) : json::value(nullptr)},
        {"request_id", text_or_null(failure.request_id)}};
  }
  return {{"id", id.str()},
          {"session_id", session.str()},
          {"state", agent::to_text(state)},
          {"surface", surface},
          {"model", text_or_null(model)},
          {"answered_by", text_or_null(answered_by)},
          {"message_id", message.str()},
          {"usage", usage_json(usage)},
          {"cost", cost_json()},
          {"unpriced_calls", unpriced_calls},
          {"trace_id", trace::trace_id_of(id.str())},
          {"denied_calls", denied_calls},
          {"error", std::move(error)},
          {"created_at", to_rfc3339(created_at)},
          {"started_at", time_or_null(started_at)},
          {"ended_at", time_or_null(ended_at)}};
}

json::object Step::to_json() const {
  return {{"id", id.str()},
          {"turn_id", turn.str()},
          {"seq", seq},
          {"kind", agent::to_text(kind)},
          {"purpose", text_or_null(purpose)},
          {"state", agent::to_text(state)},
          {"effect_class", tools::to_text(effect)},
          {"attempt", attempt},
          {"tool", text_or_null(tool)},
          {"arguments", text_or_null(arguments)},
          {"args_hash", text_or_null(args_hash)},
          {"labels", labels.to_json()},
          {"policy_version", text_or_null(policy_version)},
          {"decision_rule", text_or_null(decision_rule)},
          {"approval_id", text_or_null(approval.str())},
          {"result_ref", text_or_null(result_ref)},
          {"error_code", text_or_null(error_code)},
          {"summary", text_or_null(summary)},
          {"planned_at", to_rfc3339(planned_at)},
          {"started_at", time_or_null(started_at)},
          {"ended_at", time_or_null(ended_at)}};
}

}  // namespace pryx::agent
