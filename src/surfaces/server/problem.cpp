// SPDX-License-Identifier: MIT
#include "surfaces/server/problem.h"

#include "foundation/base/text.h"
#include "trust/trace/span.h"

namespace pryx::server {
namespace {

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

void add_retry_after(net::Headers& headers, const Error& error) {
  if (error.retry_after_ms >= 0)
    headers.add("Retry-After", std::to_string((error.retry_after_ms + 999) / 1000));
}

net::Response finish(json::object body, int status, const Error& error, std::string_view request_id) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/problem+json");
  add_common_headers(response.headers, request_id);
  add_retry_after(response.headers, error);
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  response.body = json::to_text(body);
  return response;
}

std::string_view openai_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

std::string_view anthropic_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

int http_status(const Error& error) {
  const int status = facts(error.code).http_status;
  return status == 499 ? 503 : status;
}

json::object problem_body(const Error& error, std::string_view request_id, const json::object& more) {
  const ErrorFacts& known = facts(error.code);
  json::object body{{"type", fmt::format("urn:pryx:error:{}", known.name)},
                    {"title", known.title},
                    {"status", http_status(error)},
                    {"detail", to_valid_utf8(error.message)},
                    {"code", known.wire},
                    {"request_id", request_id},
                    {"trace_id", or_null(trace::trace_id_of(request_id))}};
  if (error.retry_after_ms >= 0) body["retry_after_ms"] = error.retry_after_ms;
  for (const auto& member : more) body[member.key()] = member.value();
  return body;
}

net::Response problem_response(const Error& error, std::string_view request_id, const json::object& more) {
  return finish(problem_body(error, request_id, more), http_status(error), error, request_id);
}

net::Response problem_response(const Error& error, int status, std::string_view title,
                               std::string_view request_id) {
  return finish(problem_body(error, request_id, {{"status", status}, {"title", title}}), status, error,
                request_id);
}

json::object openai_error_body(const Error& error, std::string_view param, std::string_view code) {
  const ErrorFacts& known = facts(error.code);
  return {{"error", json::object{{"message", to_valid_utf8(error.message)},
                                 {"type", openai_type(http_status(error))},
                                 {"param", param.empty() ? json::value(nullptr) : json::value(param)},
                                 {"code", code.empty() ? json::value(known.name) : json::value(code)}}}};
}

net::Response openai_error_response(const Error& error, std::string_view request_id, std::string_view param,
                                    std::string_view code) {
  net::Response response =
      finish(openai_error_body(error, param, code), http_status(error), error, request_id);
  response.headers.set("Content-Type", "application/json");
  return response;
}

json::object anthropic_error_body(const Error& error, std::string_view request_id) {
  return {{"type", "error"},
          {"error", json::object{{"type", anthropic_type(http_status(error))},
                                 {"message", to_valid_utf8(error.message)}}},
          {"request_id", request_id}};
}

net::Response anthropic_error_response(const Error& error, std::string_view request_id) {
  net::Response response =
      finish(anthropic_error_body(error, request_id), http_status(error), error, request_id);
  response.headers.set("Content-Type", "application/json");
  response.headers.set("request-id", std::string(request_id));
  return response;
}

void add_common_headers(net::Headers& headers, std::string_view request_id) {
  if (!headers.find("Cache-Control")) headers.add("Cache-Control", "no-store");
  if (!headers.find("X-Content-Type-Options")) headers.add("X-Content-Type-Options", "nosniff");
  if (!request_id.empty()) headers.add("X-Request-Id", std::string(request_id));
}

}  // namespace pryx::server
