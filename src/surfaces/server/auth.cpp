// SPDX-License-Identifier: MIT
#include "surfaces/server/auth.h"

#include <array>

#include "foundation/base/text.h"

namespace pryx::server {
namespace {

constexpr std::string_view kUnixHost = "localhost";
// Names under which clients are tempted to put a secret into the URL, where logs and histories keep it.
constexpr std::array<std::string_view, 8> kSecretParameters{"token",   "access_token",  "api_key", "apikey",
                                                            "api-key", "authorization", "code",    "csrf"};

bool carries_secret(const net::Request& head) {
  if (head.query.empty()) return false;
  for (const std::string_view pair : split(head.query, '&')) {
    const std::size_t equals = pair.find('=');
    const std::string name = lower_ascii(net::percent_decode(pair.substr(0, equals), true));
    if (std::ranges::find(kSecretParameters, name) != kSecretParameters.end()) return true;
    if (equals != std::string_view::npos &&
        crypto::looks_like_token(net::percent_decode(pair.substr(equals + 1), true)))
      return true;
  }
  return false;
}

std::string surface_of(const net::Request& head, std::string_view fallback) {
  if (is_anthropic_path(head.path)) return "anthropic";
  return head.path.starts_with("/v1/") ? "openai" : std::string(fallback);
}

// nullopt: no token was presented; an empty one: what was presented is none.
std::optional<std::string_view> presented_token(const net::Request& head) {
  if (head.headers.count("Authorization") > 1) return std::string_view();
  if (const auto value = head.headers.find("Authorization")) {
    constexpr std::string_view kScheme = "Bearer ";
    if (value->size() <= kScheme.size() || !equals_ignore_case(value->substr(0, kScheme.size()), kScheme))
      return std::string_view();
    return trim(value->substr(kScheme.size()));
  }
  if (!is_anthropic_path(head.path)) return std::nullopt;
  if (head.headers.count("x-api-key") > 1) return std::string_view();
  return head.headers.find("x-api-key");
}

}  // namespace

bool is_anthropic_path(std::string_view path) {
  return path == "/v1/messages" || path.starts_with("/v1/messages/");
}

bool is_safe_method(std::string_view method) { return method == "GET" || method == "HEAD"; }

std::optional<std::string_view> find_cookie(const net::Headers& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [field, value] : headers.all()) {
    if (!equals_ignore_case(field, "Cookie")) continue;
    for (const std::string_view piece : split(value, ';')) {
      const std::string_view pair = trim(piece);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      if (found) return std::nullopt;
      found = pair.substr(equals + 1);
    }
  }
  return found;
}

Auth::Auth(Services& services, const ServerOptions& options)
    : services_(services),
      options_(options),
      tokens_(services.loop, services.database, services.audit, services.ids, services.random),
      browsers_(services.loop.clock(), services.random) {}

void Auth::set_tcp_port(std::uint16_t port) {
  port_ = port;
  tcp_hosts_ = {fmt::format("127.0.0.1:{}", port), fmt::format("localhost:{}", port),
                fmt::format("[::1]:{}", port)};
  if (port == 80) tcp_hosts_.insert(tcp_hosts_.end(), {"127.0.0.1", "localhost", "[::1]"});
}

bool Auth::is_public(const net::Request& head) const {
  return public_origin_ && head.peer.transport == net::Peer::Transport::kTcp &&
         head.headers.find("Host").value_or("") == public_origin_->host;
}

std::string Auth::origin_of(const net::Request& head) const {
  if (is_public(head)) return public_origin_->text();
  return fmt::format("http://{}", head.headers.find("Host").value_or(""));
}

// Cookies do not tell ports apart: the name does, so that two daemons of one machine do not log each other
// out. With __Host- before it a browser takes the cookie from this very host over TLS only, and no other name
// of the domain can put one in its place.
std::string Auth::cookie_name(const net::Request& head) const {
  return fmt::format("{}pryx_session_{}", is_public(head) ? "__Host-" : "", port_);
}

std::string Auth::set_cookie(const net::Request& head, std::string_view value) const {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}{}", cookie_name(head), value,
                     is_public(head) ? "; Secure" : "", value.empty() ? "; Max-Age=0" : "");
}

bool Auth::is_allowed_host(const net::Request& head, std::string_view host) const {
  if (head.peer.transport == net::Peer::Transport::kUnix) return host == kUnixHost;
  return is_public(head) || std::ranges::find(tcp_hosts_, host) != tcp_hosts_.end();
}

Result<void> Auth::check_origin(const net::Request& head) const {
  const auto host = head.headers.find("Host");
  if (!host || head.headers.count("Host") != 1 || !is_allowed_host(head, *host)) {
    return fail(ErrorCode::kForbidden, "this daemon does not answer to that Host; call it by {}",
                tcp_hosts_.empty() ? std::string(kUnixHost) : tcp_hosts_.front());
  }
  if (const auto origin = head.headers.find("Origin")) {
    const bool is_ours = head.headers.count("Origin") == 1 &&
                         head.peer.transport == net::Peer::Transport::kTcp && *origin == origin_of(head);
    if (!is_ours) return fail(ErrorCode::kForbidden, "requests from other web pages are refused (Origin)");
  }
  if (carries_secret(head)) {
    return fail(ErrorCode::kInvalidArgument,
                "a secret never belongs into a URL; send it in the Authorization header and revoke this one");
  }
  return {};
}

Error Auth::refuse_credential(const net::Peer& peer, std::string message) {
  const auto wait = limiter_.note_failure(FailureLimiter::key_of(peer), services_.loop.clock().monotonic());
  if (!wait) return {ErrorCode::kUnauthenticated, std::move(message), -1};
  const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*wait).count();
  return {ErrorCode::kOverloaded, "too many failed logins from this address; valid credentials still work",
          wait_ms};
}

Result<Identity> Auth::identify_token(const net::Request& head, std::string_view text) {
  const Token* token = tokens_.find(text);
  if (token == nullptr) {
    return std::unexpected(refuse_credential(
        head.peer, "this token is unknown, expired or revoked; make one with: pryx token create"));
  }
  const bool is_unix = head.peer.transport == net::Peer::Transport::kUnix;
  Identity identity;
  identity.proof = Identity::Proof::kToken;
  identity.caller = {{token->principal, PrincipalKind::kOwner},
                     token->scopes,
                     surface_of(head, "api"),
                     is_unix ? Transport::kUnixSocket : Transport::kTcp};
  identity.key = token->id.str();
  identity.expires_at = token->expires_at;
  return identity;
}

Result<void> Auth::check_csrf(const net::Request& head, const BrowserSession& session) const {
  // A browser sends Origin with every upgrade and every unsafe request; what lacks it is no page of ours.
  const bool needs_origin = head.wants_websocket || !is_safe_method(head.method);
  if (needs_origin && !head.headers.find("Origin"))
    return fail(ErrorCode::kForbidden, "a request with a session cookie needs an Origin");
  if (is_safe_method(head.method)) return {};
  const auto csrf = head.headers.find("X-Pryx-CSRF");
  if (!csrf || head.headers.count("X-Pryx-CSRF") != 1 || !equal_constant_time(*csrf, session.csrf)) {
    return fail(ErrorCode::kForbidden, "the X-Pryx-CSRF header is missing or wrong; log in again");
  }
  return {};
}

Result<Identity> Auth::identify(const net::Request& head) {
  const bool is_unix = head.peer.transport == net::Peer::Transport::kUnix;
  if (is_unix && options_.membership_of) {
    const platform::Membership membership = options_.membership_of(head.peer.pid);
    if (membership == platform::Membership::kMember)
      return fail(ErrorCode::kForbidden, "a process that was started by Pryx may not give Pryx orders");
    // It is gone, lives in a namespace that cannot be seen, or /proc cannot be read at this moment.
    if (membership == platform::Membership::kUnknown)
      return fail(ErrorCode::kUnavailable, "it cannot be told whether Pryx started this process; try again");
  }
  // What is presented counts before what the connection proves: a token narrows the rights of a local
  // program.
  if (const auto token = presented_token(head)) return identify_token(head, *token);
  if (is_unix) {
    const bool is_owner = head.peer.uid == options_.own_uid || (options_.root_is_owner && head.peer.uid == 0);
    if (!is_owner) return fail(ErrorCode::kUnauthenticated, "this socket belongs to another user");
    return Identity{Identity::Proof::kPeer,
                    {owner(), Scopes::all(), surface_of(head, "cli"), Transport::kUnixSocket},
                    "",
                    std::nullopt,
                    {}};
  }
  const auto cookie = find_cookie(head.headers, cookie_name(head));
  if (!cookie)
    return fail(ErrorCode::kUnauthenticated, "log in first: send a token, or open the page with: pryx open");
  const BrowserSession* session = browsers_.find(*cookie);
  if (session == nullptr)
    return std::unexpected(
        refuse_credential(head.peer, "this browser session is over; log in again with: pryx open"));
  PRYX_TRY_VOID(check_csrf(head, *session));
  return Identity{Identity::Proof::kCookie,
                  {session->principal, session->scopes, surface_of(head, "web"), Transport::kTcp},
                  BrowserSessions::key_of(*cookie),
                  session->expires_at,
                  session->csrf};
}

Result<Identity> Auth::admit(const net::Request& head, const AuthRule* rule) {
  if (rule != nullptr && rule->is_public()) return Identity{};
  PRYX_TRY(Identity identity, identify(head));
  if (rule != nullptr) PRYX_TRY_VOID(identity.caller.require(rule->scope()));
  return identity;
}

// --- what hangs on a credential
// -------------------------------------------------------------------------------------------------------

std::unique_ptr<Auth::Watch> Auth::watch(const Identity& identity, std::function<void()> on_end) {
  std::unique_ptr<Watch> watch(new Watch(*this, identity.key, std::move(on_end)));
  watches_.insert(watch.get());
  if (identity.expires_at) {
    const auto left =
        std::chrono::milliseconds(identity.expires_at->unix_ms - services_.loop.clock().wall().unix_ms);
    watch->timer_ =
        services_.loop.call_after(std::max<Duration>(left, Duration::zero()), [watch = watch.get()] {
          watch->timer_ = 0;
          if (const auto run = std::exchange(watch->on_end_, nullptr)) run();
        });
  }
  return watch;
}

Auth::Watch::~Watch() {
  if (timer_ != 0) auth_.services_.loop.cancel_timer(timer_);
  auth_.watches_.erase(this);
}

void Auth::end_all_with(const std::string& key) {
  if (key.empty()) return;
  std::vector<std::function<void()>> ended;
  for (Watch* watch : watches_) {
    if (watch->key_ == key && watch->on_end_) ended.push_back(std::exchange(watch->on_end_, nullptr));
  }
  for (const auto& run : ended) run();
}

}  // namespace pryx::server
