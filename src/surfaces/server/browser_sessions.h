// SPDX-License-Identifier: MIT
// One-time login links and the browser sessions they open. Requests are judged by memory alone; rows of the
// sessions (browser_session_store.h) let them outlive a restart. Links do not: they are good for a minute.
// Secrets are kept as hashes. I/O thread only.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  WallTime last_used;
};

struct OpenedSession {
  std::string key;           // see key_of
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
  // By its key (see key_of), without counting as use. Null when there is none.
  [[nodiscard]] const BrowserSession* peek(const std::string& key) const;
  // Ends the session with this key. False: there is none.
  bool end(const std::string& key);
  // Of each session, when it was last used.
  [[nodiscard]] std::vector<std::pair<std::string, WallTime>> uses() const;
  // One that an earlier life of the daemon opened; ignored when it is over.
  void restore(std::string key, BrowserSession session);
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
  [[nodiscard]] bool is_over(const BrowserSession& session) const;
  std::map<std::string, BrowserSession> sessions_;  // by key
};

}  // namespace pryx::server
