// SPDX-License-Identifier: MIT
// What all peers together, one address, and TCP as a whole may take of the server.
#include <gtest/gtest.h>
#include <ifaddrs.h>

#include <optional>
#include <vector>

#include "foundation/net/address_rules.h"
#include "foundation/net/http_server.h"
#include "foundation/net/testing/raw_client.h"
#include "foundation/net/testing/scripted_server.h"

namespace pryx::net {
namespace {

using testing::eventually;
using testing::get;
using testing::post;
using testing::RawClient;
using testing::RawResponse;
using Server = testing::ScriptedServer;

TEST(HttpServerLimits, TooManyConnectionsGet503) {
  Server server({.max_connections = 2, .unix_reserve = 0});
  RawClient first(server.port());
  RawClient second(server.port());
  first.send(get("/"));
  EXPECT_EQ(first.read_response().status, 200);
  second.send(get("/"));
  EXPECT_EQ(second.read_response().status, 200);
  // Although most of what they said was never read; and more of them than linger at once.
  for (int i = 0; i < 200; ++i) {
    std::optional<RawClient> third;
    server.on_loop([&] {
      third.emplace(server.port());
      third->send(get("/") + std::string(300'000, 'x'));
    });
    EXPECT_EQ(third->read_response().status, 503) << i;
    EXPECT_TRUE(third->ends());
    EXPECT_FALSE(third->was_reset()) << i;
  }
  first.close();
  EXPECT_TRUE(eventually(server, [&] { return server.stats().connections == 1; }));
  RawClient fourth(server.port());
  fourth.send(get("/"));
  EXPECT_EQ(fourth.read_response().status, 200);
}

// Addresses of loopback are the choice of whoever comes from them, so the flood takes turns.
const char* loopback_address(int turn) { return turn % 2 == 0 ? "127.0.0.2" : "127.77.7.7"; }

// One of this machine that is not loopback; a machine without network has none.
std::optional<std::string> find_outer_address() {
  ifaddrs* list = nullptr;
  std::optional<std::string> found;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* entry = list; entry != nullptr && !found; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const auto address = from_sockaddr(*entry->ifa_addr);
    if (address && !is_loopback(*address)) found = to_text(*address);
  }
  ::freeifaddrs(list);
  return found;
}

TEST(HttpServerLimits, AFloodIsRefusedFromWhateverLocalAddressAndTheUnixSocketIsNot) {
  Server server({.per_address = {.max_connections = 10'000, .requests_per_second = 5}});
  const auto flood = [&] {
    int refused = 0;
    for (int i = 0; i < 60; ++i) {
      RawClient client(server.port(), 0, loopback_address(i));
      client.send(get("/"));
      const RawResponse answer = client.read_response();
      if (answer.status != 429) continue;
      ++refused;
      EXPECT_TRUE(answer.has("\r\nX-Retry-After-Ms: 1000\r\n"));
      EXPECT_TRUE(client.ends());
    }
    return refused;
  };
  EXPECT_GT(flood(), 40) << "ten at once and five a second, not that for each address";
  // The answer does not wait for a body, which here never comes.
  RawResponse early;
  for (int i = 0; i < 50 && early.status == 0; ++i) {
    RawClient client(server.port());
    client.send("POST /flood HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
    if (client.is_readable(100)) early = client.read_response();
  }
  EXPECT_EQ(early.status, 429);
  EXPECT_EQ(early.body, "/flood");
  const std::string name = server.listen_unix();
  RawClient owner(name);
  for (int i = 0; i < 50; ++i) {
    owner.send(get("/"));
    EXPECT_EQ(owner.read_response().status, 200) << "the Unix socket has no address";
  }
  // The control: without the limit the flood passes.
  server.on_loop([&] { server.server().set_peer_limits({.requests_per_second = 0}); });
  EXPECT_EQ(flood(), 0);
}

TEST(HttpServerLimits, LocalAddressesShareOneShareOfTheConnections) {
  Server server({.max_connections = 20, .unix_reserve = 0, .per_address = {.max_connections = 3}});
  std::vector<RawClient> held;
  for (int i = 0; i < 3; ++i) {
    held.emplace_back(server.port(), 0, loopback_address(i));
    if (i == 0) {
      EXPECT_TRUE(held.back().open_websocket("/ws"));  // it counts on
      continue;
    }
    held.back().send(get("/"));
    EXPECT_EQ(held.back().read_response().status, 200);
  }
  std::vector<std::string> others{"127.0.0.1", "127.0.0.2", "127.1.2.3"};
  // Whoever comes to loopback is local, from whichever address of the machine.
  if (const auto outer = find_outer_address()) others.push_back(*outer);
  for (const std::string& other : others) {
    RawClient fourth(server.port(), 0, other.c_str());
    EXPECT_EQ(fourth.read_response().status, 429) << other;
    EXPECT_TRUE(fourth.ends());
  }
  held.front().close();
  EXPECT_TRUE(eventually(server, [&] { return server.stats().connections == 2; }));
  RawClient fifth(server.port(), 0, "127.0.0.3");
  fifth.send(get("/"));
  EXPECT_EQ(fifth.read_response().status, 200);
  // The control: with a larger share the next one is let in.
  server.on_loop([&] { server.server().set_peer_limits({.max_connections = 20}); });
  RawClient sixth(server.port(), 0, "127.0.0.2");
  sixth.send(get("/"));
  EXPECT_EQ(sixth.read_response().status, 200);
}

TEST(HttpServerLimits, TcpLeavesTheReserveToTheUnixSocket) {
  Server server({.max_connections = 6, .unix_reserve = 2});
  const std::string name = server.listen_unix();
  const auto asks = [&](RawClient& client) {
    client.send(get("/"));
    return client.read_response().status;
  };
  std::vector<RawClient> tcp;
  for (int i = 0; i < 4; ++i) {
    tcp.emplace_back(server.port());
    EXPECT_EQ(asks(tcp.back()), 200);
  }
  EXPECT_EQ(RawClient(server.port()).read_response().status, 503);
  std::vector<RawClient> owners;
  for (int i = 0; i < 2; ++i) {
    owners.emplace_back(name);
    EXPECT_EQ(asks(owners.back()), 200) << "the reserve is nobody else's";
  }
  EXPECT_EQ(RawClient(name).read_response().status, 503) << "all together are bounded";
  tcp.pop_back();
  EXPECT_TRUE(eventually(server, [&] { return server.stats().connections == 5; }));
  RawClient third(name);
  EXPECT_EQ(asks(third), 200) << "what TCP leaves is for both";
}

TEST(HttpServerLimits, RequestBytesOfAllAreBounded) {
  Server server({.max_buffered_bytes = 100'000});
  RawClient first(server.port());
  first.send("POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + std::string(60'000, 'x'));
  const auto status = [&] {
    RawClient client(server.port());
    client.send(post("/", std::string(50'000, 'y')));
    return client.read_response().status;
  };
  // Accepted as long as the first one's bytes are still on their way.
  EXPECT_TRUE(eventually(server, [&] { return status() == 503; }));
  first.send(std::string(10'000, 'x'));
  EXPECT_EQ(first.read_response().status, 200);
  EXPECT_EQ(status(), 200);
}

}  // namespace
}  // namespace pryx::net
