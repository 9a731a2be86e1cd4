// SPDX-License-Identifier: MIT
// Host x Origin x credential x CSRF over every route of the table, against an oracle that is written down
// here a second time: every cell must get its verdict, and none by luck.
#include <gtest/gtest.h>

#include "surfaces/server/route.h"
#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::ApiFixture;

enum class Host : std::uint8_t { kGood, kPublic, kOther, kNoPort, kMissing };
// kOtherScheme: of this very Host, and so a page in clear of the public one. kOtherOwn: that of the other of
// our two Hosts.
enum class Origin : std::uint8_t { kNone, kSame, kForeign, kNull, kOtherPort, kOtherScheme, kOtherOwn };
enum class Proof : std::uint8_t {
  kOwnerSocket,
  kOtherSocket,
  kNone,
  kRead,
  kChat,
  kApprove,
  kAdmin,
  kWrongToken,
  kRevoked,
  kExpired,
  kBasic,
  kCookie,
  kWrongCookie
};
enum class Csrf : std::uint8_t { kNone, kGood, kWrong };

constexpr std::string_view kPublicHost = "pryx.example.net";
constexpr Host kHosts[] = {Host::kGood, Host::kPublic, Host::kOther, Host::kNoPort, Host::kMissing};
constexpr Origin kOrigins[] = {Origin::kNone,      Origin::kSame,        Origin::kForeign, Origin::kNull,
                               Origin::kOtherPort, Origin::kOtherScheme, Origin::kOtherOwn};
constexpr Proof kProofs[] = {Proof::kOwnerSocket, Proof::kOtherSocket, Proof::kNone,  Proof::kRead,
                             Proof::kChat,        Proof::kApprove,     Proof::kAdmin, Proof::kWrongToken,
                             Proof::kRevoked,     Proof::kExpired,     Proof::kBasic, Proof::kCookie,
                             Proof::kWrongCookie};
constexpr Csrf kCsrfs[] = {Csrf::kNone, Csrf::kGood, Csrf::kWrong};

bool is_socket(Proof proof) { return proof == Proof::kOwnerSocket || proof == Proof::kOtherSocket; }

bool may(Proof proof, Scope wanted) {
  switch (proof) {
    case Proof::kOwnerSocket:
    case Proof::kAdmin:
    case Proof::kCookie:
      return true;
    case Proof::kRead:
      return wanted == Scope::kRead;
    case Proof::kChat:
      return wanted == Scope::kRead || wanted == Scope::kChat;
    case Proof::kApprove:
      return wanted == Scope::kApprove;
    default:
      return false;
  }
}

bool is_known(Proof proof) {
  switch (proof) {
    case Proof::kOtherSocket:
    case Proof::kNone:
    case Proof::kWrongToken:
    case Proof::kRevoked:
    case Proof::kExpired:
    case Proof::kBasic:
    case Proof::kWrongCookie:
      return false;
    default:
      return true;
  }
}

// 0: the request goes through.
int expected(const Route& route, Host host, Origin origin, Proof proof, Csrf csrf) {
  if (host != Host::kGood && (host != Host::kPublic || is_socket(proof))) return 403;
  if (origin != Origin::kNone && (origin != Origin::kSame || is_socket(proof))) return 403;
  if (route.auth.is_public()) return 0;
  if (!is_known(proof)) return 401;
  if (proof == Proof::kCookie) {
    const bool changes = route.method != "GET";
    const bool upgrades = route.pattern == "/api/v1/ws";
    if ((changes || upgrades) && origin == Origin::kNone) return 403;
    if (changes && csrf != Csrf::kGood) return 403;
  }
  return may(proof, route.auth.scope()) ? 0 : 403;
}

class AuthMatrix : public ApiFixture {
 protected:
  AuthMatrix() {
    house.api->set_public_origin(PublicOrigin{std::string(kPublicHost)});
    tokens_ = {{Proof::kRead, new_token("read")},
               {Proof::kChat, new_token("chat")},
               {Proof::kApprove, new_token("approve")},
               {Proof::kAdmin, new_token("admin")},
               {Proof::kWrongToken, crypto::make_token(house.random).reveal()},
               {Proof::kExpired, new_token("admin", {{"expires_in", "1s"}})}};
    const Answer revoked = post("/api/v1/tokens", {{"name", "gone"}, {"scopes", "admin"}});
    tokens_[Proof::kRevoked] = json::string_or(revoked.json, "token");
    PRYX_CHECK(remove("/api/v1/tokens/" + json::string_or(revoked.json, "id")).status == 204);
    loop.run_for(std::chrono::seconds(2));
    log_in();
  }
  using Answer = testing::Answer;

  void log_in() {
    const std::string code = json::string_or(post("/api/v1/login/links").json, "code");
    json::object body{{"code", code}};
    net::Request request = testing::make_request("POST", "/api/v1/login", &body);
    request.peer = testing::tcp_peer();
    request.headers.set("Host", "127.0.0.1:7799");
    const Answer answer = send(std::move(request));
    PRYX_CHECK(answer.status == 200);
    csrf_ = json::string_or(answer.json, "csrf_token");
    const std::string cookie(*answer.headers.find("Set-Cookie"));
    cookie_ = cookie.substr(0, cookie.find(';'));
  }

  net::Request make(const Route& route, Host host, Origin origin, Proof proof, Csrf csrf) {
    std::string path(route.pattern);
    for (std::size_t brace = path.find('{'); brace != std::string::npos; brace = path.find('{'))
      path.replace(brace, path.find('}') - brace + 1, "x");
    net::Request request = testing::make_request(std::string(route.method), path);
    request.headers = {};
    const bool socket = is_socket(proof);
    const bool by_public = host == Host::kPublic;
    const std::string loopback = socket ? "localhost" : "127.0.0.1:7799";
    const std::string good = by_public ? std::string(kPublicHost) : loopback;
    if (host != Host::kMissing)
      request.headers.add("Host", host == Host::kGood || by_public ? good
                                  : host == Host::kOther           ? "evil.example:7799"
                                                                   : "127.0.0.1");
    if (origin == Origin::kSame) request.headers.add("Origin", (by_public ? "https://" : "http://") + good);
    if (origin == Origin::kOtherScheme)
      request.headers.add("Origin", (by_public ? "http://" : "https://") + good);
    if (origin == Origin::kOtherOwn)
      request.headers.add("Origin",
                          by_public ? "http://" + loopback : fmt::format("https://{}", kPublicHost));
    if (origin == Origin::kForeign) request.headers.add("Origin", "http://evil.example");
    if (origin == Origin::kNull) request.headers.add("Origin", "null");
    if (origin == Origin::kOtherPort) request.headers.add("Origin", "http://127.0.0.1:7798");
    // Every cell comes from an address of its own, so that the limit on failures stays out of the way; not
    // from loopback, all of which is one.
    request.peer =
        socket ? testing::unix_peer(proof == Proof::kOwnerSocket ? testing::House::kOwnUid : 1001)
               : testing::tcp_peer(fmt::format("10.{}.{}.{}", cells_ >> 16, cells_ >> 8 & 255, cells_ & 255));
    if (const auto token = tokens_.find(proof); token != tokens_.end())
      request.headers.add("Authorization", "Bearer " + token->second);
    if (proof == Proof::kBasic) request.headers.add("Authorization", "Basic cHJ5eDpwcnl4");
    const std::string jar = by_public ? "__Host-" + cookie_ : cookie_;
    if (proof == Proof::kCookie) request.headers.add("Cookie", jar);
    if (proof == Proof::kWrongCookie) request.headers.add("Cookie", jar + "x");
    if (csrf != Csrf::kNone) request.headers.add("X-Pryx-CSRF", csrf == Csrf::kGood ? csrf_ : csrf_ + "x");
    request.wants_websocket = route.pattern == "/api/v1/ws";
    return request;
  }

  void check(const Route& route, Host host, Origin origin, Proof proof, Csrf csrf) {
    ++cells_;
    const auto veto = house.api->screen(make(route, host, origin, proof, csrf));
    const int verdict = veto ? veto->status : 0;
    const int wanted = expected(route, host, origin, proof, csrf);
    allowed_ += verdict == 0 ? 1 : 0;
    if (verdict == wanted) return;
    ++wrong_;
    ADD_FAILURE() << route.method << ' ' << route.pattern << " host " << int(host) << " origin "
                  << int(origin) << " proof " << int(proof) << " csrf " << int(csrf) << ": " << verdict
                  << " instead of " << wanted;
  }

  std::map<Proof, std::string> tokens_;
  std::string cookie_;
  std::string csrf_;
  int cells_ = 0;
  int allowed_ = 0;
  int wrong_ = 0;
};

TEST_F(AuthMatrix, EveryCellGetsItsVerdict) {
  for (const Route& route : route_table()) {
    for (const Host host : kHosts) {
      for (const Origin origin : kOrigins) {
        for (const Proof proof : kProofs) {
          for (const Csrf csrf : kCsrfs) {
            if (wrong_ > 20) FAIL() << "too many wrong cells";
            check(route, host, origin, proof, csrf);
          }
        }
      }
    }
  }
  EXPECT_GE(cells_, 5000);
  EXPECT_GT(allowed_, 0);
  EXPECT_LT(allowed_, cells_ / 2);
  RecordProperty("cells", cells_);
}

// The control: an oracle that forgets one rule must disagree with the server, or the matrix proves nothing.
TEST_F(AuthMatrix, AMutatedOracleIsCaught) {
  int disagreements = 0;
  for (const Route& route : route_table()) {
    const auto veto = house.api->screen(make(route, Host::kGood, Origin::kSame, Proof::kCookie, Csrf::kNone));
    const int wanted =
        expected(route, Host::kGood, Origin::kSame, Proof::kCookie, Csrf::kGood);  // forgets CSRF
    disagreements += (veto ? veto->status : 0) != wanted ? 1 : 0;
  }
  EXPECT_GT(disagreements, 10);
}

class PublicOriginTest : public AuthMatrix {
 protected:
  // As a terminator forwards it: from loopback, with the Host that the browser sent.
  static net::Request by(std::string_view host, std::string method, std::string_view target,
                         const json::object* body = nullptr) {
    net::Request request = testing::make_request(std::move(method), target, body);
    request.peer = testing::tcp_peer();
    request.headers.set("Host", std::string(host));
    return request;
  }
  // Of a question by this Host with this cookie.
  int status_of(std::string_view host, const std::string& cookie = {}) {
    net::Request request = by(host, "GET", "/api/v1/status");
    if (!cookie.empty()) request.headers.add("Cookie", cookie);
    return send(std::move(request)).status;
  }
};

TEST_F(PublicOriginTest, IsMatchedExactlyAndOnlyWhileItIsSet) {
  EXPECT_EQ(status_of(kPublicHost), 401) << "that it comes over loopback proves nothing";
  EXPECT_EQ(status_of(kPublicHost, "__Host-" + cookie_), 200);
  for (const char* host : {"pryx.example.net:443", "pryx.example.net:7799", "PRYX.example.net", "example.net",
                           "pryx.example.net.", "a.pryx.example.net", "pryx.example.net.evil.example"})
    EXPECT_EQ(status_of(host, "__Host-" + cookie_), 403) << host;
  house.api->set_public_origin(std::nullopt);
  EXPECT_EQ(status_of(kPublicHost, "__Host-" + cookie_), 403);
  EXPECT_EQ(status_of("127.0.0.1:7799", cookie_), 200);
}

TEST_F(PublicOriginTest, ItsCookieIsKeptToTlsAndToItsHost) {
  house.info.public_url = "https://pryx.example.net";
  const Answer link = post("/api/v1/login/links");
  const std::string code = json::string_or(link.json, "code");
  EXPECT_EQ(json::string_or(link.json, "url"), "http://127.0.0.1:7799/#code=" + code);
  EXPECT_EQ(json::string_or(link.json, "public_url"), "https://pryx.example.net/#code=" + code);
  const json::object body{{"code", code}};
  net::Request request = by(kPublicHost, "POST", "/api/v1/login", &body);
  request.headers.add("Origin", "https://pryx.example.net");
  const Answer answer = send(std::move(request));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string whole(answer.headers.find("Set-Cookie").value_or(""));
  EXPECT_TRUE(whole.starts_with("__Host-pryx_session_7799=")) << whole;
  EXPECT_TRUE(whole.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure")) << whole;
  const std::string cookie = whole.substr(0, whole.find(';'));
  EXPECT_EQ(status_of(kPublicHost, cookie), 200);
  EXPECT_EQ(status_of(kPublicHost, cookie.substr(7)), 401)
      << "without __Host- any name of the domain could set it";
  net::Request out = by(kPublicHost, "POST", "/api/v1/logout");
  out.headers.add("Origin", "https://pryx.example.net");
  out.headers.add("Cookie", cookie);
  out.headers.add("X-Pryx-CSRF", json::string_or(answer.json, "csrf_token"));
  const Answer gone = send(std::move(out));
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.headers.find("Set-Cookie").value_or(""),
            "__Host-pryx_session_7799=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0");
  EXPECT_EQ(status_of(kPublicHost, cookie), 401);
}

TEST_F(PublicOriginTest, ItsPageMayOpenItsOwnBusOnly) {
  const Answer page = send(by(kPublicHost, "GET", "/"));
  EXPECT_EQ(page.status, 200);
  const std::string policy(page.headers.find("Content-Security-Policy").value_or(""));
  EXPECT_NE(policy.find("connect-src 'self' wss://pryx.example.net;"), std::string::npos) << policy;
  EXPECT_EQ(policy.find("ws://"), std::string::npos) << policy;
}

TEST_F(AuthMatrix, UnknownPathsTellStrangersNothing) {
  for (const char* path : {"/api/v1/nothing", "/mcp", "/../etc/passwd", "/api/v2/health"}) {
    net::Request request = testing::make_request("GET", path);
    EXPECT_EQ(send(request).status, 404) << path;
    request.peer = testing::tcp_peer();
    request.headers.set("Host", "127.0.0.1:7799");
    EXPECT_EQ(send(request).status, 401) << path;
  }
}

TEST_F(AuthMatrix, WrongMethodsNameTheRightOnes) {
  const Answer answer = post("/api/v1/health");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.find("Allow").value_or(""), "GET, HEAD");
}

TEST_F(AuthMatrix, SecretsInTheUrlAreRefused) {
  const std::string token = new_token("admin");
  for (const std::string& query : {"token=" + token, std::string("access_token=x"), "q=" + token,
                                   "API_KEY=" + token, std::string("since=1&to%6ben=a")}) {
    EXPECT_EQ(get("/api/v1/sessions?" + query).status, 400) << query;
  }
}

TEST_F(AuthMatrix, ChildrenOfPryxMayNotGiveOrders) {
  ServerOptions options{.own_uid = testing::House::kOwnUid, .membership_of = [](std::int32_t pid) {
                          if (pid == 667) return platform::Membership::kUnknown;
                          return pid == 666 ? platform::Membership::kMember : platform::Membership::kOutside;
                        }};
  ApiServer guarded(house.services(), options);
  net::Request request = testing::make_request("GET", "/api/v1/status");
  EXPECT_FALSE(guarded.screen(request).has_value());
  request.peer.pid = 666;
  ASSERT_TRUE(guarded.screen(request).has_value());
  EXPECT_EQ(guarded.screen(request)->status, 403);
  request.peer.pid = 667;
  EXPECT_EQ(guarded.screen(request)->status, 503);
  request.peer.pid = 666;
  // A token does not help: it is the process that is refused.
  request.headers.add("Authorization", "Bearer " + new_token("admin"));
  EXPECT_EQ(guarded.screen(request)->status, 403);
}

TEST_F(AuthMatrix, GuessesAreLimitedAndTheOwnerIsNotLockedOut) {
  const std::string valid = new_token("read");
  const auto attempt = [&](const std::string& token, const std::string& address = "127.0.0.1") {
    net::Request request = testing::make_request("GET", "/api/v1/status");
    if (!address.empty()) {
      request.peer = testing::tcp_peer(address);
      request.headers.set("Host", "127.0.0.1:7799");
    }
    request.headers.add("Authorization", "Bearer " + token);
    return house.api->screen(request);
  };
  int evaluated = 0;
  for (int i = 0; i < 100; ++i) {
    // A local process may take any address of loopback, and gets no more guesses by it.
    const auto veto = attempt(crypto::make_token(house.random).reveal(), fmt::format("127.0.{}.1", i));
    ASSERT_TRUE(veto.has_value());
    evaluated += veto->status == 401 ? 1 : 0;
    if (veto->status != 401) {
      EXPECT_EQ(veto->status, 429);
      EXPECT_TRUE(veto->headers.find("Retry-After").has_value());
    }
  }
  EXPECT_EQ(evaluated, 10);
  const std::string wrong = crypto::make_token(house.random).reveal();
  EXPECT_EQ(attempt(wrong, "::1")->status, 429) << "loopback too";
  EXPECT_EQ(attempt(wrong, "192.0.2.7")->status, 401) << "another address is not affected";
  EXPECT_EQ(attempt(wrong, "")->status, 401) << "nor is the Unix socket";
  EXPECT_EQ(get("/api/v1/status").status, 200) << "and least of all the owner";
  EXPECT_FALSE(attempt(valid).has_value());
  loop.run_for(std::chrono::seconds(61));
  EXPECT_EQ(attempt(crypto::make_token(house.random).reveal())->status, 401);
}

TEST(FailureLimiter, CountsByWhatAPeerCannotChoose) {
  const auto key = [](const char* address) { return FailureLimiter::key_of(testing::tcp_peer(address)); };
  const std::string loopback = key("127.0.0.1");
  for (const char* text : {"127.0.0.2", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:127.3.4.5"})
    EXPECT_EQ(key(text), loopback) << text;
  for (const char* text : {"10.0.0.1", "128.0.0.1", "::2", "::ffff:10.0.0.1", "2001:db8::1"})
    EXPECT_NE(key(text), loopback) << text;
  EXPECT_NE(key("192.0.2.1"), key("192.0.2.2"));
  EXPECT_EQ(key("2001:db8::1"), key("2001:db8::2:1"));
  EXPECT_NE(key("2001:db8::1"), key("2001:db8:0:1::1"));
  // Whoever comes to a loopback address is local, whichever of the machine's addresses it comes from.
  net::Peer outer = testing::tcp_peer("192.0.2.1");
  outer.is_local = true;
  EXPECT_EQ(FailureLimiter::key_of(outer), loopback);
  EXPECT_NE(FailureLimiter::key_of(testing::unix_peer()), FailureLimiter::key_of(testing::unix_peer(1001)));
  EXPECT_NE(FailureLimiter::key_of(testing::unix_peer()), loopback);
}

}  // namespace
}  // namespace pryx::server
