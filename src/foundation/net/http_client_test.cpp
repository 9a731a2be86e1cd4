// SPDX-License-Identifier: MIT
#include "foundation/net/http_client.h"

#include <gtest/gtest.h>

#include "foundation/async/task_group.h"
#include "foundation/net/dns_resolver.h"
#include "foundation/net/http_client_transfer.h"
#include "foundation/net/testing/raw_server.h"
#include "foundation/net/testing/real_loop.h"

namespace pryx::net {
namespace {
using namespace std::chrono_literals;
using async::Task;
using testing::RawConnection;
using testing::RawServer;
using testing::RealLoop;

constexpr const char* kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

ClientRequest get(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}

// Whole exchange: status and body, or the error of either half.
struct Whole {
  int status = 0;
  std::string body;
  Headers headers;
};
Task<Result<Whole>> fetch(HttpClient& client, ClientRequest request, Duration idle = 10s) {
  PRYX_CO_TRY(auto response, co_await client.start(std::move(request)));
  Whole out{response->status(), {}, response->headers()};
  for (;;) {
    PRYX_CO_TRY(const auto piece, co_await response->read(idle));
    if (!piece) co_return out;
    out.body += *piece;
  }
}

Result<Whole> fetch_once(ClientRequest request, ClientOptions options = {}, Duration idle = 10s) {
  RealLoop real;
  const auto client = make_http_client(real.loop, std::move(options));
  return testing::run(real, fetch(*client, std::move(request), idle));
}

TEST(HttpClient, StatusHeadersAndBody) {
  RawServer server([](RawConnection& connection, const std::string& request) {
    EXPECT_TRUE(request.starts_with("POST /a?b=c HTTP/1.1\r\n")) << request;
    EXPECT_TRUE(request.ends_with("\r\n\r\nhello")) << request;
    EXPECT_NE(request.find("X-Test: yes\r\n"), std::string::npos);
    EXPECT_EQ(request.find("Expect:"), std::string::npos);
    connection.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: 4\r\n\r\ngone");
  });
  ClientRequest request = get(server.url("/a?b=c"));
  request.method = "POST";
  request.body = "hello";
  request.headers.add("X-Test", "yes");
  const auto whole = fetch_once(std::move(request));
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->status, 404);
  EXPECT_EQ(whole->body, "gone");
  int ones = 0;
  for (const auto& [name, value] : whole->headers.all()) ones += name == "X-One" ? 1 : 0;
  EXPECT_EQ(ones, 2);
}

Task<Result<int>> read_pieces(HttpClient& client, std::string url, std::atomic<int>& allowed) {
  PRYX_CO_TRY(const auto response, co_await client.start(get(std::move(url))));
  int pieces = 0;
  for (;;) {
    PRYX_CO_TRY(const auto piece, co_await response->read(10s));
    if (!piece) co_return pieces;
    ++pieces;
    ++allowed;
  }
}

TEST(HttpClient, StreamsPieceByPiece) {
  std::atomic<int> allowed = 1;
  RawServer server([&](RawConnection& connection, const std::string&) {
    connection.write(kChunkedHead);
    for (int i = 0; i < 5; ++i) {
      // The next piece leaves only after the client handed out the one before.
      while (allowed <= i) std::this_thread::yield();
      connection.write_chunk("piece");
    }
    connection.write("0\r\n\r\n");
  });
  RealLoop real;
  const auto client = make_http_client(real.loop);
  const auto pieces = testing::run(real, read_pieces(*client, server.url(), allowed));
  ASSERT_TRUE(pieces) << pieces.error().message;
  EXPECT_EQ(*pieces, 5);
}

TEST(HttpClient, CutInTheMiddleIsUnavailable) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel"}) {
    RawServer server([&](RawConnection& connection, const std::string&) { connection.write(answer); });
    const auto whole = fetch_once(get(server.url()));
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(whole.error().message.find("cut in the middle"), std::string::npos) << whole.error().message;
  }
}

TEST(HttpClient, ClosedBeforeAnAnswer) {
  RawServer server([](RawConnection&, const std::string&) {});
  const auto whole = fetch_once(get(server.url()));
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kUnavailable);
}

TEST(HttpClient, SomethingElseThanHttp) {
  RawServer server([](RawConnection& connection, const std::string&) { connection.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"); });
  const auto whole = fetch_once(get(server.url()));
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(whole.error().message.find("no HTTP server"), std::string::npos) << whole.error().message;
}

TEST(HttpClient, SlowHeadTimesOut) {
  RawServer server([](RawConnection& connection, const std::string&) { connection.wait_until_peer_closes(); });
  ClientRequest request = get(server.url());
  request.head_timeout = 30ms;
  const auto whole = fetch_once(std::move(request));
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kTimeout);
  EXPECT_NE(whole.error().message.find("127.0.0.1:"), std::string::npos);
}

TEST(HttpClient, SilenceInTheBodyTimesOut) {
  RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(kChunkedHead);
    connection.write_chunk("a");
    connection.wait_until_peer_closes();
  });
  const auto whole = fetch_once(get(server.url()), {}, 30ms);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kTimeout);
}

TEST(HttpClient, OversizeHeadAndBody) {
  RawServer big_head([](RawConnection& connection, const std::string&) {
    connection.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100; ++i) {
      if (!connection.write("X-Fill: " + std::string(1000, 'x') + "\r\n")) return;
    }
    connection.write("\r\n");
  });
  const auto head = fetch_once(get(big_head.url()));
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, ErrorCode::kTooLarge);

  RawServer big_body([](RawConnection& connection, const std::string&) {
    connection.write(kChunkedHead);
    while (connection.write_chunk(std::string(10'000, 'x'))) {
    }
  });
  ClientRequest request = get(big_body.url());
  request.max_body_bytes = 100'000;
  const auto body = fetch_once(std::move(request));
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code, ErrorCode::kTooLarge);
}

TEST(HttpClient, RefusedConnectionNamesTheHostAndNoCredentials) {
  std::string url;
  {
    const RawServer gone([](RawConnection&, const std::string&) {});
    url = gone.url("/path?token=hidden");
  }
  url.insert(url.find("127"), "user:hunter2@");
  const auto whole = fetch_once(get(url));
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(whole.error().message.find("127.0.0.1:"), std::string::npos) << whole.error().message;
  EXPECT_EQ(whole.error().message.find("hunter2"), std::string::npos);
  EXPECT_EQ(whole.error().message.find("hidden"), std::string::npos);
}

TEST(HttpClient, LocalhostNeedsNoResolver) {
  RawServer server([](RawConnection& connection, const std::string&) { connection.write("HTTP/1.1 204 No Content\r\n\r\n"); });
  const auto whole = fetch_once(get("http://LocalHost:" + std::to_string(server.port()) + "/"), {.dns_servers = "127.0.0.1:1"});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->status, 204);
}

TEST(HttpClient, RedirectsAreNotFollowed) {
  RawServer server([](RawConnection& connection, const std::string&) {
    connection.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  });
  const auto whole = fetch_once(get(server.url()));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->status, 302);
}

TEST(HttpClient, PrivateAddressesCanBeForbidden) {
  const RawServer server([](RawConnection& connection, const std::string&) { connection.write("HTTP/1.1 204 No Content\r\n\r\n"); });
  const std::string port = std::to_string(server.port());
  for (const std::string& host : {std::string("127.0.0.1"), std::string("localhost"), std::string("[::1]"), std::string("[::ffff:127.0.0.1]"), std::string("0x7f.1")}) {
    ClientRequest request = get("http://" + host + ":" + port + "/");
    request.allow_private_addresses = false;
    const auto whole = fetch_once(std::move(request));
    ASSERT_FALSE(whole) << host;
    EXPECT_EQ(whole.error().code, ErrorCode::kForbidden) << host << ": " << whole.error().message;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, RefusesWhatIsNoRequest) {
  for (const char* url : {"", "ftp://h/", "file:///etc/passwd", "http://", "http://a b/", "gopher://x", "http://[fe80::1%25eth0]/", "http://h:99999/"}) {
    const auto whole = fetch_once(get(url));
    ASSERT_FALSE(whole) << url;
    EXPECT_EQ(whole.error().code, ErrorCode::kInvalidArgument) << url << ": " << whole.error().message;
  }
  ClientRequest split = get("http://127.0.0.1:1/");
  split.headers.add("X-A", "b\r\nX-C: d");
  EXPECT_EQ(fetch_once(std::move(split)).error().code, ErrorCode::kInvalidArgument);
}

Task<Result<int>> fetch_many_times(HttpClient& client, std::string url, int times) {
  for (int i = 0; i < times; ++i) {
    PRYX_CO_TRY(const auto whole, co_await fetch(client, get(url)));
    if (whole.body != "ok") co_return -1;
  }
  co_return times;
}

void serve_keep_alive(RawConnection& connection, std::string request) {
  while (!request.empty()) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    request = connection.read_request();
  }
}

TEST(HttpClient, KeepsConnections) {
  const RawServer server(&serve_keep_alive);
  RealLoop real;
  const auto client = make_http_client(real.loop);
  const auto count = testing::run(real, fetch_many_times(*client, server.url(), 20));
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, 20);
  EXPECT_EQ(server.connections(), 1);
}

Task<void> fetch_into(HttpClient& client, std::string url, int times, int& done) {
  const auto count = co_await fetch_many_times(client, std::move(url), times);
  EXPECT_TRUE(count) << count.error().message;
  if (count) done += *count;
}
Task<void> fetch_in_parallel(RealLoop& real, HttpClient& client, std::string url, int& done) {
  async::TaskGroup group(real.loop, "parallel");
  for (int i = 0; i < 50; ++i) group.spawn("fetch", fetch_into(client, url, 4, done));
  co_await group.wait_until_empty();
  co_await client.stop();
}

TEST(HttpClient, FiftyInParallel) {
  const RawServer server(&serve_keep_alive);
  RealLoop real;
  const auto client = make_http_client(real.loop);
  int done = 0;
  testing::run(real, fetch_in_parallel(real, *client, server.url(), done));
  EXPECT_EQ(done, 200);
  EXPECT_LE(server.connections(), 64);
}

// Reads nothing until the server cannot send any more: what waits in memory is bounded, and then everything arrives.
Task<Result<std::size_t>> read_late(RealLoop& real, HttpClient& client, std::string url, std::atomic<std::size_t>& sent) {
  PRYX_CO_TRY(const auto response, co_await client.start(get(std::move(url))));
  for (std::size_t before = 1, quiet = 0; quiet < 20; before = sent) {
    PRYX_CO_TRY_VOID(co_await async::sleep(real.loop, 5ms));
    quiet = sent == before ? quiet + 1 : 0;
  }
  EXPECT_LT(sent, std::size_t{20'000'000});
  std::size_t total = 0;
  for (;;) {
    PRYX_CO_TRY(const auto piece, co_await response->read(10s));
    if (!piece) co_return total;
    EXPECT_LE(piece->size(), std::size_t{300'000});
    total += piece->size();
  }
}

TEST(HttpClient, BodiesLargerThanTheBufferArriveWhole) {
  std::atomic<std::size_t> sent = 0;
  const RawServer server([&](RawConnection& connection, const std::string&) {
    connection.write(kChunkedHead);
    const std::string chunk(100'000, 'x');
    for (int i = 0; i < 200; ++i) {
      if (!connection.write_chunk(chunk)) return;
      sent += chunk.size();
    }
    connection.write("0\r\n\r\n");
  });
  RealLoop real;
  const auto client = make_http_client(real.loop);
  const auto total = testing::run(real, read_late(real, *client, server.url(), sent));
  ASSERT_TRUE(total) << total.error().message;
  EXPECT_EQ(*total, std::size_t{20'000'000});
}

// Cancellation: the coroutine ends and the server sees the connection close.
Task<void> read_until_error(HttpClient& client, std::string url, async::OneShot<bool>& first_piece, std::optional<Error>& end) {
  const auto response = co_await client.start(get(std::move(url)));
  if (!response) {
    end = response.error();
    co_return;
  }
  for (;;) {
    const auto piece = co_await (*response)->read(1h);
    if (!piece) {
      end = piece.error();
      co_return;
    }
    first_piece.set(true);
  }
}
Task<void> cancel_while_streaming(RealLoop& real, HttpClient& client, std::string url, std::optional<Error>& end) {
  async::TaskGroup group(real.loop, "g");
  async::OneShot<bool> first_piece(real.loop);
  group.spawn("read", read_until_error(client, std::move(url), first_piece, end));
  (void)co_await first_piece.wait();
  co_await group.stop();
}

TEST(HttpClient, CancellingAStreamClosesTheConnection) {
  std::atomic<bool> saw_close = false;
  std::optional<Error> end;
  {
    const RawServer server([&](RawConnection& connection, const std::string&) {
      connection.write(kChunkedHead);
      connection.write_chunk("x");
      connection.wait_until_peer_closes();
      saw_close = true;
    });
    RealLoop real;
    const auto client = make_http_client(real.loop);
    testing::run(real, cancel_while_streaming(real, *client, server.url(), end));
    while (!saw_close) std::this_thread::yield();  // while the client still lives: it was the cancellation that closed it
  }
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, ErrorCode::kCancelled);
}

// A UDP socket that never answers.
class SilentDns {
 public:
  SilentDns() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    server_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentDns() { close(fd_); }
  SilentDns(const SilentDns&) = delete;
  SilentDns& operator=(const SilentDns&) = delete;
  [[nodiscard]] const std::string& server() const { return server_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool was_asked() const {
    pollfd waiting{fd_, POLLIN, 0};
    return poll(&waiting, 1, 0) == 1;
  }

 private:
  int fd_;
  std::string server_;
};

// Answers every A question with 127.0.0.1 and every other with nothing.
class LoopbackDns {
 public:
  LoopbackDns() : thread_([this] { answer_all(); }) {}
  ~LoopbackDns() {
    stop_ = true;
    thread_.join();
  }
  LoopbackDns(const LoopbackDns&) = delete;
  LoopbackDns& operator=(const LoopbackDns&) = delete;
  [[nodiscard]] const std::string& server() const { return socket_.server(); }
  [[nodiscard]] int questions() const { return questions_; }

 private:
  void answer_all() {
    while (!stop_) {
      std::uint8_t packet[600];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = recvfrom(socket_.fd(), packet, 512, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 17) {
        std::this_thread::yield();
        continue;
      }
      ++questions_;
      std::size_t end = 12;
      while (packet[end] != 0) end += packet[end] + std::size_t{1};
      end += 5;  // root label, type, class; what follows (EDNS) is left out of the answer
      const bool wants_a = packet[end - 3] == 1;
      packet[2] = 0x81;
      packet[3] = 0x80;
      packet[7] = wants_a ? 1 : 0;
      packet[9] = packet[11] = 0;
      const std::uint8_t answer[] = {0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
      std::copy(std::begin(answer), std::end(answer), packet + end);
      sendto(socket_.fd(), packet, end + (wants_a ? sizeof answer : 0), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  SilentDns socket_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> questions_ = 0;
  std::thread thread_;
};

TEST(HttpClient, NamesAreResolvedOnceAndHandedOver) {
  const LoopbackDns dns;
  const RawServer server(&serve_keep_alive);
  RealLoop real;
  const auto client = make_http_client(real.loop, {.dns_servers = dns.server()});
  const auto count = testing::run(real, fetch_many_times(*client, "http://Api.Pryx.test.:" + std::to_string(server.port()) + "/", 5));
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, 5);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_LE(dns.questions(), 2);  // one A, one AAAA
}

TEST(HttpClient, NamesThatPointInsideCanBeForbidden) {
  const LoopbackDns dns;
  const RawServer server(&serve_keep_alive);
  ClientRequest request = get("http://rebind.test:" + std::to_string(server.port()) + "/");
  request.allow_private_addresses = false;
  const auto whole = fetch_once(std::move(request), {.dns_servers = dns.server()});
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(server.connections(), 0);
}

Task<void> cancel_while_dns_is_silent(RealLoop& real, HttpClient& client, const SilentDns& dns, std::string url, std::optional<Error>& end, int& done) {
  async::TaskGroup lookups(real.loop, "lookups");
  async::TaskGroup others(real.loop, "others");
  async::OneShot<bool> never(real.loop);
  lookups.spawn("silent", read_until_error(client, "http://nobody.test/", never, end));
  while (!dns.was_asked()) {
    const auto pause = co_await async::sleep(real.loop, 1ms);
    if (!pause) co_return;
  }
  for (int i = 0; i < 10; ++i) others.spawn("fetch", fetch_into(client, url, 20, done));
  co_await lookups.stop();
  EXPECT_EQ(others.size(), 10u);  // none of them had to end first
  co_await others.wait_until_empty();
  co_await client.stop();
}

TEST(HttpClient, CancelsWhileDnsIsSilentAndOthersGoOn) {
  const SilentDns dns;
  const RawServer server(&serve_keep_alive);
  RealLoop real;
  const auto client = make_http_client(real.loop, {.dns_servers = dns.server()});
  std::optional<Error> end;
  int done = 0;
  testing::run(real, cancel_while_dns_is_silent(real, *client, dns, server.url(), end, done));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, ErrorCode::kCancelled) << end->message;
  EXPECT_EQ(done, 200);
}

TEST(HttpClient, SilentDnsCountsAgainstTheConnectTimeout) {
  const SilentDns dns;
  ClientRequest request = get("http://nobody.test/");
  request.connect_timeout = 30ms;
  const auto whole = fetch_once(std::move(request), {.dns_servers = dns.server()});
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kTimeout);
  EXPECT_NE(whole.error().message.find("nobody.test"), std::string::npos);
}

Task<void> stop_under_load(RealLoop& real, HttpClient& client, std::string stuck, std::string unknown, std::optional<Error>& a, std::optional<Error>& b) {
  async::TaskGroup group(real.loop, "g");
  async::OneShot<bool> first_piece(real.loop);
  async::OneShot<bool> never(real.loop);
  group.spawn("streaming", read_until_error(client, std::move(stuck), first_piece, a));
  group.spawn("resolving", read_until_error(client, std::move(unknown), never, b));
  (void)co_await first_piece.wait();
  co_await client.stop();
  co_await group.wait_until_empty();
}

TEST(HttpClient, StopEndsEveryTransfer) {
  const SilentDns dns;
  const RawServer server([&](RawConnection& connection, const std::string&) {
    connection.write(kChunkedHead);
    connection.write_chunk("x");
    connection.wait_until_peer_closes();
  });
  RealLoop real;
  const auto client = make_http_client(real.loop, {.dns_servers = dns.server()});
  std::optional<Error> a;
  std::optional<Error> b;
  testing::run(real, stop_under_load(real, *client, server.url(), "http://nobody.test/", a, b));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->code, ErrorCode::kCancelled);
  EXPECT_EQ(b->code, ErrorCode::kCancelled);
}

TEST(CurlLibrary, SaysWhatToInstallWhenMissing) {
  const auto missing = load_curl_from("libcurl-that-is-not-there.so");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(missing.error().message.find("install libcurl4"), std::string::npos);
}

}  // namespace
}  // namespace pryx::net
