// SPDX-License-Identifier: MIT
#include "foundation/net/http_client.h"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "foundation/async/task_group.h"
#include "foundation/net/http_client_transfer.h"
#include "foundation/net/testing/fetch.h"
#include "foundation/net/testing/raw_server.h"
#include "foundation/net/testing/real_loop.h"

namespace pryx::net {
namespace {
using namespace std::chrono_literals;
using async::Task;
using testing::fetch;
using testing::fetch_into;
using testing::fetch_many_times;
using testing::fetch_once;
using testing::get;
using testing::RawConnection;
using testing::RawServer;
using testing::read_until_error;
using testing::RealLoop;
using testing::serve_keep_alive;
using testing::Whole;

constexpr const char* kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpClient, StatusHeadersAndBody) {
  RawServer server([](RawConnection& connection, const std::string& request) {
    EXPECT_TRUE(request.starts_with("POST /a?b=c HTTP/1.1\r\n")) << request;
    EXPECT_TRUE(request.ends_with("\r\n\r\nhello")) << request;
    EXPECT_NE(request.find("X-Test: yes\r\n"), std::string::npos);
    EXPECT_EQ(request.find("Expect:"), std::string::npos);
    connection.write(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: "
        "4\r\n\r\ngone");
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
  for (const char* answer : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                             "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel"}) {
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
  RawServer server(
      [](RawConnection& connection, const std::string&) { connection.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"); });
  const auto whole = fetch_once(get(server.url()));
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kCheckFailed) << "it does not pass by asking again";
  EXPECT_NE(whole.error().message.find("no HTTP server"), std::string::npos) << whole.error().message;
}

TEST(HttpClient, SlowHeadTimesOut) {
  RawServer server(
      [](RawConnection& connection, const std::string&) { connection.wait_until_peer_closes(); });
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
  EXPECT_EQ(head.error().code, ErrorCode::kUnavailable) << "the request was not too large: it has arrived";

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
  RawServer server([](RawConnection& connection, const std::string&) {
    connection.write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const auto whole = fetch_once(get("http://LocalHost:" + std::to_string(server.port()) + "/"),
                                {.dns_servers = "127.0.0.1:1"});
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
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const std::string port = std::to_string(server.port());
  for (const std::string& host : {std::string("127.0.0.1"), std::string("localhost"), std::string("[::1]"),
                                  std::string("[::ffff:127.0.0.1]"), std::string("0x7f.1")}) {
    ClientRequest request = get("http://" + host + ":" + port + "/");
    request.allow_private_addresses = false;
    const auto whole = fetch_once(std::move(request));
    ASSERT_FALSE(whole) << host;
    EXPECT_EQ(whole.error().code, ErrorCode::kForbidden) << host << ": " << whole.error().message;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, RefusesWhatIsNoRequest) {
  for (const char* url : {"", "ftp://h/", "file:///etc/passwd", "http://", "http://a b/", "gopher://x",
                          "http://[fe80::1%25eth0]/", "http://h:99999/"}) {
    const auto whole = fetch_once(get(url));
    ASSERT_FALSE(whole) << url;
    EXPECT_EQ(whole.error().code, ErrorCode::kInvalidArgument) << url << ": " << whole.error().message;
  }
  ClientRequest split = get("http://127.0.0.1:1/");
  split.headers.add("X-A", "b\r\nX-C: d");
  EXPECT_EQ(fetch_once(std::move(split)).error().code, ErrorCode::kInvalidArgument);
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

// Reads nothing until the server cannot send any more: what waits in memory is bounded, and then everything
// arrives.
Task<Result<std::size_t>> read_late(RealLoop& real, HttpClient& client, std::string url,
                                    std::atomic<std::size_t>& sent) {
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
Task<void> cancel_while_streaming(RealLoop& real, HttpClient& client, std::string url,
                                  std::optional<Error>& end) {
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
    while (!saw_close)
      std::this_thread::yield();  // while the client still lives: it was the cancellation that closed it
  }
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, ErrorCode::kCancelled);
}

Task<Result<Whole>> fetch_without_descriptors(HttpClient& client, std::string url) {
  std::vector<int> taken;
  for (int fd = dup(0); fd >= 0; fd = dup(0)) taken.push_back(fd);
  auto whole = co_await fetch(client, get(std::move(url)));
  for (const int fd : taken) close(fd);
  co_return whole;
}

TEST(HttpClient, NoDescriptorLeftIsAnErrorAndNotTheEnd) {
  const RawServer server(&serve_keep_alive);
  (void)load_curl();  // opening a library needs descriptors too
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit low = limit;
  low.rlim_cur = 100;
  setrlimit(RLIMIT_NOFILE, &low);
  RealLoop real;
  const auto client = make_http_client(real.loop);
  const auto starved = testing::run(real, fetch_without_descriptors(*client, server.url()));
  setrlimit(RLIMIT_NOFILE, &limit);
  ASSERT_FALSE(starved);
  EXPECT_EQ(starved.error().code, ErrorCode::kOverloaded) << starved.error().message;
}

// openssl's own server with a certificate that nobody signed.
class TlsServer {
 public:
  TlsServer() : folder_(std::filesystem::temp_directory_path() / fmt::format("pryx-tls-{}", getpid())) {
    std::filesystem::create_directories(folder_);
    const std::string make = fmt::format(
        "cd '{}' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost >/dev/null 2>&1",
        folder_.string());
    if (std::system(make.c_str()) != 0) return;
    const std::string serve = fmt::format(
        "cd '{}' && exec openssl s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem -www > said.txt "
        "2>&1",
        folder_.string());
    const char* const arguments[] = {"sh", "-c", serve.c_str(), nullptr};
    if (posix_spawnp(&process_, "sh", nullptr, nullptr, const_cast<char* const*>(arguments), environ) != 0)
      return;
    while (port_ == 0 && waitpid(process_, nullptr, WNOHANG) == 0) {
      std::ifstream said(folder_ / "said.txt");
      for (std::string line; std::getline(said, line);) {
        if (line.starts_with("ACCEPT 127.0.0.1:") && !said.eof()) port_ = std::atoi(line.c_str() + 17);
      }
      std::this_thread::yield();
    }
  }
  ~TlsServer() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  [[nodiscard]] bool is_up() const { return port_ != 0; }
  [[nodiscard]] std::string certificate() const { return (folder_ / "cert.pem").string(); }
  [[nodiscard]] std::string url(std::string_view host) const {
    return fmt::format("https://{}:{}/", host, port_);
  }

 private:
  std::filesystem::path folder_;
  pid_t process_ = 0;
  int port_ = 0;
};

TEST(HttpClient, TlsIsAlwaysVerified) {
  const TlsServer server;
  ASSERT_TRUE(server.is_up()) << "the openssl command is needed";
  const auto unsigned_peer = fetch_once(get(server.url("localhost")));
  ASSERT_FALSE(unsigned_peer);
  EXPECT_EQ(unsigned_peer.error().code, ErrorCode::kCheckFailed);
  EXPECT_NE(unsigned_peer.error().message.find("TLS failed"), std::string::npos)
      << unsigned_peer.error().message;
  const auto other_name = fetch_once(get(server.url("127.0.0.1")), {.ca_file = server.certificate()});
  ASSERT_FALSE(other_name);
  EXPECT_EQ(other_name.error().code, ErrorCode::kCheckFailed);
  EXPECT_NE(other_name.error().message.find("TLS failed"), std::string::npos) << other_name.error().message;
  const auto trusted = fetch_once(get(server.url("localhost")), {.ca_file = server.certificate()});
  ASSERT_TRUE(trusted) << trusted.error().message;
  EXPECT_EQ(trusted->status, 200);
}

TEST(CurlLibrary, SaysWhatToInstallWhenMissing) {
  const auto missing = load_curl_from("libcurl-that-is-not-there.so");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(missing.error().message.find("install libcurl4"), std::string::npos);
}

}  // namespace
}  // namespace pryx::net
