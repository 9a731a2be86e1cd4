// SPDX-License-Identifier: MIT
// The bytes of what was sent along with a message.
#include <charconv>

#include "engine/agent/session_store.h"
#include "engine/agent/turn_engine.h"
#include "foundation/base/text.h"
#include "surfaces/server/image_reply.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

// Its place in `parts`, from 0.
Result<std::size_t> part_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorCode::kNotFound, "there is no part '{}'", utf8_prefix(text, 32));
  return number;
}

}  // namespace

async::Task<Result<Reply>> get_message_image(RouteCall& call) {
  PRYX_CO_TRY(const SessionId session, path_id<SessionId>(call));
  PRYX_CO_TRY(const MessageId id, path_id<MessageId>(call, 1));
  PRYX_CO_TRY(const std::size_t number, part_number(call.path_values.at(2)));
  PRYX_CO_TRY(const auto message, co_await call.services().database.read(
                                      [principal = call.principal(), session, id](db::Connection& c) {
                                        return agent::SessionStore::find_message(c, principal, session, id);
                                      }));
  if (!message)
    co_return fail(ErrorCode::kNotFound, "there is no message {} in session {}", id.str(), session.str());
  if (number >= message->parts.size())
    co_return fail(ErrorCode::kNotFound, "message {} has no part {}", id.str(), number);
  const agent::Part& part = message->parts[number];
  if (part.type != "image" || part.result_ref.empty())
    co_return fail(ErrorCode::kNotFound, "part {} of message {} is no image that is kept here", number,
                   id.str());
  PRYX_CO_TRY(std::string bytes, co_await call.services().turns.results().get(part.result_ref));
  const std::string_view ref = part.result_ref;
  co_return image_reply(call, std::move(bytes), fmt::format("{}-{}", id.str(), number),
                        ref.substr(ref.find(':') + 1));
}

}  // namespace pryx::server::routes
