// SPDX-License-Identifier: MIT
#include "engine/tools/tool_gate.h"
#include "foundation/base/text.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {

async::Task<Result<Reply>> list_agents(RouteCall&) {
  co_return Reply::of(list_body({encode(agent::AgentProfile())}));
}

async::Task<Result<Reply>> get_agent(RouteCall& call) {
  const agent::AgentProfile profile;
  if (call.path_values.at(0) != profile.name)
    co_return fail(ErrorCode::kNotFound, "there is no agent '{}'", utf8_prefix(call.path_values.at(0), 64));
  co_return Reply::of(encode(profile));
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

}  // namespace pryx::server::routes
