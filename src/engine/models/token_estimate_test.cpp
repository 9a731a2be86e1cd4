// SPDX-License-Identifier: MIT
// The estimate against what real tokenizers counted: every document of the corpus, for every family.
#include "engine/models/token_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace pryx::models {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(PRYX_SOURCE_DIR) / "tests/fixtures/tokens";
constexpr TokenizerFamily kFamilies[] = {TokenizerFamily::kOpenAi, TokenizerFamily::kAnthropic,
                                         TokenizerFamily::kGoogle, TokenizerFamily::kLlama};

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(TokenEstimate, IsWithinFifteenPercentOnEveryDocumentOfTheCorpus) {
  const auto counts = json::parse_object(read(kFolder / "counts.json"));
  ASSERT_TRUE(counts.has_value());
  const json::object& documents = counts->at("documents").as_object();
  ASSERT_GE(documents.size(), 60u);
  for (const TokenizerFamily family : kFamilies) {
    double sum = 0, truth_sum = 0, worst = 0;
    for (const auto& [name, families] : documents) {
      const std::string text = read(kFolder / "corpus" / (std::string(name) + ".txt"));
      ASSERT_FALSE(text.empty()) << name;
      const auto truth = static_cast<double>(families.at(to_text(family)).as_int64());
      const auto estimate = static_cast<double>(estimate_tokens(family, text));
      EXPECT_LE(std::abs(estimate / truth - 1), 0.15)
          << to_text(family) << " " << name << ": " << estimate << " instead of " << truth;
      worst = std::max(worst, std::abs(estimate / truth - 1));
      sum += estimate;
      truth_sum += truth;
    }
    EXPECT_LE(std::abs(sum / truth_sum - 1), 0.03) << to_text(family);
    RecordProperty(std::string(to_text(family)) + "_worst_percent", static_cast<int>(worst * 100));
  }
}

// A budget reserves by it: half a token for each byte would be too little for numbers, ids and tables.
TEST(TokenEstimate, NoTokenizerCountsMoreThanTheBoundOnAnyDocument) {
  const auto counts = json::parse_object(read(kFolder / "counts.json"));
  ASSERT_TRUE(counts.has_value());
  int over_half = 0;
  for (const auto& [name, families] : counts->at("documents").as_object()) {
    const std::string text = read(kFolder / "corpus" / (std::string(name) + ".txt"));
    ModelRequest request;
    request.messages.push_back({.text = text});
    for (const TokenizerFamily family : kFamilies) {
      const std::int64_t truth = families.at(to_text(family)).as_int64();
      EXPECT_LE(truth, most_tokens(request)) << to_text(family) << " " << name;
      over_half += truth > static_cast<std::int64_t>(text.size() / 2) ? 1 : 0;
    }
  }
  EXPECT_GT(over_half, 4) << "the corpus has nothing dense any more";
}

TEST(TokenEstimate, TheBoundHoldsForTextWithoutAnyMergesAndCountsAllThatIsRead) {
  // One token each in every tokenizer of the corpus.
  ModelRequest request;
  request.messages.push_back({.text = "a\nb\nc\nd\n\x01\x02\x03"});
  EXPECT_GE(most_tokens(request), 11);
  std::int64_t before = most_tokens(request);
  const auto grew = [&](std::int64_t by) {
    const std::int64_t after = most_tokens(request);
    return after - std::exchange(before, after) >= by;
  };
  request.messages[0].provider_data.json = std::string(500, 'x');
  EXPECT_TRUE(grew(500));
  request.messages[0].tool_calls.push_back({"c1", "fs.read", std::string(300, '1')});
  EXPECT_TRUE(grew(300));
  request.messages[0].attachments.push_back({.kind = Attachment::Kind::kFile, .size = 9'000});
  EXPECT_TRUE(grew(9'000));
  request.tools.push_back({"t", "", {}});
  EXPECT_TRUE(grew(500)) << "what a vendor says about tools is read with the first of them";
  request.format = {.kind = ResponseFormat::Kind::kJsonSchema,
                    .name = {},
                    .description = std::string(200, 'd'),
                    .schema = {{"type", "object"}},
                    .strict = {}};
  EXPECT_TRUE(grew(200));
}

TEST(TokenEstimate, TheBoundOfAnImageIsThatOfItsModel) {
  const auto of_image = [](std::string_view model) {
    ModelRequest request;
    request.model = model;
    request.messages.push_back({.role = ChatMessage::Role::kUser, .text = "see"});
    const std::int64_t before = most_tokens(request);
    request.messages[0].attachments.push_back({.media_type = "image/png", .size = 100});
    return most_tokens(request) - before;
  };
  constexpr std::int64_t kEightTilesOfMini = 2'833 + 8 * 5'667;
  EXPECT_GE(of_image("openai/gpt-4o-mini"), kEightTilesOfMini);
  EXPECT_GE(of_image("openrouter/openai/gpt-4o-mini-2024-07-18"), kEightTilesOfMini);
  EXPECT_GE(of_image("together/Qwen/Qwen3.5-9B"), 16'384);
  EXPECT_GE(of_image("google/gemini-2.5-flash"), 30 * 258);  // ten times as wide as it is high
  EXPECT_GE(of_image("anthropic/claude-opus-4-8"), 4'784);
  // A bound for all would refuse what a budget can pay.
  EXPECT_LE(of_image("openai/gpt-4o"), 10'000);
  EXPECT_LE(of_image("anthropic/claude-opus-4-1"), 5'000);
}

TEST(TokenEstimate, KnowsTheFamilyByTheModelAndThenByTheProvider) {
  EXPECT_EQ(tokenizer_family("openai", "gpt-4o-mini"), TokenizerFamily::kOpenAi);
  EXPECT_EQ(tokenizer_family("openai", "anthropic/claude-x"), TokenizerFamily::kAnthropic);
  EXPECT_EQ(tokenizer_family("openai", "qwen-coder"), TokenizerFamily::kLlama);
  EXPECT_EQ(tokenizer_family("google", "some-tuned-model"), TokenizerFamily::kGoogle);
  EXPECT_EQ(tokenizer_family("ollama", "gemma:4b"), TokenizerFamily::kGoogle);
  EXPECT_EQ(tokenizer_family("ollama", "o1"), TokenizerFamily::kOpenAi);
}

TEST(TokenEstimate, NeverCountsTextAsNothing) {
  for (const TokenizerFamily family : kFamilies) {
    EXPECT_EQ(estimate_tokens(family, ""), 0);
    for (const std::string_view text : {" ", "\n\n\n\n", "。。。。", "\xff\xfe\xff", "a", "\xe4\xb8"})
      EXPECT_GT(estimate_tokens(family, text), 0) << text;
    EXPECT_GT(estimate_tokens(family, std::string(100'000, ' ')), 5'000);
  }
}

TEST(TokenEstimate, AddsUpOverARequest) {
  ModelRequest request;
  request.messages.push_back({.role = ChatMessage::Role::kSystem, .text = "Be brief."});
  request.messages.push_back({.role = ChatMessage::Role::kUser, .text = "What is in this picture?"});
  const std::int64_t plain = estimate_tokens(TokenizerFamily::kOpenAi, request);
  request.messages[1].attachments.push_back({.media_type = "image/png", .size = 80'000});
  const std::int64_t with_image = estimate_tokens(TokenizerFamily::kOpenAi, request);
  EXPECT_GT(with_image, plain + 700);
  request.tools.push_back({"fs.read", "Reads a file.", {{"type", "object"}}});
  EXPECT_GT(estimate_tokens(TokenizerFamily::kOpenAi, request), with_image + 10);
}

}  // namespace
}  // namespace pryx::models
