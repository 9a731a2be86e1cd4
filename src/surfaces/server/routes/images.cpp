// SPDX-License-Identifier: MIT
// Pictures that a text points to, because a person asked for this one.
#include <algorithm>

#include "engine/agent/session_store.h"
#include "engine/tools/http/image_fetch.h"
#include "surfaces/server/image_reply.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

constexpr std::size_t kMaxMessages = 2'000;  // that are read for one click

// Whatever the conversation holds may have shaped the address. One too long to be read for a click may hold
// anything.
Result<trust::Labels> labels_in(db::Connection& c, const PrincipalId& principal, const SessionId& session) {
  trust::Labels labels;
  std::size_t read = 0;
  agent::Page page;
  do {
    // One more than may be read tells a conversation that is too long from one that ends there.
    page.limit = static_cast<std::int64_t>(std::min<std::size_t>(200, kMaxMessages + 1 - read));
    PRYX_TRY(const auto messages, agent::SessionStore::list_messages(c, principal, session, page));
    read += messages.items.size();
    if (read > kMaxMessages) return trust::joined(std::move(labels), trust::Labels::unreadable());
    for (const agent::Message& message : messages.items)
      for (const agent::Part& part : message.parts) labels.join(part.labels);
    page.cursor = messages.next_cursor;
  } while (!page.cursor.empty());
  return labels;
}

struct Place {
  TurnId turn;
  trust::Labels labels;
};

Result<Place> find_place(db::Connection& c, const PrincipalId& principal, const SessionId& session,
                         const MessageId& id) {
  PRYX_TRY(const auto message, agent::SessionStore::find_message(c, principal, session, id));
  if (!message)
    return fail(ErrorCode::kNotFound, "there is no message {} in session {}", id.str(), session.str());
  Place place{.turn = message->turn, .labels = {}};
  PRYX_TRY(place.labels, labels_in(c, principal, session));
  return place;
}

}  // namespace

async::Task<Result<Reply>> fetch_image(RouteCall& call) {
  // Before a long conversation is read: who may not click, and who has to wait. The slot counts from here.
  PRYX_CO_TRY(auto slot, call.services().images.admit(call.caller()));
  tools::http::ImageRequest request;
  PRYX_CO_TRY(request.url, json::get_string(call.body, "url"));
  PRYX_CO_TRY(const auto session_text, json::find_string(call.body, "session_id"));
  PRYX_CO_TRY(const auto message_text, json::find_string(call.body, "message_id"));
  if (session_text.has_value() != message_text.has_value())
    co_return fail(ErrorCode::kInvalidArgument, "session_id and message_id go together");
  // An address is foreign text wherever it stands.
  request.labels = trust::joined(trust::Labels::owner(call.principal().str()), trust::Labels{"web"});
  if (session_text) {
    PRYX_CO_TRY(request.session, SessionId::parse(*session_text));
    PRYX_CO_TRY(const MessageId message, MessageId::parse(*message_text));
    PRYX_CO_TRY(const Place place,
                co_await call.services().database.read(
                    [principal = call.principal(), session = request.session, message](db::Connection& c) {
                      return find_place(c, principal, session, message);
                    }));
    request.turn = place.turn;
    request.labels.join(place.labels);
  }
  PRYX_CO_TRY(std::string bytes,
              co_await call.services().images.fetch(std::move(slot), call.caller(), std::move(request)));
  co_return image_reply(call, std::move(bytes), "image", {});
}

}  // namespace pryx::server::routes
