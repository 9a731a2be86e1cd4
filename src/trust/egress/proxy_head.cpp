// SPDX-License-Identifier: MIT
#include "trust/egress/proxy_head.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "foundation/base/text.h"

namespace pryx::egress {
namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kMaxMethod = 32;

template <class... Args>
std::unexpected<Error> bad(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorCode::kInvalidArgument, format, std::forward<Args>(args)...);
}

bool is_token(std::string_view text) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOther.find(c) != std::string_view::npos;
  });
}

// Lines end in CR LF; neither stands anywhere else, nor does any other control character but a tab.
Result<std::vector<std::string_view>> lines_of(std::string_view head) {
  if (head.size() > kMaxProxyHead) return bad("the head is over {} bytes", kMaxProxyHead);
  if (!head.ends_with("\r\n\r\n")) return bad("the head does not end in an empty line");
  head.remove_suffix(2);
  std::vector<std::string_view> lines;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    const bool is_clean = std::ranges::all_of(line, [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return c == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
    if (!is_clean) return bad("the head holds a control character");
    if (line.empty()) return bad("the head holds an empty line");
    lines.push_back(line);
    if (lines.size() > kMaxFields + 1) return bad("the head has over {} fields", kMaxFields);
    head.remove_prefix(end + 2);
  }
  return lines;
}

Result<void> read_request_line(std::string_view line, ProxyHead& out) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || line.find(' ', first + 1) != last)
    return bad("the request line is not of the form METHOD TARGET HTTP/1.1");
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return bad("only HTTP/1.1 and HTTP/1.0 are spoken here");
  out.method = line.substr(0, first);
  if (!is_token(out.method) || out.method.size() > kMaxMethod) return bad("the method is malformed");
  const std::string_view target = line.substr(first + 1, last - first - 1);
  out.is_connect = out.method == "CONNECT";
  if (!out.is_connect) {
    PRYX_TRY(out.url, net::parse_url(target));
    if (out.url.is_https) return bad("https goes through CONNECT");
    return {};
  }
  PRYX_TRY(net::HostPort at, net::parse_host_port(target));
  if (!at.port) return bad("CONNECT needs host and port");
  out.url.host = std::move(at.host);
  out.url.port = *at.port;
  out.url.target = "/";
  return {};
}

Result<std::size_t> read_length(std::string_view text) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || text.size() > 12 || error != std::errc() || end != text.data() + text.size() ||
      text[0] == '+' || text[0] == '-')
    return bad("Content-Length is no number");
  return length;
}

// Between two neighbours only, or ours to write.
bool stays_here(std::string_view name) {
  constexpr std::string_view kNames[] = {"host",    "connection", "keep-alive",          "proxy-connection",
                                         "te",      "trailer",    "proxy-authorization", "proxy-authenticate",
                                         "upgrade", "expect",     "content-length",      "http2-settings"};
  return std::ranges::any_of(kNames, [&](std::string_view n) { return equals_ignore_case(n, name); });
}

}  // namespace

Result<ProxyHead> parse_proxy_head(std::string_view head) {
  PRYX_TRY(const auto lines, lines_of(head));
  if (lines.empty()) return bad("the head is empty");
  ProxyHead out;
  out.head_bytes = head.size();
  PRYX_TRY_VOID(read_request_line(lines[0], out));
  std::vector<std::string> named;  // by Connection fields
  bool has_length = false;
  net::Headers all;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    const std::string_view name = lines[i].substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) return bad("a field has no proper name");
    const std::string_view value = trim(lines[i].substr(colon + 1));
    if (equals_ignore_case(name, "Transfer-Encoding"))
      return bad("send a body with Content-Length; Transfer-Encoding is not taken here");
    if (equals_ignore_case(name, "Content-Length")) {
      if (std::exchange(has_length, true)) return bad("Content-Length stands there twice");
      PRYX_TRY(out.body_bytes, read_length(value));
    }
    if (equals_ignore_case(name, "Connection")) {
      for (const std::string_view option : split(value, ',')) named.push_back(lower_ascii(trim(option)));
    }
    all.add(std::string(name), std::string(value));
  }
  if (out.is_connect && out.body_bytes > 0) return bad("CONNECT has no body");
  for (const auto& [name, value] : all.all()) {
    if (stays_here(name) || std::ranges::find(named, lower_ascii(name)) != named.end()) continue;
    out.headers.add(name, value);
  }
  return out;
}

}  // namespace pryx::egress
