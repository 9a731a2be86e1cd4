// SPDX-License-Identifier: MIT
#include "engine/models/provider_kinds.h"

#include <gtest/gtest.h>

#include "foundation/net/http_client.h"
#include "foundation/net/testing/raw_server.h"
#include "foundation/net/testing/real_loop.h"

namespace pryx::models {
namespace {
using namespace std::chrono_literals;
using net::testing::RawConnection;
using net::testing::RawServer;
using net::testing::RealLoop;

constexpr const char* kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string content(std::string_view text) {
  return fmt::format("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", text);
}

struct Keys final : KeySource {
  std::vector<std::string> values{"sk-first"};
  int refreshes = 0;
  async::Task<Result<Secret>> get_key(std::string, bool refresh) override {
    if (refresh) ++refreshes;
    co_return Secret(
        values.at(std::min<std::size_t>(static_cast<std::size_t>(refreshes), values.size() - 1)));
  }
};

struct Outcome {
  std::string text;
  std::optional<Error> error;
  std::optional<Finished> finished;
  AttemptFacts facts;
};

async::Task<Outcome> ask(Provider& provider, std::string said) {
  ModelRequest request;
  request.model = "m";
  request.request_id = "stp_1";
  request.messages = {{.role = ChatMessage::Role::kUser, .text = std::move(said)}};
  Outcome out;
  const auto facts = std::make_shared<AttemptFacts>(AttemptFacts{500, "of an attempt before"});
  request.facts = facts;
  auto stream = co_await provider.stream(std::move(request));
  out.facts = *facts;
  if (!stream) {
    out.error = stream.error();
    co_return out;
  }
  for (;;) {
    const auto event = co_await (*stream)->next();
    if (!event) out.error = event.error();
    out.facts = *facts;
    if (!event || !*event) co_return out;
    if (const auto* delta = std::get_if<TextDelta>(&**event)) out.text += delta->text;
    if (const auto* finished = std::get_if<Finished>(&**event)) out.finished = *finished;
  }
}

ProviderConfig config_for(const RawServer& server) {
  return {.name = "acme", .kind = "openai", .base_url = server.url("/v1/"), .key_secret_name = "acme-key"};
}

Outcome ask_once(const RawServer& server, WireLimits limits = {}) {
  RealLoop real;
  const auto http = net::make_http_client(real.loop);
  Keys keys;
  const auto provider = make_provider(real.loop, *http, keys, config_for(server), limits);
  return net::testing::run(real, ask(**provider, "hi"));
}

TEST(WireProvider, SaysWhatTheVendorCallsTheRequest) {
  const auto refused_with = [](std::string headers) {
    const RawServer server([headers](RawConnection& connection, const std::string&) {
      connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n" + headers + "\r\n");
    });
    return ask_once(server).facts;
  };
  const AttemptFacts named = refused_with("x-request-id: req_42\r\n");
  EXPECT_EQ(named.http_status, 400);
  EXPECT_EQ(named.request_id, "req_42");
  EXPECT_EQ(refused_with("Request-Id: req_7\r\n").request_id, "req_7");
  EXPECT_EQ(refused_with("").request_id, "");
  EXPECT_EQ(refused_with("x-request-id: two words\r\n").request_id, "");
  EXPECT_EQ(refused_with("x-request-id: " + std::string(300, 'a') + "\r\n").request_id, "");
}

TEST(WireProvider, WithoutAnAnswerThereIsNoStatus) {
  const RawServer server([](RawConnection&, const std::string&) {});
  const Outcome outcome = ask_once(server);
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.facts.http_status, 0);
  EXPECT_EQ(outcome.facts.request_id, "");
}

struct FailingHttp final : net::HttpClient {
  explicit FailingHttp(ErrorCode code) : code_(code) {}
  async::Task<Result<std::unique_ptr<net::ClientResponse>>> start(net::ClientRequest) override {
    co_return fail(code_, "connect to there: it failed");
  }
  async::Task<void> stop() override { co_return; }

 private:
  ErrorCode code_;
};

// A model that cannot be reached, or is over its rate, is waited for.
TEST(WireProvider, WhatFailsBeforeAnAnswerIsCalledWhatItIs) {
  for (const auto& [said, told] : {std::pair(ErrorCode::kUnavailable, ErrorCode::kUnavailable),
                                   std::pair(ErrorCode::kCheckFailed, ErrorCode::kProvider),
                                   std::pair(ErrorCode::kOverloaded, ErrorCode::kUnavailable)}) {
    RealLoop real;
    FailingHttp http(said);
    Keys keys;
    const auto provider = make_provider(
        real.loop, http, keys,
        {.name = "acme", .kind = "openai", .base_url = "https://acme.example/v1", .key_secret_name = {}});
    const Outcome outcome = net::testing::run(real, ask(**provider, "hi"));
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, told) << facts(said).name;
    EXPECT_EQ(outcome.error->message, "provider acme: connect to there: it failed");
  }
  const RawServer other(
      [](RawConnection& connection, const std::string&) { connection.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"); });
  const Outcome outcome = ask_once(other);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kProvider) << outcome.error->message;
}

TEST(WireProvider, SendsKeyAndIdempotencyKeyAndStreams) {
  const RawServer server([](RawConnection& connection, const std::string& request) {
    EXPECT_TRUE(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << request;
    EXPECT_NE(request.find("Authorization: Bearer sk-first\r\n"), std::string::npos);
    EXPECT_NE(request.find("Idempotency-Key: stp_1\r\n"), std::string::npos);
    connection.write(kStreamHead);
    connection.write_chunk(": keep-alive\n\n" + content("Hel"));
    connection.write_chunk(content("lo").substr(0, 10));
    connection.write_chunk(content("lo").substr(10));
    connection.write_chunk(
        "data: {\"model\":\"m-2\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
        "[DONE]\n\n");
    connection.wait_until_peer_closes();  // [DONE] ends the answer although the body does not
  });
  const Outcome outcome = ask_once(server);
  EXPECT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(outcome.text, "Hello");
  EXPECT_EQ(outcome.finished, (Finished{FinishReason::kStop, "m-2"}));
}

TEST(WireProvider, WhatWasSaidBeforeACutIsCounted) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(kStreamHead);
    connection.write_chunk(
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":{\"name\":"
        "\"fs_write\",\"arguments\":\"{\\\"text\\\":\\\"a long story\"}}]}}]}\n\n");
  });
  const Outcome outcome = ask_once(server);
  EXPECT_EQ(outcome.text, "");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(outcome.facts.http_status, 200);
  EXPECT_TRUE(outcome.facts.was_read);
  EXPECT_GE(outcome.facts.answer_bytes, 20);
  EXPECT_LT(outcome.facts.answer_bytes, 60) << "of what was said, not of its wrapping";
}

TEST(WireProvider, ASignatureBeforeACutIsNotCounted) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    const auto send = [&](std::string_view event) {
      connection.write_chunk(fmt::format("data: {}\n\n", event));
    };
    connection.write(kStreamHead);
    send(R"({"type":"message_start","message":{}})");
    send(R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking"}})");
    send(R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm, hm"}})");
    send(fmt::format(
        R"({{"type":"content_block_delta","index":0,"delta":{{"type":"signature_delta","signature":"{}"}}}})",
        std::string(4000, 's')));
  });
  RealLoop real;
  const auto http = net::make_http_client(real.loop);
  Keys keys;
  ProviderConfig config = config_for(server);
  config.kind = "anthropic";
  const auto provider = make_provider(real.loop, *http, keys, std::move(config));
  const Outcome outcome = net::testing::run(real, ask(**provider, "hi"));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
  EXPECT_GE(outcome.facts.answer_bytes, 6);
  EXPECT_LT(outcome.facts.answer_bytes, 10);
}

TEST(WireProvider, CutInTheMiddleSaysThatTheTextIsInterrupted) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(kStreamHead);
    connection.write_chunk(content("Hel"));
  });
  const Outcome outcome = ask_once(server);
  EXPECT_EQ(outcome.text, "Hel");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
  EXPECT_NE(outcome.error->message.find("provider acme"), std::string::npos);
  EXPECT_NE(outcome.error->message.find("interrupted"), std::string::npos) << outcome.error->message;
}

TEST(WireProvider, MalformedAndOversizedFrames) {
  const RawServer malformed([](RawConnection& connection, const std::string&) {
    connection.write(kStreamHead);
    connection.write_chunk(content("Hel") + "data: {\"choices\": [}\n\n");
  });
  const Outcome bad = ask_once(malformed);
  EXPECT_EQ(bad.text, "Hel");
  ASSERT_TRUE(bad.error);
  EXPECT_EQ(bad.error->code, ErrorCode::kProvider);
  EXPECT_NE(bad.error->message.find("malformed frame"), std::string::npos);

  const RawServer giant([](RawConnection& connection, const std::string&) {
    connection.write(kStreamHead);
    connection.write_chunk(content("Hel") + "data: " + std::string(5000, 'x'));
    connection.write("0\r\n\r\n");
  });
  const Outcome big = ask_once(giant, {.max_event_bytes = 4096});
  EXPECT_EQ(big.text, "Hel");
  ASSERT_TRUE(big.error);
  EXPECT_EQ(big.error->code, ErrorCode::kProvider);
  EXPECT_NE(big.error->message.find("oversized frame"), std::string::npos);
}

TEST(WireProvider, TimeLimitsCountWhatSaysSomething) {
  // Comments keep the connection alive but are no first word.
  const RawServer chatty([](RawConnection& connection, const std::string&) {
    connection.write(kStreamHead);
    while (connection.write_chunk(": still thinking\n\n") && !connection.peer_closes_within(5)) {
    }
  });
  const Outcome first = ask_once(chatty, {.first_token = 60ms});
  ASSERT_TRUE(first.error);
  EXPECT_EQ(first.error->code, ErrorCode::kTimeout);
  EXPECT_NE(first.error->message.find("no first word"), std::string::npos) << first.error->message;

  const RawServer silent([](RawConnection& connection, const std::string&) {
    connection.write(kStreamHead);
    connection.write_chunk(content("Hel"));
    connection.wait_until_peer_closes();
  });
  const Outcome idle = ask_once(silent, {.idle = 40ms});
  EXPECT_EQ(idle.text, "Hel");
  ASSERT_TRUE(idle.error);
  EXPECT_EQ(idle.error->code, ErrorCode::kTimeout);
  EXPECT_NE(idle.error->message.find("interrupted"), std::string::npos) << idle.error->message;
}

TEST(WireProvider, ErrorStatusWithRetryAfter) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Type: "
        "application/json\r\nContent-Length: 33\r\n\r\n{\"error\":{\"message\":\"slow down\"}}\n");
  });
  const Outcome outcome = ask_once(server);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kOverloaded);
  EXPECT_EQ(outcome.error->retry_after_ms, 7000);
  EXPECT_NE(outcome.error->message.find("slow down"), std::string::npos);
  EXPECT_EQ(outcome.error->message.find("sk-first"), std::string::npos);
}

TEST(WireProvider, AWholeBodyInsteadOfAStream) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    const std::string body =
        R"({"model":"m","choices":[{"message":{"content":"all at once"},"finish_reason":"stop"}]})";
    connection.write(
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    body.size(), body));
  });
  const Outcome outcome = ask_once(server);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.text, "all at once");
}

async::Task<std::vector<Outcome>> ask_twice(Provider& provider) {
  std::vector<Outcome> out;
  Outcome first = co_await ask(provider, "hi");
  out.push_back(std::move(first));
  provider.key_was_refused();
  Outcome second = co_await ask(provider, "hi");
  out.push_back(std::move(second));
  co_return out;
}

TEST(WireProvider, AsksForAFreshKeyAfterARefusal) {
  const RawServer server([](RawConnection& connection, const std::string& request) {
    if (request.find("Bearer sk-second\r\n") == std::string::npos) {
      connection.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    connection.write(kStreamHead);
    connection.write_chunk(content("ok") + "data: [DONE]\n\n");
  });
  RealLoop real;
  const auto http = net::make_http_client(real.loop);
  Keys keys;
  keys.values.emplace_back("sk-second");
  const auto provider = make_provider(real.loop, *http, keys, config_for(server));
  const auto outcomes = net::testing::run(real, ask_twice(**provider));
  EXPECT_EQ(outcomes[0].error->code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(outcomes[0].error->message.find("sk-"), std::string::npos);
  EXPECT_FALSE(outcomes[1].error);
  EXPECT_EQ(keys.refreshes, 1);
}

TEST(WireProvider, ListsModels) {
  const RawServer server([](RawConnection& connection, const std::string& request) {
    EXPECT_TRUE(request.starts_with("GET /v1/models HTTP/1.1\r\n"));
    const std::string body = R"({"data":[{"id":"m1"},{"id":"m0"}]})";
    connection.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  });
  RealLoop real;
  const auto http = net::make_http_client(real.loop);
  Keys keys;
  const auto provider = make_provider(real.loop, *http, keys, config_for(server));
  const auto models = net::testing::run(real, (*provider)->list_models());
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->size(), 2u);
  EXPECT_EQ(models->front().full_name(), "acme/m0");
}

}  // namespace
}  // namespace pryx::models
