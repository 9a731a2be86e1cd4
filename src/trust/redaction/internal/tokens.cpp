// SPDX-License-Identifier: MIT
// What opens doors and says so by its own look: private keys, JSON web tokens, vendors' tokens, headers.
#include <algorithm>

#include "foundation/base/text.h"
#include "trust/redaction/internal/checks.h"
#include "trust/redaction/internal/pattern.h"

namespace pryx::redaction {
namespace {

// A word of a language, or a variable: what follows "Authorization:" in prose and in code.
bool is_no_word(const Candidate& candidate) {
  const std::string_view value = candidate.value();
  if (value.size() >= 24) return true;
  return std::ranges::any_of(value, is_digit) &&
         !std::ranges::any_of(value, [](char c) { return c == '(' || c == '[' || c == '{' || c == '<'; });
}

bool is_no_placeholder(const Candidate& candidate) {
  const std::string_view value = candidate.value();
  return !is_placeholder(value) && value[0] != '<' && value[0] != '{' && value[0] != '$' && value[0] != '*';
}

// `-` and `_` are parts of tokens, so a word boundary is not enough in front of a short prefix.
bool stands_alone(const Candidate& candidate) {
  const char before = char_before(candidate.text, candidate.begin);
  return !is_word(before) && before != '-';
}

// At least one digit and one capital: not an identifier that begins alike.
bool looks_random(const Candidate& candidate) {
  const std::string_view value = candidate.value();
  return stands_alone(candidate) && std::ranges::any_of(value, is_digit) &&
         std::ranges::any_of(value, is_letter) && entropy(value) > 3.0;
}

constexpr PatternText kTokens[] = {
    {Kind::kJwt, "eyJ", R"(eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*)"},
    {Kind::kJwt, "eyJ",
     R"(eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)"},
    // Cloud providers.
    {Kind::kToken, "A", R"(\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}\b)"},
    {Kind::kToken, "AIza", R"(\bAIza[0-9A-Za-z_-]{35})"},
    {Kind::kToken, "ya29.", R"(\bya29\.[0-9A-Za-z_-]{20,})"},
    {Kind::kToken, "GOCSPX-", R"(\bGOCSPX-[0-9A-Za-z_-]{20,})"},
    {Kind::kToken, "1//0", R"(\b1//0[0-9A-Za-z_-]{30,})"},
    {Kind::kToken, "dop_v1_", R"(\bdop_v1_[a-f0-9]{64}\b)"},
    {Kind::kToken, "dapi", R"(\bdapi[a-f0-9]{32}\b)"},
    {Kind::kToken, "hvs.", R"(\bhvs\.[A-Za-z0-9_-]{20,})"},
    {Kind::kToken, "tskey-", R"(\btskey-[a-z]+-[A-Za-z0-9-]{10,})"},
    {Kind::kToken, "dp.", R"(\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{20,})"},
    {Kind::kToken, "FlyV1", R"(\bFlyV1 fm[0-9]_[A-Za-z0-9+/=,_]{20,})"},
    // Code and packages.
    {Kind::kToken, "gh", R"(\bgh[pousr]_[A-Za-z0-9]{30,})"},
    {Kind::kToken, "github_pat_", R"(\bgithub_pat_[A-Za-z0-9_]{22,})"},
    {Kind::kToken, "gl", R"(\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[A-Za-z0-9_.-]{20,})"},
    {Kind::kToken, "npm_", R"(\bnpm_[A-Za-z0-9]{36}\b)"},
    {Kind::kToken, "pypi-", R"(\bpypi-[A-Za-z0-9_-]{40,})"},
    {Kind::kToken, "rubygems_", R"(\brubygems_[a-f0-9]{48}\b)"},
    {Kind::kToken, "PMAK-", R"(\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b)"},
    {Kind::kToken, "glsa_", R"(\bglsa_[A-Za-z0-9]{32}_[a-f0-9]{8}\b)"},
    {Kind::kToken, "NRAK-", R"(\bNRAK-[A-Z0-9]{27}\b)"},
    {Kind::kToken, "sntrys_", R"(\bsntrys_[A-Za-z0-9+/=_-]{20,})"},
    {Kind::kToken, "lin_api_", R"(\blin_api_[A-Za-z0-9]{32,})"},
    {Kind::kToken, "ntn_", R"(\bntn_[A-Za-z0-9]{40,})"},
    // Chat.
    {Kind::kToken, "xox", R"(\bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,})"},
    {Kind::kToken, "xapp-", R"(\bxapp-[0-9]-[A-Za-z0-9-]{10,})"},
    {Kind::kToken, "hooks.slack.com",
     R"(hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{10,}))"},
    {Kind::kToken, "/api/webhooks/", R"(/api/webhooks/([0-9]{15,22}/[A-Za-z0-9_-]{30,}))"},
    {Kind::kToken, ":", R"(\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b)", looks_random},
    {Kind::kToken, ".", R"(\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}\b)",
     looks_random},
    // Money and mail.
    {Kind::kToken, "k_", R"(\b[rsp]k_(?:live|test|prod)_[A-Za-z0-9]{10,})"},
    {Kind::kToken, "whsec_", R"(\bwhsec_[A-Za-z0-9+/=]{20,})"},
    {Kind::kToken, "sq0", R"(\bsq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,})"},
    {Kind::kToken, "shp", R"(\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b)"},
    {Kind::kToken, "SG.", R"(\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64})"},
    {Kind::kToken, "", R"(\b(?:SK|AC)[a-f0-9]{32}\b)"},
    {Kind::kToken, "key-", R"(\bkey-[a-f0-9]{32}\b)"},
    // Models.
    {Kind::kToken, "sk-ant-", R"(\bsk-ant-[A-Za-z0-9_-]{20,})"},
    {Kind::kToken, "sk-", R"(\bsk-(?:proj|svcacct|admin|or-v1|None)-[A-Za-z0-9_-]{20,})"},
    {Kind::kToken, "sk-", R"(\bsk-[A-Za-z0-9]{20,})", looks_random},
    {Kind::kToken, "hf_", R"(\bhf_[A-Za-z0-9]{30,})"},
    {Kind::kToken, "gsk_", R"(\bgsk_[A-Za-z0-9]{40,})"},
    {Kind::kToken, "xai-", R"(\bxai-[A-Za-z0-9]{40,})"},
    {Kind::kToken, "pplx-", R"(\bpplx-[A-Za-z0-9]{40,})"},
    {Kind::kToken, "r8_", R"(\br8_[A-Za-z0-9]{37,})"},
    {Kind::kToken, "pryx_", R"(\bpryx_[A-Za-z0-9_-]{43})"},
    {Kind::kToken, "AGE-SECRET-KEY-1", R"(AGE-SECRET-KEY-1[A-Z0-9]{50,})"},
    // Headers and what looks like them.
    {Kind::kToken, "", R"((?i)\bbearer[ \t]+([A-Za-z0-9._~+/=-]{8,}))", is_no_word},
    {Kind::kToken, "",
     R"((?i)\bauthorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:bearer|basic|token|digest|apikey|api-key|bot|negotiate|ntlm)[ \t]+([^\s"',;<>{}$]{6,}))"},
    {Kind::kToken, "", R"((?i)\bauthorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?([^\s"',;<>{}$\[\]()]{8,}))",
     is_no_word},
    {Kind::kToken, "",
     R"((?i)\bx-(?:api-key|auth-token|access-token|amz-security-token|csrf-token|goog-api-key|gitlab-token|vault-token|pryx-csrf)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?([^\s"',;<>{}$]{6,}))",
     is_no_placeholder},
    {Kind::kToken, "",
     R"((?im)\b(?:set-)?cookie["']?[ \t]{0,4}:[ \t]{0,4}["']?([A-Za-z0-9_.$-]+=[^\r\n"']+))"},
    // Signed addresses: who has them is let in.
    {Kind::kToken, "", R"([?&](?:sig|X-Amz-Signature|X-Goog-Signature|Signature)=([A-Za-z0-9%+/=_-]{16,}))"},
};

// Base64 with its line breaks, also escaped ones and the headers of an armour.
bool is_key_text(char c) { return is_alnum(c) || std::string_view("+/= \t\r\n\\:,-.()").contains(c); }

}  // namespace

void scan_private_keys(Scan& scan) {
  if (!scan.wants(Kind::kPrivateKey)) return;
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kEnd = "-----END ";
  constexpr std::size_t kLongestName = 48;
  const std::string_view text = scan.text();
  for (std::size_t at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at)) {
    const std::size_t name = at + kBegin.size();
    const std::size_t dashes = text.substr(name, kLongestName).find("-----");
    if (dashes == text.npos || !text.substr(name, dashes).contains("PRIVATE KEY")) {
      at = name;
      continue;
    }
    std::size_t end = name + dashes + 5;
    while (end < text.size() && is_key_text(text[end]) && !text.substr(end).starts_with(kEnd)) ++end;
    if (text.substr(end).starts_with(kEnd)) {
      const std::size_t last = text.substr(end + kEnd.size(), kLongestName + 5).find("-----");
      end = last == text.npos ? end : end + kEnd.size() + last + 5;
    }
    scan.add(at, end, Kind::kPrivateKey);
    at = end;
  }
}

void scan_tokens(Scan& scan) {
  static const Patterns patterns(kTokens);
  patterns.scan(scan, scan.plain());
}

}  // namespace pryx::redaction
