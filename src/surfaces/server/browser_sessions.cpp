// SPDX-License-Identifier: MIT
#include "surfaces/server/browser_sessions.h"

#include "foundation/base/text.h"

namespace pryx::server {

std::string BrowserSessions::random_text(std::size_t bytes) {
  std::string raw(bytes, '\0');
  random_.fill({reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()});
  return to_base64url(raw);
}

std::string BrowserSessions::key_of(std::string_view cookie_value) {
  return crypto::sha256_hex(cookie_value);
}

bool BrowserSessions::is_over(const BrowserSession& session) const {
  const WallTime now = clock_.wall();
  return session.expires_at <= now || session.last_used + kIdleLifetime < now;
}

void BrowserSessions::drop_old() {
  const WallTime now = clock_.wall();
  std::erase_if(links_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  std::erase_if(sessions_, [&](const auto& entry) { return is_over(entry.second); });
  const auto by_expiry = [](const auto& a, const auto& b) {
    return a.second.expires_at < b.second.expires_at;
  };
  while (links_.size() >= kMaxLinks) links_.erase(std::min_element(links_.begin(), links_.end(), by_expiry));
  const auto by_use = [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; };
  while (sessions_.size() >= kMaxSessions)
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(), by_use));
}

LoginLink BrowserSessions::make_link(const Caller& maker) {
  drop_old();
  const std::string id = random_text(9);
  const std::string secret = random_text(32);
  const WallTime expires_at = clock_.wall() + kLinkLifetime;
  links_[id] = {crypto::sha256(std::string_view(secret)), maker.principal, maker.scopes, expires_at};
  return {id + "." + secret, expires_at};
}

std::optional<OpenedSession> BrowserSessions::redeem(std::string_view code) {
  drop_old();
  const std::size_t dot = code.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  auto node = links_.extract(std::string(code.substr(0, dot)));
  if (node.empty()) return std::nullopt;
  const crypto::Digest given = crypto::sha256(code.substr(dot + 1));
  const auto as_text = [](const crypto::Digest& digest) {
    return std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
  };
  if (!equal_constant_time(as_text(given), as_text(node.mapped().secret_hash))) return std::nullopt;
  OpenedSession opened{{}, random_text(32), random_text(24), clock_.wall() + kSessionLifetime};
  opened.key = key_of(opened.cookie_value);
  sessions_[opened.key] = {node.mapped().principal, node.mapped().scopes, opened.csrf, opened.expires_at,
                           clock_.wall()};
  return opened;
}

const BrowserSession* BrowserSessions::find(std::string_view cookie_value) {
  if (cookie_value.empty()) return nullptr;
  const auto found = sessions_.find(key_of(cookie_value));
  if (found == sessions_.end()) return nullptr;
  if (is_over(found->second)) {
    sessions_.erase(found);
    return nullptr;
  }
  found->second.last_used = clock_.wall();
  return &found->second;
}

const BrowserSession* BrowserSessions::peek(const std::string& key) const {
  const auto found = sessions_.find(key);
  return found == sessions_.end() ? nullptr : &found->second;
}

std::vector<std::pair<std::string, WallTime>> BrowserSessions::uses() const {
  std::vector<std::pair<std::string, WallTime>> all;
  for (const auto& [key, session] : sessions_) all.emplace_back(key, session.last_used);
  return all;
}

void BrowserSessions::restore(std::string key, BrowserSession session) {
  if (is_over(session) || sessions_.size() >= kMaxSessions) return;
  sessions_.insert_or_assign(std::move(key), std::move(session));
}

bool BrowserSessions::end(const std::string& key) { return sessions_.erase(key) > 0; }

}  // namespace pryx::server
