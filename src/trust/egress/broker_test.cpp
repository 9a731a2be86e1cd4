// SPDX-License-Identifier: MIT
// Who is reached through fetch(): addresses in every disguise, redirects, names that change their mind. Each
// proof has its control: with the peer check off, the traps are reached.
#include "trust/egress/broker.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "trust/egress/testing/rig.h"

namespace pryx::egress {
namespace {

using testing::Rig;
using testing::ScriptedDns;
using testing::Trap;

constexpr int kRebinds = 1000;

RateLimits no_rates() { return {{1e9, 1e9}, {1e9, 1e9}}; }
bool everything(const net::IpAddress&) { return true; }

std::string number(std::string_view prefix, unsigned long value, bool hex, bool octal) {
  char text[64];
  std::snprintf(text, sizeof text, hex ? "0x%lx" : octal ? "0%lo" : "%lu", value);
  return std::string(prefix) + text;
}

// Every way of writing an IPv4 address that some library takes.
std::vector<std::string> disguises(unsigned a, unsigned b, unsigned c, unsigned d) {
  const unsigned long whole = (a << 24UL) | (b << 16UL) | (c << 8UL) | d;
  std::vector<std::string> out;
  const std::string plain = fmt::format("{}.{}.{}.{}", a, b, c, d);
  out.push_back(plain);
  out.push_back(plain + ".");
  for (const auto [hex, octal] : {std::pair(false, false), std::pair(true, false), std::pair(false, true)}) {
    out.push_back(number("", whole, hex, octal));
    out.push_back(number("", a, hex, octal) + number(".", whole & 0xFFFFFF, hex, octal));
    out.push_back(number("", a, hex, octal) + number(".", b, hex, octal) +
                  number(".", whole & 0xFFFF, hex, octal));
    out.push_back(number("", a, hex, octal) + number(".", b, false, octal) + number(".", c, hex, octal) +
                  number(".", d, hex, octal));
    out.push_back(number("", a, hex, octal) + fmt::format(".{}.{}.{}", b, c, d));
  }
  out.push_back(fmt::format("{}", whole + 0x100000000UL));  // overflow
  out.push_back(fmt::format("{}.{}.{}.{}", a + 256, b, c, d));
  out.push_back(fmt::format("{:03}.{:03}.{:03}.{:03}", a, b, c, d));
  out.push_back(fmt::format("[::ffff:{}]", plain));
  out.push_back(fmt::format("[::{}]", plain));
  out.push_back(fmt::format("[0:0:0:0:0:ffff:{:x}:{:x}]", (a << 8) | b, (c << 8) | d));
  out.push_back(fmt::format("[64:ff9b::{:x}:{:x}]", (a << 8) | b, (c << 8) | d));
  out.push_back(fmt::format("[2002:{:x}:{:x}::]", (a << 8) | b, (c << 8) | d));
  out.push_back(fmt::format("[::ffff:0:{}]", plain));
  std::string wide, ideographic = plain, escaped;
  for (const char ch : plain)
    wide += ch == '.' ? "." : std::string("\xEF\xBC") + static_cast<char>(0x90 + ch - '0');
  for (std::size_t at = 0; (at = ideographic.find('.', at)) != std::string::npos; at += 3)
    ideographic.replace(at, 1, "\xE3\x80\x82");
  for (const char ch : plain) escaped += fmt::format("%{:02x}", static_cast<unsigned char>(ch));
  out.push_back(wide);
  out.push_back(ideographic);
  out.push_back(escaped);
  return out;
}

// URLs that try to end at `port` of this machine.
std::vector<std::string> hostile_urls(std::uint16_t port) {
  std::vector<std::string> out;
  std::vector<std::string> hosts;
  for (const auto& [a, b, c, d] : {std::tuple(127U, 0U, 0U, 1U), std::tuple(127U, 0U, 0U, 2U),
                                   std::tuple(0U, 0U, 0U, 0U), std::tuple(169U, 254U, 169U, 254U)}) {
    for (std::string& host : disguises(a, b, c, d)) hosts.push_back(std::move(host));
  }
  for (const char* host :
       {"localhost", "LOCALHOST", "localhost.", "a.localhost", "[::1]", "[::]", "[0000::1]", "[::1%25lo]",
        "[fe80::1]", "ip6-localhost", "0", "0x0", "private.allowed.test", "private.allowed.test.",
        "PRIVATE.allowed.TEST", "public.test", "public.test."})
    hosts.emplace_back(host);
  for (const std::string& host : hosts) {
    out.push_back(fmt::format("http://{}:{}/", host, port));
    out.push_back(fmt::format("http://public.test@{}:{}/", host, port));
    out.push_back(fmt::format("http://{}:{}\\@public.test:{}/", host, port, port));
  }
  for (const char* form : {"http://public.test:{0}@127.0.0.1:{0}/",
                           "http://public.test:{0}#@127.0.0.1:{0}/",
                           "http://127.0.0.1:{0}#public.test",
                           "http://127.0.0.1:{0}?public.test",
                           "http:127.0.0.1:{0}/",
                           "http:/127.0.0.1:{0}/",
                           "http:///127.0.0.1:{0}/",
                           "http:\\\\127.0.0.1:{0}\\",
                           "HTTP://127.0.0.1:{0}/",
                           " http://127.0.0.1:{0}/",
                           "http://127.0.0.1 :{0}/",
                           "http://127.0.0.1\t:{0}/",
                           "http://127.0.0.1\r\n:{0}/",
                           "http://public.test\r\nHost: a:{0}/",
                           "//127.0.0.1:{0}/",
                           "file:///etc/passwd",
                           "file://127.0.0.1:{0}/",
                           "gopher://127.0.0.1:{0}/_a",
                           "dict://127.0.0.1:{0}/a",
                           "ftp://127.0.0.1:{0}/",
                           "ldap://127.0.0.1:{0}/",
                           "unix:///run/x.sock",
                           "http+unix://%2Frun%2Fx.sock/",
                           "data:text/plain,a",
                           "javascript:alert(1)",
                           "ws://127.0.0.1:{0}/",
                           "http://127.0.0.1:{0}:80/",
                           "http://127.0.0.1:0{0}/",
                           "http://127.0.0.1:+{0}/",
                           "http://127.0.0.1.:{0}/",
                           "http://127.0.0.1..:{0}/",
                           "http://*.allowed.test:{0}/",
                           "http://.allowed.test:{0}/",
                           "http://allowed.test:{0}/",
                           "http://xallowed.test:{0}/",
                           "http://a.allowed.test.evil.test:{0}/",
                           "https://127.0.0.1:{0}/"})
    out.push_back(fmt::format(fmt::runtime(form), port));
  out.push_back(std::string("http://public.test\0.evil.test/", 30));
  out.push_back("http://" + std::string(300, 'a') + ".allowed.test/");
  return out;
}

const std::vector<std::string>& public_list(std::uint16_t port) {
  static std::vector<std::string> list;
  list = {fmt::format("public.test:{}", port), fmt::format("*.allowed.test:{}", port)};
  return list;
}

// All names point inside: what an attacker's DNS says.
std::vector<std::string> inside(const std::string&, int question) {
  return question % 2 == 0 ? std::vector<std::string>{"127.0.0.1"}
                           : std::vector<std::string>{"127.0.0.2", "127.0.0.1"};
}

struct Traps {
  Traps() : one("127.0.0.1"), two("127.0.0.2", one.port()), six("::1", one.port()) {}
  [[nodiscard]] int connections() const { return one.connections() + two.connections() + six.connections(); }
  Trap one, two, six;
};

TEST(Broker, NoDisguiseReachesAForbiddenPeer) {
  const Traps traps;
  const std::vector<std::string> urls = hostile_urls(traps.one.port());
  ASSERT_GE(urls.size(), 300u);
  ScriptedDns dns(&inside);
  Rig rig({.dns_servers = dns.server(), .rates = no_rates()});
  for (const std::string& url : urls) {
    const auto answer = rig.get(url, public_list(traps.one.port()));
    EXPECT_FALSE(answer) << url << " was answered with " << answer->status;
  }
  EXPECT_EQ(traps.connections(), 0);
  for (const RequestRecord& record : rig.records()) EXPECT_EQ(record.peer, "") << record.host;
}

// The same corpus, the check of the connected peer switched off.
TEST(Broker, ControlWithoutThePeerCheckTheTrapIsReached) {
  const Traps traps;
  ScriptedDns dns(&inside);
  Rig rig({.dns_servers = dns.server(), .rates = no_rates(), .is_public = &everything});
  for (const std::string& url : hostile_urls(traps.one.port()))
    (void)rig.get(url, public_list(traps.one.port()));
  EXPECT_GT(traps.connections(), 0);
}

TEST(Broker, RebindingBetweenCheckAndConnectIsNeverReached) {
  const Trap trap("127.0.0.1");
  const Trap good("127.0.0.2", trap.port());
  const auto good_only = [](const net::IpAddress& a) { return a == *net::parse_ip("127.0.0.2"); };
  const auto turn = [](const std::string&, int question) -> std::vector<std::string> {
    if (question % 3 == 2) return {"127.0.0.1", "127.0.0.2"};
    return {question % 3 == 0 ? "127.0.0.2" : "127.0.0.1"};
  };
  ScriptedDns dns(turn);
  Rig rig({.dns_servers = dns.server(), .rates = no_rates(), .is_public = good_only});
  const std::string url = fmt::format("http://rebind.test:{}/", trap.port());
  int answered = 0;
  for (int i = 0; i < kRebinds; ++i) {
    const auto answer = rig.get(url, {fmt::format("rebind.test:{}", trap.port())});
    if (answer) ++answered;
  }
  EXPECT_EQ(trap.connections(), 0);
  EXPECT_GT(answered, kRebinds / 3);
  EXPECT_EQ(good.connections(), answered);
  for (const RequestRecord& record : rig.records())
    EXPECT_TRUE(record.peer.empty() || record.peer == "127.0.0.2");
}

TEST(Broker, ControlWithoutThePeerCheckRebindingWorks) {
  const Trap trap("127.0.0.1");
  ScriptedDns dns([](const std::string&, int) -> std::vector<std::string> { return {"127.0.0.1"}; });
  Rig rig({.dns_servers = dns.server(), .rates = no_rates(), .is_public = &everything});
  const auto answer = rig.get(fmt::format("http://rebind.test:{}/", trap.port()),
                              {fmt::format("rebind.test:{}", trap.port())});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->hops.at(0).is_near) << "it is asked of the same rule";
  EXPECT_EQ(trap.connections(), 1);
}

TEST(Broker, AnAddressThatIsNamedIsReached) {
  const Trap server("127.0.0.1");
  Rig rig;
  const auto answer = rig.get(fmt::format("http://127.0.0.1:{}/a?b", server.port()),
                              {fmt::format("127.0.0.1:{}", server.port())});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok");
  ASSERT_EQ(answer->hops.size(), 1u);
  EXPECT_EQ(answer->hops[0].peer, "127.0.0.1");
  EXPECT_TRUE(answer->hops[0].is_near);
  EXPECT_TRUE(rig.get(fmt::format("http://localhost:{}/", server.port()),
                      {fmt::format("localhost:{}", server.port())}));
  // Another port of it is another place.
  EXPECT_FALSE(rig.get(fmt::format("http://127.0.0.1:{}/", server.port()), {"127.0.0.1"}));
  EXPECT_FALSE(rig.get(fmt::format("http://127.0.0.2:{}/", server.port()),
                       {fmt::format("127.0.0.1:{}", server.port())}));
  EXPECT_EQ(server.connections(), 2);
}

TEST(Broker, PryxsOwnPortIsNeverReached) {
  const Trap server("127.0.0.1");
  Rig rig({.is_own_service = [port = server.port()](const net::IpAddress& a, std::uint16_t to) {
    return to == port && !net::is_public(a);
  }});
  const auto answer = rig.get(fmt::format("http://127.0.0.1:{}/", server.port()),
                              {fmt::format("127.0.0.1:{}", server.port())});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kDenied);
  EXPECT_EQ(server.connections(), 0);
}

TEST(Broker, NoRedirectReachesAForbiddenPeer) {
  const Traps traps;
  ScriptedDns dns(&inside);
  std::atomic<int> next = 0;
  std::vector<std::string> targets = hostile_urls(traps.one.port());
  std::erase_if(targets, [](const std::string& t) {
    return t.find_first_of("\r\n") != std::string::npos || t.find('\0') != std::string::npos;
  });
  targets.push_back(fmt::format("//127.0.0.2:{}/", traps.one.port()));
  constexpr int kCodes[] = {301, 302, 303, 307, 308};
  const Trap server("127.0.0.1", 0, [&](const std::string&) {
    const int at = next++;
    return fmt::format("HTTP/1.1 {} Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", kCodes[at % 5],
                       targets[static_cast<std::size_t>(at)]);
  });
  Rig rig({.dns_servers = dns.server(), .rates = no_rates()});
  std::vector<std::string> allowed = public_list(traps.one.port());
  allowed.push_back(fmt::format("127.0.0.1:{}", server.port()));
  int refused = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto answer = rig.get(fmt::format("http://127.0.0.1:{}/", server.port()), allowed);
    if (answer && !answer->refused_redirect.empty()) ++refused;
  }
  EXPECT_EQ(traps.connections(), 0);
  EXPECT_EQ(server.connections(), static_cast<int>(targets.size()));
  EXPECT_GE(refused, 300);
}

TEST(Broker, RedirectsKeepToTheRules) {
  const Trap target("127.0.0.2");
  const Trap server("127.0.0.1", 0, [&](const std::string& head) {
    const std::string code = head.substr(head.find("/") + 1, 3);
    return fmt::format(
        "HTTP/1.1 {} Moved\r\nLocation: http://127.0.0.2:{}/there\r\nContent-Length: 0\r\n\r\n", code,
        target.port());
  });
  Rig rig;
  const auto post = [&](int code) {
    FetchRequest request;
    request.method = "POST";
    request.url = fmt::format("http://127.0.0.1:{}/{}", server.port(), code);
    request.headers.add("Authorization", "Bearer hush");
    request.headers.add("X-Api-Key", "hush");
    request.headers.add("Content-Type", "text/plain");
    request.headers.add("Accept", "text/plain");
    request.body = "body";
    request.allowed.entries = {fmt::format("127.0.0.1:{}", server.port()),
                               fmt::format("127.0.0.2:{}", target.port())};
    return rig.fetch(std::move(request));
  };
  for (const int code : {301, 302, 303, 307, 308}) {
    const auto answer = post(code);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->hops.size(), 2u);
    const std::string head = target.heads().back();
    const bool stays = code == 307 || code == 308;
    EXPECT_EQ(head.starts_with("POST /there"), stays) << head;
    EXPECT_EQ(head.find("hush"), std::string::npos) << "credentials went to another host";
    EXPECT_NE(head.find("Accept: text/plain"), std::string::npos);
    EXPECT_EQ(head.find("Content-Type") != std::string::npos, stays);
  }
}

TEST(Broker, BoundsAndRefusals) {
  const Trap server("127.0.0.1", 0,
                    [](const std::string&) { return "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'); });
  Rig rig({.rates = {{3, 0.001}, {100, 1}}});
  const std::string url = fmt::format("http://127.0.0.1:{}/", server.port());
  FetchRequest request;
  request.url = url;
  request.allowed.entries = {fmt::format("127.0.0.1:{}", server.port())};
  request.limits.response_bytes = 1000;
  const auto cut = rig.fetch(request);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_TRUE(cut->truncated);
  EXPECT_EQ(cut->body.size(), 1000u);
  FetchRequest large = request;
  large.method = "POST";
  large.body.assign(100, 'b');
  large.limits.request_bytes = 99;
  EXPECT_EQ(rig.fetch(large).error().code, ErrorCode::kTooLarge);
  for (const char* name :
       {"Host", "content-length", "Transfer-Encoding", "Connection", "Proxy-Authorization"}) {
    FetchRequest bad = request;
    bad.headers.add(name, "x");
    EXPECT_EQ(rig.fetch(bad).error().code, ErrorCode::kInvalidArgument) << name;
  }
  FetchRequest split = request;
  split.headers.add("X-A", "b\r\nX-C: d");
  EXPECT_EQ(rig.fetch(split).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(rig.fetch(request));
  const auto late = rig.fetch(request);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kOverloaded);
  EXPECT_GT(late.error().retry_after_ms, 0);
}

FetchRequest post_to(const Trap& server) {
  FetchRequest request;
  request.method = "POST";
  request.url = fmt::format("http://127.0.0.1:{}/", server.port());
  request.allowed.entries = {fmt::format("127.0.0.1:{}", server.port())};
  request.limits.time = std::chrono::seconds(20);
  return request;
}

std::string redirect_to(const std::string& place) {
  return fmt::format("HTTP/1.1 307 Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", place);
}

// The first server did what it was asked for: to say that nothing was sent would have it asked again.
TEST(Broker, WhatAnsweredBeforeStaysTheAnswerWhateverRefusesTheNextHop) {
  const Trap server("127.0.0.1", 0, [](const std::string&) { return redirect_to("/there"); });
  Rig limited({.rates = {{1, 0.001}, {100, 1}}});
  const auto answer = limited.fetch(post_to(server));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(answer->hops.size(), 1u);
  EXPECT_NE(answer->refused_redirect.find("too many requests"), std::string::npos)
      << answer->refused_redirect;
  EXPECT_EQ(server.connections(), 1);
  // Control: what is refused before anything was sent is an error, and says so.
  const auto refused = limited.fetch(post_to(server));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_TRUE(says_nothing_was_sent(refused.error().code));
  EXPECT_EQ(server.connections(), 1);
}

TEST(Broker, SoItDoesWhenTheNextHopCannotBeRecordedOrResolved) {
  Rig broken({.rates = no_rates()});
  const Trap breaks("127.0.0.1", 0, [&broken](const std::string&) {
    broken.break_log();
    return redirect_to("/there");
  });
  const auto unrecorded = broken.fetch(post_to(breaks));
  ASSERT_TRUE(unrecorded) << unrecorded.error().message;
  EXPECT_EQ(unrecorded->status, 307);
  EXPECT_EQ(breaks.connections(), 1) << "the second request would not be on record";
  // A name that leads to a private address is refused when it was resolved.
  const Trap elsewhere("127.0.0.1", 0,
                       [](const std::string&) { return redirect_to("http://private.test/"); });
  ScriptedDns dns(&inside);
  Rig rig({.dns_servers = dns.server(), .rates = no_rates()});
  FetchRequest far = post_to(elsewhere);
  far.allowed.entries.emplace_back("private.test");
  const auto unresolved = rig.fetch(far);
  ASSERT_TRUE(unresolved) << unresolved.error().message;
  EXPECT_EQ(unresolved->status, 307);
}

TEST(Broker, ARequestThatArrivedIsNotCalledUnsent) {
  const Trap server("127.0.0.1", 0, [](const std::string&) {
    std::string head = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 70; ++i) head += "X-Fill: " + std::string(1000, 'x') + "\r\n";
    return head + "Content-Length: 2\r\n\r\nok";
  });
  Rig rig({.rates = no_rates()});
  const auto answer = rig.fetch(post_to(server));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("response head"), std::string::npos) << answer.error().message;
  EXPECT_FALSE(says_nothing_was_sent(answer.error().code)) << answer.error().message;
  ASSERT_EQ(server.connections(), 1);
  EXPECT_TRUE(server.heads().back().starts_with("POST /"));
}

// One address gets no descriptor, the other one gets the request and never answers.
TEST(Broker, AnAddressWithoutASocketSaysNothingOfTheOther) {
  const Trap one("127.0.0.1", 0, [](const std::string&) { return ""; });
  const Trap two("127.0.0.2", one.port(), [](const std::string&) { return ""; });
  ScriptedDns dns([](const std::string&, int) { return std::vector<std::string>{"127.0.0.1", "127.0.0.2"}; });
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  std::atomic<int> asked = 0;
  // Asked once for each address when the name is resolved, then for each one that is to get a socket.
  const auto starve_the_first = [&](const net::IpAddress&) {
    rlimit now = usual;
    if (++asked == 3) now.rlim_cur = 3;
    ::setrlimit(RLIMIT_NOFILE, &now);
    return true;
  };
  Rig rig({.dns_servers = dns.server(), .rates = no_rates(), .is_public = starve_the_first});
  FetchRequest request = post_to(one);
  request.url = fmt::format("http://both.test:{}/", one.port());
  request.allowed.entries = {fmt::format("both.test:{}", one.port())};
  const auto answer = rig.fetch(request);
  ::setrlimit(RLIMIT_NOFILE, &usual);
  ASSERT_FALSE(answer);
  EXPECT_GE(asked, 4) << "the premise: two addresses were tried";
  EXPECT_EQ(one.connections() + two.connections(), 1);
  EXPECT_FALSE(says_nothing_was_sent(answer.error().code)) << answer.error().message;
}

// A row for the first of them; a flood of refusals is no flood of commits.
TEST(Broker, WhatARateLimitRefusesIsOnRecordOnce) {
  const Trap server("127.0.0.1");
  Rig rig({.rates = {{1, 0.001}, {100, 1}}});
  ASSERT_TRUE(rig.fetch(post_to(server)));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(rig.fetch(post_to(server)));
  const auto records = rig.records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].state, "done");
  EXPECT_EQ(records[1].state, "denied");
  EXPECT_EQ(records[1].reason, "too many requests");
  EXPECT_EQ(records[1].host, "127.0.0.1");
}

TEST(Broker, NothingIsSentThatCannotBeRecorded) {
  const Trap server("127.0.0.1");
  Rig rig;
  rig.break_log();
  const auto answer = rig.get(fmt::format("http://127.0.0.1:{}/", server.port()),
                              {fmt::format("127.0.0.1:{}", server.port())});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kStorage);
  EXPECT_EQ(server.connections(), 0);
}

TEST(Broker, TheRecordSaysWhoAndWhereAndNothingElse) {
  const Trap server("127.0.0.1");
  Rig rig;
  ASSERT_TRUE(rig.get(fmt::format("http://127.0.0.1:{}/path?token=hush", server.port()),
                      {fmt::format("127.0.0.1:{}", server.port())}));
  (void)rig.get("http://elsewhere.test/", {"example.com"});
  const auto records = rig.records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].state, "done");
  EXPECT_EQ(records[0].status, 200);
  EXPECT_EQ(records[0].peer, "127.0.0.1");
  EXPECT_EQ(records[0].tool, "test.tool");
  EXPECT_EQ(records[0].bytes_in, 2);
  EXPECT_EQ(records[1].state, "denied");
  EXPECT_EQ(records[1].host, "elsewhere.test");
}

}  // namespace
}  // namespace pryx::egress
