// SPDX-License-Identifier: MIT
// Plain HTTP values, shared by server and client. No stream, no Beast, no curl is visible from here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pryx::net {

// Field names compare without case; order and duplicates are kept.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string name, std::string value);  // replaces every field of that name
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;  // the first one
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Who is at the other end, as the kernel says it.
struct Peer {
  enum class Transport : std::uint8_t { kTcp, kUnix };
  Transport transport = Transport::kTcp;
  std::string address;             // "127.0.0.1" for TCP, empty for Unix
  std::uint32_t uid = UINT32_MAX;  // Unix only (SO_PEERCRED)
  std::int32_t pid = -1;           // Unix only
  // TCP only: it came to a loopback address and so from this machine, whichever of its addresses it took.
  bool is_local = false;
};

// An already bounded and checked request: one Host, no ambiguous framing, target in origin-form.
struct Request {
  std::string method;
  std::string path;   // percent-decoded, "/api/v1/sessions"; valid UTF-8 without NUL
  std::string query;  // raw, without '?'
  Headers headers;
  std::string body;
  Peer peer;
  bool wants_websocket = false;

  // Percent-decoded query parameter, first of that name.
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> query_values(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space);
[[nodiscard]] std::string percent_encode(std::string_view text);
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace pryx::net
