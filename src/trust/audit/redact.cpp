// SPDX-License-Identifier: MIT
#include "trust/audit/redact.h"

#include <re2/re2.h>

#include <array>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::audit {
namespace {

constexpr int kMaxDepth = 64;  // of documents that were parsed with this limit before

// Group 1 is what stays, group 2 what goes.
const RE2& secret_forms() {
  static const RE2 pattern(
      "(?i)(-----BEGIN [A-Z ]*PRIVATE KEY-----)((?:[^-]|-[^-])+)"
      "|(\\b(?:bearer|basic|token)\\s+)([a-z0-9._~+/=-]{12,})"
      "|(\\bauthorization[\"']?\\s*[=:]\\s*[\"']?(?:[a-z]+\\s+)?)([^\\s\"'&;,]{4,})"
      "|((?:\\b|--?|[_A-Z])(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|"
      "client[_-]?secret|credential)s?[\"']?\\s*[=:]\\s*[\"']?)([^\\s\"'&;,]{4,})"
      "|(://[^\\s/:@]*:)([^\\s/@]+)@"
      "|()\\b((?:sk|pk|rk)[-_][a-z0-9_-]{16,}|gh[pousr]_[a-z0-9]{20,}|github_pat_[a-z0-9_]{20,}|glpat-[a-z0-"
      "9_-]{16,}"
      "|xox[abeoprs]-[a-z0-9-]{10,}|AKIA[0-9A-Z]{16}|AIza[0-9a-z_-]{30,}|pryx_[a-z0-9_-]{43}|ya29\\.[a-z0-9_-"
      "]{20,}"
      "|eyJ[a-z0-9_-]{8,}\\.[a-z0-9_-]{8,}\\.[a-z0-9_-]*|npm_[a-z0-9]{30,}|hf_[a-z0-9]{20,})",
      RE2::Quiet);
  return pattern;
}

json::value redact_value(const Secret& salt, const json::value& value, int depth);

json::object redact_members(const Secret& salt, const json::object& document, int depth) {
  json::object out;
  out.reserve(document.size());
  for (const auto& member : document) {
    const std::string key = redact_text(salt, to_valid_utf8(member.key()));
    // "max_tokens": 4096 is no secret, a numeric password is.
    const bool is_scalar =
        member.value().is_string() ||
        (member.value().is_number() && member.key().find("oken") == std::string_view::npos);
    if (is_scalar && is_secret_name(member.key()))
      out[key] =
          secret_mark(salt, member.value().is_string() ? std::string_view(member.value().get_string())
                                                       : std::string_view(json::to_text(member.value())));
    else
      out[key] = redact_value(salt, member.value(), depth + 1);
  }
  return out;
}

json::value redact_value(const Secret& salt, const json::value& value, int depth) {
  if (depth > kMaxDepth) return "[too deep]";
  if (value.is_object()) return redact_members(salt, value.get_object(), depth);
  if (value.is_array()) {
    json::array out;
    for (const json::value& item : value.get_array()) out.push_back(redact_value(salt, item, depth + 1));
    return out;
  }
  if (!value.is_string()) return value;
  std::string text = redact_text(salt, to_valid_utf8(std::string_view(value.get_string())));
  if (text.size() > kMaxLoggedText)
    text = fmt::format("{}… [{} bytes, sha256:{}]", utf8_prefix(text, kMaxLoggedText), text.size(),
                       crypto::sha256_hex(text));
  return json::value(text);
}

}  // namespace

std::string secret_mark(const Secret& salt, std::string_view value) {
  if (salt.empty()) return "[secret]";
  return "hmac:" + to_hex(crypto::hmac_sha256(salt.reveal(), value)).substr(0, 32);
}

bool is_secret_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  constexpr std::array kNames = {"password", "passwd",     "passphrase", "secret",      "apikey",
                                 "token",    "privatekey", "accesskey",  "credential",  "authorization",
                                 "cookie",   "setcookie",  "signingkey", "clientsecret"};
  return std::ranges::any_of(kNames, [&](std::string_view word) {
    return plain == word || plain.ends_with(word) || plain.ends_with(std::string(word) + "s") ||
           (word == "authorization" && plain.find(word) != std::string::npos);
  });
}

std::string redact_text(const Secret& salt, std::string_view text) {
  std::string out;
  re2::StringPiece rest(text.data(), text.size());
  std::array<re2::StringPiece, 13> groups;
  while (!rest.empty() && secret_forms().Match(rest, 0, rest.size(), RE2::UNANCHORED, groups.data(),
                                               static_cast<int>(groups.size()))) {
    for (std::size_t i = 2; i < groups.size(); i += 2) {
      if (groups[i].data() == nullptr) continue;
      out.append(rest.data(), groups[i].data());
      out += secret_mark(salt, {groups[i].data(), groups[i].size()});
      const char* after = groups[i].data() + groups[i].size();
      rest = re2::StringPiece(after, static_cast<std::size_t>(rest.data() + rest.size() - after));
      break;
    }
  }
  out.append(rest.data(), rest.size());
  return out;
}

json::object redact(const Secret& salt, const json::object& document) {
  return redact_members(salt, document, 0);
}

}  // namespace pryx::audit
