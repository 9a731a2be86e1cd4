// SPDX-License-Identifier: MIT
#include "engine/models/model_router.h"

#include <gtest/gtest.h>

#include "engine/models/testing/scripted_provider.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/net/http_client.h"

namespace pryx::models {
namespace {
using namespace std::chrono_literals;
using async::testing::VirtualLoop;
using testing::Attempt;
using testing::ScriptedProvider;

struct NoHttp final : net::HttpClient {
  async::Task<Result<std::unique_ptr<net::ClientResponse>>> start(net::ClientRequest) override {
    co_return fail(ErrorCode::kUnavailable, "no network in this test");
  }
  async::Task<void> stop() override { co_return; }
};
struct NoKeys final : KeySource {
  async::Task<Result<Secret>> get_key(std::string name, bool) override {
    co_return fail(ErrorCode::kNotFound, "no key {}", name);
  }
};

struct House {
  VirtualLoop loop;
  NoHttp http;
  NoKeys keys;
  pryx::testing::SeededRandom random{1};
  ModelRouter router{loop, http, keys, random};
  std::shared_ptr<ScriptedProvider> provider = std::make_shared<ScriptedProvider>(loop);
  House() { router.put_provider("acme", provider); }
  [[nodiscard]] Duration now() const { return loop.clock().monotonic().since_start; }
};

struct Outcome {
  std::string text;
  std::optional<Error> error;
};

async::Task<Outcome> ask(ModelRouter& router, std::string model, RepeatGate before_repeat = {}) {
  ModelRequest request;
  request.model = std::move(model);
  request.request_id = "stp_1";
  request.facts = std::make_shared<AttemptFacts>();
  Outcome out;
  auto stream = co_await router.stream(std::move(request), {}, std::move(before_repeat));
  if (!stream) {
    out.error = stream.error();
    co_return out;
  }
  for (;;) {
    const auto event = co_await (*stream)->next();
    if (!event) {
      out.error = event.error();
      co_return out;
    }
    if (!*event) co_return out;
    if (const auto* delta = std::get_if<TextDelta>(&**event)) out.text += delta->text;
  }
}

Attempt good() {
  return {.refused = std::nullopt, .events = {TextDelta{"hi"}, Finished{}}, .broken = std::nullopt};
}
Attempt refused(ErrorCode code, std::int64_t retry_after_ms = -1) {
  return {.refused = Error{code, "refused", retry_after_ms}, .events = {}, .broken = std::nullopt};
}

TEST(ModelRouter, NamesAreResolved) {
  House house;
  EXPECT_TRUE(house.router.resolve("starter/commands"));
  EXPECT_TRUE(house.router.resolve(""));
  const auto nested = house.router.resolve("acme/org/model:7b");
  ASSERT_TRUE(nested);
  EXPECT_EQ(nested->model, "org/model:7b");
  EXPECT_EQ(house.router.resolve("nobody/x").error().code, ErrorCode::kNotFound);
  for (const char* bad : {"x", "/x", "x/", "a b/c", "acme/a b", "ac\nme/x"})
    EXPECT_EQ(house.router.resolve(bad).error().code, ErrorCode::kInvalidArgument) << bad;
}

TEST(ModelRouter, ProvidersCanBePutAndRemoved) {
  House house;
  EXPECT_TRUE(house.router.put_provider(ProviderConfig{
      .name = "local", .kind = "ollama", .base_url = "http://127.0.0.1:9/", .key_secret_name = {}}));
  EXPECT_FALSE(house.router.put_provider(
      ProviderConfig{.name = "starter", .kind = "openai", .base_url = {}, .key_secret_name = {}}));
  EXPECT_FALSE(house.router.put_provider(
      ProviderConfig{.name = "x", .kind = "telepathy", .base_url = {}, .key_secret_name = {}}));
  EXPECT_FALSE(house.router.put_provider(
      ProviderConfig{.name = "x/y", .kind = "openai", .base_url = {}, .key_secret_name = {}}));
  EXPECT_FALSE(house.router.put_provider(ProviderConfig{
      .name = "x", .kind = "openai", .base_url = "https://user:pw@host/v1", .key_secret_name = {}}));
  EXPECT_FALSE(house.router.put_provider(ProviderConfig{
      .name = "x", .kind = "openai", .base_url = "file:///etc/passwd", .key_secret_name = {}}));
  for (const char* kind : {"anthropic", "google"})
    EXPECT_TRUE(house.router.put_provider(
        ProviderConfig{.name = kind, .kind = kind, .base_url = {}, .key_secret_name = "k"}));
  EXPECT_EQ(house.router.providers()[1].base_url, "https://api.anthropic.com/v1");
  EXPECT_EQ(house.router.providers().size(), 5u);
  EXPECT_FALSE(house.router.remove_provider("starter"));
  EXPECT_TRUE(house.router.remove_provider("local"));
  EXPECT_FALSE(house.router.remove_provider("local"));
}

TEST(ModelRouter, WhatRunsOnThisMachineIsKnownByItsAddress) {
  House house;
  const auto is_here = [&](const char* address) {
    EXPECT_TRUE(house.router.put_provider(
        ProviderConfig{.name = "p", .kind = "openai", .base_url = address, .key_secret_name = {}}));
    return house.router.is_on_this_machine("p/m");
  };
  for (const char* address : {"http://127.0.0.1:11434", "http://[::1]:1/v1", "http://localhost:1234/v1",
                              "http://0.0.0.0:11434", "http://[::]:1/v1"})
    EXPECT_TRUE(is_here(address)) << address;
  for (const char* address : {"https://api.openai.com/v1", "http://192.168.1.5:11434", "http://10.0.0.7/v1"})
    EXPECT_FALSE(is_here(address)) << address;
  EXPECT_FALSE(house.router.is_on_this_machine("acme/m"));
  EXPECT_FALSE(house.router.is_on_this_machine("nobody/m"));
}

TEST(ModelRouter, TokensAreEstimatedByTheModelsNameElseByItsProvidersKind) {
  House house;
  ASSERT_TRUE(house.router.put_provider(
      ProviderConfig{.name = "work", .kind = "anthropic", .base_url = {}, .key_secret_name = "k"}));
  EXPECT_EQ(house.router.family_of("work/next-one"), TokenizerFamily::kAnthropic);
  EXPECT_EQ(house.router.family_of("work/gpt-6"), TokenizerFamily::kOpenAi);
  EXPECT_EQ(house.router.family_of("google/next-one"), TokenizerFamily::kGoogle) << "not there";
  EXPECT_EQ(house.router.family_of("nobody/next-one"), TokenizerFamily::kLlama);
  EXPECT_EQ(house.router.family_of(""), TokenizerFamily::kLlama);
}

TEST(ModelRouter, RetriesUntilTheFirstEvent) {
  House house;
  house.provider->add(refused(ErrorCode::kProvider));
  house.provider->add(
      {.refused = std::nullopt, .events = {}, .broken = Error{ErrorCode::kUnavailable, "cut", -1}});
  house.provider->add(good());
  const Outcome outcome = async::testing::run(house.loop, ask(house.router, "acme/m"));
  EXPECT_EQ(outcome.text, "hi");
  EXPECT_FALSE(outcome.error);
  ASSERT_EQ(house.provider->requests.size(), 3u);
  for (const ModelRequest& request : house.provider->requests) {
    EXPECT_EQ(request.model, "m");
    EXPECT_EQ(request.request_id, "stp_1");
  }
}

TEST(ModelRouter, NeverRetriesWhatWasShown) {
  House house;
  house.provider->add({.refused = std::nullopt,
                       .events = {TextDelta{"half"}},
                       .broken = Error{ErrorCode::kUnavailable, "cut", -1}});
  house.provider->add(good());
  const Outcome outcome = async::testing::run(house.loop, ask(house.router, "acme/m"));
  EXPECT_EQ(outcome.text, "half");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(house.provider->requests.size(), 1u);
}

async::Task<Result<void>> pay(std::vector<ErrorCode>& paid, ErrorCode code, ModelRequest& request) {
  paid.push_back(code);
  request.max_output_tokens = 7;
  co_return Result<void>{};
}
async::Task<Result<void>> refuse_to_pay() { co_return fail(ErrorCode::kBudget, "no money"); }

TEST(ModelRouter, WhatWasReadIsPaidForBeforeItIsSentAgain) {
  House house;
  const Attempt cut{
      .refused = std::nullopt, .events = {}, .broken = Error{ErrorCode::kUnavailable, "cut", -1}};
  house.provider->add(refused(ErrorCode::kProvider));
  house.provider->add(cut);
  house.provider->add(refused(ErrorCode::kTimeout));
  // It began to answer, and then would not have the request after all.
  house.provider->add(
      {.refused = std::nullopt, .events = {}, .broken = Error{ErrorCode::kOverloaded, "busy", -1}});
  house.provider->add(good());
  std::vector<ErrorCode> paid;
  const Outcome outcome = async::testing::run(
      house.loop, ask(house.router, "acme/m", [&](const Error& error, ModelRequest& request) {
        return pay(paid, error.code, request);
      }));
  EXPECT_EQ(outcome.text, "hi");
  EXPECT_EQ(paid, (std::vector{ErrorCode::kUnavailable, ErrorCode::kTimeout}));
  ASSERT_EQ(house.provider->requests.size(), 5u);
  EXPECT_EQ(house.provider->requests[1].max_output_tokens, 0);
  EXPECT_EQ(house.provider->requests[2].max_output_tokens, 7);

  // Half of a call's arguments had come when it said so.
  house.provider->add({.refused = std::nullopt,
                       .events = {},
                       .broken = Error{ErrorCode::kOverloaded, "busy", -1},
                       .facts = {.http_status = 200, .request_id = {}, .answer_bytes = 72'000}});
  house.provider->add(good());
  paid.clear();
  async::testing::run(house.loop, ask(house.router, "acme/m", [&](const Error& error, ModelRequest& request) {
                        return pay(paid, error.code, request);
                      }));
  EXPECT_EQ(paid, (std::vector{ErrorCode::kOverloaded}));

  // Who cannot pay is not asked for more.
  house.provider->add(cut);
  house.provider->add(good());
  const Outcome stopped = async::testing::run(
      house.loop, ask(house.router, "acme/m", [](const Error&, ModelRequest&) { return refuse_to_pay(); }));
  ASSERT_TRUE(stopped.error);
  EXPECT_EQ(stopped.error->code, ErrorCode::kBudget);
  EXPECT_EQ(house.provider->requests.size(), 8u);
}

TEST(ModelRouter, RefreshesTheKeyOnceAfter401) {
  House house;
  house.provider->add(refused(ErrorCode::kUnauthenticated));
  house.provider->add(good());
  EXPECT_EQ(async::testing::run(house.loop, ask(house.router, "acme/m")).text, "hi");
  EXPECT_EQ(house.provider->key_refusals, 1);
  house.provider->add(refused(ErrorCode::kUnauthenticated));
  house.provider->add(refused(ErrorCode::kUnauthenticated));
  EXPECT_EQ(async::testing::run(house.loop, ask(house.router, "acme/m")).error->code,
            ErrorCode::kUnauthenticated);
}

TEST(ModelRouter, WaitsAsLongAsTheProviderAsked) {
  House house;
  house.provider->add(refused(ErrorCode::kOverloaded, 20'000));
  house.provider->add(good());
  EXPECT_EQ(async::testing::run(house.loop, ask(house.router, "acme/m")).text, "hi");
  EXPECT_GE(house.now(), 20s);
  EXPECT_LE(house.now(), 25s);
}

TEST(ModelRouter, FiveFailuresOpenTheBreakerAndAProbeClosesIt) {
  House house;
  for (int i = 0; i < 5; ++i) house.provider->add(refused(ErrorCode::kUnavailable));
  const Outcome first = async::testing::run(house.loop, ask(house.router, "acme/m"));
  ASSERT_TRUE(first.error);
  EXPECT_EQ(first.error->message, "refused");  // the provider's own reason, not the breaker's
  EXPECT_EQ(house.provider->requests.size(), 5u);
  EXPECT_EQ(house.router.providers().front().breaker, BreakerState::kOpen);

  const Outcome second = async::testing::run(house.loop, ask(house.router, "acme/m"));
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->code, ErrorCode::kUnavailable);
  EXPECT_GT(second.error->retry_after_ms, 0);
  EXPECT_EQ(house.provider->requests.size(), 5u);

  house.loop.manual_clock().advance(30s);
  house.provider->add(good());
  EXPECT_EQ(async::testing::run(house.loop, ask(house.router, "acme/m")).text, "hi");
  EXPECT_EQ(house.router.providers().front().breaker, BreakerState::kClosed);
}

TEST(ModelRouter, RefusedRequestsDoNotOpenTheBreaker) {
  House house;
  for (int i = 0; i < 10; ++i) {
    house.provider->add(refused(ErrorCode::kInvalidArgument));
    EXPECT_TRUE(async::testing::run(house.loop, ask(house.router, "acme/m")).error);
  }
  EXPECT_EQ(house.router.providers().front().breaker, BreakerState::kClosed);
}

async::Task<void> keep(async::Task<Outcome> task, std::optional<Outcome>& out) {
  Outcome outcome = co_await std::move(task);
  out.emplace(std::move(outcome));
}

TEST(ModelRouter, CancelsWhileItWaitsForARetryAndWhileItStreams) {
  House house;
  house.provider->add(refused(ErrorCode::kOverloaded, 50'000));
  house.provider->add(
      {.refused = std::nullopt, .events = {TextDelta{"slow"}}, .broken = std::nullopt, .before_each = 1h});
  async::TaskGroup group(house.loop, "t");
  std::optional<Outcome> waiting;
  std::optional<Outcome> streaming;
  group.spawn("waiting", keep(ask(house.router, "acme/m"), waiting));
  house.loop.poll();
  group.spawn("streaming", keep(ask(house.router, "acme/m"), streaming));
  house.loop.poll();
  EXPECT_EQ(house.provider->open_streams, 1);
  group.cancel_all();
  house.loop.run_until_idle();
  ASSERT_TRUE(waiting && waiting->error && streaming && streaming->error);
  EXPECT_EQ(waiting->error->code, ErrorCode::kCancelled);
  EXPECT_EQ(streaming->error->code, ErrorCode::kCancelled);
  EXPECT_EQ(house.provider->open_streams, 0);
  EXPECT_LT(house.now(), 1h);
}

TEST(ModelRouter, TellsFromMemoryWhichModelsThereAre) {
  House house;
  using Names = std::vector<std::string>;
  const auto known = [&house](std::string_view provider) {
    Names names;
    for (const ModelInfo& info : house.router.known_models(provider)) names.push_back(info.full_name());
    return names;
  };
  EXPECT_EQ(known("starter"), Names{"starter/commands"});
  EXPECT_EQ(known("nobody"), Names{});
  EXPECT_EQ(known("acme"), Names{}) << "no catalog has heard of it";
  EXPECT_TRUE(house.router.is_list_due("acme"));
  EXPECT_FALSE(house.router.is_list_due("starter"));
  house.provider->models = {ModelInfo{.id = "b", .provider = "xai"}, ModelInfo{.id = "a", .provider = "xai"}};
  house.router.put_provider("xai", house.provider);
  EXPECT_GE(known("xai").size(), 5u) << "until it was asked, what the catalog expects";
  EXPECT_FALSE(house.router.is_list_due("xai"));
  EXPECT_EQ(house.provider->listings, 0);
  const auto count = async::testing::run(house.loop, house.router.test_provider("xai"));
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 2u);
  EXPECT_EQ(known("xai"), (Names{"xai/a", "xai/b"})) << "what it lists is all that it has";
  EXPECT_EQ(house.provider->listings, 1);
  house.loop.manual_clock().advance(1min);
  EXPECT_FALSE(house.router.is_list_due("xai"));
  house.loop.manual_clock().advance(1s);
  EXPECT_TRUE(house.router.is_list_due("xai"));
}

TEST(ModelRouter, TheStarterIsAlwaysThere) {
  House house;
  const Outcome outcome = async::testing::run(house.loop, ask(house.router, ""));
  EXPECT_FALSE(outcome.error);
  EXPECT_NE(outcome.text.find("no AI"), std::string::npos);
}

}  // namespace
}  // namespace pryx::models
