// SPDX-License-Identifier: MIT
#include "engine/tools/http/scrub.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::tools::http {
namespace {

constexpr std::string_view kMark = "[secret removed]";
constexpr std::size_t kLeastBeginning = 4;  // a shorter piece of a secret tells nothing

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

void remove_all(std::string& text, std::string_view form) {
  if (form.empty()) return;
  for (std::size_t at = text.find(form); at != std::string::npos; at = text.find(form, at + kMark.size()))
    text.replace(at, form.size(), kMark);
}

void scrub_value(json::value& value, const Secret& secret);

void scrub_object(json::object& object, const Secret& secret) {
  for (auto& entry : object) scrub_value(entry.value(), secret);
}

void scrub_value(json::value& value, const Secret& secret) {
  if (value.is_string()) {
    std::string text(value.as_string());
    scrub(text, secret);
    value = text;
  } else if (value.is_array()) {
    for (json::value& item : value.as_array()) scrub_value(item, secret);
  } else if (value.is_object()) {
    scrub_object(value.as_object(), secret);
  }
}

}  // namespace

void scrub(std::string& text, const Secret& secret) {
  const std::string& value = secret.reveal();
  remove_all(text, value);
  std::string quoted = is_valid_utf8(value) ? json::to_text(json::value(value)) : std::string();
  std::string forms[] = {quoted.size() > 2 ? quoted.substr(1, quoted.size() - 2) : std::string(),
                         percent_encoded(value), to_base64(value), to_base64url(value)};
  for (std::string& form : forms) {
    remove_all(text, form);
    wipe(form);
  }
  wipe(quoted);
}

void scrub(egress::FetchResponse& response, const Secret& secret) {
  scrub(response.body, secret);
  if (response.truncated) {
    const std::string& value = secret.reveal();
    for (std::size_t size = std::min(value.size(), response.body.size()); size >= kLeastBeginning; --size) {
      if (!response.body.ends_with(std::string_view(value).substr(0, size))) continue;
      response.body.resize(response.body.size() - size);
      break;
    }
  }
  net::Headers headers;
  for (const auto& [name, field] : response.headers.all()) {
    std::string clean = field;
    scrub(clean, secret);
    headers.add(name, std::move(clean));
  }
  response.headers = std::move(headers);
  scrub(response.refused_redirect, secret);
  for (egress::Hop& hop : response.hops) scrub(hop.url, secret);
}

void scrub(ToolOutcome& outcome, const Secret& secret) {
  scrub(outcome.text, secret);
  scrub(outcome.summary, secret);
  scrub_object(outcome.details, secret);
}

}  // namespace pryx::tools::http
