// SPDX-License-Identifier: MIT
#include "surfaces/server/testing/running_house.h"

#include <unistd.h>

namespace pryx::server::testing {

json::object RunningHouse::call_as_owner(std::string_view method, std::string_view path,
                                         const json::object& body) {
  if (socket_.empty()) socket_ = server_.listen_unix();
  net::testing::RawClient client(socket_);
  const std::string text = json::to_text(body);
  client.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", method, path,
                          text.size(), text));
  const net::testing::RawResponse response = client.read_response();
  PRYX_CHECK(response.status / 100 == 2);
  auto parsed = json::parse_object(response.body);
  return parsed ? std::move(*parsed) : json::object();
}

void RunningHouse::append(int count, std::string name, SessionId session) {
  for (int i = 0; i < count; ++i) {
    const auto written =
        await(house().database->write([&, this](db::Transaction& t) -> Result<std::uint64_t> {
          return house().events->append(t, {.principal = PrincipalId("prn_owner"),
                                            .name = name,
                                            .session = session,
                                            .surface = "test",
                                            .payload = {{"n", i}}});
        }));
    PRYX_CHECK(written.has_value());
  }
}

BusClient::BusClient(RunningHouse& house, const std::string& token, const std::string& query,
                     const std::string& more_headers)
    : client_(house.port()) {
  std::string head = fmt::format(
      "GET /api/v1/ws{} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}",
      query, house.authority(), more_headers);
  if (!token.empty()) head += "Authorization: Bearer " + token + "\r\n";
  client_.send(head + "\r\n");
  status_ = client_.read_response(true).status;
}

json::object BusClient::next(std::string_view type, std::string_view event) {
  for (;;) {
    const net::testing::RawFrame frame = client_.read_frame();
    if (frame.opcode != 1) return {};
    auto message = json::parse_object(frame.payload);
    PRYX_CHECK(message.has_value());
    const bool wanted = (type.empty() || json::string_or(*message, "type") == type) &&
                        (event.empty() || json::string_or(*message, "event") == event);
    if (wanted) return std::move(*message);
  }
}

void BusClient::request(std::string_view event, json::object payload) {
  client_.send_text(json::to_text(json::object{{"type", "request"},
                                               {"event", event},
                                               {"payload", std::move(payload)},
                                               {"request_id", std::to_string(next_id_++)}}));
}

json::object BusClient::ask(std::string_view event, json::object payload) {
  const std::string id = std::to_string(next_id_);
  request(event, std::move(payload));
  for (;;) {
    json::object message = next();
    if (message.empty() || json::string_or(message, "request_id") == id) return message;
  }
}

int BusClient::close_code() {
  for (;;) {
    const net::testing::RawFrame frame = client_.read_frame();
    if (frame.opcode == 8) return frame.close_code();
    if (frame.opcode < 0) return 0;
  }
}

}  // namespace pryx::server::testing
