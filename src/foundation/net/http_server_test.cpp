// SPDX-License-Identifier: MIT
#include "foundation/net/http_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <optional>

#include "foundation/base/log.h"
#include "foundation/net/testing/raw_client.h"
#include "foundation/net/testing/scripted_server.h"

namespace pryx::net {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::get;
using testing::post;
using testing::RawClient;
using testing::RawResponse;
using Server = testing::ScriptedServer;

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  Server server;
  RawClient client(server.port());
  client.send(post("/echo?q=1", "hello"));
  const RawResponse first = client.read_response();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "POST /echo?q=1 hello");
  EXPECT_FALSE(first.has("Connection: close"));
  EXPECT_TRUE(first.has("\r\nDate: "));
  client.send(get("/again"));
  EXPECT_EQ(client.read_response().body, "GET /again? ");
  EXPECT_EQ(server.stats().requests, 2u);
  EXPECT_EQ(server.stats().connections, 1u);
}

TEST(HttpServer, BytesMayArriveOneByOne) {
  Server server;
  RawClient client(server.port());
  for (const char c : post("/slow", "abc")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.read_response().body, "POST /slow? abc");
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  Server server;
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 5000; ++i)
    all += i % 3 == 0 ? post(fmt::format("/{}", i), "body") : get(fmt::format("/{}", i));
  std::thread sender([&] { client.send(all); });
  for (int i = 0; i < 5000; ++i) {
    const std::string expected = i % 3 == 0 ? fmt::format("POST /{}? body", i) : fmt::format("GET /{}? ", i);
    ASSERT_EQ(client.read_response().body, expected);
  }
  sender.join();
}

TEST(HttpServer, AHalfClosedPeerStillGetsItsAnswers) {
  Server server;
  RawClient client(server.port());
  client.send(get("/1") + get("/2"));
  client.close_sending_half();
  EXPECT_EQ(client.read_response().body, "GET /1? ");
  EXPECT_EQ(client.read_response().body, "GET /2? ");
  EXPECT_TRUE(client.ends());
}

TEST(HttpServer, ClosesWhenThePeerAsksOrSpeaksHttp10) {
  Server server;
  RawClient asks(server.port());
  asks.send(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(asks.read_response().has("Connection: close"));
  EXPECT_TRUE(asks.ends());
  RawClient old(server.port());
  old.send("GET /stream HTTP/1.0\r\n\r\n");
  const RawResponse head = old.read_response();
  EXPECT_FALSE(head.has("chunked"));
  EXPECT_EQ(old.read_all(), "piece 0;piece 1;piece 2;");
}

TEST(HttpServer, HeadHasTheLengthButNoBody) {
  Server server;
  RawClient client(server.port());
  client.send("HEAD /big?1234 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_response(true).has("Content-Length: 1234\r\n"));
  client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status, 200);
  client.send(get("/empty"));
  const RawResponse empty = client.read_response(true);
  EXPECT_EQ(empty.status, 204);
  EXPECT_FALSE(empty.has("Content-Length"));
  client.send(get("/next"));
  EXPECT_EQ(client.read_response().body, "GET /next? ");
}

TEST(HttpServer, StreamsChunks) {
  Server server;
  RawClient client(server.port());
  client.send(get("/stream"));
  EXPECT_EQ(client.read_response().body, "piece 0;piece 1;piece 2;");
  client.send(get("/stream?cut"));
  const RawResponse cut = client.read_response(true);
  EXPECT_EQ(cut.status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_chunk(), fmt::format("piece {};", i));
  EXPECT_EQ(client.read_chunk(), std::nullopt) << "an unfinished stream must not look complete";
}

TEST(HttpServer, LargeAnswersArriveWhole) {
  Server server;
  RawClient client(server.port(), 4096);
  client.send(get("/big?20000000"));
  EXPECT_EQ(client.read_response().body.size(), 20'000'000u);
  EXPECT_TRUE(eventually(server, [&] { return server.script().handled == 1; }));
}

TEST(HttpServer, AHandlerThatFailsIsA500) {
  Server server;
  RawClient client(server.port());
  client.send(get("/throw"));
  EXPECT_EQ(client.read_response().status, 500);
  EXPECT_TRUE(client.ends());
  RawClient other(server.port());
  other.send(get("/nothing"));
  const RawResponse response = other.read_response();
  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(response.has("\r\nX-Code: internal\r\n"));
  EXPECT_EQ(response.body, "/nothing");
}

TEST(HttpServer, HandlersCannotBreakTheFraming) {
  Server server;
  RawClient client(server.port());
  client.send(get("/split"));
  const RawResponse response = client.read_response();
  EXPECT_TRUE(response.has("X-Evil: a  Set-Cookie: b\r\n"));
  EXPECT_TRUE(response.has("Content-Length: 0\r\n"));
}

TEST(HttpServer, ScreenRefusesBeforeTheBody) {
  Server server;
  RawClient client(server.port());
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nX-Refuse: 1\r\nContent-Length: 9000000\r\n\r\n");
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "refused by screen");
  EXPECT_TRUE(client.send(std::string(300'000, 'x')))
      << "the rest is drained, so that the answer is not reset away";
  client.close_sending_half();
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(server.stats().requests, 0u);
}

TEST(HttpServer, RefusalsCloseTheConnection) {
  Server server({.max_header_bytes = 2000, .max_body_bytes = 100});
  std::string path;
  const auto status = [&](const std::string& bytes) {
    RawClient client(server.port());
    client.send(bytes);
    const RawResponse response = client.read_response();
    path = response.body;
    EXPECT_TRUE(response.has("Connection: close"));
    client.close_sending_half();
    EXPECT_TRUE(client.ends());
    return response.status;
  };
  EXPECT_EQ(status(post("/large", std::string(101, 'x'))), 413);
  EXPECT_EQ(path, "/large") << "what was read of the request is told to who words the answer";
  EXPECT_EQ(status(get("/", "X: " + std::string(3000, 'x') + "\r\n")), 431);
  EXPECT_EQ(path, "");
  EXPECT_EQ(status("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(
      status(
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      400);
  EXPECT_EQ(server.stats().refused, 4u);
  EXPECT_EQ(server.stats().requests, 0u);
}

TEST(HttpServer, AHandlerMayAllowMoreForOneRequest) {
  Server server({.max_body_bytes = 100});
  RawClient client(server.port());
  const std::string body(200, 'x');
  client.send(post("/roomy", body));
  EXPECT_EQ(client.read_response().body, "POST /roomy? " + body);
  client.send("POST /roomy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n" + body +
              "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "POST /roomy? " + body);
  client.send(post("/", std::string(101, 'x')));
  EXPECT_EQ(client.read_response().status, 413) << "the next request has the limit of the server again";
  RawClient larger(server.port());
  larger.send(post("/roomy", std::string(201, 'x')));
  EXPECT_EQ(larger.read_response().status, 413);
}

TEST(HttpServer, ContinuesWhenAsked) {
  Server server({.max_body_bytes = 100});
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_response().body, "POST /? abc");
  RawClient large(server.port());
  large.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n");
  EXPECT_EQ(large.read_response().status, 413);
}

TEST(HttpServer, SlowHeadersEndIn408HoweverTheyDrip) {
  Server server({.header_timeout = 100ms});
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  for (int i = 0; i < 2000 && !client.is_readable(5); ++i) client.send("x");
  EXPECT_EQ(client.read_response().status, 408);
}

TEST(HttpServer, SlowBodiesEndIn408AndIdlePeersAreClosed) {
  Server server({.body_timeout = 100ms, .idle_timeout = 100ms});
  RawClient slow(server.port());
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 2000 && !slow.is_readable(5); ++i) slow.send("x");
  EXPECT_EQ(slow.read_response().status, 408);
  RawClient idle(server.port());
  EXPECT_TRUE(idle.ends());
  RawClient kept(server.port());
  kept.send(get("/"));
  EXPECT_EQ(kept.read_response().status, 200);
  EXPECT_TRUE(kept.ends());
}

TEST(HttpServer, AReaderThatStopsIsDropped) {
  Server server({.write_timeout = 100ms});
  RawClient client(server.port(), 4096);
  client.send(get("/endless"));
  EXPECT_TRUE(eventually(server, [&] { return server.script().failed_writes == 1; }));
  EXPECT_TRUE(eventually(server, [&] { return server.stats().connections == 0; }));
}

TEST(HttpServer, TellsWhoIsThere) {
  Server server;
  const std::string name = server.listen_unix();
  RawClient local(name);
  local.send(get("/peer"));
  EXPECT_EQ(local.read_response().body, fmt::format("unix  {} {}", ::getuid(), ::getpid()));
  RawClient remote(server.port());
  remote.send(get("/peer"));
  EXPECT_EQ(remote.read_response().body, "tcp 127.0.0.1 4294967295 -1");
}

TEST(HttpServer, TheHandlerLearnsThatThePeerLeft) {
  Server server;
  RawClient client(server.port());
  client.send(get("/wait"));
  ASSERT_TRUE(eventually(server, [&] { return server.script().waiting == 1; }));
  client.close();
  EXPECT_TRUE(eventually(server, [&] { return server.script().disconnects == 1; }));
  EXPECT_TRUE(eventually(server, [&] { return server.script().failed_writes == 1; }))
      << "an answer to nobody is no receipt";
  EXPECT_TRUE(eventually(server, [&] { return server.stats().connections == 0; }));
}

TEST(HttpServer, AThousandConnectionsLeaveNothingBehind) {
  const auto open_files = [] {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count;
  };
  Server server;
  const std::size_t before = open_files();
  for (int round = 0; round < 10; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 100; ++i) clients.emplace_back(server.port());
    for (std::size_t i = 0; i < clients.size(); ++i)
      clients[i].send(i % 4 == 0 ? get("/wait") : i % 4 == 1 ? "GET / HT" : get("/x"));
    for (std::size_t i = 2; i < clients.size(); i += 4) ASSERT_EQ(clients[i].read_response().status, 200);
  }
  EXPECT_TRUE(eventually(server, [&] { return server.stats().connections == 0; }));
  EXPECT_EQ(open_files(), before);
}

TEST(HttpServer, StopEndsEverything) {
  auto server = std::make_unique<Server>();
  RawClient idle(server->port());
  RawClient waiting(server->port());
  RawClient streaming(server->port(), 4096);
  RawClient half(server->port());
  RawClient socket(server->port());
  waiting.send(get("/wait"));
  streaming.send(get("/endless"));
  half.send("GET / HT");
  EXPECT_TRUE(socket.open_websocket("/ws"));
  EXPECT_EQ(streaming.read_response(true).status, 200);
  EXPECT_TRUE(
      eventually(*server, [&] { return server->script().waiting == 1 && server->stats().connections == 5; }));
  server->stop();
  EXPECT_EQ(server->stats().connections, 0u);
  EXPECT_EQ(waiting.read_response().status, 200);
  EXPECT_TRUE(waiting.ends());
  EXPECT_TRUE(idle.ends());
  EXPECT_TRUE(half.ends());
  EXPECT_FALSE(RawClient(server->port()).is_connected());
  server.reset();
}

TEST(HttpServer, ATakenPortIsAConflict) {
  Server server;
  Result<std::uint16_t> second = 0;
  server.on_loop([&] { second = server.server().listen_tcp("127.0.0.1", server.port()); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  server.on_loop([&] { second = server.server().listen_tcp("localhost", 0); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidArgument);
}

TEST(HttpServer, OutOfDescriptorsIsAPauseNotAnEnd) {
  std::atomic<int> paused = 0;
  log::configure({.json = true, .sink = [&](std::string_view line) {
                    paused += line.find("http.accept_paused") != std::string_view::npos;
                  }});
  {
    Server server;
    RawClient present(server.port());
    present.send(get("/"));
    EXPECT_EQ(present.read_response().status, 200);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int highest = ::dup(0);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(highest) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    ::close(highest);
    RawClient late(server.port());  // takes the last descriptor; the server has none to accept it with
    late.send(get("/late"));
    EXPECT_TRUE(eventually(server, [&] { return paused == 1; }));
    present.send(get("/meanwhile"));
    EXPECT_EQ(present.read_response().body, "GET /meanwhile? ");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(late.read_response().body, "GET /late? ");
  }
  EXPECT_EQ(paused, 1);
  log::configure({});
}

}  // namespace
}  // namespace pryx::net
