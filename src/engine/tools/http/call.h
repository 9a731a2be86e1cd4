// SPDX-License-Identifier: MIT
// A call of http.request as values: its arguments read once, its URL in the canonical form that is decided
// on, shown and sent. Pure.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/net/url.h"

namespace pryx::tools::http {

enum class Format : std::uint8_t { kText, kRaw, kJson };

struct Field {
  std::string name;
  std::string prefix;                      // "Bearer " of "Bearer secret:github"
  std::string value;                       // plain value; empty when a secret stands here
  std::string secret_name;                 // "github"
  [[nodiscard]] std::string text() const;  // as the call wrote it, for people
};

struct Call {
  std::string method;  // upper case
  net::Url url;
  std::vector<Field> fields;
  std::string body;
  Duration timeout = std::chrono::seconds(30);
  Format format = Format::kText;

  [[nodiscard]] bool is_safe() const { return method == "GET" || method == "HEAD"; }
  [[nodiscard]] bool uses_secret() const;
  // Entries for the broker: this host alone, and with a secret this port alone.
  [[nodiscard]] std::vector<std::string> allowed() const;
  [[nodiscard]] std::string one_line() const;
  [[nodiscard]] std::string preview() const;  // the whole request
};

// No line ends or control characters.
[[nodiscard]] bool is_field_value(std::string_view text);
[[nodiscard]] Result<Call> read_call(const json::object& arguments);

}  // namespace pryx::tools::http
