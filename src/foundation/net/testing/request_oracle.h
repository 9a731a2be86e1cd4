// SPDX-License-Identifier: MIT
// A second opinion on requests: Boost.Beast's parser. What RequestReader accepts, Beast must accept too, end
// at the same byte and read the same way; anything else is an ambiguity that smuggling could use. Used by
// tests and the fuzzer.
#pragma once
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "foundation/net/request_reader.h"

namespace pryx::net::testing {

struct ReadResult {
  RequestReader::Event event = RequestReader::Event::kNeedMore;
  int status = 0;
  std::size_t taken = 0;
  Request request;
  bool keep_alive = false;
  bool is_http11 = false;
};

// Feeds in pieces of at most `piece` bytes.
inline ReadResult read_request(std::string_view bytes, std::size_t piece,
                               const RequestReader::Limits& limits = {}) {
  RequestReader reader(limits);
  ReadResult result;
  bool had_head = false;
  std::size_t at = 0;
  while (at <= bytes.size()) {
    std::string_view part = bytes.substr(at, piece);
    const std::size_t given = part.size();
    result.event = reader.feed(part);
    at += given - part.size();
    if (result.event == RequestReader::Event::kHead) {
      if (had_head) std::abort();
      had_head = true;
      continue;
    }
    if (result.event != RequestReader::Event::kNeedMore) break;
    if (!part.empty()) std::abort();  // asked for more with bytes at hand
    if (at == bytes.size()) break;
  }
  result.taken = at;
  result.status = reader.error_status();
  if (result.event == RequestReader::Event::kComplete) {
    if (!had_head) std::abort();
    result.keep_alive = reader.wants_keep_alive();
    result.is_http11 = reader.is_http11();
    result.request = std::move(reader.request());
  }
  return result;
}

// "" when Beast agrees, else what differs.
inline std::string compare_with_beast(std::string_view bytes, const ReadResult& ours) {
  namespace http = boost::beast::http;
  http::request_parser<http::string_body> parser;
  parser.eager(true);
  parser.header_limit(1u << 20);
  parser.body_limit(1u << 30);
  boost::beast::error_code error;
  std::size_t taken = 0;
  while (!parser.is_done() && taken < ours.taken) {
    const std::size_t count =
        parser.put(boost::asio::buffer(bytes.data() + taken, ours.taken - taken), error);
    if (error) return "Beast refuses: " + error.message();
    if (count == 0) break;
    taken += count;
  }
  if (!parser.is_done()) return "Beast waits for more";
  if (taken != ours.taken) return "Beast ends elsewhere";
  const auto& message = parser.get();
  if (message.method_string() != ours.request.method) return "another method";
  if (message.body() != ours.request.body) return "another body";
  if (message.keep_alive() != ours.keep_alive && message.version() == 11) return "another keep-alive";
  const std::string_view target(message.target().data(), message.target().size());
  if (percent_decode(target.substr(0, target.find('?')), false) != ours.request.path) return "another path";
  for (const auto& [name, value] : ours.request.headers.all()) {
    bool found = false;
    for (const auto& field : message) {
      const std::string_view field_name(field.name_string().data(), field.name_string().size());
      if (field_name == name && std::string_view(field.value().data(), field.value().size()) == value)
        found = true;
    }
    if (!found) return "another value of " + name;
  }
  return {};
}

}  // namespace pryx::net::testing
