// SPDX-License-Identifier: MIT
#include "engine/tools/http/http_tool.h"

#include <gtest/gtest.h>

#include "engine/tools/registry.h"
#include "engine/tools/testing/ungated_pass.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/text.h"

namespace pryx::tools::http {
namespace {

using async::testing::VirtualLoop;

class FakeBroker final : public egress::Broker {
 public:
  async::Task<Result<egress::FetchResponse>> fetch(egress::Sender, egress::FetchRequest request) override {
    requests.push_back(std::move(request));
    if (failure) co_return fail(*failure);
    co_return response;
  }
  Result<std::unique_ptr<egress::ProxySocket>> open_proxy(egress::Sender, egress::AllowList,
                                                          egress::Limits) override {
    return fail(ErrorCode::kUnsupported, "none");
  }
  async::Task<void> stop() override { co_return; }
  std::vector<egress::FetchRequest> requests;
  egress::FetchResponse response;
  std::optional<Error> failure;
};

class FakePages final : public PageReader {
 public:
  async::Task<Result<ReadableText>> read(Document document) override {
    if (fails) co_return fail(ErrorCode::kUnavailable, "the parser ended with signal 9");
    co_return ReadableText{"Title", document.kind + " of " + document.base, false};
  }
  bool fails = false;
};

class FakeSecrets final : public SecretSource {
 public:
  async::Task<Result<Secret>> reveal(Principal, std::string name, net::Url url) override {
    if (url.host.name != "api.example.com")
      co_return fail(ErrorCode::kForbidden, "{} is not for {}", name, url.host.name);
    co_return Secret(value);
  }
  std::string value = "hush";
};

struct HttpTool : ::testing::Test {
  HttpTool() {
    broker.response.status = 200;
    broker.response.hops = {{"https://api.example.com/x", 200, "8.8.8.8"}};
  }
  Result<ToolOutcome> run(json::object arguments) {
    ToolContext context{.principal = owner(), .idempotency_key = "key-1"};
    return async::testing::run(
        loop, tool.run(testing::UngatedPass::make(), std::move(arguments), std::move(context)));
  }
  Binding bind(json::object arguments) {
    auto bound = async::testing::run(loop, tool.bind(std::move(arguments), ToolContext{}));
    EXPECT_TRUE(bound);
    return bound ? *bound : Binding{};
  }
  VirtualLoop loop;
  FakeBroker broker;
  FakePages pages;
  FakeSecrets secrets;
  HttpRequestTool tool{broker, pages, &secrets};
};

TEST_F(HttpTool, TheUrlShownDecidedAndSentIsOne) {
  const json::object arguments{{"url", "HTTPS://API.example.com.:443/a/../b?c#d"}};
  EXPECT_EQ(tool.render(arguments), "http.request GET https://api.example.com/b?c");
  const auto touches = tool.touches(arguments);
  ASSERT_TRUE(touches);
  EXPECT_EQ(touches->hosts, std::vector<std::string>{"api.example.com"});
  EXPECT_TRUE(touches->is_outward_sink);
  EXPECT_EQ(json::string_or(bind(arguments).facts, "url"), "https://api.example.com/b?c");
  ASSERT_TRUE(run(arguments));
  EXPECT_EQ(broker.requests.at(0).url, "https://api.example.com/b?c");
  EXPECT_EQ(broker.requests.at(0).allowed.entries, std::vector<std::string>{"api.example.com"});
  EXPECT_FALSE(tool.touches({{"url", "http://127.1/"}}));
  EXPECT_FALSE(tool.touches({{"url", "file:///etc/passwd"}}));
}

TEST_F(HttpTool, EffectClassFollowsTheMethod) {
  EXPECT_EQ(tool.effect({{"url", "https://a.example/"}}), EffectClass::kIdempotent);
  EXPECT_EQ(tool.effect({{"url", "https://a.example/"}, {"method", "HEAD"}}), EffectClass::kIdempotent);
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    EXPECT_EQ(tool.effect({{"url", "https://a.example/"}, {"method", method}}), EffectClass::kOneShot)
        << method;
  EXPECT_EQ(tool.effect({{"url", "nonsense"}}), EffectClass::kOneShot);
}

TEST_F(HttpTool, TheBindingCoversAllThatIsSent) {
  const json::object base{
      {"url", "https://a.example/"}, {"method", "POST"}, {"headers", {{"X-A", "1"}}}, {"body", "b"}};
  const Binding bound = bind(base);
  EXPECT_TRUE(bound.shown_whole);
  EXPECT_EQ(bound.preview, "POST https://a.example/\nX-A: 1\n\nb");
  for (const auto& [key, value] :
       std::vector<std::pair<const char*, json::value>>{{"url", "https://a.example/2"},
                                                        {"method", "PUT"},
                                                        {"headers", {{"X-A", "2"}}},
                                                        {"headers", {{"X-B", "1"}}},
                                                        {"body", "c"}}) {
    json::object changed = base;
    changed[key] = value;
    EXPECT_NE(bind(changed).facts, bound.facts) << key;
  }
  json::object large = base;
  large["body"] = std::string(20'000, 'x');
  EXPECT_FALSE(bind(large).shown_whole);
  json::object binary = base;
  binary["body"] = "a\xFF";
  EXPECT_FALSE(bind(binary).shown_whole);
}

TEST_F(HttpTool, AnEchoedSecretDoesNotComeBack) {
  secrets.value = "a\"b/c+hush-hush";
  const std::string forms[] = {secrets.value, R"(a\"b/c+hush-hush)", "a%22b%2Fc%2Bhush-hush",
                               to_base64(secrets.value)};
  for (const std::string& form : forms) {
    broker.response.body = "you sent " + form + " and " + form;
    broker.response.headers = {};
    broker.response.headers.add("Content-Type", "text/plain");
    broker.response.headers.add("ETag", form);
    broker.response.refused_redirect = "to https://evil.example/?" + form;
    broker.response.hops = {{"https://api.example.com/" + form, 200, "8.8.8.8"}};
    const json::object plain{{"url", "https://api.example.com/x"}};
    // Control: without a secret nothing is touched.
    EXPECT_NE(run(plain).value().text.find(form), std::string::npos);
    json::object with = plain;
    with["headers"] = json::object{{"Authorization", "secret:github"}};
    const auto outcome = run(with);
    ASSERT_TRUE(outcome);
    for (const std::string& other : forms) {
      EXPECT_EQ(outcome->text.find(other), std::string::npos) << form;
      EXPECT_EQ(outcome->summary.find(other), std::string::npos) << form;
    }
    EXPECT_EQ(json::to_text(outcome->details).find("hush-hush"), std::string::npos) << form;
    EXPECT_NE(outcome->text.find("you sent [secret removed] and [secret removed]"), std::string::npos);
  }
  broker.response.body = "cut in the middle: " + secrets.value.substr(0, 9);
  broker.response.truncated = true;
  const auto cut =
      run({{"url", "https://api.example.com/x"}, {"headers", {{"Authorization", "secret:github"}}}});
  EXPECT_EQ(cut.value().text.find(secrets.value.substr(0, 4)), std::string::npos);
}

TEST_F(HttpTool, ASecretGoesToOnePortAndHoldsNoLineEnd) {
  const json::object arguments{{"url", "https://api.example.com/x"},
                               {"headers", {{"Authorization", "secret:github"}}}};
  ASSERT_TRUE(run(arguments));
  EXPECT_EQ(broker.requests.back().allowed.entries, std::vector<std::string>{"api.example.com:443"});
  const std::size_t sent = broker.requests.size();
  secrets.value = "hush\r\nHost: evil.example";
  EXPECT_FALSE(run(arguments).value().ok);
  EXPECT_EQ(broker.requests.size(), sent);
}

TEST_F(HttpTool, ASecretMakesTheCallAskEachTime) {
  const json::object plain{{"url", "https://api.example.com/x"}};
  json::object with = plain;
  with["headers"] = json::object{{"Authorization", "Bearer secret:github"}};
  EXPECT_FALSE(tool.touches(plain)->hands_out_secret);
  EXPECT_TRUE(tool.touches(with)->hands_out_secret);
  EXPECT_EQ(tool.touches(plain)->method, "GET");
  with["method"] = "DELETE";
  EXPECT_EQ(tool.touches(with)->method, "DELETE");
}

TEST_F(HttpTool, SecretsAreNamedInTheCallAndPutInAtTheLastHop) {
  const json::object arguments{{"url", "https://api.example.com/x"},
                               {"headers", {{"Authorization", "Bearer secret:github"}}}};
  EXPECT_EQ(bind(arguments).preview, "GET https://api.example.com/x\nAuthorization: Bearer secret:github\n");
  const auto outcome = run(arguments);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(broker.requests.at(0).headers.find("Authorization"), "Bearer hush");
  EXPECT_TRUE(outcome->labels.has("private"));
  EXPECT_TRUE(outcome->labels.has("web"));
  EXPECT_EQ(outcome->text.find("hush"), std::string::npos);
  const auto other =
      run({{"url", "https://evil.example/"}, {"headers", {{"Authorization", "secret:github"}}}});
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->ok);
  const auto open =
      run({{"url", "http://api.example.com/"}, {"headers", {{"Authorization", "secret:github"}}}});
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->ok);
  EXPECT_EQ(broker.requests.size(), 1u);
}

TEST_F(HttpTool, WhatANeighbourTellsIsPrivate) {
  const auto outside = run({{"url", "https://api.example.com/x"}});
  ASSERT_TRUE(outside);
  EXPECT_FALSE(outside->labels.has("private"));
  // One hop is enough: what it answered may have chosen the next one.
  broker.response.hops = {
      {.url = "http://10.0.0.7/", .status = 302, .peer = "10.0.0.7", .is_near = true},
      {.url = "https://api.example.com/x", .status = 200, .peer = "8.8.8.8", .is_near = false}};
  const auto near = run({{"url", "http://10.0.0.7/"}});
  ASSERT_TRUE(near);
  EXPECT_TRUE(near->labels.has("private"));
  EXPECT_TRUE(near->labels.has("web"));
  EXPECT_TRUE(trust::forces_ask(near->labels, trust::Sink::kEgress)) << "it leaves no more unasked";
}

TEST_F(HttpTool, OnlyWhatMayNotBeRepeatedCarriesTheKeyOfTheStep) {
  ASSERT_TRUE(run({{"url", "https://a.example/"}}));
  EXPECT_FALSE(broker.requests.back().headers.find("Idempotency-Key"));
  ASSERT_TRUE(run({{"url", "https://a.example/"}, {"method", "POST"}, {"body", "x"}}));
  EXPECT_EQ(broker.requests.back().headers.find("Idempotency-Key"), "key-1");
  ASSERT_TRUE(
      run({{"url", "https://a.example/"}, {"method", "POST"}, {"headers", {{"idempotency-key", "mine"}}}}));
  EXPECT_EQ(broker.requests.back().headers.find("Idempotency-Key"), "mine");
}

TEST_F(HttpTool, FailuresSayWhetherSomethingMayHaveHappened) {
  broker.failure = Error{ErrorCode::kTimeout, "no answer", -1};
  const auto get = run({{"url", "https://a.example/"}});
  ASSERT_TRUE(get);
  EXPECT_FALSE(get->ok);
  const auto post = run({{"url", "https://a.example/"}, {"method", "POST"}});
  ASSERT_TRUE(post);
  EXPECT_TRUE(post->is_unknown);
  EXPECT_NE(post->text.find("may have arrived"), std::string::npos);
  // An answer that cannot be taken is one that came.
  broker.failure = Error{ErrorCode::kUnavailable, "the response head is over 65536 bytes", -1};
  const auto unread = run({{"url", "https://a.example/"}, {"method", "POST"}});
  ASSERT_TRUE(unread);
  EXPECT_TRUE(unread->is_unknown);
  EXPECT_NE(unread->text.find("may have arrived"), std::string::npos);
  // The control: what was refused before it was sent.
  for (const ErrorCode code : {ErrorCode::kDenied, ErrorCode::kOverloaded, ErrorCode::kTooLarge}) {
    broker.failure = Error{code, "not on the list", -1};
    const auto denied = run({{"url", "https://a.example/"}, {"method", "POST"}});
    ASSERT_TRUE(denied);
    EXPECT_FALSE(denied->ok || denied->is_unknown);
    EXPECT_EQ(denied->text.find("may have arrived"), std::string::npos);
  }
  // A server that was reached and redirects is an answer, whatever keeps the next request back.
  broker.failure.reset();
  broker.response.status = 303;
  broker.response.refused_redirect = "it redirects to https://a.example/2, where nothing was sent: too many";
  const auto redirected = run({{"url", "https://a.example/"}, {"method", "POST"}});
  ASSERT_TRUE(redirected);
  EXPECT_TRUE(redirected->text.starts_with("HTTP 303")) << redirected->text;
  EXPECT_NE(redirected->text.find("Not followed"), std::string::npos);
}

TEST_F(HttpTool, AnAnswerThatCannotBeReadIsStillAnAnswer) {
  broker.response.headers.add("Content-Type", "text/html; charset=utf-8");
  broker.response.body = "<p>x";
  const auto read = run({{"url", "https://a.example/"}});
  ASSERT_TRUE(read);
  EXPECT_NE(read->text.find("html of https://api.example.com/x"), std::string::npos);
  pages.fails = true;
  const auto broken = run({{"url", "https://a.example/"}, {"method", "POST"}});
  ASSERT_TRUE(broken);
  EXPECT_FALSE(broken->ok);
  EXPECT_NE(broken->text.find("HTTP 200"), std::string::npos);
}

TEST_F(HttpTool, MalformedCallsAreRefused) {
  for (const json::object& bad :
       std::vector<json::object>{{{"url", "https://a.example/"}, {"headers", {{"X\r\nY", "1"}}}},
                                 {{"url", "https://a.example/"}, {"headers", {{"X", "a\r\nB: c"}}}},
                                 {{"url", "https://a.example/"}, {"headers", {{"X", "1"}, {"x", "2"}}}},
                                 {{"url", "https://a.example/"}, {"body", "x"}}})
    EXPECT_FALSE(tool.touches(bad)) << json::to_text(bad);
  Registry registry;
  EXPECT_TRUE(registry.add(std::make_unique<HttpRequestTool>(broker, pages, nullptr)));
}

}  // namespace
}  // namespace pryx::tools::http
