// SPDX-License-Identifier: MIT
#include "engine/tools/http/scrub.h"

#include <algorithm>

#include "engine/tools/secret_forms.h"

namespace pryx::tools::http {
namespace {

constexpr std::size_t kLeastBeginning = 4;  // a shorter piece of a secret tells nothing

void remove_all(std::string& text, std::string_view form) {
  if (form.empty()) return;
  for (std::size_t at = text.find(form); at != std::string::npos;
       at = text.find(form, at + kSecretRemoved.size()))
    text.replace(at, form.size(), kSecretRemoved);
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
  for (const Secret& form : secret_forms(secret)) remove_all(text, form.reveal());
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
