// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "foundation/net/testing/raw_client.h"
#include "foundation/net/testing/running_server.h"
#include "foundation/net/testing/scripted_handler.h"

namespace pryx::net {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawFrame;
using testing::RunningServer;
using testing::ScriptedHandler;

std::unique_ptr<Handler> make_scripted(async::RealEventLoop& loop) {
  return std::make_unique<ScriptedHandler>(loop);
}

struct Server : RunningServer {
  explicit Server(const ServerLimits& limits = {}) : RunningServer(make_scripted, limits) {}
  [[nodiscard]] ScriptedHandler& script() { return handler<ScriptedHandler>(); }
  [[nodiscard]] bool sockets_become(std::size_t count) {
    const auto give_up = loop().clock().monotonic() + 10s;
    while (stats().websockets != count) {
      if (loop().clock().monotonic() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

constexpr int kText = 1;
constexpr int kClose = 8;
constexpr int kPing = 9;
constexpr int kPong = 10;

// After this the handler is known to have the socket.
bool is_echoed(RawClient& client) {
  return client.send_text("there?") && client.read_frame().payload == "there?";
}

bool is_echoed_among_pings(RawClient& client) {
  client.send_text("there?");
  RawFrame frame = client.read_frame();
  while (frame.opcode == kPing) frame = client.read_frame();
  return frame.payload == "there?";
}

TEST(WebSocket, EchoesText) {
  Server server;
  RawClient client(server.port());
  ASSERT_TRUE(client.open_websocket("/ws"));
  EXPECT_EQ(server.stats().websockets, 1u);
  client.send_text("hello");
  RawFrame frame = client.read_frame();
  EXPECT_EQ(frame.opcode, kText);
  EXPECT_EQ(frame.payload, "hello");
  const std::string large(300'000, 'l');
  client.send_text(large);
  EXPECT_EQ(client.read_frame().payload, large);
  client.send(RawClient::frame(0x01, "two ") + RawClient::frame(0x80, "pieces"));
  EXPECT_EQ(client.read_frame().payload, "two pieces");
  client.send(RawClient::frame(0x89, "ping"));
  frame = client.read_frame();
  EXPECT_EQ(frame.opcode, kPong);
  EXPECT_EQ(frame.payload, "ping");
}

TEST(WebSocket, ManyMessagesKeepTheirOrder) {
  Server server;
  RawClient client(server.port());
  ASSERT_TRUE(client.open_websocket("/ws"));
  std::thread sender([&] {
    for (int i = 0; i < 2000; ++i) client.send_text(std::to_string(i));
  });
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(client.read_frame().payload, std::to_string(i));
  sender.join();
}

TEST(WebSocket, BothSidesCanClose) {
  Server server;
  RawClient client(server.port());
  ASSERT_TRUE(client.open_websocket("/ws"));
  client.send(RawClient::frame(0x88, "\x03\xe8"));
  EXPECT_EQ(client.read_frame().close_code(), 1000);
  EXPECT_TRUE(client.ends());
  client.close();
  RawClient other(server.port());
  ASSERT_TRUE(other.open_websocket("/ws"));
  other.send_text("close please");
  const RawFrame frame = other.read_frame();
  EXPECT_EQ(frame.opcode, kClose);
  EXPECT_EQ(frame.close_code(), 4001);
  EXPECT_EQ(frame.payload.substr(2), "as asked");
  other.send(RawClient::frame(0x88, "\x0f\xa1"));
  EXPECT_TRUE(other.ends());
  other.close();
  EXPECT_TRUE(server.sockets_become(0));
}

TEST(WebSocket, AVanishedPeerEndsTheHandler) {
  Server server;
  {
    RawClient client(server.port());
    ASSERT_TRUE(client.open_websocket("/ws"));
    EXPECT_TRUE(server.sockets_become(1));
  }
  EXPECT_TRUE(server.sockets_become(0));
  server.stop();
  EXPECT_EQ(server.script().closed_sockets, 1);
}

// What is no text of a bearable size ends the connection with the code that RFC 6455 names for it.
TEST(WebSocket, RefusesBadFrames) {
  Server server({.max_body_bytes = 1000});
  const auto close_code = [&](const std::string& bytes) {
    RawClient client(server.port());
    EXPECT_TRUE(client.open_websocket("/ws"));
    client.send(bytes);
    const RawFrame frame = client.read_frame();
    EXPECT_EQ(frame.opcode, kClose);
    return frame.close_code();
  };
  EXPECT_EQ(close_code(RawClient::frame(0x82, "binary")), 1003);
  EXPECT_EQ(close_code(RawClient::frame(0x81, "\xff\xfe")), 1007);
  EXPECT_EQ(close_code(RawClient::frame(0x81, std::string(1001, 'x'))), 1009);
  EXPECT_EQ(close_code(RawClient::frame(0x01, std::string(900, 'x')) +
                       RawClient::frame(0x80, std::string(900, 'x'))),
            1009);
  EXPECT_EQ(close_code(std::string("\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00....", 14)), 1009)
      << "1 GiB announced";
  EXPECT_EQ(close_code(RawClient::frame(0xc1, "reserved bit")), 1002);
  EXPECT_EQ(close_code(RawClient::frame(0x83, "unknown opcode")), 1002);
  EXPECT_EQ(close_code(std::string("\x81\x02hi", 4)), 1002) << "a client must mask";
  EXPECT_TRUE(server.sockets_become(0));
}

TEST(WebSocket, RefusesABadHandshake) {
  Server server;
  RawClient client(server.port());
  client.send(
      "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "12\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const int status = client.read_response().status;
  EXPECT_TRUE(status == 400 || status == 426);
  RawClient eager(server.port());
  eager.send(
      "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      RawClient::frame(0x81, "too early"));
  EXPECT_NE(eager.read_response(true).status, 101);
  RawClient plain(server.port());
  plain.send("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.read_response().status, 500);
}

TEST(WebSocket, OneSlowReaderIsDroppedAndTheOthersGetEverything) {
  Server server({.max_socket_backlog_bytes = 256u << 10});
  RawClient slow(server.port(), 4096);
  ASSERT_TRUE(slow.open_websocket("/ws"));
  std::vector<RawClient> honest;
  EXPECT_TRUE(is_echoed(slow));
  for (int i = 0; i < 3; ++i) {
    honest.emplace_back(server.port());
    ASSERT_TRUE(honest.back().open_websocket("/ws"));
    EXPECT_TRUE(is_echoed(honest.back()));
  }
  int sent = 0;
  while (sent < 1000 && server.stats().websockets == 4) {
    const auto text = std::make_shared<const std::string>(std::to_string(sent) + std::string(64u << 10, '.'));
    server.on_loop([&] { server.script().broadcast(text); });
    for (RawClient& client : honest) ASSERT_EQ(client.read_frame().payload, *text);
    ++sent;
  }
  EXPECT_EQ(server.stats().websockets, 3u);
  EXPECT_LT(sent, 1000);
  server.on_loop([&] { server.script().broadcast(std::make_shared<const std::string>("after")); });
  for (RawClient& client : honest) EXPECT_EQ(client.read_frame().payload, "after");
}

TEST(WebSocket, ALongReplayGoesAtThePeersPace) {
  Server server({.max_socket_backlog_bytes = 256u << 10});
  RawClient client(server.port(), 4096);
  ASSERT_TRUE(client.open_websocket("/ws"));
  client.send(RawClient::frame(0x81, "all of it"));
  for (int i = 0; i < ScriptedHandler::kReplayed; ++i) {
    const std::string payload = client.read_frame().payload;
    ASSERT_EQ(payload.substr(0, payload.find('.')), std::to_string(i));
  }
  EXPECT_TRUE(is_echoed(client)) << "the connection is as good as before";
}

TEST(WebSocket, AReplayToAPeerThatIsGoneEnds) {
  Server server({.write_timeout = 100ms, .max_socket_backlog_bytes = 256u << 10});
  RawClient client(server.port(), 4096);
  ASSERT_TRUE(client.open_websocket("/ws"));
  client.send(RawClient::frame(0x81, "all of it"));
  EXPECT_TRUE(server.sockets_become(0)) << "it reads nothing, so the write stands still";
}

TEST(WebSocket, AWriteThatStandsStillIsDropped) {
  Server server({.write_timeout = 100ms});
  RawClient client(server.port(), 4096);
  ASSERT_TRUE(client.open_websocket("/ws"));
  EXPECT_TRUE(is_echoed(client));
  server.on_loop([&] { server.script().broadcast(std::make_shared<const std::string>(16u << 20, '.')); });
  EXPECT_TRUE(server.sockets_become(0));
}

TEST(WebSocket, ASilentPeerIsPingedAndStaysWhileItAnswers) {
  Server server({.websocket_idle_timeout = 200ms});
  RawClient client(server.port());
  ASSERT_TRUE(client.open_websocket("/ws"));
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(client.read_frame().opcode, kPing) << i;
    client.send(RawClient::frame(0x8a, ""));
  }
  EXPECT_TRUE(is_echoed_among_pings(client));
}

TEST(WebSocket, APeerThatAnswersNoPingIsDropped) {
  Server server({.websocket_idle_timeout = 200ms});
  RawClient client(server.port());
  ASSERT_TRUE(client.open_websocket("/ws"));
  EXPECT_EQ(client.read_frame().opcode, kPing);
  EXPECT_TRUE(server.sockets_become(0));
  server.stop();
  EXPECT_EQ(server.script().closed_sockets, 1);
}

}  // namespace
}  // namespace pryx::net
