// SPDX-License-Identifier: MIT
#include "trust/labels/labels.h"

#include <gtest/gtest.h>

#include <random>

namespace pryx::trust {
namespace {

const std::vector<std::string_view> kAll = {
    "owner", "model",        "memory",  "file",   "web",         "channel:a", "channel:b",
    "mcp:x", "plugin:notes", "private", "secret", "principal:p", "mcp:y",     "principal:prn_owner"};

Labels random_labels(std::mt19937& random) {
  Labels labels;
  for (const std::string_view label : kAll) {
    if (random() % 3 == 0) EXPECT_TRUE(labels.add(label).has_value());
  }
  return labels;
}

TEST(Labels, TextFormIsASortedArrayWithoutTwins) {
  const Labels labels{"web", "owner", "principal:prn_owner", "web", "channel:telegram"};
  EXPECT_EQ(labels.to_text(), R"(["channel:telegram","owner","principal:prn_owner","web"])");
  EXPECT_EQ(Labels().to_text(), "[]");
}

TEST(Labels, TextFormRoundTrips) {
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    const Labels labels = random_labels(random);
    const auto again = Labels::parse(labels.to_text());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, labels);
  }
}

TEST(Labels, JoinIsAssociativeCommutativeAndIdempotent) {
  std::mt19937 random(11);
  for (int i = 0; i < 500; ++i) {
    const Labels a = random_labels(random), b = random_labels(random), c = random_labels(random);
    EXPECT_EQ(joined(a, b), joined(b, a));
    EXPECT_EQ(joined(joined(a, b), c), joined(a, joined(b, c)));
    EXPECT_EQ(joined(a, a), a);
    EXPECT_EQ(joined(a, Labels()), a);
    for (const std::string& label : a.items()) EXPECT_TRUE(joined(a, b).has(label));
  }
}

TEST(Labels, JoinNeverRemovesSuspicionOrPrivacy) {
  std::mt19937 random(13);
  for (int i = 0; i < 500; ++i) {
    const Labels a = random_labels(random), b = random_labels(random);
    EXPECT_EQ(joined(a, b).is_untrusted(), a.is_untrusted() || b.is_untrusted());
    EXPECT_EQ(joined(a, b).is_private(), a.is_private() || b.is_private());
  }
}

TEST(Labels, RefusesWhatIsNoLabel) {
  for (const std::string_view bad :
       {"", "Owner", "user", "channel:", "mcp:", "principal:", "channel:a b", "channel:\n", "mcp:\"x",
        "secret ", "plugin:\xc3\xa9", "web:example.com"}) {
    Labels labels;
    const auto added = labels.add(bad);
    ASSERT_FALSE(added.has_value()) << bad;
    EXPECT_EQ(added.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(labels.empty());
  }
  Labels labels;
  EXPECT_FALSE(labels.add("channel:" + std::string(200, 'a')).has_value());
  for (const std::string_view bad :
       {"", "{}", "[1]", "[\"x\"]", "\"owner\"", "[\"owner\"", "[[\"owner\"]]"}) {
    EXPECT_FALSE(Labels::parse(bad).has_value()) << bad;
  }
}

TEST(Labels, TheNumberOfLabelsIsBounded) {
  Labels labels;
  for (int i = 0; i < 512; ++i) ASSERT_TRUE(labels.add("mcp:" + std::to_string(i)).has_value());
  EXPECT_EQ(labels.add("mcp:more").error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(labels.add("mcp:7").has_value()) << "a label that is there costs nothing";
}

TEST(Labels, OnlyOwnerAndModelAreTrusted) {
  for (const std::string_view label : kAll) {
    const bool trusted = label == "owner" || label == "model" || label == "private" || label == "secret" ||
                         label.starts_with("principal:");
    EXPECT_EQ(Labels{label}.is_untrusted(), !trusted) << label;
  }
  EXPECT_FALSE(Labels().is_untrusted());
  EXPECT_EQ((Labels{"web", "owner", "file"}).untrusted_origins(), "file, web");
}

TEST(Labels, PrivateDataAndUntrustedContentForceAnAskOnEverySink) {
  struct Row {
    Labels context;
    bool breaks;
  };
  const std::vector<Row> rows = {
      {Labels(), false},
      {Labels{"owner", "private"}, false},
      {Labels{"owner", "web"}, false},
      {Labels{"web", "private"}, true},
      {Labels{"file", "secret"}, true},
      {Labels{"memory", "owner", "private"}, true},
      {Labels{"channel:telegram", "private", "principal:prn_owner"}, true},
      {Labels{"model", "secret"}, false},
      {Labels::owner("prn_owner"), false},
      {Labels::unreadable(), true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(breaks_trifecta(row.context), row.breaks) << row.context.to_text();
    EXPECT_FALSE(forces_ask(row.context, Sink::kNone));
    for (const Sink sink : {Sink::kEgress, Sink::kExecWithNetwork, Sink::kMessage, Sink::kOwnFuture}) {
      EXPECT_EQ(forces_ask(row.context, sink), row.breaks) << row.context.to_text() << " " << to_text(sink);
    }
  }
}

TEST(Labels, FilesArePrivateByRule) {
  EXPECT_EQ(with_sensitivity(Labels{"file"}), (Labels{"file", "private"}));
  EXPECT_EQ(with_sensitivity(Labels{"file", "secret"}), (Labels{"file", "secret"}));
  for (const std::string_view label : {"owner", "model", "web", "memory", "mcp:x"})
    EXPECT_EQ(with_sensitivity(Labels{label}), Labels{label}) << label;
}

TEST(Labels, SinksHaveNames) {
  for (const Sink sink :
       {Sink::kNone, Sink::kEgress, Sink::kExecWithNetwork, Sink::kMessage, Sink::kOwnFuture}) {
    EXPECT_EQ(parse_sink(to_text(sink)).value(), sink);
  }
  EXPECT_FALSE(parse_sink("network").has_value());
}

}  // namespace
}  // namespace pryx::trust
