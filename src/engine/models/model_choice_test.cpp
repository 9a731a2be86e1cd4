// SPDX-License-Identifier: MIT
#include "engine/models/model_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace pryx::models {
namespace {

ModelInfo unknown(std::string id) { return {.id = std::move(id), .provider = "acme"}; }

ModelInfo known(std::string id, std::int64_t output_price, bool tools = true) {
  ModelInfo info = unknown(std::move(id));
  info.price = Price{.rates = {.input = 1, .output = output_price}};
  info.gives = {"text"};
  info.tools = tools;
  return info;
}

std::vector<std::string> order(std::vector<ModelInfo> models) {
  std::ranges::sort(models, {}, &ModelInfo::id);
  sort_for_choice(models);
  std::vector<std::string> out;
  for (const ModelInfo& model : models) out.push_back(model.id);
  return out;
}

using Ids = std::vector<std::string>;

TEST(ModelChoice, WhatIsNewestAndCanUseToolsComesFirst) {
  EXPECT_EQ(
      order({unknown("babbage-002"), unknown("dall-e-2"), unknown("davinci-002"),
             known("gpt-3.5-turbo", 1500, false), known("gpt-4", 60'000), known("gpt-4o", 10'000),
             known("gpt-4o-2024-11-20", 10'000), known("gpt-5-mini", 2000), known("gpt-5.5", 30'000),
             known("gpt-5.5-2026-04-23", 30'000), known("gpt-5.5-pro", 180'000), unknown("whisper-1")}),
      (Ids{"gpt-5.5", "gpt-5.5-2026-04-23", "gpt-5.5-pro", "gpt-5-mini", "gpt-4", "gpt-4o",
           "gpt-4o-2024-11-20", "dall-e-2", "whisper-1", "babbage-002", "davinci-002", "gpt-3.5-turbo"}));
}

TEST(ModelChoice, OfOneVersionThePlainOneThenTheCheaper) {
  EXPECT_EQ(order({known("claude-haiku-4-5", 5000), known("claude-haiku-4-5-20251001", 5000),
                   known("claude-nova-5", 50'000), known("claude-sonnet-5", 10'000)}),
            (Ids{"claude-sonnet-5", "claude-nova-5", "claude-haiku-4-5", "claude-haiku-4-5-20251001"}));
  EXPECT_EQ(order({known("flash-3-lite", 100), known("flash-3", 900)}), (Ids{"flash-3", "flash-3-lite"}));
}

TEST(ModelChoice, ADateIsNoVersion) {
  EXPECT_EQ(order({known("a-08-2024", 1), known("b-2411", 1), known("c-20251001", 1), known("d@20251001", 1),
                   known("e-2", 9)}),
            (Ids{"e-2", "a-08-2024", "b-2411", "c-20251001", "d@20251001"}));
}

TEST(ModelChoice, ThePricedBeforeTheUnpricedAndNothingGetsLost) {
  ModelInfo free_of_known_price = known("open-9", 1);
  free_of_known_price.price.reset();
  ModelInfo painter = unknown("paint-9");
  painter.gives = {"image"};
  EXPECT_EQ(order({painter, free_of_known_price, known("closed-2", 1), unknown("")}),
            (Ids{"closed-2", "open-9", "", "paint-9"}));
  EXPECT_EQ(order({}), Ids{});
}

}  // namespace
}  // namespace pryx::models
