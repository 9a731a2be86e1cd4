// SPDX-License-Identifier: MIT
#include "engine/models/cheaper.h"

#include <gtest/gtest.h>

namespace pryx::models {
namespace {

constexpr std::string_view kCatalog = R"(format: 1
as_of: 2026-01-01
source: test
models:
  v/used: {family: big, context: 200000, max_output: 8000, takes: [text], gives: [text], tools: true, price: {input: 10, output: 40}, as_of: 2026-01-01, source: test}
  v/small: {family: small, context: 200000, max_output: 8000, takes: [text], gives: [text], tools: true, price: {input: 1, output: 4, cache_read: 0.1}, as_of: 2026-01-01, source: test}
  v/small-2025-01-01: {family: small, context: 200000, max_output: 8000, takes: [text], gives: [text], tools: true, price: {input: 1, output: 4, cache_read: 0.1}, as_of: 2026-01-01, source: test}
  v/short: {family: short, context: 5000, max_output: 8000, takes: [text], gives: [text], tools: true, price: {input: 0.1, output: 0.1}, as_of: 2026-01-01, source: test}
  v/mute: {family: mute, context: 200000, takes: [text], gives: [text], tools: false, price: {input: 0.1, output: 0.1}, as_of: 2026-01-01, source: test}
  v/secret: {family: secret, context: 200000, takes: [text], gives: [text], tools: true, price: null, as_of: 2026-01-01, source: test}
  v/dear: {family: dear, context: 200000, takes: [text], gives: [text], tools: true, price: {input: 50, output: 90}, as_of: 2026-01-01, source: test}
  v/stepped: {family: stepped, context: 1000000, takes: [text, image], gives: [text], tools: true, reasoning: true, price: {input: 1, output: 1, above: {tokens: 8000, input: 9, output: 30}}, as_of: 2026-01-01, source: test}
)";

Catalog catalog() {
  auto file = parse_catalog(kCatalog, "test");
  EXPECT_TRUE(file) << file.error().message;
  return {std::make_shared<const CatalogFile>(std::move(*file)), nullptr};
}

std::string names(const std::vector<CheaperModel>& models) {
  std::string out;
  for (const CheaperModel& one : models) out += fmt::format("{}={} ", one.info.id, one.cost);
  return out;
}

PastUse use_of(std::int64_t largest) {
  return {.usage = {.input_tokens = 100'000, .output_tokens = 10'000},
          .largest_input = largest,
          .largest_output = 1'000,
          .cost = 1'400'000'000};
}

TEST(Cheaper, OnlyWhatCouldHaveDoneIt) {
  const Catalog known = catalog();
  const ModelInfo used = known.find("v/used").value();
  // 100,000 at $1 and 10,000 at $4 a million.
  EXPECT_EQ(names(cheaper_models(known, used, use_of(6'000), 9)), "stepped=110000000 small=140000000 ");
  // Long calls have the dearer rates, and the whole is counted at them.
  EXPECT_EQ(names(cheaper_models(known, used, use_of(50'000), 9)), "small=140000000 stepped=1200000000 ");
  EXPECT_EQ(names(cheaper_models(known, used, use_of(50'000), 1)), "small=140000000 ");
  EXPECT_EQ(names(cheaper_models(known, used, use_of(900'000), 9)), "stepped=1200000000 ");
}

TEST(Cheaper, CachedInputThoughtsAndImages) {
  const Catalog known = catalog();
  ModelInfo used = known.find("v/used").value();
  PastUse use = use_of(6'000);
  use.usage.cached_input_tokens = 50'000;
  EXPECT_EQ(names(cheaper_models(known, used, use, 9)), "small=95000000 stepped=110000000 ");
  use.usage.reasoning_tokens = 5;
  EXPECT_EQ(names(cheaper_models(known, used, use, 9)), "stepped=110000000 ");
  use = use_of(6'000);
  used.takes = {"text", "image"};
  EXPECT_EQ(names(cheaper_models(known, used, use, 9)), "stepped=110000000 ");
  use.cost = 1;
  EXPECT_EQ(names(cheaper_models(known, used, use, 9)), "");
}

}  // namespace
}  // namespace pryx::models
