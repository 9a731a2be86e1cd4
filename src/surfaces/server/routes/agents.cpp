// SPDX-License-Identifier: MIT
#include "engine/tools/tool_gate.h"
#include "foundation/base/text.h"
#include "surfaces/server/agent_admin.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/if_match.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server {
namespace {

json::array names(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& item : list) out.emplace_back(item);
  return out;
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

template <class Number>
json::value number_or_null(Number number) {
  return number == 0 ? json::value(nullptr) : json::value(number);
}

}  // namespace

json::object AgentEntry::to_json() const {
  json::object out{{"id", profile.name},
                   {"description", profile.description},
                   {"model", text_or_null(profile.model)},
                   {"built_in", state == "built_in"},
                   {"state", state},
                   {"fallbacks", names(profile.fallbacks)},
                   {"skills", names(profile.skills)}};
  out["tools"] = profile.tools ? json::value(names(*profile.tools)) : json::value(nullptr);
  out["limits"] = json::object{{"max_steps", number_or_null(profile.limits.max_steps)},
                               {"max_tokens", number_or_null(profile.limits.max_tokens)},
                               {"max_tool_calls", number_or_null(profile.limits.max_tool_calls)}};
  const bool beats = profile.heartbeat.every > Duration::zero();
  out["heartbeat"] = json::object{
      {"every", beats ? json::value(format_duration(profile.heartbeat.every)) : json::value(nullptr)},
      {"ack_max_chars", profile.heartbeat.ack_max_chars},
      {"include_reasoning", profile.heartbeat.include_reasoning}};
  json::array list;
  for (const agent::ProfileProblem& problem : problems)
    list.push_back(json::object{{"line", problem.line},
                                {"key", problem.key},
                                {"message", problem.message},
                                {"warning", problem.is_warning}});
  out["problems"] = std::move(list);
  return out;
}

json::object AgentEntry::to_json_with_text() const {
  json::object out = to_json();
  out["system_prompt"] = profile.system_prompt;
  out["path"] = file.path;
  out["text"] = file.text;
  out["hash"] = file.hash;
  return out;
}

namespace routes {
namespace {

Reply agent_reply(const AgentEntry& entry) {
  Reply reply = Reply::of(entry.to_json_with_text());
  add_etag(reply, entry.file.hash);
  return reply;
}

}  // namespace

async::Task<Result<Reply>> list_agents(RouteCall& call) {
  PRYX_CO_TRY(const auto found, co_await call.services().agents.list(call.caller()));
  json::array items;
  for (const AgentEntry& entry : found) items.push_back(entry.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> get_agent(RouteCall& call) {
  PRYX_CO_TRY(const AgentEntry entry,
              co_await call.services().agents.get(call.caller(), call.path_values.at(0)));
  co_return agent_reply(entry);
}

async::Task<Result<Reply>> put_agent(RouteCall& call) {
  PRYX_CO_TRY(std::string text, json::get_string(call.body, "text"));
  PRYX_CO_TRY(std::string hash, expected_hash(call));
  PRYX_CO_TRY(const AgentEntry entry,
              co_await call.services().agents.put(call.caller(), call.path_values.at(0), std::move(text),
                                                  std::move(hash)));
  co_return agent_reply(entry);
}

async::Task<Result<Reply>> delete_agent(RouteCall& call) {
  PRYX_CO_TRY_VOID(co_await call.services().agents.remove(call.caller(), call.path_values.at(0)));
  co_return Reply::empty();
}

async::Task<Result<Reply>> list_tools(RouteCall& call) {
  json::array items;
  for (const tools::ToolDescription* tool : call.services().gate.registry().list())
    items.push_back(encode(*tool));
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> get_tool(RouteCall& call) {
  const tools::Tool* tool = call.services().gate.registry().find(call.path_values.at(0));
  if (tool == nullptr)
    co_return fail(ErrorCode::kNotFound, "there is no tool '{}'", utf8_prefix(call.path_values.at(0), 64));
  co_return Reply::of(encode(tool->description()));
}

}  // namespace routes
}  // namespace pryx::server
