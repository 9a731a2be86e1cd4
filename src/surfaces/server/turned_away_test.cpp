// SPDX-License-Identifier: MIT
// What the HTTP layer refuses before a route is found has the error body of every other refusal: one answer
// of each status off a real socket, held against api/openapi.yaml, and its form by path.
#include <gtest/gtest.h>

#include <map>

#include "foundation/schema/schema.h"
#include "surfaces/server/embedded.h"
#include "surfaces/server/testing/fake_exchange.h"
#include "surfaces/server/testing/running_house.h"

namespace pryx::server {
namespace {

using namespace std::chrono_literals;
using net::testing::RawClient;
using net::testing::RawResponse;
using testing::ApiFixture;
using testing::RunningHouse;

schema::Schema schema_of(const std::string& name) {
  const auto document = json::parse(embedded::openapi_json());
  PRYX_CHECK(document.has_value());
  const json::object& all = document->as_object().at("components").as_object().at("schemas").as_object();
  json::object used;
  for (const char* key :
       {"Problem", "OpenAiError", "OpenAiErrorDetail", "AnthropicError", "AnthropicErrorDetail"})
    used[key] = all.at(key);
  auto compiled = schema::Schema::compile(json::object{
      {"$ref", "#/components/schemas/" + name}, {"components", json::object{{"schemas", std::move(used)}}}});
  PRYX_CHECK(compiled.has_value());
  return *compiled;
}

void expect_fits(const std::string& name, const json::object& body) {
  for (const auto& violation : schema_of(name).validate(body))
    ADD_FAILURE() << name << ' ' << violation.to_text() << " in " << json::to_text(body);
}

std::string header_of(const RawResponse& response, const std::string& name) {
  const std::size_t at = response.head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return response.head.substr(begin, response.head.find("\r\n", begin) - begin);
}

json::object body_of(const RawResponse& response) {
  auto parsed = json::parse_object(response.body);
  EXPECT_TRUE(parsed.has_value()) << response.head << response.body;
  return parsed ? std::move(*parsed) : json::object();
}

// The ids are in the body and in the header, and the wait in both where there is one.
void expect_problem(const RawResponse& response, int status) {
  ASSERT_EQ(response.status, status) << response.body;
  const json::object body = body_of(response);
  expect_fits("Problem", body);
  ASSERT_FALSE(::testing::Test::HasFailure()) << status;
  EXPECT_EQ(header_of(response, "Content-Type"), "application/problem+json") << status;
  EXPECT_EQ(body.at("status").as_int64(), status);
  EXPECT_TRUE(json::string_or(body, "request_id").starts_with("req_")) << status;
  EXPECT_EQ(header_of(response, "X-Request-Id"), json::string_or(body, "request_id")) << status;
  EXPECT_EQ(json::string_or(body, "trace_id").size(), 32u) << status;
  const bool comes_back = status == 429 || status == 503;
  EXPECT_EQ(header_of(response, "Retry-After"), comes_back ? "1" : "") << status;
  EXPECT_EQ(body.contains("retry_after_ms"), comes_back) << status;
  if (comes_back) EXPECT_EQ(body.at("retry_after_ms").as_int64(), 1000) << status;
}

std::string get(const RunningHouse& house, std::string_view path, const std::string& fields = {}) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", path, house.authority(), fields);
}

RawResponse ask(const RunningHouse& house, const std::string& bytes) {
  RawClient client(house.port());
  client.send(bytes);
  return client.read_response();
}

TEST(TurnedAway, EveryStatusHasTheProblemOfTheContract) {
  RunningHouse house({.max_header_bytes = 16'000, .max_body_bytes = 1000, .header_timeout = 100ms});
  const std::string health = "/api/v1/health";
  const std::string token = "Authorization: Bearer " + house.new_token(Scopes::all()) + "\r\n";
  const std::map<int, std::string> requests{
      {400, "GET nowhere HTTP/1.1\r\n\r\n"},
      {408, "GET / HTTP/1.1\r\nHost: a\r\nX: "},
      {413, fmt::format("POST /api/v1/sessions HTTP/1.1\r\nHost: {}\r\n{}Content-Length: 2000\r\n\r\n",
                        house.authority(), token)},
      {414, get(house, "/" + std::string(9000, 'a'))},
      {417, get(house, health, "Expect: much\r\n")},
      {431, get(house, health, "X: " + std::string(20'000, 'a') + "\r\n")},
      {501, get(house, health, "Transfer-Encoding: gzip\r\n")},
      {505, "GET / HTTP/2.0\r\n\r\n"},
  };
  for (const auto& [status, bytes] : requests) expect_problem(ask(house, bytes), status);
  house.on_loop([&] { house.handler().leaves_unanswered = true; });
  expect_problem(ask(house, get(house, health)), 500);
  house.on_loop([&] {
    house.handler().leaves_unanswered = false;
    house.http().set_peer_limits({.max_connections = 10, .requests_per_second = 1});
  });
  RawResponse last;
  for (int i = 0; i < 100 && last.status != 429; ++i) last = ask(house, get(house, health));
  expect_problem(last, 429);
}

TEST(TurnedAway, OnlyAnImportMayBeLongerThanTheUsualRequest) {
  RunningHouse house({.max_body_bytes = 1000});
  const std::string token = "Authorization: Bearer " + house.new_token(Scopes::all()) + "\r\n";
  const std::string body = json::to_text(json::object{{"content", std::string(5000, 'x')}});
  const auto sent_to = [&](std::string_view path) {
    return ask(house, fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {}\r\n\r\n{}", path,
                                  house.authority(), token, body.size(), body));
  };
  const RawResponse read = sent_to("/api/v1/sessions/import");
  expect_problem(read, 400);
  EXPECT_TRUE(read.body.contains("content must be an object")) << read.body;
  expect_problem(sent_to("/api/v1/sessions"), 413);
}

TEST(TurnedAway, OneConnectionTooManyIsToldSoInTheSameForm) {
  RunningHouse house({.max_connections = 3, .unix_reserve = 1});
  std::vector<RawClient> held;
  for (int i = 0; i < 2; ++i) {
    held.emplace_back(house.port());
    held.back().send(get(house, "/api/v1/health"));
    EXPECT_EQ(held.back().read_response().status, 200);
  }
  expect_problem(RawClient(house.port()).read_response(), 503);
  house.on_loop([&] { house.http().set_peer_limits({.max_connections = 2}); });
  expect_problem(RawClient(house.port()).read_response(), 429);
}

TEST(TurnedAway, AFrontsClientReadsItsOwnForm) {
  RunningHouse house;
  const std::string broken = "Content-Length: x\r\n";
  const RawResponse openai = ask(house, get(house, "/v1/models", broken));
  EXPECT_EQ(openai.status, 400);
  EXPECT_EQ(header_of(openai, "Content-Type"), "application/json");
  EXPECT_TRUE(header_of(openai, "X-Request-Id").starts_with("req_"));
  expect_fits("OpenAiError", body_of(openai));
  const RawResponse anthropic = ask(house, get(house, "/v1/messages", broken));
  EXPECT_EQ(anthropic.status, 400);
  const json::object body = body_of(anthropic);
  expect_fits("AnthropicError", body);
  EXPECT_EQ(header_of(anthropic, "request-id"), json::string_or(body, "request_id"));
}

class TurnedAwayForms : public ApiFixture {};

TEST_F(TurnedAwayForms, EveryStatusHasEveryForm) {
  for (const int status : {400, 408, 413, 414, 417, 429, 431, 500, 501, 503, 505}) {
    for (const auto& [path, name] :
         std::map<std::string, std::string>{{"", "Problem"},
                                            {"/api/v1/status", "Problem"},
                                            {"/v1", "Problem"},
                                            {"/v1/chat/completions", "OpenAiError"},
                                            {"/v1/messages", "AnthropicError"}}) {
      const net::Response response = house.api->refuse(net::make_refusal(status, "words", path));
      EXPECT_EQ(response.status, status) << path;
      EXPECT_EQ(response.headers.find("Retry-After").has_value(), status == 429 || status == 503) << path;
      const auto body = json::parse_object(response.body);
      ASSERT_TRUE(body.has_value());
      expect_fits(name, *body);
    }
  }
}

TEST_F(TurnedAwayForms, AWrongMethodToo) {
  const std::map<std::string, std::string> wrong{
      {"/v1/models", "OpenAiError"}, {"/v1/messages", "AnthropicError"}, {"/api/v1/health", "Problem"}};
  for (const auto& [path, name] : wrong) {
    const testing::Answer answer = remove(path);
    EXPECT_EQ(answer.status, 405) << path;
    EXPECT_TRUE(answer.headers.find("Allow").has_value()) << path;
    expect_fits(name, answer.json);
  }
}

}  // namespace
}  // namespace pryx::server
