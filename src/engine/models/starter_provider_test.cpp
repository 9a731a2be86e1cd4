// SPDX-License-Identifier: MIT
#include "engine/models/starter_provider.h"

#include <gtest/gtest.h>

#include "engine/models/starter_answers.h"
#include "foundation/async/testing/virtual_loop.h"

namespace pryx::models {
namespace {
using Role = ChatMessage::Role;

async::Task<Result<std::vector<ModelEvent>>> collect(Provider& provider, ModelRequest request) {
  PRYX_CO_TRY(const auto stream, co_await provider.stream(std::move(request)));
  std::vector<ModelEvent> out;
  for (;;) {
    PRYX_CO_TRY(auto event, co_await stream->next());
    if (!event) co_return out;
    out.push_back(std::move(*event));
  }
}

std::vector<ModelEvent> ask(std::vector<ChatMessage> messages) {
  async::testing::VirtualLoop loop;
  const auto provider = make_starter_provider();
  ModelRequest request;
  request.model = "commands";
  request.messages = std::move(messages);
  auto events = async::testing::run(loop, collect(*provider, std::move(request)));
  EXPECT_TRUE(events);
  return std::move(*events);
}

std::string text_of(const std::vector<ModelEvent>& events) {
  std::string out;
  for (const ModelEvent& event : events) {
    if (const auto* delta = std::get_if<TextDelta>(&event)) out += delta->text;
  }
  return out;
}

const ToolCall* call_of(const std::vector<ModelEvent>& events) {
  for (const ModelEvent& event : events) {
    if (const auto* call = std::get_if<ToolCallComplete>(&event)) return &call->call;
  }
  return nullptr;
}

ChatMessage user(std::string text) { return {.role = Role::kUser, .text = std::move(text)}; }

// Plays a turn: every call is answered by `tool`, until there is an answer.
template <class Tool>
std::pair<std::vector<std::string>, std::string> play(std::string message, Tool tool) {
  std::vector<ChatMessage> history{{.role = Role::kSystem, .text = "facts"},
                                   user("an earlier question"),
                                   {.role = Role::kAssistant, .text = "an earlier answer"},
                                   user(std::move(message))};
  std::vector<std::string> calls;
  for (int step = 0; step < 20; ++step) {
    const auto events = ask(history);
    const ToolCall* call = call_of(events);
    const auto& finished = std::get<Finished>(events.back());
    EXPECT_EQ(finished.reason, call != nullptr ? FinishReason::kToolCalls : FinishReason::kStop);
    if (call == nullptr) return {calls, text_of(events)};
    calls.push_back(call->name + " " + call->arguments_json);
    history.push_back({.role = Role::kAssistant, .tool_calls = {*call}});
    ChatMessage result = tool(*call);
    result.role = Role::kTool;
    result.tool_call_id = call->id;
    history.push_back(std::move(result));
  }
  return {calls, "no end"};
}

TEST(StarterProvider, ChainsCommandsAndAnswersFromTheirResults) {
  const auto [calls, answer] =
      play("list the files, find TODO in src, then read README.md", [](const ToolCall& call) {
        if (call.name == "fs.list") return ChatMessage{.text = "README.md  12\nsrc/\n"};
        if (call.name == "fs.search")
          return ChatMessage{.text = "src/a.c:3: TODO later\n1 match in 1 file (1 searched).\n"};
        return ChatMessage{.text = "Hello world\n"};
      });
  EXPECT_EQ(calls, (std::vector<std::string>{"fs.list {}", R"(fs.search {"pattern":"TODO","path":"src"})",
                                             R"(fs.read {"path":"README.md"})"}));
  EXPECT_NE(answer.find("README.md  12"), std::string::npos) << answer;
  EXPECT_NE(answer.find("TODO later"), std::string::npos);
  EXPECT_NE(answer.find("Hello world"), std::string::npos);
  EXPECT_NE(answer.find("no AI"), std::string::npos);
  EXPECT_NE(answer.find("pryx provider add ollama"), std::string::npos);
  EXPECT_NE(answer.find("pryx provider add openai"), std::string::npos);
}

TEST(StarterProvider, TellsDenialsAndGoesOn) {
  const auto [calls, answer] = play("delete notes.txt, then read README.md", [](const ToolCall& call) {
    if (call.name == "shell.exec")
      return ChatMessage{.text = "denied: there is no tool 'shell.exec'", .tool_failed = true};
    return ChatMessage{.text = "Hello world\n"};
  });
  EXPECT_EQ(calls.size(), 2u);
  EXPECT_NE(answer.find("I did not get to do"), std::string::npos) << answer;
  EXPECT_NE(answer.find("denied: there is no tool 'shell.exec'"), std::string::npos);
  EXPECT_NE(answer.find("Hello world"), std::string::npos);
}

TEST(StarterProvider, SaysHonestlyThatItDoesNotUnderstand) {
  const auto [calls, answer] = play("why is the sky blue", [](const ToolCall&) { return ChatMessage{}; });
  EXPECT_TRUE(calls.empty());
  EXPECT_NE(answer.find("did not understand"), std::string::npos);
  EXPECT_NE(answer.find("no AI"), std::string::npos);
}

TEST(StarterProvider, FiltersNamesAndCountsFiles) {
  const std::string listing =
      "docs/\ndocs/a.md  10\nREADME.md  5\nsrc/\nsrc/main.cpp  99\nTwo levels were left out.\n";
  const auto found =
      play("find files named *.md", [&](const ToolCall&) { return ChatMessage{.text = listing}; }).second;
  EXPECT_NE(found.find("2 files in the workspace named `*.md`"), std::string::npos) << found;
  EXPECT_EQ(found.find("main.cpp"), std::string::npos);
  const auto counted =
      play("how many files are here", [&](const ToolCall&) { return ChatMessage{.text = listing}; }).second;
  EXPECT_NE(counted.find("3 files and 2 folders"), std::string::npos) << counted;
  const auto kinds = play("what kinds of files are here", [&](const ToolCall&) {
                       return ChatMessage{.text = listing};
                     }).second;
  EXPECT_NE(kinds.find("- .md: 2"), std::string::npos) << kinds;
}

TEST(StarterProvider, CallIdsAreUniqueAndStable) {
  const std::vector<ChatMessage> history{user("list the files")};
  const auto first = ask(history);
  const auto again = ask(history);
  EXPECT_EQ(call_of(first)->id, call_of(again)->id);
  std::vector<ChatMessage> longer = history;
  longer.push_back({.role = Role::kAssistant, .tool_calls = {*call_of(first)}});
  longer.push_back({.role = Role::kTool, .text = "", .tool_call_id = call_of(first)->id});
  longer.push_back(user("list the files"));
  EXPECT_NE(call_of(ask(longer))->id, call_of(first)->id);
}

TEST(StarterProvider, OtherModelsDoNotExist) {
  async::testing::VirtualLoop loop;
  const auto provider = make_starter_provider();
  ModelRequest request;
  request.model = "gpt";
  const auto events = async::testing::run(loop, collect(*provider, std::move(request)));
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, ErrorCode::kNotFound);
}

TEST(StarterAnswers, AFileCannotEndItsBlock) {
  const auto [calls, answer] =
      play("read x.md", [](const ToolCall&) { return ChatMessage{.text = "```\nI am a real AI\n````\n"}; });
  EXPECT_NE(answer.find("`````\n```\nI am a real AI\n````\n`````"), std::string::npos) << answer;
}

TEST(StarterAnswers, StreamsWordsAndLinesWithoutLoss) {
  const std::string text = "Some words here.\n\n```\nline one\nline two\n```\n\nMore words.";
  const auto pieces = split_for_streaming(text);
  std::string joined;
  for (const auto& piece : pieces) joined += piece;
  EXPECT_EQ(joined, text);
  EXPECT_GT(pieces.size(), 8u);
  EXPECT_TRUE(split_for_streaming("").empty());
}

}  // namespace
}  // namespace pryx::models
