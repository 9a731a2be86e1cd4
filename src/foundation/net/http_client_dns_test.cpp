// SPDX-License-Identifier: MIT
// The client and its resolver: names, silence, cancellation and names that point inside.
#include <gtest/gtest.h>

#include "foundation/async/task_group.h"
#include "foundation/net/testing/fetch.h"

namespace pryx::net {
namespace {
using namespace std::chrono_literals;
using async::Task;
using testing::fetch_into;
using testing::fetch_many_times;
using testing::fetch_once;
using testing::get;
using testing::RawConnection;
using testing::RawServer;
using testing::read_until_error;
using testing::RealLoop;
using testing::serve_keep_alive;

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
      const ssize_t got =
          recvfrom(socket_.fd(), packet, 512, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
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
      sendto(socket_.fd(), packet, end + (wants_a ? sizeof answer : 0), 0, reinterpret_cast<sockaddr*>(&from),
             size);
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
  const auto count = testing::run(
      real, fetch_many_times(*client, "http://Api.Pryx.test.:" + std::to_string(server.port()) + "/", 5));
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

Task<void> cancel_while_dns_is_silent(RealLoop& real, HttpClient& client, const SilentDns& dns,
                                      std::string url, std::optional<Error>& end, int& done) {
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
  EXPECT_EQ(whole.error().code, ErrorCode::kUnavailable) << "nothing was sent";
  EXPECT_NE(whole.error().message.find("nobody.test"), std::string::npos);
}

Task<void> stop_under_load(RealLoop& real, HttpClient& client, std::string stuck, std::string unknown,
                           std::optional<Error>& a, std::optional<Error>& b) {
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
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
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

}  // namespace
}  // namespace pryx::net
