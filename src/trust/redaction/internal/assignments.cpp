// SPDX-License-Identifier: MIT
// What is a secret because of the name before it: assignments, options of commands, URLs, connection strings.
#include <algorithm>
#include <array>

#include "foundation/base/text.h"
#include "trust/redaction/internal/checks.h"
#include "trust/redaction/internal/pattern.h"

namespace pryx::redaction {
namespace {

// strong: people put passwords there, so short words count; weak: words of code as well, so the value has to
// look random.
constexpr std::string_view kStrong[] = {"password", "passwd",   "passphrase", "pwd",
                                        "passcode", "passwort", "contraseña", "pass"};
constexpr std::string_view kWeak[] = {"secret",        "token",     "credential",     "credentials",
                                      "apikey",        "accesskey", "privatekey",     "authkey",
                                      "accountkey",    "secretkey", "signingkey",     "masterkey",
                                      "encryptionkey", "sharedkey", "sharedaccesskey"};

std::string letters_of(std::string_view key) {
  std::string out;
  for (const char c : lower_ascii(key))
    if (c != '_' && c != '-' && c != '.' && c != ' ') out += c;
  while (!out.empty() && is_digit(out.back())) out.pop_back();
  return out;
}

bool ends_with_one(std::string_view key, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return key.ends_with(word); });
}
bool is_strong(std::string_view key) {
  const std::string letters = letters_of(key);
  return ends_with_one(letters, kStrong) && !letters.ends_with("bypass") && !letters.ends_with("compass");
}

// What stands where a secret would: nothing, a variable, a hint.
bool is_stand_in(std::string_view value) {
  static constexpr std::string_view kWords[] = {
      "none",     "null",     "nil",        "true",     "false",   "undefined",     "string",   "str",
      "number",   "text",     "password",   "secret",   "token",   "required",      "optional", "hidden",
      "redacted", "changeme", "example",    "passwd",   "value",   "bytes",         "object",   "boolean",
      "bool",     "empty",    "unset",      "missing",  "invalid", "optional[str]", "expired",  "wrong",
      "correct",  "pass",     "passphrase", "username", "input",   "prompt",        "field",    "env",
      "file",     "vault",    "keychain"};
  if (is_placeholder(value)) return true;
  if (std::string_view("<${%[*(&").contains(value[0])) return true;
  if (value.contains("${") || value.contains("{{") || value.contains("...")) return true;
  const std::string lower = lower_ascii(value);
  if (std::ranges::find(kWords, std::string_view(lower)) != std::end(kWords)) return true;
  if (lower.starts_with("your") || lower.starts_with("process.env") || lower.starts_with("os.environ") ||
      lower.starts_with("env.") || lower.starts_with("vault:") || lower.starts_with("env:"))
    return true;
  return std::ranges::all_of(
      value, [](char c) { return c == '*' || c == 'x' || c == 'X' || c == '.' || c == '-' || c == '_'; });
}

// Names and paths of code: letters, joined by what joins names.
bool is_name(std::string_view value) {
  return std::ranges::all_of(value,
                             [](char c) { return is_letter(c) || std::string_view("_.:->$").contains(c); });
}
bool is_number(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return is_digit(c) || c == '.' || c == '_'; });
}

struct Assignment {
  std::string_view key;
  std::string_view value;
  bool is_quoted = false;
  bool is_environment = false;  // DB_PASSWORD=…, ?password=…, ;Password=…
  char after = '\0';
};

bool is_secret_value(const Assignment& a) {
  const std::string_view value = a.value;
  if (value.empty() || is_stand_in(value) || equals_ignore_case(value, a.key)) return false;
  if (!a.is_quoted && (a.after == '(' || a.after == '[')) return false;  // a call, an element
  if (is_strong(a.key)) {
    if (value.size() < 4) return false;
    const bool is_prose = value.contains(' ');
    if (is_prose) return a.is_quoted && std::ranges::any_of(value, is_digit);
    if (a.is_quoted || a.is_environment) return !(value.starts_with("$") || value.starts_with("@"));
    return !is_name(value) && value.size() >= 6;
  }
  if (value.contains(' ') || value.contains('(') || is_number(value)) return false;
  if (value.starts_with("/") || value.starts_with("./") || value.starts_with("http")) return false;
  const bool has_digit = std::ranges::any_of(value, is_digit);
  if (value.size() >= 12 && has_digit && entropy(value) >= 2.8) return !is_name(value);
  const bool is_mixed = std::ranges::any_of(value, is_upper) && std::ranges::any_of(value, is_lower);
  return value.size() >= 20 && is_mixed && entropy(value) >= 3.5 && !value.contains('.') &&
         !value.contains('_');
}

constexpr const char* kAssignment =
    R"re((?i)([a-z0-9_.-]{0,64}?(?:pass(?:wor[dt]|wd|phrase|code)?|pwd|contraseña|secret|token|credentials?|(?:api|access|private|auth|account|secret|signing|master|encryption|shared)[ _-]?key)[0-9]{0,3})["'`]{0,4}\]?[ \t]{0,4}(?:=>|:=|==?|:)[ \t]{0,4}(?:[bfru]{0,2}"{1,4}([^"\r\n]{1,600})"|[bfru]{0,2}'{1,4}([^'\r\n]{1,600})'|`([^`\r\n]{1,600})`|([^\s"'`,;&<>(){}\[\]|]{1,600})))re";

void scan_assigned(Scan& scan) {
  static const std::unique_ptr<re2::RE2> expression = compile(kAssignment);
  const std::string_view text = scan.plain();
  const re2::StringPiece piece(text.data(), text.size());
  std::array<re2::StringPiece, 6> found;
  std::size_t from = 0;
  while (from < text.size() && expression->Match(piece, from, text.size(), re2::RE2::UNANCHORED, found.data(),
                                                 static_cast<int>(found.size()))) {
    const std::size_t start = static_cast<std::size_t>(found[0].data() - text.data());
    std::size_t which = 2;
    while (which < 5 && found[which].data() == nullptr) ++which;
    const std::size_t begin = static_cast<std::size_t>(found[which].data() - text.data());
    std::size_t end = begin + found[which].size();
    const bool is_bare = which == 5;
    const std::string_view key(found[1].data(), found[1].size());
    const bool is_capitals = std::ranges::none_of(key, is_lower) && std::ranges::any_of(key, is_upper);
    const char before = char_before(text, start);
    const Assignment a{.key = key,
                       .value = text.substr(begin, end - begin),
                       .is_quoted = !is_bare,
                       .is_environment = is_bare && text[begin - 1] == '=' &&
                                         (is_capitals || before == '?' || before == '&' || before == ';'),
                       .after = char_at(text, end)};
    if (is_secret_value(a)) {
      // What a sentence puts behind a word is not part of it.
      while (is_bare && end > begin + 4 && std::string_view(".:!?").contains(text[end - 1])) --end;
      scan.add(begin, end, Kind::kPassword);
      from = end;
    } else {
      from = start + std::max<std::size_t>(key.size(), 1);
    }
  }
}

bool is_option_value(const Candidate& candidate) {
  const std::string_view value = candidate.value();
  return !is_stand_in(value) && value[0] != '-' && value.size() >= 4;
}
bool has_odd_character(const Candidate& candidate) {
  const std::string_view value = candidate.value();
  return !is_stand_in(value) && std::ranges::any_of(value, [](char c) {
    return !is_letter(c) && c != '.' && c != '-' && c != '\'';
  });
}
bool is_user_and_password(const Candidate& candidate) {
  const std::string_view value = candidate.value();
  const std::size_t colon = value.find(':');
  if (colon == value.npos) return value.size() >= 20;  // a token in the place of a user
  const std::string_view password = value.substr(colon + 1);
  return !password.empty() && !is_stand_in(password);
}

constexpr PatternText kCredentials[] = {
    {Kind::kCredentials, "://", R"(\b[A-Za-z][A-Za-z0-9+.-]{1,30}://([^\s/"'<>`]{1,512})@[A-Za-z0-9_\[$.-])",
     is_user_and_password},
    {Kind::kCredentials, "@", R"(\b([A-Za-z0-9_.-]{1,64}:[^\s@:/"']{1,128})@(?:tcp|unix|tcp6)\()",
     is_user_and_password},
    {Kind::kCredentials, "-u", R"(\bcurl\b[^\r\n|;]{0,300}? -u ?["']?([^\s:"']{1,128}:[^\s"']{1,128}))",
     is_user_and_password},
    {Kind::kCredentials, "", R"((?i)--user[= ]["']?([^\s:"']{1,128}:[^\s"']{1,128}))", is_user_and_password},
    {Kind::kPassword, "--",
     R"((?i)--(?:[a-z]+-)?(?:password|passwd|passphrase|pass|secret|token|api-key|apikey|auth-token|access-key|secret-key)[ =]["']?([^\s"'<>|;&]{4,512}))",
     is_option_value},
    {Kind::kPassword, "sshpass", R"(\bsshpass -p ?["']?([^\s"']{1,256}))", is_option_value},
    {Kind::kPassword, "mysql", R"(\bmysql(?:dump|admin)?\b[^\r\n|;]{0,200}? -p([^\s"']{4,256}))",
     is_option_value},
    {Kind::kPassword, "requirepass", R"(\brequirepass ([^\s"']{4,256}))", is_option_value},
    {Kind::kPassword, "",
     R"((?i)\b(?:password|passphrase|passcode|passwort)(?: for [^\s]{1,64})? (?:is|was|ist|lautet)[: ]{1,2}["'`]?([^\s"'`,;]{4,256}))",
     has_odd_character},
    {Kind::kPassword, "machine ", R"(\bmachine \S{1,255}\s{1,4}login \S{1,255}\s{1,4}password (\S{1,255}))",
     is_option_value},
};

}  // namespace

bool is_secret_key(std::string_view key) {
  if (key.size() > 128) return false;
  const std::string letters = letters_of(key);
  return is_strong(key) || ends_with_one(letters, kWeak);
}

void scan_assignments(Scan& scan) {
  static const Patterns patterns(kCredentials);
  patterns.scan(scan, scan.plain());
  if (scan.wants(Kind::kPassword)) scan_assigned(scan);
}

}  // namespace pryx::redaction
