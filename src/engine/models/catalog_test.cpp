// SPDX-License-Identifier: MIT
#include "engine/models/catalog.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/models/presets.h"
#include "engine/models/provider.h"

namespace pryx::models {
namespace {

constexpr std::string_view kHead = "format: 1\nas_of: 2026-01-02\nsource: a test\nmodels:\n";

std::shared_ptr<const CatalogFile> whole(std::string_view models) {
  auto parsed = parse_catalog(std::string(kHead) + std::string(models), "catalog");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::make_shared<const CatalogFile>(parsed ? std::move(*parsed) : CatalogFile{});
}

std::shared_ptr<const CatalogFile> own(std::string_view text) {
  auto parsed = parse_catalog_overrides(text, "models.yaml");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::make_shared<const CatalogFile>(parsed ? std::move(*parsed) : CatalogFile{});
}

TEST(Catalog, BuiltInFileIsWholeAndDated) {
  const auto file = built_in_catalog();
  EXPECT_GE(file->models.size(), 300u);
  std::map<std::string, int> vendors;
  int unpriced = 0;
  for (const auto& [name, entry] : file->models) {
    EXPECT_FALSE(entry.as_of.empty()) << name;
    EXPECT_FALSE(entry.source.empty()) << name;
    ++vendors[name.substr(0, name.find('/'))];
    if (entry.unpriced) ++unpriced;
    // No price is a guess: where there is one, it is a whole one.
    if (entry.price) EXPECT_GE(entry.price->rates.output, entry.price->rates.input / 2) << name;
  }
  EXPECT_GT(unpriced, 0);
  for (const Preset& preset : presets()) EXPECT_GT(vendors[std::string(preset.name)], 0) << preset.name;
  const Catalog catalog;
  const auto found = catalog.find("openai/gpt-4o-mini");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->context_tokens, 128'000);
  EXPECT_EQ(found->price->rates.input, 150'000);
  EXPECT_EQ(found->price->rates.cache_read, 75'000);
  EXPECT_EQ(found->tokenizer, "o200k");
  EXPECT_EQ(found->takes_images(), true);
  EXPECT_FALSE(catalog.find("openai/gpt-9"));
  EXPECT_FALSE(catalog.find("nonsense"));
}

TEST(Catalog, FindsDatedNamesAndTags) {
  const Catalog catalog(whole("  openai/gpt-4o: {context: 128000, as_of: 2026-01-01, source: x}\n"
                              "  anthropic/claude-opus-4-1: {context: 200000, as_of: 2026-01-01, source: x}\n"
                              "  ollama/qwen3: {tokenizer: qwen, as_of: 2026-01-01, source: x}\n"),
                        nullptr);
  EXPECT_EQ(catalog.find("openai/gpt-4o-2024-11-20")->context_tokens, 128'000);
  EXPECT_EQ(catalog.find("openai/gpt-4o-latest")->context_tokens, 128'000);
  EXPECT_EQ(catalog.find("anthropic/claude-opus-4-1-20250805")->id, "claude-opus-4-1-20250805");
  EXPECT_FALSE(catalog.find("openai/gpt-4o-mini"));
  EXPECT_FALSE(catalog.find("openai/gpt-4o-2024-11-2x"));
  EXPECT_EQ(catalog.find("box/qwen3:8b", "ollama")->tokenizer, "qwen");
  EXPECT_FALSE(catalog.find("openai/gpt-4o:free"));
}

TEST(Catalog, ExpectsOfAProviderWhatItsVendorSellsAndWhatAPersonWrote) {
  const Catalog catalog(whole("  openai/b: {context: 1000, as_of: 2026-01-01, source: x}\n"
                              "  openai/org/a: {context: 1000, as_of: 2026-01-01, source: x}\n"
                              "  openai-like/c: {context: 1000, as_of: 2026-01-01, source: x}\n"
                              "  ollama/qwen3: {tokenizer: qwen, as_of: 2026-01-01, source: x}\n"),
                        own("models:\n  work/*: {price: null}\n  work/mine: {context: 500}\n"
                            "  box/qwen3:8b: {context: 500}\n"));
  using Ids = std::vector<std::string>;
  EXPECT_EQ(catalog.models_of("openai"), (Ids{"b", "org/a"}));
  EXPECT_EQ(catalog.models_of("work", "openai"), (Ids{"b", "mine", "org/a"}));
  EXPECT_EQ(catalog.models_of("box", "ollama"), Ids{"qwen3:8b"}) << "it has what somebody pulled";
  EXPECT_EQ(catalog.models_of("nobody"), Ids{});
  EXPECT_TRUE(catalog.lists("openai-like"));
  EXPECT_FALSE(catalog.lists("open"));
  EXPECT_FALSE(catalog.lists("ollama"));
}

TEST(Catalog, WhatAPersonWroteWins) {
  const auto base =
      whole("  openai/m: {context: 1000, price: {input: 1, output: 2}, as_of: 2026-01-01, source: x}\n");
  const Catalog catalog(base, own("models:\n  work/*: {price: null}\n  work/m: {context: 500}\n"
                                  "  box/own: {price: {input: 0, output: 0}, tools: true}\n"));
  const ModelInfo mine = *catalog.find("work/m", "openai");
  EXPECT_EQ(mine.context_tokens, 500);
  EXPECT_FALSE(mine.price);
  EXPECT_EQ(mine.source, "config/models.yaml");
  EXPECT_EQ(catalog.find("openai/m")->price->rates.output, 2'000'000);
  EXPECT_TRUE(catalog.find("box/own")->price->is_free());
  EXPECT_EQ(catalog.find("box/own")->tools, true);
  // A provider knows its own limits better than a list does; a person knows best.
  ModelInfo said{.id = "m", .provider = "openai", .context_tokens = 4000};
  EXPECT_EQ(catalog.complete(said).context_tokens, 4000);
  said.provider = "work";
  EXPECT_EQ(catalog.complete(said, "openai").context_tokens, 500);
}

TEST(Catalog, RefusesWhatDoesNotFitWithItsLine) {
  const auto refused = [](std::string_view models, std::string_view words) {
    const auto parsed = parse_catalog(std::string(kHead) + std::string(models), "new.yaml");
    ASSERT_FALSE(parsed) << models;
    EXPECT_NE(parsed.error().message.find(words), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find("new.yaml: line"), std::string::npos) << parsed.error().message;
  };
  refused("  openai/m: {context: -1, as_of: 2026-01-01, source: x}\n", "line 5: must be a number of tokens");
  refused("  openai/m: {contxt: 1, as_of: 2026-01-01, source: x}\n", "there is no key 'contxt'");
  refused("  openai/m: {context: 1}\n", "needs `as_of` and `source`");
  refused("  openai/m: {as_of: soon, source: x}\n", "must be a day");
  refused("  openai/m: {price: {input: 1}, as_of: 2026-01-01, source: x}\n", "needs `input` and `output`");
  refused("  openai/m: {price: {input: -1, output: 1}, as_of: 2026-01-01, source: x}\n", "USD per million");
  refused("  nameless: {as_of: 2026-01-01, source: x}\n", "PROVIDER/MODEL");
  refused("  a/b: [1]\n", "must be a map");
  EXPECT_FALSE(parse_catalog("format: 2\nas_of: 2026-01-01\nsource: x\nmodels: {}\n", "n"));
  EXPECT_FALSE(parse_catalog("", "n"));
  EXPECT_TRUE(parse_catalog_overrides("", "n"));
  EXPECT_FALSE(parse_catalog_overrides("models: 3\n", "n"));
}

TEST(Price, CostsEveryKindOfTokenOnce) {
  const Price price{
      .rates = {.input = 3'000'000, .output = 15'000'000, .cache_read = 300'000, .cache_write = 3'750'000}};
  EXPECT_EQ(cost_nano_usd(price, {.input_tokens = 1000, .output_tokens = 10}), 3'000'000 + 150'000);
  EXPECT_EQ(
      cost_nano_usd(
          price,
          {.input_tokens = 1000, .output_tokens = 0, .cached_input_tokens = 600, .cache_write_tokens = 100}),
      300 * 3000 + 600 * 300 + 100 * 3750);
  // Fractions of a nano-USD are rounded up once, not for every kind.
  const Price cheap{.rates = {.input = 2'800, .output = 1'100}};
  EXPECT_EQ(cost_nano_usd(cheap, {.input_tokens = 1, .output_tokens = 1}), 4);
  // Without a price of its own a cached token costs what any other does.
  EXPECT_EQ(cost_nano_usd(cheap, {.input_tokens = 10, .output_tokens = 0, .cached_input_tokens = 10}), 28);
  const Price two{
      .rates = {.input = 1'000'000, .output = 0}, .above_tokens = 200, .above = Rates{.input = 2'000'000}};
  EXPECT_EQ(cost_nano_usd(two, {.input_tokens = 200}), 200'000);
  EXPECT_EQ(cost_nano_usd(two, {.input_tokens = 201}), 402'000);
  EXPECT_EQ(highest_cost_nano_usd(price, 1000, 10), 3'750'000 + 150'000);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(cost_nano_usd(price, {.input_tokens = kMost, .output_tokens = kMost}), kMost);
  EXPECT_EQ(cost_nano_usd(price, {.input_tokens = -5, .output_tokens = -5, .cached_input_tokens = 7}), 0);
}

TEST(Presets, KnowWhoseModelsAProviderHas) {
  EXPECT_EQ(find_preset("groq")->base_url, "https://api.groq.com/openai/v1");
  EXPECT_EQ(find_preset("nobody"), nullptr);
  EXPECT_EQ(vendor_of({"work", "openai", "https://api.openai.com/v1", ""}), "openai");
  EXPECT_EQ(vendor_of({"fast", "openai", "https://api.groq.com/openai/v1", ""}), "groq");
  EXPECT_EQ(vendor_of({"t", "openai", "https://api.together.ai/v1", ""}), "together");
  EXPECT_EQ(vendor_of({"claude", "anthropic", "https://proxy.example/x", ""}), "anthropic");
  EXPECT_EQ(vendor_of({"box", "ollama", "http://192.168.1.4:11434", ""}), "ollama");
  EXPECT_EQ(vendor_of({"cloud", "ollama", "https://ollama.com", ""}), "ollama-cloud");
  EXPECT_EQ(vendor_of({"lab", "openai", "http://127.0.0.1:8080/v1", ""}), "lab");
}

}  // namespace
}  // namespace pryx::models
