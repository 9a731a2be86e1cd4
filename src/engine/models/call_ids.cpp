// SPDX-License-Identifier: MIT
#include "engine/models/call_ids.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace pryx::models {
namespace {

bool fits(std::string_view id, const CallIdRule& rule) {
  const std::size_t length = rule.exact_length > 0 ? rule.exact_length : id.size();
  return !id.empty() && id.size() == length && (rule.exact_length > 0 || id.size() <= rule.max_length) &&
         std::ranges::all_of(id, [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  (!rule.only_alphanumeric && (c == '_' || c == '-'));
         });
}

// FNV-1a: not secret, only the same every time, so that a vendor's cache still knows the history.
std::uint64_t digest_of(std::string_view text, std::uint64_t salt) {
  std::uint64_t hash = 14695981039346656037ull ^ (salt * 1099511628211ull);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

std::string id_from(std::string_view old, std::uint64_t salt, const CallIdRule& rule) {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::size_t length =
      rule.exact_length > 0 ? rule.exact_length : std::min<std::size_t>(rule.max_length, 24);
  std::string out;
  std::uint64_t hash = 0;
  while (out.size() < length) {
    if (out.size() % 8 == 0) hash = digest_of(old, salt * 64 + out.size() / 8);
    out += kLetters[hash % kLetters.size()];
    hash /= kLetters.size();
  }
  return out;
}

}  // namespace

void fit_call_ids(std::vector<ChatMessage>& messages, const CallIdRule& rule) {
  std::set<std::string, std::less<>> taken;
  std::map<std::string, std::string, std::less<>>
      latest;  // old id of the nearest call, and what it is called
  for (ChatMessage& message : messages) {
    if (message.role == ChatMessage::Role::kTool) {
      const auto call = latest.find(message.tool_call_id);
      if (call != latest.end()) message.tool_call_id = call->second;
      continue;
    }
    for (ToolCall& call : message.tool_calls) {
      std::string id = call.id;
      for (std::uint64_t salt = 1; !fits(id, rule) || taken.contains(id); ++salt)
        id = id_from(call.id, salt, rule);
      taken.insert(id);
      latest.insert_or_assign(call.id, id);
      call.id = std::move(id);
    }
  }
}

}  // namespace pryx::models
