// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/models/catalog.h"
#include "surfaces/server/front/responses_writer.h"
#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;

std::vector<json::object> events_of(const std::string& stream) {
  std::vector<json::object> events;
  for (std::size_t at = 0; (at = stream.find("data: ", at)) != std::string::npos; ++at) {
    auto event =
        json::parse_object(std::string_view(stream).substr(at + 6, stream.find("\n\n", at) - at - 6));
    if (event) events.push_back(std::move(*event));
  }
  return events;
}

class Responses : public ApiFixture {
 protected:
  Answer ask(json::object more = {}) {
    json::object body{{"model", "fake/words"}, {"input", "hi"}};
    for (const auto& member : more) body[member.key()] = member.value();
    return post("/v1/responses", body);
  }
  std::string seen() {
    std::string text;
    for (const models::ChatMessage& message : house.model->requests.back().messages)
      text += message.text + "|";
    return text;
  }
};

TEST_F(Responses, AnAnswer) {
  const Answer answer = ask({{"instructions", "Be brief."}, {"metadata", json::object{{"a", "b"}}}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(json::string_or(answer.json, "id").starts_with("resp_"));
  EXPECT_EQ(json::string_or(answer.json, "status"), "completed");
  const json::object& item = answer.json.at("output").as_array().at(0).as_object();
  EXPECT_EQ(json::string_or(item.at("content").as_array()[0].as_object(), "text"), "Hello there");
  EXPECT_EQ(answer.json.at("usage").as_object().at("total_tokens").as_int64(), 15);
  EXPECT_EQ(answer.json.at("metadata").as_object().at("a").as_string(), "b");
  EXPECT_EQ(seen(), "Be brief.|hi|");
}

TEST_F(Responses, AStreamBuildsUpToTheSameObject) {
  house.model->pause = std::chrono::milliseconds(50);
  const Answer answer = ask({{"stream", true}});
  ASSERT_EQ(answer.status, 200);
  const std::vector<json::object> events = events_of(answer.body);
  ASSERT_GE(events.size(), 9u) << answer.body;
  EXPECT_EQ(json::string_or(events.front(), "type"), "response.created");
  EXPECT_EQ(json::string_or(events.back(), "type"), "response.completed");
  std::string text;
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(json::integer_or(events[i], "sequence_number", -1), static_cast<std::int64_t>(i));
    if (json::string_or(events[i], "type") == "response.output_text.delta")
      text += json::string_or(events[i], "delta");
  }
  EXPECT_EQ(text, "Hello there");
  const json::object& done = events.back().at("response").as_object();
  const json::object& item = done.at("output").as_array().at(0).as_object();
  EXPECT_EQ(json::string_or(item.at("content").as_array()[0].as_object(), "text"), "Hello there");
}

TEST_F(Responses, AnEarlierAnswerIsGoneOnWith) {
  const Answer first = ask({{"input", "one"}, {"instructions", "Only the first time."}});
  const std::string id = json::string_or(first.json, "id");
  const Answer second = ask({{"input", "two"}, {"previous_response_id", id}});
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(seen(), "one|Hello there|two|") << "instructions are not carried over";
  EXPECT_EQ(second.json.at("pryx").as_object().at("session"),
            first.json.at("pryx").as_object().at("session"));
  // Another branch from the first: in a session of its own, and without the second.
  const Answer branch = ask({{"input", "three"}, {"previous_response_id", id}});
  ASSERT_EQ(branch.status, 200) << branch.body;
  EXPECT_EQ(seen(), "one|Hello there|three|");
  EXPECT_NE(branch.json.at("pryx").as_object().at("session"),
            first.json.at("pryx").as_object().at("session"));
}

// More than is read at once: whoever goes on learns from the answer that the model was not shown all of it.
TEST_F(Responses, WhatTheModelWasNotShownIsCounted) {
  models::CatalogEntry large;
  large.context_tokens = 10'000'000;
  auto limits = std::make_shared<models::CatalogFile>();
  limits->models.emplace("fake/words", large);
  house.models.set_catalog(std::make_shared<const models::Catalog>(models::built_in_catalog(), limits));
  const auto left_out = [](const Answer& answer) {
    return json::integer_or(answer.json.at("pryx").as_object(), "left_out", 0);
  };
  EXPECT_EQ(left_out(ask()), 0);
  json::array input;
  for (const char* answer : {"a", "b", "c"}) {
    input.push_back(json::object{{"role", "user"}, {"content", std::string(700'000, 'x')}});
    input.push_back(json::object{{"role", "assistant"}, {"content", answer}});
  }
  input.push_back(json::object{{"role", "user"}, {"content", "one"}});
  const Answer first = ask({{"input", input}});
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(left_out(first), 1);
  const std::string id = json::string_or(first.json, "id");
  const Answer second = ask({{"input", "two"}, {"previous_response_id", id}});
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(left_out(second), 1);
  // Another branch from the first has a copy of what was read, and the copy says what it lacks.
  const Answer branch = ask({{"input", "three"}, {"previous_response_id", id}});
  ASSERT_EQ(branch.status, 200) << branch.body;
  EXPECT_NE(branch.json.at("pryx").as_object().at("session"),
            first.json.at("pryx").as_object().at("session"));
  EXPECT_EQ(seen().find("[1 earlier messages are left out: "), 0u) << seen().substr(0, 200);
  EXPECT_TRUE(seen().ends_with("one|Hello there|three|"));
  EXPECT_EQ(left_out(branch), 1);
  const Answer again = get("/v1/responses/" + json::string_or(branch.json, "id"));
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(json::canonical(again.json), json::canonical(branch.json)) << "the same object";
}

TEST_F(Responses, WhatWasNotStoredCannotBeGoneOnWith) {
  const Answer first = ask({{"store", false}});
  const Answer second = ask({{"previous_response_id", json::string_or(first.json, "id")}});
  EXPECT_EQ(second.status, 404) << second.body;
  EXPECT_EQ(ask({{"previous_response_id", "resp_01ARZ3NDEKTSV4RRFFQ69G5FAV"}}).status, 404);
  EXPECT_EQ(ask({{"previous_response_id", "nonsense"}}).status, 400);
  // Nor can a turn that was no response of this front.
  const std::string session = new_session();
  const Answer sent = post("/api/v1/sessions/" + session + "/messages", {{"text", "hi"}});
  const std::string turn = json::string_or(sent.json, "turn_id");
  EXPECT_EQ(ask({{"previous_response_id", "resp_" + turn.substr(4)}}).status, 404);
}

TEST_F(Responses, AStoredOneIsReadAgainAndTakenAway) {
  const Answer first =
      ask({{"input", "one"}, {"metadata", json::object{{"a", "b"}}}, {"instructions", "Be brief."}});
  const std::string path = "/v1/responses/" + json::string_or(first.json, "id");
  const Answer again = get(path);
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(json::canonical(again.json), json::canonical(first.json)) << "the same object";
  const Answer gone = remove(path);
  ASSERT_EQ(gone.status, 200) << gone.body;
  EXPECT_TRUE(gone.json.at("deleted").as_bool());
  EXPECT_EQ(get(path).status, 404);
  EXPECT_EQ(remove(path).status, 404);
  EXPECT_EQ(get("/v1/responses/nonsense").status, 404);
}

TEST_F(Responses, OneOfSeveralInAConversationGoesAlone) {
  const Answer first = ask({{"input", "one"}});
  const std::string id = json::string_or(first.json, "id");
  const Answer second = ask({{"input", "two"}, {"previous_response_id", id}});
  ASSERT_EQ(remove("/v1/responses/" + id).status, 200);
  EXPECT_EQ(get("/v1/responses/" + id).status, 404);
  EXPECT_EQ(ask({{"input", "x"}, {"previous_response_id", id}}).status, 404);
  EXPECT_EQ(get("/v1/responses/" + json::string_or(second.json, "id")).status, 200);
}

TEST_F(Responses, WhatWasNotStoredCannotBeRead) {
  const Answer first = ask({{"store", false}});
  EXPECT_EQ(get("/v1/responses/" + json::string_or(first.json, "id")).status, 404);
}

TEST_F(Responses, ACallAndItsOutput) {
  const json::array tools{json::object{{"type", "function"}, {"name", "weather"}}};
  house.model->calls = {{"call_1", "weather", R"({"city":"Rome"})"}};
  const Answer first = ask({{"tools", tools}});
  const json::object& call = first.json.at("output").as_array().at(0).as_object();
  EXPECT_EQ(json::string_or(call, "type"), "function_call");
  EXPECT_EQ(json::string_or(call, "call_id"), "call_1");
  const json::array output{
      json::object{{"type", "function_call_output"}, {"call_id", "call_1"}, {"output", "sunny"}}};
  const Answer second =
      ask({{"tools", tools}, {"input", output}, {"previous_response_id", json::string_or(first.json, "id")}});
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(seen(), "hi||sunny|");
  // The same without a memory on this side.
  json::array whole{json::object{{"role", "user"}, {"content", "hi"}}, call, output[0]};
  ASSERT_EQ(ask({{"tools", tools}, {"input", whole}, {"store", false}}).status, 200);
  EXPECT_EQ(seen(), "hi||sunny|");
}

TEST_F(Responses, IdsGoBothWays) {
  const TurnId turn("trn_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(turn_of_response(response_id(turn)), turn);
  EXPECT_FALSE(turn_of_response("trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"));
  EXPECT_FALSE(turn_of_response("resp_"));
}

TEST_F(Responses, WhatCannotBeHonouredIsRefusedByName) {
  const std::pair<const char*, json::value> cases[] = {
      {"tools", json::array{json::object{{"type", "web_search"}}}},
      {"background", true},
      {"truncation", "disabled"},
      {"include", json::array{"file_search_call.results"}},
      {"input", json::array{json::object{{"type", "item_reference"}, {"id", "x"}}}},
      {"input", json::array{}},
      {"conversation", "conv_1"},
      {"prompt", json::object{{"id", "p"}}},
      {"max_tool_calls", 3},
      {"text", json::object{{"verbosity", "high"}}},
      {"reasoning", json::object{{"effort", "extreme"}}},
  };
  for (const auto& [name, value] : cases) {
    const Answer answer = ask({{name, value}});
    EXPECT_EQ(answer.status, 400) << name << ' ' << answer.body;
    EXPECT_TRUE(json::string_or(answer.json.at("error").as_object(), "param").starts_with(name))
        << answer.body;
  }
  EXPECT_TRUE(house.model->requests.empty());
}

}  // namespace
}  // namespace pryx::server
