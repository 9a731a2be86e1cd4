// SPDX-License-Identifier: MIT
#include "engine/memory/recall.h"

#include <gtest/gtest.h>

namespace pryx::memory {
namespace {
using trust::Labels;

Memory note(std::string text, Labels saved) {
  return {.id = {},
          .type = MemoryType::kLongterm,
          .text = std::move(text),
          .labels = trust::joined(Labels{"memory"}, saved),
          .saved = saved,
          .created_at = WallTime{1'764'000'000'000}};
}

TEST(Recall, WhatTheOwnerSaidTaintsNothing) {
  const Recall recall = make_recall({note("Anna likes\ntea", Labels::owner("prn_owner"))}, RecallMode::kOwn);
  EXPECT_EQ(recall.shown, 1u);
  EXPECT_NE(recall.text.find("- [longterm, 2025-11-24, from owner] Anna likes tea\n"), std::string::npos)
      << recall.text;
  EXPECT_FALSE(recall.labels.is_untrusted());
  EXPECT_TRUE(recall.labels.has("owner"));
}

TEST(Recall, WhatCameFromElsewhereStaysOutUnlessItIsWanted) {
  const std::vector<Memory> found{note("from a page", Labels{"model", "web"}), note("mine", Labels{"owner"}),
                                  note("recalled once", Labels{"memory", "owner"}),
                                  note("of nobody", Labels()), note("broken", Labels::unreadable())};
  const Recall own = make_recall(found, RecallMode::kOwn);
  EXPECT_EQ(own.shown, 1u);
  EXPECT_EQ(own.held_back, 4u);
  EXPECT_EQ(own.text.find("from a page"), std::string::npos);
  EXPECT_NE(own.text.find("4 more came from elsewhere"), std::string::npos);
  EXPECT_FALSE(own.labels.is_untrusted());
  // The control: wanted all the same, its labels come with it.
  const Recall all = make_recall(found, RecallMode::kAll);
  EXPECT_NE(all.text.find("from a page"), std::string::npos);
  EXPECT_TRUE(all.labels.has("web") && all.labels.has("memory") && all.labels.is_untrusted());
  EXPECT_TRUE(make_recall(found, RecallMode::kOff).text.empty());
}

TEST(Recall, SecretsAndWhatIsLongStayOut) {
  const Labels secret = trust::joined(Labels{"owner"}, Labels{"secret"});
  EXPECT_TRUE(make_recall({note("the code is 1", secret)}, RecallMode::kAll).text.empty());
  std::vector<Memory> many;
  for (int i = 0; i < 20; ++i) many.push_back(note(std::string(900, 'x'), Labels{"owner"}));
  many.push_back(note("short", Labels{"owner"}));
  const Recall recall = make_recall(many, RecallMode::kOwn);
  EXPECT_LE(recall.text.size(), kMaxRecallBytes);
  EXPECT_NE(recall.text.find("short"), std::string::npos)
      << "one that does not fit takes no room from one that does";
}

TEST(Recall, WordsThatSayWhatItIsAbout) {
  EXPECT_EQ(recall_words("What should I give to Anna for her birthday?"), "anna birthday");
  EXPECT_EQ(recall_words("the and you"), "");
  EXPECT_EQ(recall_words(""), "");
  std::string filler;
  for (int i = 0; i < 100; ++i) filler += "what about the ";
  EXPECT_EQ(recall_words(filler + "harbour"), "harbour") << "common words do not use up the query";
}

}  // namespace
}  // namespace pryx::memory
