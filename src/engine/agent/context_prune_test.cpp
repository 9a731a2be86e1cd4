// SPDX-License-Identifier: MIT
// Golden prompts: what becomes of old tool results as the context fills up.
#include "engine/agent/context_prune.h"

#include <gtest/gtest.h>

#include "engine/agent/context.h"
#include "engine/agent/small_profile.h"
#include "engine/models/image_tokens.h"

namespace pryx::agent {
namespace {

using models::ChatMessage;

// A transcript of `calls` exchanges with results of `bytes` each; one letter for each result in the golden
// text: w whole, s without its middle, c cleared.
struct Transcript {
  std::vector<ChatMessage> messages;
  std::vector<PlacedResult> results;
  Transcript(int calls, std::size_t bytes, int with_image = -1) {
    messages.push_back({.role = ChatMessage::Role::kSystem, .text = "You are an agent."});
    messages.push_back({.role = ChatMessage::Role::kUser, .text = "Look at all of it."});
    for (int i = 0; i < calls; ++i) {
      ChatMessage ask{.role = ChatMessage::Role::kAssistant};
      ask.tool_calls.push_back({fmt::format("c{}", i), "fs.read", "{}"});
      messages.push_back(std::move(ask));
      results.push_back({messages.size(), fmt::format("sha256:{}", i)});
      ChatMessage result{.role = ChatMessage::Role::kTool, .tool_call_id = fmt::format("c{}", i)};
      while (result.text.size() < bytes) result.text += "the same words over and over ";
      result.text.resize(bytes);
      if (i == with_image) result.attachments.push_back({.media_type = "image/png", .ref = "sha256:x"});
      messages.push_back(std::move(result));
    }
  }
  std::string golden(std::int64_t limit) {
    PromptSize size({.limit = limit}, messages, 0);
    prune_results(size, results);
    std::string out;
    for (const PlacedResult& result : results) {
      const std::string& text = messages[result.at].text;
      out += text.starts_with("[This older result was taken out")                  ? 'c'
             : text.find("of this older result are left out") != std::string::npos ? 's'
                                                                                   : 'w';
    }
    return out;
  }
};

TEST(PruneResults, NothingHappensBelowThirtyPercent) {
  EXPECT_EQ(Transcript(12, 10'000).golden(100'000), "wwwwwwwwwwww");
}
TEST(PruneResults, OldOnesLoseTheirMiddleFromThirtyPercentOn) {
  EXPECT_EQ(Transcript(12, 10'000).golden(40'000), "ssssssssswww");
}
TEST(PruneResults, ShortOnesAreLeftAlone) { EXPECT_EQ(Transcript(12, 3'900).golden(30'000), "wwwwwwwwwwww"); }
TEST(PruneResults, TheOldestAreClearedFromFiftyPercentOn) {
  EXPECT_EQ(Transcript(24, 10'000).golden(28'000), "ccccccccccccccccssssswww");
  EXPECT_EQ(Transcript(12, 10'000).golden(9'000), "cccccccccwww");
}
TEST(PruneResults, ImagesAreSkipped) { EXPECT_EQ(Transcript(12, 10'000, 2).golden(9'000), "ccwccccccwww"); }
TEST(PruneResults, TheNewestThreeAnswersKeepTheirResultsWhateverTheSize) {
  EXPECT_EQ(Transcript(3, 10'000).golden(1'000), "www");
}

TEST(PruneResults, WhatStaysIsHeadAndTailWithAMarker) {
  Transcript transcript(12, 10'000);
  transcript.messages[3].text.replace(0, 4, "HEAD");
  transcript.messages[3].text.replace(9'996, 4, "TAIL");
  (void)transcript.golden(40'000);
  const std::string& text = transcript.messages[3].text;
  EXPECT_TRUE(text.starts_with("HEAD"));
  EXPECT_TRUE(text.ends_with("TAIL"));
  EXPECT_NE(text.find("7000 of 10000 bytes"), std::string::npos) << text.substr(1'500, 200);
  EXPECT_NE(text.find("sha256:0"), std::string::npos);
  EXPECT_LT(text.size(), 3'200u);
}

TEST(Squeeze, BringsAnythingBelowTheLimitExceptTheMessageItself) {
  Transcript transcript(30, 20'000);
  PromptSize size({.limit = 3'000}, transcript.messages, 0);
  prune_results(size, transcript.results);
  EXPECT_TRUE(squeeze(size, transcript.results, 1));
  EXPECT_LE(size.total(), 3'000);
  std::vector<ChatMessage> endless{{.role = ChatMessage::Role::kSystem, .text = "x"},
                                   {.text = std::string(90'000, 'x')}};
  PromptSize too_long({.limit = 3'000}, endless, 0);
  EXPECT_FALSE(squeeze(too_long, {}, 1));
}

TEST(Squeeze, OneMarkerStandsForTheExchangesThatWent) {
  std::vector<ChatMessage> messages{{.role = ChatMessage::Role::kSystem, .text = "You are an agent."}};
  for (int i = 0; i < 6; ++i) {
    messages.push_back({.role = ChatMessage::Role::kUser, .text = std::string(4'000, 'x')});
    messages.push_back({.role = ChatMessage::Role::kAssistant, .text = "Seen."});
  }
  messages.push_back({.role = ChatMessage::Role::kUser, .text = "And now?"});
  const std::int64_t half = PromptSize({.limit = 100'000}, messages, 0).total() / 2;
  PromptSize size({.limit = half}, messages, 0);
  EXPECT_TRUE(squeeze(size, {}, 1));
  EXPECT_LE(size.total(), half);
  EXPECT_EQ(size.left_out(), 8u);
  ASSERT_EQ(messages.size(), 7u);  // system, marker, two exchanges, the turn's own
  EXPECT_EQ(messages[1].role, ChatMessage::Role::kUser);
  EXPECT_EQ(messages[1].text, "[8 messages are left out]");
  EXPECT_EQ(messages[2].text, std::string(4'000, 'x'));
  EXPECT_EQ(messages[6].text, "And now?");
  EXPECT_EQ(PromptSize({.limit = half}, messages, 0).total(), size.total());
}

TEST(Squeeze, WhatFitsHasNoMarker) {
  std::vector<ChatMessage> messages{{.role = ChatMessage::Role::kUser, .text = "one"},
                                    {.role = ChatMessage::Role::kUser, .text = "two"}};
  PromptSize size({.limit = 3'000}, messages, 0);
  EXPECT_TRUE(squeeze(size, {}, 0));
  EXPECT_EQ(size.left_out(), 0u);
  EXPECT_EQ(messages.size(), 2u);
}

TEST(Bootstrap, InstructionsOfTheWorkspaceHaveAtMostTwentyThousandBytes) {
  const AgentProfile profile;
  WorkspaceFacts workspace;
  workspace.instructions = std::string(50'000, 'i');
  const std::vector<Message> none;
  const Context whole = build_context({profile, workspace, none, {}, "2026-11-21"});
  EXPECT_EQ(std::ranges::count(whole.request.messages[0].text, 'i') / 1'000, 20);
  const Context small = build_context({.profile = profile,
                                       .workspace = workspace,
                                       .history = none,
                                       .tools = {},
                                       .today = "2026-11-21",
                                       .budget = {.limit = 8'192}});
  EXPECT_EQ(std::ranges::count(small.request.messages[0].text, 'i') / 1'000, 2);
}

TEST(SmallProfile, KeepsNamesAndTypesAndDropsTheRest) {
  tools::ToolDescription tool;
  tool.name = "fs.read";
  tool.description = "Reads a file. Long words follow about encodings, lines and limits.";
  tool.parameters = *json::parse_object(
      R"({"type":"object","description":"d","properties":{"path":{"type":"string","description":"where"},
          "kind":{"type":"string","enum":["a","b"]}},"required":["path"],"additionalProperties":false})");
  const models::ToolSpec spec = small_tool(tool);
  EXPECT_EQ(spec.description, "Reads a file");
  EXPECT_EQ(
      json::to_text(spec.parameters),
      R"({"type":"object","required":["path"],"properties":{"path":{"type":"string"},"kind":{"type":"string","enum":["a","b"]}}})");
  std::vector<tools::ToolDescription> many(200, tool);
  std::vector<const tools::ToolDescription*> list;
  for (const auto& one : many) list.push_back(&one);
  std::int64_t tokens = models::estimate_tokens(models::TokenizerFamily::kGoogle, small_prompt());
  for (const auto& one : small_tools(list, models::TokenizerFamily::kGoogle))
    tokens += models::estimate_tokens(models::TokenizerFamily::kGoogle, one);
  EXPECT_LE(tokens, kSmallPromptTokens);
  EXPECT_GT(tokens, 1'000);
}

TEST(SmallProfile, AllThatIsToldAtTheBeginningStaysWithinItsTokens) {
  tools::ToolDescription tool;
  tool.name = "fs.read";
  tool.description = "Reads a file.";
  tool.parameters = *json::parse_object(R"({"type":"object","properties":{"path":{"type":"string"}}})");
  const std::vector<tools::ToolDescription> many(200, tool);
  const AgentProfile profile;
  WorkspaceFacts workspace;
  workspace.path = "/data/projects/a-folder-with-a-name-that-is-long";
  PromptNote note;
  while (note.text.size() < 750) note.text += "- a-skill: Does something. Use it when that is asked for.\n";
  const std::vector<Message> none;
  ContextInput input{.profile = profile,
                     .workspace = workspace,
                     .history = none,
                     .tools = {},
                     .today = "2026-11-21",
                     .note = &note,
                     .budget = {.limit = 8'192}};
  for (const auto& one : many) input.tools.push_back(&one);
  const models::TokenizerFamily family = input.budget.family;
  const Context context = build_context(input);
  std::int64_t tokens = models::estimate_tokens(family, context.request.messages[0].text);
  for (const auto& one : context.request.tools) tokens += models::estimate_tokens(family, one);
  EXPECT_LE(tokens, kSmallPromptTokens);
  EXPECT_GT(context.request.tools.size(), 10u);
}

TEST(Images, TakeRoomByTheirSizeAndTheModelThatSeesThem) {
  using models::TokenizerFamily;
  Part picture;
  picture.type = "image";
  picture.media_type = "image/png";
  picture.result_ref = "sha256:x";
  picture.width = 3'000;
  picture.height = 2'000;
  EXPECT_FALSE(picture.to_json().contains("width")) << "it is kept, and not on the wire";
  Message message;
  message.role = Role::kUser;
  for (int i = 0; i < 8; ++i) message.parts.push_back(Part::from_json(picture.to_record()));
  const std::vector<Message> history{message};
  const AgentProfile profile;
  WorkspaceFacts workspace;
  const auto estimated = [&](std::string_view model) {
    ContextBudget budget;
    budget.family = TokenizerFamily::kAnthropic;
    budget.images = &models::image_rule(budget.family, model);
    return build_context({.profile = profile,
                          .workspace = workspace,
                          .history = history,
                          .tools = {},
                          .today = "2026-11-21",
                          .budget = budget})
        .estimated;
  };
  EXPECT_EQ(estimated("claude-opus-4-8") - estimated("claude-opus-4-1"), 8 * (4'784 - 1'568));
}

TEST(Correction, FollowsWhatTheProviderCountedWithinBounds) {
  EXPECT_EQ(corrected_permille(1000, 1000, 1200), 1100);
  EXPECT_EQ(corrected_permille(1000, 1000, 90'000), 1500);
  EXPECT_EQ(corrected_permille(1000, 1000, 1), 750);
  EXPECT_EQ(corrected_permille(1000, 50, 500), 1000);  // too little to learn from
  EXPECT_EQ(corrected_permille(1000, 1000, 0), 1000);
}

}  // namespace
}  // namespace pryx::agent
