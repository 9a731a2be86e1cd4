// SPDX-License-Identifier: MIT
// The proxy socket: what passes, what does not, and that no spelling of a host is checked as one name and
// resolved as another.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "trust/egress/host_rules.h"
#include "trust/egress/proxy_head.h"
#include "trust/egress/testing/rig.h"

namespace pryx::egress {
namespace {

using testing::Rig;
using testing::ScriptedDns;
using testing::talk;
using testing::Trap;

TEST(ProxyHead, ReadsConnectAndAbsoluteForm) {
  const auto connect =
      parse_proxy_head("CONNECT API.example.com.:443 HTTP/1.1\r\nHost: other.example\r\n\r\n");
  ASSERT_TRUE(connect) << connect.error().message;
  EXPECT_TRUE(connect->is_connect);
  EXPECT_EQ(connect->url.origin(), "api.example.com:443");
  const auto get = parse_proxy_head(
      "GET http://a.example/x?y HTTP/1.1\r\nHost: b.example\r\nAccept: */*\r\nConnection: close, "
      "X-Mine\r\nX-Mine: 1\r\n"
      "Proxy-Authorization: x\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(get) << get.error().message;
  EXPECT_EQ(get->url.text(), "http://a.example/x?y");
  EXPECT_EQ(get->body_bytes, 3u);
  ASSERT_EQ(get->headers.all().size(), 1u);
  EXPECT_EQ(get->headers.all()[0].first, "Accept");
}

TEST(ProxyHead, RefusesWhatCouldBeReadInTwoWays) {
  using namespace std::string_view_literals;
  for (const std::string_view bad :
       {""sv,
        "\r\n\r\n"sv,
        "GET http://a.example/ HTTP/1.1\n\n"sv,
        "GET http://a.example/ HTTP/1.1\r\nA: b\n\r\n\r\n"sv,
        "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"sv,
        "GET  http://a.example/ HTTP/1.1\r\n\r\n"sv,
        "GET http://a.example/ HTTP/2\r\n\r\n"sv,
        "GET https://a.example/ HTTP/1.1\r\n\r\n"sv,
        "GET http://a.example/\0 HTTP/1.1\r\n\r\n"sv,
        "CONNECT a.example HTTP/1.1\r\n\r\n"sv,
        "CONNECT a.example:443/ HTTP/1.1\r\n\r\n"sv,
        "CONNECT u@a.example:443 HTTP/1.1\r\n\r\n"sv,
        "CONNECT a.example\0.b:443 HTTP/1.1\r\n\r\n"sv,
        "CONNECT a.example%00:443 HTTP/1.1\r\n\r\n"sv,
        "CONNECT http://a.example:443 HTTP/1.1\r\n\r\n"sv,
        "CONNECT *.a.example:443 HTTP/1.1\r\n\r\n"sv,
        "CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 1\r\n\r\n"sv,
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"sv,
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n"sv,
        "POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
        "GET http://a.example/ HTTP/1.1\r\nA : b\r\n\r\n"sv,
        "GET http://a.example/ HTTP/1.1\r\n b\r\n\r\n"sv,
        "GET http://a.example/ HTTP/1.1\r\nA: b\r\n\r\nGET http://b.example/ HTTP/1.1\r\n\r\n"sv})
    EXPECT_FALSE(parse_proxy_head(bad)) << bad;
}

// PRYX_PROXY_FUZZ sets the number of heads; the campaign runs a million.
TEST(ProxyHead, NoSpellingPassesForAnotherHost) {
  using namespace std::string_literals;
  const char* wanted = std::getenv("PRYX_PROXY_FUZZ");
  const int count = wanted == nullptr ? 50'000 : std::atoi(wanted);
  std::mt19937_64 random(20261121);
  const auto rules = HostRules::parse({{"allowed.test:443", "*.wild.test:443"}});
  ASSERT_TRUE(rules);
  const std::vector<std::string> parts = {"allowed.test",
                                          "a.wild.test",
                                          "evil.test",
                                          ".",
                                          "..",
                                          "\0"s,
                                          "\r",
                                          "\n",
                                          "\r\n",
                                          "%00",
                                          "%2e",
                                          "%0d%0a",
                                          " ",
                                          "\t",
                                          "@",
                                          ":",
                                          "#",
                                          "?",
                                          "/",
                                          "\\",
                                          "*",
                                          "*.",
                                          "[",
                                          "]",
                                          "127.0.0.1",
                                          "[::1]",
                                          "xn--",
                                          "\xC3\xBC",
                                          "\xE3\x80\x82",
                                          "\xEF\xBC\x8E",
                                          std::string(64, 'a'),
                                          std::string(260, 'b'),
                                          ":443",
                                          ":0443",
                                          "A",
                                          "-",
                                          "_",
                                          "0x7f.1"};
  int permitted = 0;
  for (int i = 0; i < count; ++i) {
    std::string host = random() % 2 == 0 ? "allowed.test" : "a.wild.test";
    for (auto changes = random() % 3; changes > 0; --changes) {
      const std::string& part = parts[random() % parts.size()];
      const std::size_t at = random() % (host.size() + 1);
      if (random() % 4 == 0 && !host.empty()) {
        const std::size_t where = random() % host.size();
        host[where] = static_cast<char>(random() % 3 == 0 ? random() % 256
                                                          : static_cast<unsigned char>(host[where]) ^ 0x20U);
      } else {
        host.insert(at, part);
      }
    }
    const auto head = parse_proxy_head("CONNECT " + host + ":443 HTTP/1.1\r\nHost: allowed.test\r\n\r\n");
    if (!head || !rules->permits(head->url.host, head->url.port)) continue;
    ++permitted;
    // What is resolved is this string, so it must be one of the names that were meant, to the byte.
    const std::string& name = head->url.host.name;
    const bool is_exact = name == "allowed.test";
    const bool is_below =
        name.ends_with(".wild.test") &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos;
    ASSERT_TRUE(is_exact || is_below) << host;
    // And nothing of the spelling is silently dropped but case and one trailing dot.
    std::string plain = host;
    if (plain.ends_with(":443")) plain.resize(plain.size() - 4);
    if (plain.ends_with('.')) plain.pop_back();
    ASSERT_EQ(name.size(), plain.size()) << host;
  }
  EXPECT_GT(permitted, count / 20);
}

std::vector<std::string> all_local(const std::string&, int) { return {"127.0.0.1"}; }

TEST(Proxy, TunnelsAndForwardsToWhatIsAllowed) {
  const Trap server("127.0.0.1");
  Rig rig;
  auto proxy = rig.open_proxy({fmt::format("127.0.0.1:{}", server.port())});
  ASSERT_TRUE(proxy) << proxy.error().message;
  const std::string tunnel =
      talk((*proxy)->path(),
           fmt::format("CONNECT 127.0.0.1:{} HTTP/1.1\r\n\r\nGET /t HTTP/1.1\r\n\r\n", server.port()), true);
  EXPECT_TRUE(tunnel.starts_with("HTTP/1.1 200 ")) << tunnel;
  EXPECT_TRUE(tunnel.ends_with("\r\n\r\nok")) << tunnel;
  const std::string plain = talk(
      (*proxy)->path(),
      fmt::format(
          "POST http://127.0.0.1:{}/f HTTP/1.1\r\nHost: evil.test\r\nX-A: b\r\nContent-Length: 4\r\n\r\nbody",
          server.port()));
  EXPECT_TRUE(plain.starts_with("HTTP/1.1 200 OK\r\n")) << plain;
  EXPECT_TRUE(plain.ends_with("\r\n\r\nok")) << plain;
  const std::string head = server.heads().back();
  EXPECT_TRUE(head.starts_with("POST /f HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())), std::string::npos) << head;
  EXPECT_EQ(head.find("evil.test"), std::string::npos);
  EXPECT_NE(head.find("X-A: b"), std::string::npos);
  rig.close_proxy(*proxy);
  const auto records = rig.records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].method, "CONNECT");
  EXPECT_EQ(records[0].peer, "127.0.0.1");
  EXPECT_EQ(records[1].status, 200);
}

TEST(Proxy, RefusesEverythingElse) {
  const Trap trap("127.0.0.1");
  ScriptedDns dns(&all_local);
  Rig rig({.dns_servers = dns.server(), .rates = {{1e9, 1e9}, {1e9, 1e9}}});
  auto proxy = rig.open_proxy({fmt::format("allowed.test:{}", trap.port()), "example.com"});
  ASSERT_TRUE(proxy);
  const std::string path = (*proxy)->path();
  const std::string port = std::to_string(trap.port());
  for (const std::string& line :
       {"CONNECT 127.0.0.1:" + port, "CONNECT localhost:" + port, "CONNECT evil.test:" + port,
        "CONNECT allowed.test.evil.test:" + port, "CONNECT [::ffff:127.0.0.1]:" + port,
        "GET http://127.0.0.1:" + port + "/", "GET http://evil.test:" + port + "/"})
    EXPECT_TRUE(talk(path, line + " HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 ")) << line;
  // On the list, but its name points inside.
  EXPECT_TRUE(talk(path, "CONNECT allowed.test:" + port + " HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(
      talk(path, "GET http://allowed.test:" + port + "/ HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(talk(path, std::string_view("\x05\x01\x00\r\n\r\n", 7)).starts_with("HTTP/1.1 400 "));  // SOCKS
  EXPECT_EQ(trap.connections(), 0);
  // Only the one allowed name was ever asked for.
  EXPECT_EQ(dns.names(), std::set<std::string>{"allowed.test"});
}

TEST(Proxy, ControlWithoutThePeerCheckTheTunnelOpens) {
  const Trap trap("127.0.0.1");
  ScriptedDns dns(&all_local);
  Rig rig({.dns_servers = dns.server(), .is_public = [](const net::IpAddress&) { return true; }});
  auto proxy = rig.open_proxy({fmt::format("allowed.test:{}", trap.port())});
  ASSERT_TRUE(proxy);
  const std::string answer =
      talk((*proxy)->path(),
           fmt::format("CONNECT allowed.test:{} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", trap.port()), true);
  EXPECT_TRUE(answer.ends_with("ok")) << answer;
  EXPECT_EQ(trap.connections(), 1);
}

TEST(Proxy, BytesAreBoundedAndTheHandleEndsAll) {
  const Trap server("127.0.0.1", 0, [](const std::string&) { return std::string(200'000, 'x'); });
  Rig rig;
  Limits limits;
  limits.response_bytes = 150'000;
  auto proxy = rig.open_proxy({fmt::format("127.0.0.1:{}", server.port())}, limits);
  ASSERT_TRUE(proxy);
  const std::string path = (*proxy)->path();
  const std::string answer = talk(
      path, fmt::format("CONNECT 127.0.0.1:{} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", server.port()), true);
  EXPECT_LE(answer.size(), 150'100u);
  // A client that is connected and silent is ended by the handle, and the socket is gone.
  auto ended = std::async(std::launch::async, [&] { return talk(path, "CONNECT "); });
  rig.close_proxy(*proxy);
  ended.get();
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  EXPECT_EQ(talk(path, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n"), "");
  // The client heard the end before the record did.
  for (int i = 0; i < 500 && rig.records().at(0).state == "open"; ++i) ::poll(nullptr, 0, 10);
  EXPECT_EQ(rig.records().at(0).state, "failed");
}

// A client that says the rest of its request later.
class SlowClient {
 public:
  explicit SlowClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{10, 0};  // a test that fails does not hang
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    is_connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~SlowClient() { ::close(fd_); }
  SlowClient(const SlowClient&) = delete;
  SlowClient& operator=(const SlowClient&) = delete;
  [[nodiscard]] bool send(std::string_view bytes) const {
    return is_connected_ &&
           ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  void read_to_the_end() const {
    char buffer[4096];
    while (::recv(fd_, buffer, sizeof buffer, 0) > 0) {
    }
  }

 private:
  int fd_;
  bool is_connected_ = false;
};

std::string post_head(const Trap& server, std::size_t body_bytes) {
  return fmt::format("POST http://127.0.0.1:{}/ HTTP/1.1\r\nContent-Length: {}\r\n\r\n", server.port(),
                     body_bytes);
}

// What is on record waits for its body.
void wait_for_a_record(Rig& rig) {
  for (int i = 0; i < 500 && rig.records().empty(); ++i) ::poll(nullptr, 0, 10);
}

TEST(Proxy, ABodyIsCountedBeforeItIsRead) {
  const Trap server("127.0.0.1");
  Rig rig;
  auto proxy = rig.open_proxy({fmt::format("127.0.0.1:{}", server.port())}, Limits{.request_bytes = 10'000});
  ASSERT_TRUE(proxy) << proxy.error().message;
  const std::string path = (*proxy)->path();
  const std::string body(6000, 'b');
  const SlowClient first(path);
  ASSERT_TRUE(first.send(post_head(server, body.size())));
  wait_for_a_record(rig);
  const std::string second = talk(path, post_head(server, body.size()) + body);
  EXPECT_TRUE(second.starts_with("HTTP/1.1 502 ")) << second;
  EXPECT_NE(second.find("the byte limit"), std::string::npos) << second;
  EXPECT_TRUE(first.send(body));
  first.read_to_the_end();
  EXPECT_EQ(server.connections(), 1);
  // What is left can be used, once.
  const std::string rest = post_head(server, 3000) + std::string(3000, 'c');
  (void)talk(path, rest);
  EXPECT_EQ(server.connections(), 2);
  EXPECT_TRUE(talk(path, rest).starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(server.connections(), 2);
  rig.close_proxy(*proxy);
}

TEST(Proxy, ABodyAndATunnelShareTheLimit) {
  const Trap server("127.0.0.1");
  Rig rig;
  auto proxy = rig.open_proxy({fmt::format("127.0.0.1:{}", server.port())}, Limits{.request_bytes = 10'000});
  ASSERT_TRUE(proxy) << proxy.error().message;
  const std::string path = (*proxy)->path();
  const std::string body(9000, 'b');
  const SlowClient plain(path);
  ASSERT_TRUE(plain.send(post_head(server, body.size())));
  wait_for_a_record(rig);
  const std::string connect = fmt::format("CONNECT 127.0.0.1:{} HTTP/1.1\r\n\r\n", server.port());
  const std::string large = connect + "GET /t HTTP/1.1\r\nX-Fill: " + std::string(3000, 'f') + "\r\n\r\n";
  EXPECT_FALSE(talk(path, large, true).ends_with("ok")) << "the body has that part of the limit";
  EXPECT_TRUE(plain.send(body));
  plain.read_to_the_end();
  EXPECT_FALSE(talk(path, large, true).ends_with("ok")) << "a limit that is used up stays one";
  // Control: what is within it passes.
  EXPECT_TRUE(talk(path, connect + "GET /t HTTP/1.1\r\n\r\n", true).ends_with("ok"));
  const auto heads = server.heads();
  EXPECT_TRUE(std::ranges::any_of(heads, [](const std::string& h) { return h.starts_with("POST /"); }));
  rig.close_proxy(*proxy);
}

TEST(Proxy, HeadsCountToo) {
  const Trap server("127.0.0.1");
  Rig rig;
  auto proxy = rig.open_proxy({fmt::format("127.0.0.1:{}", server.port())}, Limits{.request_bytes = 10'000});
  ASSERT_TRUE(proxy) << proxy.error().message;
  const std::string get = fmt::format("GET http://127.0.0.1:{}/ HTTP/1.1\r\nX-Fill: {}\r\n\r\n",
                                      server.port(), std::string(4000, 'f'));
  EXPECT_TRUE(talk((*proxy)->path(), get).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(talk((*proxy)->path(), get).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(talk((*proxy)->path(), get).starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(rig.records().at(0).bytes_out, static_cast<std::int64_t>(get.size()));
  rig.close_proxy(*proxy);
}

TEST(Proxy, OneBodyHasWhatAFetchMaySendAtMost) {
  const Trap server("127.0.0.1");
  Rig rig;
  auto proxy = rig.open_proxy({fmt::format("127.0.0.1:{}", server.port())},
                              Limits{.request_bytes = 64U << 20, .time = std::chrono::seconds(5)});
  ASSERT_TRUE(proxy) << proxy.error().message;
  const std::string answer = talk((*proxy)->path(), post_head(server, (8U << 20) + 1));
  EXPECT_NE(answer.find("8388608 bytes at most"), std::string::npos) << answer;
  EXPECT_EQ(server.connections(), 0);
  rig.close_proxy(*proxy);
}

}  // namespace
}  // namespace pryx::egress
