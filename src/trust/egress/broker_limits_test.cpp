// SPDX-License-Identifier: MIT
// No server keeps a request going: not with one redirect after the other, not by silence, not by an answer
// that trickles.
#include <gtest/gtest.h>

#include <atomic>

#include "foundation/net/testing/raw_server.h"
#include "trust/egress/broker.h"
#include "trust/egress/testing/rig.h"

namespace pryx::egress {
namespace {

using net::testing::RawConnection;
using net::testing::RawServer;
using testing::Rig;
using testing::Trap;

FetchRequest get_from(std::uint16_t port) {
  FetchRequest request;
  request.url = fmt::format("http://127.0.0.1:{}/", port);
  request.allowed.entries = {fmt::format("127.0.0.1:{}", port)};
  return request;
}

TEST(BrokerLimits, RedirectsAreCounted) {
  std::atomic<int> redirects_left = 0;
  const Trap server("127.0.0.1", 0, [&redirects_left](const std::string&) {
    return redirects_left-- > 0 ? "HTTP/1.1 307 Moved\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n"
                                : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  });
  Rig rig;
  const FetchRequest request = get_from(server.port());
  ASSERT_EQ(request.limits.redirects, 5);
  redirects_left = 5;
  const auto answer = rig.fetch(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->hops.size(), 6u);
  redirects_left = 6;
  const auto refused = rig.fetch(request);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("redirects more than 5 times"), std::string::npos)
      << refused.error().message;
  EXPECT_FALSE(says_nothing_was_sent(refused.error().code));
  EXPECT_EQ(server.connections(), 12) << "six for each, and none after the limit";
}

TEST(BrokerLimits, TimeIsOfTheWholeRequest) {
  const RawServer silent(
      [](RawConnection& connection, const std::string&) { connection.wait_until_peer_closes(); });
  const RawServer trickling([](RawConnection& connection, const std::string&) {
    bool is_open = connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (is_open && !connection.peer_closes_within(10)) is_open = connection.write("x");
  });
  Rig rig;
  for (const RawServer* server : {&silent, &trickling}) {
    FetchRequest request = get_from(server->port());
    request.limits.time = std::chrono::seconds(1);
    request.limits.response_bytes = 500;  // five seconds of trickling: without the limit it ends there
    const auto answer = rig.fetch(request);
    ASSERT_FALSE(answer) << answer->body.size();
    EXPECT_EQ(answer.error().code, ErrorCode::kTimeout) << answer.error().message;
    EXPECT_EQ(server->connections(), 1);
  }
  for (const RequestRecord& record : rig.records()) EXPECT_EQ(record.state, "failed");
}

}  // namespace
}  // namespace pryx::egress
