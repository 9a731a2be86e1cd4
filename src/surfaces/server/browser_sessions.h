// SPDX-License-Identifier: MIT
// One-time login links and the browser sessions they open. Memory only: a restart asks for a new link.
// Secrets are kept as hashes. I/O thread only.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/secret.h"
#include "foundation/crypto/crypto.h"
#include "trust/principals/caller.h"

namespace pryx::server {

struct LoginLink {
  std::string code;  // "<id>.<secret>": goes into the fragment of the URL, which no server log ever sees
  WallTime expires_at;
};

struct BrowserSession {
  Principal principal;
  Scopes scopes;
  std::string csrf;     // the page sends it back in X-Pryx-CSRF
  WallTime expires_at;  // at the latest
  MonotonicTime last_used;
};

struct OpenedSession {
  std::string cookie_value;  // shown once, in Set-Cookie
  std::string csrf;
  WallTime expires_at;
};

class BrowserSessions {
 public:
  static constexpr Duration kLinkLifetime = std::chrono::seconds(60);
  static constexpr Duration kSessionLifetime = std::chrono::hours(24 * 30);
  static constexpr Duration kIdleLifetime = std::chrono::hours(12);
  static constexpr std::size_t kMaxLinks = 32;      // the oldest goes first
  static constexpr std::size_t kMaxSessions = 256;  // the one unused for longest goes first

  BrowserSessions(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  [[nodiscard]] LoginLink make_link(const Caller& maker);
  // Each link is good for one try: a wrong secret burns it as well. nullopt: not a code of a link that is
  // still open.
  [[nodiscard]] std::optional<OpenedSession> redeem(std::string_view code);
  // By the cookie's value; a hit counts as use. Null when unknown or over.
  [[nodiscard]] const BrowserSession* find(std::string_view cookie_value);
  // Ends the session with this key (see key_of). False: there is none.
  bool end(const std::string& key);
  // What names a session without being its secret.
  [[nodiscard]] static std::string key_of(std::string_view cookie_value);

 private:
  struct Link {
    crypto::Digest secret_hash;
    Principal principal;
    Scopes scopes;
    WallTime expires_at;
  };
  [[nodiscard]] std::string random_text(std::size_t bytes);
  void drop_old();

  const Clock& clock_;
  Random& random_;
  std::map<std::string, Link> links_;
  std::map<std::string, BrowserSession> sessions_;  // by key
};

}  // namespace pryx::server
