// SPDX-License-Identifier: MIT
// The API as a client sees it, over the real corridor with a model that answers at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;
using testing::FakeExchange;

std::string field(const Answer& answer, std::string_view key) { return json::string_or(answer.json, key); }
const json::array& items(const Answer& answer) { return answer.json.at("items").as_array(); }

class Routes : public ApiFixture {
 protected:
  Answer say(const std::string& session, json::object body) {
    return post("/api/v1/sessions/" + session + "/messages", body);
  }
  Answer stream(const std::string& session, json::object body, const std::string& last_id = {}) {
    net::Request request = testing::make_request("POST", "/api/v1/sessions/" + session + "/messages", &body);
    request.headers.add("Accept", "text/event-stream");
    if (!last_id.empty()) request.headers.add("Last-Event-ID", last_id);
    return send(std::move(request));
  }
};

TEST_F(Routes, HealthSaysOnlyThatItIsThere) {
  EXPECT_EQ(get("/api/v1/health").body, R"({"status":"ok"})");
  EXPECT_EQ(get("/api/v1/health/ready").status, 200);
  house.diagnostics.parts.push_back({"vault", "down", true, "locked", ""});
  const Answer down = get("/api/v1/health/ready");
  EXPECT_EQ(down.status, 503);
  EXPECT_EQ(field(down, "status"), "not_ready");
  EXPECT_EQ(get("/api/v1/diagnostics").status, 200);
}

TEST_F(Routes, EveryGetAnswersHead) {
  for (const char* path : {"/", "/api/v1/health", "/api/v1/sessions", "/openapi.json", "/api/v1/status"}) {
    EXPECT_EQ(send(testing::make_request("HEAD", path)).status, 200) << path;
  }
  EXPECT_EQ(send(testing::make_request("HEAD", "/api/v1/policy/test")).status, 405);
}

TEST_F(Routes, ASessionLives) {
  const Answer made =
      post("/api/v1/sessions", {{"title", "First"}, {"workspace", "/tmp/project"}, {"nobody_knows_this", 1}});
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string path = "/api/v1/sessions/" + field(made, "id");
  EXPECT_EQ(field(made, "title"), "First");
  EXPECT_TRUE(field(made, "workspace_id").starts_with("wsp_"));
  EXPECT_EQ(field(patch(path, {{"title", "Second"}, {"status", "archived"}}), "title"), "Second");
  EXPECT_EQ(field(get(path), "status"), "archived");
  EXPECT_EQ(items(get("/api/v1/sessions?status=archived")).size(), 1u);
  EXPECT_EQ(items(get("/api/v1/sessions?status=active")).size(), 0u);
  EXPECT_EQ(remove(path).status, 204);
  EXPECT_EQ(get(path).status, 404);
  EXPECT_EQ(remove(path).status, 404);
}

TEST_F(Routes, ProblemsNameWhatIsWrong) {
  const Answer answer = get("/api/v1/sessions/ses_nope");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(field(answer, "code"), "PRYX-1005");
  EXPECT_EQ(answer.json.at("status").as_int64(), 404);
  EXPECT_TRUE(field(answer, "request_id").starts_with("req_"));
  EXPECT_EQ(answer.headers.find("Content-Type").value_or(""), "application/problem+json");
  EXPECT_EQ(post("/api/v1/sessions", {{"title", 7}}).status, 400);
  EXPECT_EQ(post("/api/v1/sessions", {{"agent", "reviewer"}}).status, 400);
  EXPECT_EQ(get("/api/v1/sessions?limit=0").status, 400);
  EXPECT_EQ(get("/api/v1/sessions?sort=alphabet").status, 400);
  EXPECT_EQ(get("/api/v1/sessions?after=yesterday").status, 400);
  net::Request broken = testing::make_request("POST", "/api/v1/sessions");
  broken.body = "{\"title\":";
  EXPECT_EQ(send(broken).status, 400);
  broken.body = "[1]";
  EXPECT_EQ(send(broken).status, 400);
  broken.body = std::string(100, '[');
  EXPECT_EQ(send(broken).status, 400);
}

TEST_F(Routes, AMessageIsAcceptedAndAnswered) {
  const std::string session = new_session();
  const Answer accepted = say(session, {{"text", "hi"}, {"idempotency_key", "k1"}});
  ASSERT_EQ(accepted.status, 202) << accepted.body;
  const Answer turn = get("/api/v1/turns/" + field(accepted, "turn_id"));
  EXPECT_EQ(field(turn, "state"), "completed");
  EXPECT_EQ(field(turn, "answered_by"), "fake/words-2");
  EXPECT_EQ(turn.json.at("steps").as_array().size(), 1u);
  EXPECT_EQ(turn.json.at("usage").as_object().at("input_tokens").as_int64(), 12);
  const Answer transcript = get("/api/v1/sessions/" + session + "/messages");
  ASSERT_EQ(items(transcript).size(), 2u);
  EXPECT_EQ(json::string_or(items(transcript)[1].as_object(), "role"), "assistant");
  // The same key with the same body is the same message; with another body a conflict.
  EXPECT_EQ(field(say(session, {{"text", "hi"}, {"idempotency_key", "k1"}}), "turn_id"),
            field(accepted, "turn_id"));
  EXPECT_EQ(say(session, {{"text", "ho"}, {"idempotency_key", "k1"}}).status, 409);
  EXPECT_EQ(post("/api/v1/turns/" + field(accepted, "turn_id") + "/cancel").status, 409);
}

TEST_F(Routes, ATranscriptIsReadFromItsEnd) {
  const std::string session = new_session();
  for (const char* text : {"one", "two", "three"}) ASSERT_EQ(say(session, {{"text", text}}).status, 202);
  const std::string path = "/api/v1/sessions/" + session + "/messages";
  const auto ids = [&](const std::string& query) {
    std::vector<std::string> out;
    const Answer page = get(path + query);
    for (const json::value& item : items(page)) out.push_back(json::string_or(item.as_object(), "id"));
    return out;
  };
  std::vector<std::string> all = ids("");
  ASSERT_EQ(all.size(), 6u);
  std::ranges::reverse(all);
  EXPECT_EQ(ids("?sort=newest"), all);
  std::vector<std::string> paged;
  std::string query = "?sort=newest&limit=4";
  for (int pages = 0; pages < 3; ++pages) {
    const Answer page = get(path + query);
    for (const json::value& item : items(page)) paged.push_back(json::string_or(item.as_object(), "id"));
    if (field(page, "next_cursor").empty()) break;
    query = "?sort=newest&limit=4&cursor=" + field(page, "next_cursor");
  }
  EXPECT_EQ(paged, all);
  EXPECT_EQ(ids("?before=" + all[2]), (std::vector{all[3], all[4], all[5]}));
  EXPECT_EQ(ids("?before=" + all[2] + "&limit=1"), std::vector{all[3]});
  EXPECT_EQ(get(path + "?sort=oldest&before=" + all[2]).status, 400);
  EXPECT_EQ(get(path + "?sort=best").status, 400);
  EXPECT_EQ(get(path + "?before=x").status, 400);
  EXPECT_EQ(get(path + "?before=msg_01J9ZD3V3N8J4Q6R2S7T0W5X1Y").status, 404);
}

TEST_F(Routes, ListsFilterByHowTurnsStand) {
  const std::string good = new_session();
  ASSERT_EQ(say(good, {{"text", "hi"}}).status, 202);
  const std::string bad = new_session();
  house.model->failure = Error{ErrorCode::kForbidden, "not with this key", -1};
  const Answer sent = say(bad, {{"text", "hi"}});
  house.model->failure.reset();
  const Answer failed = get("/api/v1/sessions?state=failed");
  ASSERT_EQ(items(failed).size(), 1u) << failed.body;
  const json::object& row = items(failed)[0].as_object();
  EXPECT_EQ(json::string_or(row, "id"), bad);
  EXPECT_EQ(json::string_or(row, "last_turn_id"), field(sent, "turn_id"));
  EXPECT_EQ(items(get("/api/v1/sessions?state=failed,completed")).size(), 2u);
  EXPECT_EQ(items(get("/api/v1/turns?state=failed")).size(), 1u);
  EXPECT_EQ(items(get("/api/v1/turns")).size(), 2u);
  EXPECT_EQ(get("/api/v1/sessions/" + good).json.at("input_tokens").as_int64(), 12);
  EXPECT_EQ(get("/api/v1/sessions?state=lost").status, 400);
  EXPECT_EQ(get("/api/v1/turns?state=lost").status, 400);
}

TEST_F(Routes, WhatDoesNotExistYetIsRefusedByName) {
  const std::string session = new_session();
  const Answer answer =
      say(session, {{"text", "hi"}, {"parts", json::array{json::object{{"type", "video"}}}}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(field(answer, "detail").find("parts"), std::string::npos) << field(answer, "detail");
  EXPECT_EQ(say(session, {{"text", "hi"}, {"max_cost", "much"}}).status, 400);
  EXPECT_EQ(say(session, {{"text", "hi"}, {"model", "nowhere/model"}}).status / 100, 4);
  const Answer approve = say(session, {{"text", "hi"}, {"approve", "tools:\n  allowd: []\n"}});
  EXPECT_EQ(approve.status, 400);
  EXPECT_NE(field(approve, "detail").find("line 2"), std::string::npos);
  EXPECT_EQ(post("/api/v1/turns/trn_x/undo").status, 404);
}

TEST_F(Routes, ATurnStreamsAndEndsNamed) {
  const std::string session = new_session();
  const Answer answer = stream(session, {{"text", "hi"}, {"idempotency_key", "s"}});
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.find("Content-Type").value_or(""), "text/event-stream");
  EXPECT_NE(answer.body.find("event: turn.started\nid: "), std::string::npos);
  EXPECT_NE(answer.body.find("event: turn.delta\ndata: "), std::string::npos);
  const std::size_t last = answer.body.rfind("event: ");
  EXPECT_TRUE(answer.body.substr(last).starts_with("event: turn.completed\nid: "))
      << answer.body.substr(last);
  // The receipt of the flushed stream marks the answer as read.
  EXPECT_FALSE(get("/api/v1/sessions/" + session).json.at("unread").as_bool());
  // The same again replays what is durable; from the last id on there is nothing more.
  const Answer again = stream(session, {{"text", "hi"}, {"idempotency_key", "s"}});
  EXPECT_EQ(again.body.find("turn.delta"), std::string::npos);
  EXPECT_NE(again.body.find("event: turn.completed"), std::string::npos);
  const std::string last_id = answer.body.substr(last + 26, answer.body.find('\n', last + 26) - last - 26);
  EXPECT_EQ(stream(session, {{"text", "hi"}, {"idempotency_key", "s"}}, last_id).body, "");
}

TEST_F(Routes, AnAnswerNobodyTookStaysUnread) {
  const std::string session = new_session();
  ASSERT_EQ(say(session, {{"text", "hi"}}).status, 202);
  EXPECT_TRUE(get("/api/v1/sessions/" + session).json.at("unread").as_bool());
}

TEST_F(Routes, AClientThatGoesAwayDoesNotCancel) {
  const std::string session = new_session();
  json::object body{{"text", "hi"}};
  net::Request request = testing::make_request("POST", "/api/v1/sessions/" + session + "/messages", &body);
  request.headers.add("Accept", "text/event-stream");
  FakeExchange exchange(request);
  exchange.on_write = [&](const std::string& bytes) {
    if (bytes.starts_with("event: turn.started")) exchange.disconnect();
  };
  async::TaskGroup group(loop, "request");
  group.spawn("handle", house.api->handle(exchange));
  loop.run_until_idle();
  EXPECT_FALSE(exchange.finished);
  EXPECT_EQ(items(get("/api/v1/sessions/" + session + "/messages")).size(), 2u);
}

TEST_F(Routes, ApprovalsAreAnsweredOnce) {
  const std::string session = new_session();
  house.model->calls = {{"c1", "note.add", R"({"text":"milk"})"}};
  const json::object message{{"text", "note milk"}};
  const Answer accepted =
      send_now(testing::make_request("POST", "/api/v1/sessions/" + session + "/messages", &message));
  ASSERT_EQ(accepted.status, 202);
  const Answer pending = send_now(testing::make_request("GET", "/api/v1/approvals?state=pending"));
  ASSERT_EQ(items(pending).size(), 1u);
  const json::object& approval = items(pending)[0].as_object();
  EXPECT_EQ(json::string_or(approval, "rendering"), "note.add milk");
  EXPECT_EQ(house.notes->runs, 0) << "nothing happens before the answer";
  const std::string path = "/api/v1/approvals/" + json::string_or(approval, "id");
  const json::object unclear{{"decision", "maybe"}};
  EXPECT_EQ(send_now(testing::make_request("POST", path, &unclear)).status, 400);
  const json::object yes{{"decision", "approve"}, {"scope", "once"}};
  EXPECT_EQ(field(send_now(testing::make_request("POST", path, &yes)), "state"), "approved");
  const json::object no{{"decision", "deny"}, {"reason", "too late"}};
  EXPECT_EQ(send_now(testing::make_request("POST", path, &no)).status, 409);
  EXPECT_EQ(house.notes->runs, 1);
  EXPECT_EQ(field(get("/api/v1/turns/" + field(accepted, "turn_id")), "state"), "completed");
  EXPECT_EQ(items(get("/api/v1/approvals?state=pending")).size(), 0u);
  EXPECT_EQ(get("/api/v1/approvals?state=perhaps").status, 400);
}

TEST_F(Routes, ATurnThatNobodyMayAnswerIsDeniedAtOnce) {
  const std::string session = new_session();
  house.model->calls = {{"c1", "note.add", R"({"text":"milk"})"}};
  const json::object message{{"text", "note milk"}, {"interactive", false}};
  const Answer accepted =
      send_now(testing::make_request("POST", "/api/v1/sessions/" + session + "/messages", &message));
  EXPECT_EQ(field(get("/api/v1/turns/" + field(accepted, "turn_id")), "state"), "completed");
  EXPECT_EQ(house.notes->runs, 0);
  house.model->calls = {{"c2", "note.add", R"({"text":"milk"})"}};
  const Answer allowed =
      say(session,
          {{"text", "note milk"}, {"interactive", false}, {"approve", "tools:\n  allowed: [\"note.*\"]\n"}});
  EXPECT_EQ(allowed.status, 202) << allowed.body;
  EXPECT_EQ(house.notes->runs, 1);
}

TEST_F(Routes, PolicyIsShownTestedAndReplaced) {
  const Answer shown = get("/api/v1/policy");
  EXPECT_EQ(field(shown, "in_force"), "default");
  EXPECT_EQ(
      field(post("/api/v1/policy/test", {{"tool", "note.add"}, {"arguments", json::object{{"text", "x"}}}}),
            "decision"),
      "ask");
  const json::object text{{"text", "tools:\n  denied: [\"note.*\"]\n"}};
  EXPECT_EQ(put("/api/v1/policy", text).status, 400) << "without the hash of what was seen";
  json::object with_hash = text;
  with_hash["hash"] = field(shown, "hash");
  EXPECT_EQ(put("/api/v1/policy", with_hash).status, 200);
  EXPECT_EQ(put("/api/v1/policy", with_hash).status, 409);
}

TEST_F(Routes, ATemplateIsPutInForceByItsText) {
  const json::array listed = items(get("/api/v1/policy/templates"));
  ASSERT_EQ(listed.size(), trust::policy_templates().size());
  for (const json::value& item : listed) {
    const json::object body{{"text", item.as_object().at("text")},
                            {"hash", field(get("/api/v1/policy"), "hash")}};
    EXPECT_EQ(put("/api/v1/policy", body).status, 200) << item.as_object().at("name").as_string();
  }
}

TEST_F(Routes, WhetherAToolMayBeUsedAtAll) {
  const Answer found = get("/api/v1/policy/can?tool=note.add");
  EXPECT_EQ(field(found, "can"), "asks");
  EXPECT_EQ(get("/api/v1/policy/can").status, 400);
  EXPECT_EQ(get("/api/v1/policy/can?tool=note.%2A").status, 400);
  EXPECT_EQ(field(get("/api/v1/policy/can?tool=no.such"), "can"), "asks");
}

TEST_F(Routes, AuditListsAndVerifies) {
  for (int i = 0; i < 5; ++i) (void)new_token("read");
  const Answer first = get("/api/v1/audit?limit=2");
  ASSERT_EQ(items(first).size(), 2u);
  EXPECT_EQ(items(first)[0].as_object().at("index").as_int64(), 5);
  const Answer second = get("/api/v1/audit?limit=2&cursor=" + field(first, "next_cursor"));
  EXPECT_EQ(items(second)[0].as_object().at("index").as_int64(), 3);
  EXPECT_TRUE(get("/api/v1/audit/status").json.at("verified").is_null());
  const Answer verdict = post("/api/v1/audit/verify");
  EXPECT_TRUE(verdict.json.at("ok").as_bool());
  const json::object known = get("/api/v1/audit/status").json.at("verified").as_object();
  EXPECT_EQ(known.at("rows"), verdict.json.at("rows"));
  EXPECT_EQ(known.at("root"), verdict.json.at("root"));
  EXPECT_TRUE(known.at("ok").as_bool());
}

TEST_F(Routes, KeysAndSecretsGoInAndNeverComeBack) {
  const std::string canary = "sk-canary-7f3a";
  EXPECT_EQ(put("/api/v1/providers/cloud", {{"kind", "openai"}, {"key", canary}}).status, 200);
  EXPECT_EQ(house.providers.last_key, canary);
  EXPECT_EQ(put("/api/v1/secrets/deploy", {{"value", canary}}).status, 200);
  EXPECT_EQ(house.secrets.values["deploy"], canary);
  const std::string token = new_token("read");
  for (const char* path : {"/api/v1/providers", "/api/v1/secrets", "/api/v1/secrets/deploy", "/api/v1/tokens",
                           "/api/v1/audit", "/api/v1/status"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body.find(canary), std::string::npos) << path;
    EXPECT_EQ(answer.body.find(token), std::string::npos) << path;
  }
  EXPECT_EQ(put("/api/v1/providers/cloud", {{"kind", "martian"}}).status, 400);
  EXPECT_EQ(remove("/api/v1/secrets/deploy").status, 204);
  EXPECT_EQ(get("/api/v1/secrets/deploy").status, 404);
}

TEST_F(Routes, TokensNarrow) {
  const std::string chat = new_token("chat");
  const auto with = [&](std::string method, std::string_view path, json::object body,
                        const std::string& token) {
    net::Request request = testing::make_request(std::move(method), path, &body);
    request.headers.add("Authorization", "Bearer " + token);
    return send(std::move(request));
  };
  const std::string session = field(with("POST", "/api/v1/sessions", {}, chat), "id");
  EXPECT_EQ(with("POST", "/api/v1/sessions/" + session + "/messages", {{"text", "hi"}}, chat).status, 202);
  // To chat is not to approve, nor to open the disk.
  EXPECT_EQ(with("POST", "/api/v1/sessions/" + session + "/messages",
                 {{"text", "hi"}, {"approve", "tools:\n  allowed: [\"*\"]\n"}}, chat)
                .status,
            403);
  EXPECT_EQ(with("POST", "/api/v1/workspaces", {{"path", "/home/me"}}, chat).status, 403);
  EXPECT_EQ(with("POST", "/api/v1/sessions", {{"workspace", "/home/me"}}, chat).status, 403);
  EXPECT_EQ(post("/api/v1/workspaces", {{"path", "/tmp/known"}}).status, 201);
  EXPECT_EQ(with("POST", "/api/v1/sessions", {{"workspace", "/tmp/known"}}, chat).status, 201);
  EXPECT_EQ(with("POST", "/api/v1/tokens", {{"name", "more"}, {"scopes", "admin"}}, chat).status, 403);
}

TEST_F(Routes, TokensSurviveARestartAndEndWhenRevoked) {
  const Answer made =
      post("/api/v1/tokens", {{"name", "ci"}, {"scopes", json::array{"read"}}, {"expires_in", "7d"}});
  ASSERT_EQ(made.status, 201);
  net::Request request = testing::make_request("GET", "/api/v1/status");
  request.headers.add("Authorization", "Bearer " + field(made, "token"));
  ASSERT_TRUE(async::testing::run(loop, house.api->start()).has_value());  // reads them from the store again
  EXPECT_EQ(send(request).status, 200);
  EXPECT_EQ(remove("/api/v1/tokens/" + field(made, "id")).status, 204);
  EXPECT_EQ(send(request).status, 401);
  ASSERT_TRUE(async::testing::run(loop, house.api->start()).has_value());
  EXPECT_EQ(send(request).status, 401);
}

TEST_F(Routes, ConfigAndSettings) {
  const Answer empty = get("/api/v1/config");
  EXPECT_FALSE(empty.json.at("exists").as_bool());
  json::object body{{"text", "model:\n  default: fake/words\n"}};
  net::Request request = testing::make_request("PUT", "/api/v1/config", &body);
  request.headers.add("If-Match", std::string(*empty.headers.find("ETag")));
  EXPECT_EQ(send(request).status, 200);
  EXPECT_EQ(send(request).status, 409);
  EXPECT_EQ(put("/api/v1/settings", {{"settings", json::object{{"log.level", "debug"}}}}).status, 200);
  EXPECT_EQ(get("/api/v1/settings").json.at("settings").as_object().at("log.level").as_string(), "debug");
  const Answer described = get("/api/v1/settings");
  const auto all = items(described);
  EXPECT_EQ(all.size(), config::settings().size());
  const auto level = std::ranges::find_if(
      all, [](const json::value& item) { return json::string_or(item.as_object(), "key") == "log.level"; });
  ASSERT_NE(level, all.end());
  EXPECT_EQ(level->as_object().at("value"), json::value("debug"));
  EXPECT_EQ(level->as_object().at("default"), json::value("info"));
  EXPECT_EQ(level->as_object().at("choices"), (json::value{"debug", "info", "warn", "error"}));
  const Answer loud = put("/api/v1/settings", {{"settings", json::object{{"log.level", "loud"}}}});
  EXPECT_EQ(loud.status, 400);
  EXPECT_NE(field(loud, "detail").find("one of debug, info, warn, error"), std::string::npos);
}

// A form that does not know of a provider's API, or only changes its key, leaves it as it is.
TEST_F(Routes, AProviderKeepsItsApiWhenNothingIsSaidOfIt) {
  const auto api_of = [&](const Answer& answer) { return field(answer, "api"); };
  const json::object base{{"kind", "openai"}, {"base_url", "https://example.test/v1"}};
  json::object with_api = base;
  with_api["api"] = "responses";
  ASSERT_EQ(put("/api/v1/providers/cloud", with_api).status, 200);
  json::object with_key = base;
  with_key["key"] = "sk-another";
  const Answer kept = put("/api/v1/providers/cloud", with_key);
  ASSERT_EQ(kept.status, 200) << kept.body;
  EXPECT_EQ(house.providers.configs.at("cloud").api, "responses") << api_of(kept);
  EXPECT_EQ(house.providers.last_key, "sk-another");
  with_api["api"] = "chat";
  ASSERT_EQ(put("/api/v1/providers/cloud", with_api).status, 200);
  EXPECT_EQ(house.providers.configs.at("cloud").api, "chat") << "what is said counts";
}

TEST_F(Routes, MemoryModelsToolsAgents) {
  EXPECT_EQ(post("/api/v1/memory", {{"text", "the harbour is at the north side"}}).status, 201);
  EXPECT_EQ(items(post("/api/v1/memory/search", {{"query", "harbour"}})).size(), 1u);
  EXPECT_EQ(items(get("/api/v1/memory?type=longterm")).size(), 1u);
  EXPECT_EQ(get("/api/v1/memory?type=forever").status, 400);
  EXPECT_EQ(items(get("/api/v1/models?known=true&provider=fake")).size(), 0u);
  EXPECT_EQ(house.model->listings, 0) << "what is known is told without asking";
  const Answer models = get("/api/v1/models?provider=fake");
  ASSERT_EQ(items(models).size(), 1u);
  EXPECT_EQ(items(get("/api/v1/models?known=true&provider=fake")).size(), 1u);
  EXPECT_EQ(house.model->listings, 1);
  EXPECT_EQ(get("/api/v1/models?known=perhaps").status, 400);
  EXPECT_EQ(json::string_or(items(models)[0].as_object(), "id"), "fake/words");
  EXPECT_EQ(
      json::string_or(
          items(models)[0].as_object().at("price").as_object().at("input_per_million").as_object(), "amount"),
      "1.500");
  EXPECT_EQ(items(get("/api/v1/tools")).size(), 1u);
  EXPECT_EQ(get("/api/v1/tools/note.add").status, 200);
  EXPECT_EQ(get("/api/v1/agents/default").status, 200);
  EXPECT_EQ(get("/api/v1/agents/other").status, 404);
}

TEST_F(Routes, AForkOfAnAnswerThatStreamsHasItInterrupted) {
  const std::string session = new_session();
  ASSERT_EQ(say(session, {{"text", "one"}}).status, 202);
  const auto streaming = async::testing::run(loop, house.database->write([](db::Transaction& t) {
    return t.db().run(
        "UPDATE messages SET streaming = 1, parts = replace(parts, '\"complete\"', '\"streaming\"') WHERE "
        "role = "
        "'assistant'");
  }));
  ASSERT_EQ(streaming.value(), 1);
  const Answer fork = post("/api/v1/sessions/" + session + "/fork", {});
  ASSERT_EQ(fork.status, 201) << fork.body;
  const Answer copy = get("/api/v1/sessions/" + field(fork, "id") + "/messages");
  EXPECT_EQ(copy.body.find("\"streaming\""), std::string::npos) << copy.body;
  EXPECT_NE(copy.body.find("\"interrupted\""), std::string::npos) << copy.body;
  EXPECT_NE(get("/api/v1/sessions/" + session + "/messages").body.find("\"streaming\""), std::string::npos);
}

TEST_F(Routes, AForkHasTheMessagesUpToOne) {
  const std::string session = new_session();
  ASSERT_EQ(say(session, {{"text", "one"}}).status, 202);
  ASSERT_EQ(say(session, {{"text", "two"}}).status, 202);
  const Answer all = get("/api/v1/sessions/" + session + "/messages");
  ASSERT_EQ(items(all).size(), 4u);
  const Answer fork =
      post("/api/v1/sessions/" + session + "/fork",
           {{"message_id", json::string_or(items(all)[1].as_object(), "id")}, {"title", "Other way"}});
  ASSERT_EQ(fork.status, 201) << fork.body;
  EXPECT_EQ(field(fork, "parent_id"), session);
  EXPECT_EQ(fork.json.at("message_count").as_int64(), 2);
  EXPECT_EQ(items(get("/api/v1/sessions/" + field(fork, "id") + "/messages")).size(), 2u);
  EXPECT_EQ(post("/api/v1/sessions/" + session + "/fork", {{"message_id", "msg_01J00000000000000000000000"}})
                .status,
            404);
}

TEST_F(Routes, ThePageHoldsNothingAndRunsNothingForeign) {
  std::set<std::string> policies;
  for (const char* path : {"/", "/sessions", "/trace/trn_x"}) {
    net::Request request = testing::make_request("GET", path);
    request.peer = testing::tcp_peer();
    request.headers.set("Host", "localhost:7799");
    const Answer answer = send(request);
    EXPECT_EQ(answer.status, 200) << path;
    const std::string policy(answer.headers.find("Content-Security-Policy").value_or(""));
    EXPECT_TRUE(policy.starts_with("default-src 'none'")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_NE(policy.find("ws://localhost:7799;"), std::string::npos) << policy;
    EXPECT_EQ(answer.headers.count("Cache-Control"), 1u);
    EXPECT_EQ(answer.body.find("__PRYX_NONCE__"), std::string::npos);
    policies.insert(policy);
  }
  EXPECT_EQ(policies.size(), 3u) << "a nonce came twice";
  const std::string page = get("/").body;
  EXPECT_EQ(page.find("<style"), std::string::npos);
  EXPECT_EQ(page.find("onclick"), std::string::npos);
}

TEST_F(Routes, AQrCodeIsDrawn) {
  const Answer answer = post("/api/v1/qr", {{"text", "http://127.0.0.1:7799/"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.find("Content-Type").value_or(""), "image/svg+xml");
  EXPECT_TRUE(answer.body.starts_with("<svg ")) << answer.body;
  EXPECT_EQ(post("/api/v1/qr", {{"text", ""}}).status, 400);
  EXPECT_EQ(post("/api/v1/qr", json::object{}).status, 400);
  EXPECT_EQ(post("/api/v1/qr", {{"text", std::string(1001, 'x')}}).status, 413);
}

TEST_F(Routes, APlaceOfTheApplicationTakesOnlyGet) {
  EXPECT_EQ(send(testing::make_request("HEAD", "/sessions")).status, 200);
  EXPECT_EQ(post("/sessions").status, 405);
  EXPECT_EQ(get("/sessions/app.js").status, 404);
  EXPECT_EQ(get("/metrics").headers.find("Content-Security-Policy"), std::nullopt);
}

}  // namespace
}  // namespace pryx::server
