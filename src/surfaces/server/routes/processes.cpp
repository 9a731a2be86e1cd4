// SPDX-License-Identifier: MIT
#include <charconv>

#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

using tools::shell::ProcessId;
using tools::shell::ProcessLook;
using tools::shell::ProcessView;
using tools::shell::ProcessViewer;

// A person sees the processes of all sessions.
ProcessViewer viewer_of(const RouteCall& call) { return {call.principal(), {}, call.caller().surface}; }

Result<std::int64_t> number_of(const RouteCall& call, std::string_view name, std::int64_t fallback,
                               std::int64_t most) {
  const std::string text = query_or(call, name);
  if (text.empty()) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    return fail(ErrorCode::kInvalidArgument, "{} must be a number from 0 to {}", name, most);
  return value;
}

}  // namespace

async::Task<Result<Reply>> list_processes(RouteCall& call) {
  const std::string state = query_or(call, "state");
  if (!state.empty() && !tools::shell::process_state_from_text(state))
    co_return fail(ErrorCode::kInvalidArgument, "state must be running, exited, killed, failed or lost");
  const std::string session = query_or(call, "session_id");
  PRYX_CO_TRY(const auto found, co_await call.services().processes.list(viewer_of(call)));
  json::array items;
  for (const ProcessView& view : found) {
    if (!state.empty() && to_text(view.record.state) != state) continue;
    if (!session.empty() && view.record.session.str() != session) continue;
    items.push_back(view.to_json());
  }
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> get_process(RouteCall& call) {
  PRYX_CO_TRY(ProcessId id, path_id<ProcessId>(call));
  PRYX_CO_TRY(const std::int64_t lines, number_of(call, "lines", 100, tools::shell::LineRing::kLines));
  PRYX_CO_TRY(const std::int64_t after, number_of(call, "after", 0, INT64_MAX));
  const ProcessLook look{.lines = static_cast<std::size_t>(lines),
                         .after = static_cast<std::uint64_t>(after)};
  PRYX_CO_TRY(const ProcessView view,
              co_await call.services().processes.view(viewer_of(call), std::move(id), look));
  co_return Reply::of(view.to_json());
}

async::Task<Result<Reply>> write_to_process(RouteCall& call) {
  PRYX_CO_TRY(ProcessId id, path_id<ProcessId>(call));
  PRYX_CO_TRY(const auto text, json::find_string(call.body, "text"));
  PRYX_CO_TRY(const auto close, json::find_bool(call.body, "close"));
  if (!text && !close.value_or(false))
    co_return fail(ErrorCode::kInvalidArgument, "give text to write, or close: true");
  PRYX_CO_TRY_VOID(co_await call.services().processes.write(viewer_of(call), std::move(id), text.value_or(""),
                                                            close.value_or(false)));
  co_return Reply::empty();
}

async::Task<Result<Reply>> stop_process(RouteCall& call) {
  PRYX_CO_TRY(ProcessId id, path_id<ProcessId>(call));
  PRYX_CO_TRY(const auto record, co_await call.services().processes.kill(viewer_of(call), std::move(id)));
  co_return Reply::of(record.to_json());
}

}  // namespace pryx::server::routes
