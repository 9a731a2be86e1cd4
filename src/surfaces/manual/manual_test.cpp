// SPDX-License-Identifier: MIT
#include "surfaces/manual/manual.h"

#include <gtest/gtest.h>

#include "foundation/base/text.h"

namespace pryx::manual {
namespace {

TEST(Manual, EveryErrorCodeIsExplainedWithItsFacts) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const ErrorFacts& error = facts(static_cast<ErrorCode>(i));
    const auto page = find_page(error.wire);
    ASSERT_TRUE(page) << error.wire;
    EXPECT_EQ(page->title, fmt::format("{}: {}", error.wire, error.title));
    const std::string numbers = fmt::format("HTTP {} · exit {}*", error.http_status, error.exit_code);
    EXPECT_NE(page->text.find(numbers), std::string_view::npos) << error.wire << " should say " << numbers;
    EXPECT_EQ(page->text.find("\n## "), std::string_view::npos) << "one section only";
  }
}

TEST(Manual, ACodeIsFoundBySeveralSpellings) {
  for (const char* word : {"PRYX-1005", "pryx-1005", "1005", "not_found"})
    EXPECT_EQ(find_page(word).value().topic, "PRYX-1005") << word;
}

TEST(Manual, PagesHaveTitlesAndAreSorted) {
  const auto all = pages();
  ASSERT_GE(all.size(), 5u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(all[i].title.empty()) << all[i].topic;
    if (i > 0) EXPECT_LT(all[i - 1].topic, all[i].topic);
  }
}

TEST(Manual, WhatIsNotThereNamesWhatIs) {
  const auto page = find_page("PRYX-9999");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kNotFound);
  EXPECT_NE(page.error().message.find("policy"), std::string::npos);
}

}  // namespace
}  // namespace pryx::manual
