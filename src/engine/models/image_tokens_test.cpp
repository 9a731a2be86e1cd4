// SPDX-License-Identifier: MIT
#include "engine/models/image_tokens.h"

#include <gtest/gtest.h>

namespace pryx::models {
namespace {

using Detail = Attachment::Detail;

std::int64_t tokens(std::string_view model, std::int64_t width, std::int64_t height,
                    Detail detail = Detail::kAuto) {
  const TokenizerFamily family = tokenizer_family("openai", model);
  return image_tokens(image_rule(family, model), {.width = width, .height = height, .detail = detail});
}

// The numbers of the vendors' own examples, or by their own formula.
TEST(ImageTokens, FollowWhatVendorsPublish) {
  EXPECT_EQ(tokens("gpt-4o", 1'024, 1'024), 765);
  EXPECT_EQ(tokens("openai/gpt-4o-2024-11-20", 2'048, 4'096), 1'105);
  EXPECT_EQ(tokens("gpt-4o", 4'096, 8'192, Detail::kLow), 85);
  EXPECT_EQ(tokens("gpt-4.1", 1'920, 1'080), 1'105);
  EXPECT_EQ(tokens("gpt-5", 1'024, 1'024), 70 + 4 * 140);
  EXPECT_EQ(tokens("o3", 1'024, 1'024), 75 + 4 * 150);
  EXPECT_EQ(tokens("gpt-4.1-mini", 1'024, 1'024), 1'659);
  EXPECT_EQ(tokens("gpt-5-nano", 1'024, 1'024), 2'520);
  EXPECT_EQ(tokens("o4-mini-2025-04-16", 1'800, 2'400), 2'642);
  EXPECT_EQ(tokens("claude-opus-4-1", 200, 200), 64);
  EXPECT_EQ(tokens("claude-opus-4-1", 1'000, 1'000), 1'296);
  EXPECT_EQ(tokens("anthropic/claude-sonnet-4-6", 3'000, 2'000), 1'568);
  EXPECT_EQ(tokens("claude-opus-4-8", 3'000, 2'000), 4'784);
  EXPECT_EQ(tokens("gemini-2.5-flash", 384, 384), 258);
  EXPECT_EQ(tokens("google/gemini-2.5-flash", 960, 540), 6 * 258);
  EXPECT_EQ(tokens("gemini-3-pro-preview", 960, 540), 1'120);
  EXPECT_EQ(tokens("Qwen/Qwen3.5-9B", 1'920, 1'080), 69 * 39);
}

TEST(ImageTokens, NobodyNeedsToKnowTheSizeOrTheModel) {
  EXPECT_EQ(tokens("gpt-4o", 0, 0), 1'105);
  EXPECT_EQ(tokens("gpt-4o", 0, 0, Detail::kLow), 85);
  EXPECT_EQ(tokens("claude-opus-4-8", 0, 0), 1'600);
  EXPECT_EQ(tokens("llava", 0, 0), 1'600);
  EXPECT_EQ(tokens("llava", 4'000, 3'000), 1'600);
  EXPECT_EQ(tokens("gpt-99", 100'000, 100'000), 3'000);
}

TEST(ImageTokens, AreNeverMoreThanTheBound) {
  for (const char* model : {"gpt-4o", "gpt-4o-mini", "gpt-4.1-nano", "gpt-5.4", "claude-opus-4-8",
                            "gemini-2.0-flash", "gemini-3-pro", "qwen3-vl", "llava"}) {
    ModelRequest request;
    request.model = model;
    const std::int64_t without = most_tokens(request);
    request.messages.push_back({.role = ChatMessage::Role::kUser});
    request.messages[0].attachments.push_back({.media_type = "image/png"});
    for (const std::int64_t width : {1, 100, 1'000, 5'000, 8'000, 1'000'000'000}) {
      for (const std::int64_t height : {1, 100, 1'000, 5'000, 8'000, 1'000'000'000}) {
        const std::int64_t taken = tokens(model, width, height);
        EXPECT_GT(taken, 0) << model;
        EXPECT_LE(taken, most_tokens(request) - without) << model << ' ' << width << 'x' << height;
      }
    }
  }
}

TEST(ImageTokens, CountInARequestByTheModelThatIsAsked) {
  ModelRequest request;
  request.messages.push_back({.role = ChatMessage::Role::kUser, .text = "see"});
  const std::int64_t without = estimate_tokens(TokenizerFamily::kAnthropic, request);
  for (int i = 0; i < 8; ++i)
    request.messages[0].attachments.push_back({.media_type = "image/png", .width = 3'000, .height = 2'000});
  request.model = "claude/claude-opus-4-1";
  EXPECT_EQ(estimate_tokens(TokenizerFamily::kAnthropic, request) - without, 8 * 1'568);
  request.model = "claude/claude-opus-4-8";
  EXPECT_EQ(estimate_tokens(TokenizerFamily::kAnthropic, request) - without, 8 * 4'784);
  request.messages[0].attachments.push_back({.kind = Attachment::Kind::kFile, .size = 80'000});
  EXPECT_EQ(estimate_tokens(TokenizerFamily::kAnthropic, request) - without, 8 * 4'784 + 10'000);
}

}  // namespace
}  // namespace pryx::models
