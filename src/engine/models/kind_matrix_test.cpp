// SPDX-License-Identifier: MIT
// Every kind of provider meets every failure at every place of an answer, on a real socket: what comes out is
// the same error class whatever the wire looks like, because retries and failover go by it.
#include <gtest/gtest.h>

#include "engine/models/provider_kinds.h"
#include "engine/models/retry_policy.h"
#include "engine/models/testing/wire_kinds.h"
#include "foundation/net/http_client.h"
#include "foundation/net/testing/raw_server.h"
#include "foundation/net/testing/real_loop.h"

namespace pryx::models {
namespace {
using namespace std::chrono_literals;
using net::testing::RawConnection;
using net::testing::RawServer;
using net::testing::RealLoop;

using Kind = testing::WireKind;
using testing::kWireKinds;

struct Keys final : KeySource {
  async::Task<Result<Secret>> get_key(std::string, bool) override { co_return Secret("sk-canary"); }
};

struct Outcome {
  std::string text;
  bool finished = false;
  std::optional<Error> error;
};

async::Task<Outcome> ask(Provider& provider) {
  ModelRequest request;
  request.model = "m";
  request.request_id = "stp_1";
  request.messages = {{.role = ChatMessage::Role::kUser, .text = "hi"}};
  Outcome out;
  auto stream = co_await provider.stream(std::move(request));
  if (!stream) {
    out.error = stream.error();
    co_return out;
  }
  for (;;) {
    const auto event = co_await (*stream)->next();
    if (!event) out.error = event.error();
    if (!event || !*event) co_return out;
    if (const auto* delta = std::get_if<TextDelta>(&**event)) out.text += delta->text;
    if (std::holds_alternative<Finished>(**event)) out.finished = true;
  }
}

Outcome ask_kind(const Kind& kind, const std::string& base_url) {
  RealLoop real;
  const auto http = net::make_http_client(real.loop);
  Keys keys;
  ProviderConfig config{.name = "acme",
                        .kind = std::string(kind.kind),
                        .base_url = base_url,
                        .key_secret_name = "k",
                        .api = std::string(kind.api)};
  const auto provider =
      make_provider(real.loop, *http, keys, config, {.connect = 2s, .first_token = 150ms, .idle = 150ms});
  if (!provider) return {.error = provider.error()};
  return net::testing::run(real, ask(**provider));
}

std::string head_of(const Kind& kind) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
                     kind.content_type);
}

void expect_failure(const Outcome& outcome, ErrorCode code, std::string_view shown) {
  EXPECT_EQ(outcome.text, shown);
  EXPECT_FALSE(outcome.finished);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(facts(outcome.error->code).name, facts(code).name) << outcome.error->message;
  EXPECT_NE(outcome.error->message.find("acme"), std::string::npos) << outcome.error->message;
  EXPECT_EQ(outcome.error->message.find("canary"), std::string::npos);
}

TEST(KindMatrix, AWholeAnswer) {
  for (const Kind& kind : kWireKinds) {
    SCOPED_TRACE(kind.name);
    const RawServer server([&](RawConnection& connection, const std::string&) {
      connection.write(head_of(kind));
      connection.write_chunk(kind.begin);
      connection.write_chunk(kind.rest);
      connection.write("0\r\n\r\n");
    });
    const Outcome outcome = ask_kind(kind, server.url(""));
    EXPECT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(outcome.text, "Hello");
    EXPECT_TRUE(outcome.finished);
  }
}

TEST(KindMatrix, EveryStatusMeansTheSame) {
  constexpr std::pair<int, FailureClass> kStatuses[] = {
      {400, FailureClass::kPermanent}, {401, FailureClass::kUnauthorized}, {403, FailureClass::kPermanent},
      {404, FailureClass::kPermanent}, {429, FailureClass::kRateLimited},  {500, FailureClass::kServer},
      {502, FailureClass::kServer},    {503, FailureClass::kServer},
  };
  for (const Kind& kind : kWireKinds) {
    for (const auto& [status, wanted] : kStatuses) {
      SCOPED_TRACE(fmt::format("{} {}", kind.name, status));
      const RawServer server([&, code = status](RawConnection& connection, const std::string&) {
        const std::string body = R"({"error":{"message":"no good","type":"x"}})";
        connection.write(fmt::format("HTTP/1.1 {} No\r\nRetry-After: 3\r\nContent-Length: {}\r\n\r\n{}", code,
                                     body.size(), body));
      });
      const Outcome outcome = ask_kind(kind, server.url(""));
      ASSERT_TRUE(outcome.error);
      EXPECT_EQ(classify(outcome.error->code), wanted) << outcome.error->message;
      EXPECT_NE(outcome.error->message.find("no good"), std::string::npos) << outcome.error->message;
      if (status == 429) EXPECT_EQ(outcome.error->retry_after_ms, 3000);
      expect_failure(outcome, outcome.error->code, "");
    }
  }
}

TEST(KindMatrix, EveryBreakAtEveryPlace) {
  enum class Break : std::uint8_t { kCut, kSilence, kError, kNonsense };
  constexpr std::pair<Break, ErrorCode> kBreaks[] = {{Break::kCut, ErrorCode::kUnavailable},
                                                     {Break::kSilence, ErrorCode::kTimeout},
                                                     {Break::kError, ErrorCode::kProvider},
                                                     {Break::kNonsense, ErrorCode::kProvider}};
  for (const Kind& kind : kWireKinds) {
    for (const bool is_shown : {false, true}) {
      for (const auto& [how, code] : kBreaks) {
        SCOPED_TRACE(fmt::format("{} {} {}", kind.name, is_shown ? "in the middle" : "before the first word",
                                 static_cast<int>(how)));
        const RawServer server([&, way = how](RawConnection& connection, const std::string&) {
          connection.write(head_of(kind));
          if (is_shown) connection.write_chunk(kind.begin);
          if (way == Break::kError) connection.write_chunk(kind.broken);
          if (way == Break::kNonsense) connection.write_chunk(kind.nonsense);
          if (way == Break::kSilence) connection.wait_until_peer_closes();
        });
        expect_failure(ask_kind(kind, server.url("")), code, is_shown ? "Hel" : "");
      }
    }
  }
}

TEST(KindMatrix, NobodyThere) {
  for (const Kind& kind : kWireKinds) {
    SCOPED_TRACE(kind.name);
    expect_failure(ask_kind(kind, "http://127.0.0.1:9"), ErrorCode::kUnavailable, "");
  }
}

}  // namespace
}  // namespace pryx::models
