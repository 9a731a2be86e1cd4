// SPDX-License-Identifier: MIT
#include "engine/tools/tool_gate.h"
#include "foundation/base/text.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/if_match.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

Result<trust::Labels> labels_of(const RouteCall& call) {
  const json::value* labels = json::find(call.body, "labels");
  if (labels == nullptr) return trust::Labels::owner(call.principal().str());
  return trust::Labels::from_json(*labels);
}

Reply policy_reply(const PolicyStatus& status) {
  Reply reply = Reply::of(encode(status));
  add_etag(reply, status.file.hash);
  return reply;
}

}  // namespace

async::Task<Result<Reply>> get_policy(RouteCall& call) {
  PRYX_CO_TRY(const PolicyStatus status, co_await call.services().policy.get(call.caller()));
  co_return policy_reply(status);
}

async::Task<Result<Reply>> put_policy(RouteCall& call) {
  PRYX_CO_TRY(std::string text, json::get_string(call.body, "text"));
  PRYX_CO_TRY(std::string hash, expected_hash(call));
  PRYX_CO_TRY(const PolicyStatus status,
              co_await call.services().policy.put(call.caller(), std::move(text), std::move(hash)));
  co_return policy_reply(status);
}

async::Task<Result<Reply>> test_policy(RouteCall& call) {
  PRYX_CO_TRY(const std::string tool, json::get_string(call.body, "tool"));
  const json::value* given = json::find(call.body, "arguments");
  if (given != nullptr && !given->is_object())
    co_return fail(ErrorCode::kInvalidArgument, "arguments must be an object");
  json::object arguments;
  if (given != nullptr) arguments = given->get_object();
  PRYX_CO_TRY(const trust::Labels labels, labels_of(call));
  PRYX_CO_TRY(const auto session_text, json::find_string(call.body, "session_id"));
  SessionId session;
  if (session_text) {
    PRYX_CO_TRY(session, SessionId::parse(*session_text));
  }
  PRYX_CO_TRY(const trust::Decision decision,
              call.services().gate.test(tool, arguments, labels, call.principal(), session));
  co_return Reply::of(decision.to_json());
}

async::Task<Result<Reply>> list_policy_templates(RouteCall&) {
  json::array items;
  for (const trust::PolicyTemplate& item : trust::policy_templates()) items.push_back(encode(item));
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> can_use_tool(RouteCall& call) {
  const std::string tool = query_or(call, "tool");
  if (tool.empty()) co_return fail(ErrorCode::kInvalidArgument, "say which tool: ?tool=fs.write");
  if (!trust::ToolGlob::is_valid(tool) || tool.find_first_of("*?") != std::string::npos)
    co_return fail(ErrorCode::kInvalidArgument, "'{}' is no tool's name", utf8_prefix(tool, 64));
  const tools::ToolGate& gate = call.services().gate;
  json::object body = gate.reach(tool).to_json();
  body["tool"] = tool;
  body["known"] = gate.registry().find(tool) != nullptr;
  co_return Reply::of(std::move(body));
}

}  // namespace pryx::server::routes
