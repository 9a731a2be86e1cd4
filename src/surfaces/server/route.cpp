// SPDX-License-Identifier: MIT
#include "surfaces/server/route.h"

#include <charconv>

#include "foundation/base/text.h"

namespace pryx::server {
namespace {

// nullopt: the path is another one.
std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path) {
  std::vector<std::string> values;
  for (;;) {
    const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const std::size_t path_end = std::min(path.find('/', 1), path.size());
    const std::string_view wanted = pattern.substr(0, pattern_end);
    const std::string_view given = path.substr(0, path_end);
    if (wanted.starts_with("/{")) {
      if (given.size() < 2) return std::nullopt;
      values.emplace_back(given.substr(1));
    } else if (wanted != given) {
      return std::nullopt;
    }
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
    if (pattern.empty() && path.empty()) return values;
    if (pattern.empty() || path.empty()) return std::nullopt;
  }
}

}  // namespace

Reply Reply::response(net::Response response) {
  Reply reply;
  reply.status = response.status;
  reply.body = std::move(response.body);
  reply.headers = std::move(response.headers);
  reply.content_type.clear();
  return reply;
}

RouteMatch find_route(std::span<const Route> routes, std::string_view method, std::string_view path) {
  RouteMatch match;
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  const auto consider = [&](const Route& route, std::vector<std::string> values) {
    match.allowed.push_back(route.method);
    if (route.method == "GET") match.allowed.push_back("HEAD");
    if (route.method == wanted && match.route == nullptr) {
      match.route = &route;
      match.path_values = std::move(values);
    }
  };
  for (const Route& route : routes) {
    if (route.takes != nullptr) continue;
    if (auto values = match_path(route.pattern, path)) consider(route, std::move(*values));
  }
  if (!match.allowed.empty()) return match;
  for (const Route& route : routes) {
    if (route.takes != nullptr && route.takes(path)) consider(route, {});
  }
  return match;
}

Result<std::int64_t> limit_of(const RouteCall& call, std::int64_t fallback, std::int64_t most) {
  const auto text = call.request.query_value("limit");
  if (!text) return fallback;
  std::int64_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit < 1 || limit > most) {
    return fail(ErrorCode::kInvalidArgument, "limit must be a number from 1 to {}", most);
  }
  return limit;
}

Result<agent::Page> page_of(const RouteCall& call) {
  PRYX_TRY(const std::int64_t limit, limit_of(call, 50, 200));
  return agent::Page{limit, query_or(call, "cursor")};
}

Result<std::optional<WallTime>> time_of(const RouteCall& call, std::string_view name) {
  const auto text = call.request.query_value(name);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) return fail(ErrorCode::kInvalidArgument, "{} must be a time such as 2026-11-21T07:36:32Z", name);
  return *time;
}

std::string query_or(const RouteCall& call, std::string_view name) {
  return call.request.query_value(name).value_or(std::string());
}

json::object list_body(json::array items, const std::string& next_cursor) {
  return {{"items", std::move(items)},
          {"next_cursor", next_cursor.empty() ? json::value(nullptr) : json::value(next_cursor)}};
}

}  // namespace pryx::server
