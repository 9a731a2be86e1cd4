// SPDX-License-Identifier: MIT
#include "trust/redaction/redactor.h"

#include <algorithm>
#include <iterator>

#include "foundation/base/text.h"
#include "trust/redaction/internal/changes.h"
#include "trust/redaction/internal/checks.h"
#include "trust/redaction/internal/scan.h"

namespace pryx::redaction {
namespace {

constexpr std::string_view kNames[kKinds] = {"secret",   "key",   "jwt",  "token", "credentials",
                                             "password", "email", "iban", "card",  "id",
                                             "phone",    "mac",   "ip",   "user"};
constexpr int kMostPasses = 4;          // what one pass leaves side by side may read as something of its own
constexpr std::size_t kMostDepth = 64;  // of documents inside of documents

// A backslash and what it stands for, where that is a break or a quote: blanks.
std::string without_escapes(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != '\\') continue;
    std::size_t last = i;
    while (last + 1 < out.size() && out[last] == '\\') ++last;
    if (std::string_view("nrt").contains(out[last])) {
      for (std::size_t k = i; k <= last; ++k) out[k] = ' ';
    } else if (out[last] == '"' || out[last] == '\'' || out[last] == '/') {
      // The sign stays, at the front, so that it touches what came before it and not a blank.
      const char sign = out[last];
      for (std::size_t k = i; k <= last; ++k) out[k] = sign;
    }
    i = last;
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || std::string_view("-._~").contains(c)) {
      out += c;
    } else {
      out += '%';
      for (const char h : to_hex(std::string_view(&c, 1)))
        out += is_lower(h) ? static_cast<char>(h - 'a' + 'A') : h;
    }
  }
  return out;
}

// What the same value looks like after the encodings that it meets on its way.
std::vector<std::string> forms_of(const std::string& value) {
  std::vector<std::string> forms = {value, percent_encoded(value), to_base64(value), to_base64url(value),
                                    to_hex(value)};
  const std::string quoted = json::to_text(json::value(boost::json::string(value)));
  forms.push_back(quoted.substr(1, quoted.size() - 2));
  std::ranges::sort(forms);
  forms.erase(std::ranges::unique(forms).begin(), forms.end());
  return forms;
}

// One value written in two ways is one value.
std::string normal(Kind kind, std::string_view value) {
  switch (kind) {
    case Kind::kPhone:
    case Kind::kCard:
      return digits_of(value);
    case Kind::kIban:
    case Kind::kNationalId: {
      std::string out;
      for (const char c : lower_ascii(value))
        if (is_alnum(c)) out += c;
      return out;
    }
    case Kind::kEmail:
    case Kind::kMac:
    case Kind::kIp:
      return lower_ascii(value);
    default:
      return std::string(value);
  }
}

// Overlaps become one finding that covers them all, so that no rest of any stays; it is what its most
// telling part is.
std::vector<Finding> merged(std::vector<Finding> found) {
  std::ranges::sort(found, [](const Finding& a, const Finding& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  std::vector<Finding> out;
  for (const Finding& finding : found) {
    if (out.empty() || finding.begin >= out.back().end) {
      out.push_back(finding);
      continue;
    }
    out.back().end = std::max(out.back().end, finding.end);
    out.back().kind = std::min(out.back().kind, finding.kind);
  }
  return out;
}

}  // namespace

std::string_view to_text(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

bool is_placeholder(std::string_view text) {
  if (text.size() < 5 || text.front() != '[' || text.back() != ']') return false;
  const std::size_t dash = text.find('-');
  if (dash == text.npos || dash + 2 > text.size() - 1) return false;
  return std::ranges::find(kNames, text.substr(1, dash - 1)) != std::end(kNames) &&
         std::ranges::all_of(text.substr(dash + 1, text.size() - dash - 2), is_digit);
}

Scan::Scan(std::string_view text, const Options& options)
    : text_(text), plain_(without_escapes(text)), options_(options) {}

// A title ends in "…" wherever the message was too long for it, in the middle of a value as well.
void scan_cut_canary(Scan& scan, std::string_view form) {
  static constexpr std::string_view kCut = "…";
  constexpr std::size_t kMostOfCut = 256;  // no title has more
  const std::string_view text = scan.text();
  for (std::size_t end = text.find(kCut); end != text.npos; end = text.find(kCut, end + kCut.size())) {
    for (std::size_t size = std::min({form.size() - 1, end, kMostOfCut}); size >= kMinCanaryBytes; --size) {
      if (text.substr(end - size, size) != form.substr(0, size)) continue;
      scan.add(end - size, end, Kind::kStoredSecret);
      break;
    }
  }
}

void scan_canaries(Scan& scan) {
  if (!scan.wants(Kind::kStoredSecret)) return;
  const std::string_view text = scan.text();
  for (const Secret& canary : scan.options().canaries) {
    if (canary.empty()) continue;
    const bool words_only = canary.reveal().size() < kMinCanaryBytes;
    for (std::string& form : forms_of(canary.reveal())) {
      for (std::size_t at = text.find(form); at != text.npos; at = text.find(form, at + form.size())) {
        const bool is_inside = is_word(char_before(text, at)) || is_word(char_at(text, at + form.size()));
        if (!words_only || !is_inside) scan.add(at, at + form.size(), Kind::kStoredSecret);
      }
      scan_cut_canary(scan, form);
      wipe(form);
    }
  }
}

std::vector<Finding> find_sensitive(std::string_view text, const Options& options) {
  Scan scan(text, options);
  scan_canaries(scan);
  scan_private_keys(scan);
  scan_tokens(scan);
  scan_assignments(scan);
  scan_emails(scan);
  scan_numbers(scan);
  scan_places(scan);
  return merged(scan.take());
}

Redactor::Redactor(Options options) : options_(std::move(options)) {}

std::string Redactor::placeholder(Kind kind, std::string_view value) {
  const std::string name(to_text(kind));
  std::string& known = known_[name + '\0' + normal(kind, value)];
  if (known.empty()) known = fmt::format("[{}-{}]", name, ++counts_[name]);
  return known;
}

std::string Redactor::pass(std::string_view text, const std::vector<Finding>& findings) {
  std::string out;
  std::size_t from = 0;
  for (const Finding& finding : findings) {
    out += text.substr(from, finding.begin - from);
    out += placeholder(finding.kind, text.substr(finding.begin, finding.end - finding.begin));
    from = finding.end;
  }
  out += text.substr(from);
  return out;
}

std::string Redactor::text(std::string_view text) {
  std::string out(text);
  Changes changes;
  for (int i = 0; i < kMostPasses; ++i) {
    const std::vector<Finding> findings = find_sensitive(out, options_);
    if (findings.empty()) break;
    if (tell_) {
      std::vector<std::string> placeholders;
      for (const Finding& f : findings)
        placeholders.push_back(placeholder(f.kind, std::string_view(out).substr(f.begin, f.end - f.begin)));
      changes.add(findings, placeholders);
    }
    out = pass(out, findings);
  }
  if (tell_) changes.tell(text, out, where_, tell_);
  return out;
}

std::string Redactor::text_or_document(std::string_view text, std::size_t depth) {
  const std::string_view inner = trim(text);
  if (depth < kMostDepth && !inner.empty() && (inner[0] == '{' || inner[0] == '[') &&
      !is_placeholder(inner)) {
    if (const auto document = json::parse(inner); document && (document->is_object() || document->is_array()))
      return json::to_text(value_at(*document, depth + 1));
  }
  return this->text(text);
}

json::value Redactor::value_at(const json::value& document, std::size_t depth) {
  if (const auto* string = document.if_string()) return json::value(text_or_document(*string, depth));
  if (document.is_int64() || document.is_uint64()) {
    const std::string digits = json::to_text(document);
    const bool is_card = !options_.off[static_cast<std::size_t>(Kind::kCard)] && is_card_number(digits);
    return is_card ? json::value(whole(Kind::kCard, digits)) : document;
  }
  if (depth >= kMostDepth) return json::value("[too deep]");
  if (const auto* array = document.if_array()) {
    json::array out;
    const std::size_t above = where_.size();
    for (const json::value& item : *array) {
      where_ += fmt::format("/{}", out.size());
      out.push_back(value_at(item, depth + 1));
      where_.resize(above);
    }
    return out;
  }
  const auto* object = document.if_object();
  return object == nullptr ? document : json::value(object_at(*object, depth));
}

json::object Redactor::object_at(const json::object& object, std::size_t depth) {
  json::object out;
  const std::size_t above = where_.size();
  for (const auto& [key, item] : object) {
    const auto* string = item.if_string();
    const bool is_secret = string != nullptr && !string->empty() && is_secret_key(key) &&
                           !is_placeholder(*string) &&
                           !options_.off[static_cast<std::size_t>(Kind::kPassword)];
    const std::string name = text(key);
    where_ += "/" + pointer_token(name);
    out[name] = is_secret ? json::value(whole(Kind::kPassword, *string)) : value_at(item, depth + 1);
    where_.resize(above);
  }
  return out;
}

// A value that goes as a whole, because of what it is or the name it has.
std::string Redactor::whole(Kind kind, std::string_view value) {
  std::string instead = placeholder(kind, value);
  if (tell_)
    tell_({.kind = kind,
           .placeholder = instead,
           .where = where_,
           .begin = 0,
           .length = value.size(),
           .before = masked(kind, value),
           .after = instead});
  return instead;
}

json::value Redactor::value(const json::value& document) { return value_at(document, 0); }

}  // namespace pryx::redaction
