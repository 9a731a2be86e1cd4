// SPDX-License-Identifier: MIT
// Errors as they look on the wire: RFC 9457 problems for the API, OpenAI's and Anthropic's error objects for
// their fronts. Pure.
#pragma once
#include <string>

#include "foundation/base/json.h"
#include "foundation/net/http_types.h"

namespace pryx::server {

// The HTTP status of an error. A cancelled request is seen as 503 from outside: nobody is there to read a
// 499.
[[nodiscard]] int http_status(const Error& error);

// {"type","title","status","detail","code","request_id","trace_id","retry_after_ms"?} and the members of
// `more`.
[[nodiscard]] json::object problem_body(const Error& error, std::string_view request_id,
                                        const json::object& more = {});
[[nodiscard]] net::Response problem_response(const Error& error, std::string_view request_id,
                                             const json::object& more = {});
[[nodiscard]] net::Response problem_response(const Error& error, int status, std::string_view title,
                                             std::string_view request_id);

// {"error":{"message","type","param","code"}}
[[nodiscard]] json::object openai_error_body(const Error& error, std::string_view param = {},
                                             std::string_view code = {});
[[nodiscard]] net::Response openai_error_response(const Error& error, std::string_view request_id,
                                                  std::string_view param = {}, std::string_view code = {});

// {"type":"error","error":{"type","message"},"request_id"}
[[nodiscard]] json::object anthropic_error_body(const Error& error, std::string_view request_id);
[[nodiscard]] net::Response anthropic_error_response(const Error& error, std::string_view request_id);

// Headers that every answer carries: nothing is sniffed, and nothing cached that does not say otherwise
// itself.
void add_common_headers(net::Headers& headers, std::string_view request_id);

}  // namespace pryx::server
