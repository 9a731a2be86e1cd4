// SPDX-License-Identifier: MIT
// Who is asking, and may they: Host, Origin, credentials, CSRF and scope of one request, judged from its head
// alone. Also knows which long-lived answers (bus clients, streams) hang on which credential, and ends them
// when it goes. I/O thread only.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "foundation/async/event_loop.h"
#include "foundation/net/http_types.h"
#include "surfaces/server/browser_sessions.h"
#include "surfaces/server/failure_limiter.h"
#include "surfaces/server/public_origin.h"
#include "surfaces/server/server.h"
#include "surfaces/server/token_store.h"

namespace pryx::server {

// What a route demands. There is no default: a route without a rule does not compile.
class AuthRule {
 public:
  enum class Kind : std::uint8_t { kPublic, kScope };
  [[nodiscard]] static constexpr AuthRule anyone() { return AuthRule(Kind::kPublic, Scope::kRead); }
  [[nodiscard]] static constexpr AuthRule needs(Scope scope) { return AuthRule(Kind::kScope, scope); }
  [[nodiscard]] constexpr bool is_public() const { return kind_ == Kind::kPublic; }
  [[nodiscard]] constexpr Scope scope() const { return scope_; }
  [[nodiscard]] std::string_view to_text() const {
    return is_public() ? std::string_view("public") : scope_name(scope_);
  }

 private:
  constexpr AuthRule(Kind kind, Scope scope) : kind_(kind), scope_(scope) {}
  Kind kind_;
  Scope scope_;
};

struct Identity {
  enum class Proof : std::uint8_t { kNone, kPeer, kToken, kCookie };
  Proof proof = Proof::kNone;
  Caller caller;
  std::string key;  // of the token or browser session, for ending what hangs on it
  std::optional<WallTime> expires_at;
  std::string csrf;  // kCookie: what the page must send with a change
};

class Auth {
 public:
  Auth(Services& services, const ServerOptions& options);

  void set_tcp_port(std::uint16_t port);
  // Before listening. nullopt: loopback alone.
  void set_public_origin(std::optional<PublicOrigin> origin) { public_origin_ = std::move(origin); }
  // Host and Origin, exact; secrets in the URL. kForbidden, kInvalidArgument.
  [[nodiscard]] Result<void> check_origin(const net::Request& head) const;
  // kUnauthenticated, kForbidden (scope, CSRF, a process that Pryx spawned), kOverloaded (too many failures).
  // `rule` is null for a path that has no route: whoever is nobody learns nothing about routes.
  [[nodiscard]] Result<Identity> admit(const net::Request& head, const AuthRule* rule);

  // A failed credential that did not come in a header: the login code.
  [[nodiscard]] Error refuse_credential(const net::Peer& peer, std::string message);

  [[nodiscard]] TokenStore& tokens() { return tokens_; }
  [[nodiscard]] BrowserSessions& browsers() { return browsers_; }
  // Whether a request, whose Host was checked, came by the public origin.
  [[nodiscard]] bool is_public(const net::Request& head) const;
  // The only Origin that a page of ours can send with it: "http://127.0.0.1:7799".
  [[nodiscard]] std::string origin_of(const net::Request& head) const;
  // The browser session's cookie, for a browser that came this way.
  [[nodiscard]] std::string cookie_name(const net::Request& head) const;
  // The value of Set-Cookie. An empty `value` ends the cookie.
  [[nodiscard]] std::string set_cookie(const net::Request& head, std::string_view value) const;

  // Runs once when the credential ends (revoked, logged out, expired), unless the watch is destroyed before.
  class Watch {
   public:
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    friend class Auth;
    Watch(Auth& auth, std::string key, std::function<void()> on_end)
        : auth_(auth), key_(std::move(key)), on_end_(std::move(on_end)) {}
    Auth& auth_;
    std::string key_;
    std::function<void()> on_end_;
    async::EventLoop::TimerId timer_ = 0;
  };
  [[nodiscard]] std::unique_ptr<Watch> watch(const Identity& identity, std::function<void()> on_end);
  void end_all_with(const std::string& key);

 private:
  [[nodiscard]] Result<Identity> identify(const net::Request& head);
  [[nodiscard]] Result<Identity> identify_token(const net::Request& head, std::string_view token);
  [[nodiscard]] Result<void> check_csrf(const net::Request& head, const BrowserSession& session) const;
  [[nodiscard]] bool is_allowed_host(const net::Request& head, std::string_view host) const;

  Services& services_;
  const ServerOptions& options_;
  TokenStore tokens_;
  BrowserSessions browsers_;
  FailureLimiter limiter_;
  std::vector<std::string> tcp_hosts_;
  std::optional<PublicOrigin> public_origin_;
  std::uint16_t port_ = 0;
  std::set<Watch*> watches_;
};

// The value of one cookie; nullopt when it is absent or there are two of that name.
[[nodiscard]] std::optional<std::string_view> find_cookie(const net::Headers& headers, std::string_view name);
// Served in Anthropic's form, where a token may come as x-api-key.
[[nodiscard]] bool is_anthropic_path(std::string_view path);
[[nodiscard]] bool is_safe_method(std::string_view method);

}  // namespace pryx::server
