// SPDX-License-Identifier: MIT
#include "trust/redaction/redactor.h"

#include <gtest/gtest.h>

#include <fstream>

#include "foundation/base/json.h"
#include "trust/redaction/internal/checks.h"
#include "trust/redaction/internal/scan.h"

namespace pryx::redaction {
namespace {

struct Item {
  std::string kind;
  std::string text;
  std::vector<std::string> values;  // must be gone
};

// The sign splits what scanners of repositories would take for a real token.
std::string joined(std::string text) {
  constexpr std::string_view kSign = "¦";
  for (std::size_t at = text.find(kSign); at != text.npos; at = text.find(kSign, at))
    text.erase(at, kSign.size());
  return text;
}

std::vector<Item> load(const std::string& name) {
  std::vector<Item> items;
  std::ifstream file(PRYX_SOURCE_DIR "/tests/data/redaction/" + name);
  std::string line;
  while (std::getline(file, line)) {
    const auto object = json::parse_object(line);
    EXPECT_TRUE(object) << line;
    if (!object) continue;
    Item item{.kind = json::string_or(*object, "kind"),
              .text = joined(json::string_or(*object, "text")),
              .values = {}};
    if (const auto* values = json::find(*object, "values"))
      for (const json::value& value : values->as_array())
        item.values.push_back(joined(std::string(value.as_string())));
    items.push_back(std::move(item));
  }
  return items;
}

// Recall over the corpus; what was missed is told.
struct Figures {
  std::size_t total = 0;
  std::size_t found = 0;
  std::string missed;
};
std::map<std::string, Figures> recall(const std::vector<Item>& items, const Options& options) {
  std::map<std::string, Figures> figures;
  for (const Item& item : items) {
    const std::string out = Redactor(options).text(item.text);
    bool gone = out.contains("[" + item.kind + "-");
    for (const std::string& value : item.values) gone = gone && !out.contains(value);
    Figures& of_kind = figures[item.kind];
    ++of_kind.total;
    if (gone) ++of_kind.found;
    if (!gone) of_kind.missed += "\n  " + item.text + "\n    -> " + out;
  }
  return figures;
}

TEST(RedactionCorpus, EverythingListedIsFound) {
  const auto items = load("sensitive.jsonl");
  ASSERT_GE(items.size(), 500u);
  std::size_t found = 0;
  for (const auto& [kind, figures] : recall(items, {})) {
    fmt::print("recall {:12} {:4} of {:4}\n", kind, figures.found, figures.total);
    EXPECT_EQ(figures.found, figures.total) << kind << figures.missed;
    found += figures.found;
  }
  fmt::print("recall {:.2f} % of {} items\n",
             100.0 * static_cast<double>(found) / static_cast<double>(items.size()), items.size());
}

TEST(RedactionCorpus, CleanTextStays) {
  const auto items = load("clean.jsonl");
  ASSERT_GE(items.size(), 500u);
  std::size_t changed = 0;
  std::string told;
  for (const Item& item : items) {
    const std::string out = Redactor().text(item.text);
    if (out == item.text) continue;
    ++changed;
    told += "\n  " + item.text + "\n    -> " + out;
  }
  fmt::print("false positives {:.2f} % of {} items{}\n",
             100.0 * static_cast<double>(changed) / static_cast<double>(items.size()), items.size(), told);
  EXPECT_LT(changed * 100, items.size() * 2) << told;
}

// The control: with a detector off, the corpus notices.
TEST(RedactionCorpus, EachDetectorIsNeeded) {
  const auto items = load("sensitive.jsonl");
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    if (kind == Kind::kStoredSecret) continue;  // has a test of its own
    Options options;
    options.off[i] = true;
    const auto figures = recall(items, options);
    const auto of_kind = figures.find(std::string(to_text(kind)));
    ASSERT_NE(of_kind, figures.end()) << to_text(kind);
    EXPECT_LT(of_kind->second.found, of_kind->second.total) << to_text(kind);
  }
}

TEST(Redaction, WhatWasTakenOutIsNotFoundAgain) {
  for (const Item& item : load("sensitive.jsonl")) {
    const std::string once = Redactor().text(item.text);
    EXPECT_EQ(Redactor().text(once), once);
  }
}

TEST(Redaction, TheSameValueHasTheSameNumber) {
  Redactor redactor;
  EXPECT_EQ(redactor.text("anna@example.com wrote to ben@example.com"), "[email-1] wrote to [email-2]");
  EXPECT_EQ(redactor.text("again Anna@Example.com, +1 555 010 0199 or +1-555-010-0199"),
            "again [email-1], [phone-1] or [phone-1]");
  EXPECT_EQ(redactor.counts(), (std::map<std::string, std::size_t, std::less<>>{{"email", 2}, {"phone", 1}}));
}

TEST(Redaction, StoredSecretsAreFoundInEveryForm) {
  Options options;
  options.canaries.emplace_back("s3cr\"et/value");
  options.canaries.emplace_back("abc");
  const std::string text =
      "s3cr\"et/value s3cr%22et%2Fvalue czNjciJldC92YWx1ZQ== 733363722265742f76616c7565 s3cr\\\"et/value abc "
      "abcd";
  const std::string out = Redactor(options).text(text);
  EXPECT_FALSE(out.contains("s3cr")) << out;
  EXPECT_FALSE(out.contains("czNj")) << out;
  EXPECT_FALSE(out.contains("7333")) << out;
  EXPECT_TRUE(out.ends_with("] abcd")) << out;
  options.off[static_cast<std::size_t>(Kind::kStoredSecret)] = true;
  EXPECT_TRUE(Redactor(options).text(text).contains("s3cr"));
}

TEST(Redaction, DocumentsAreReadNotMatched) {
  Redactor redactor;
  const auto document = json::parse(
      R"({"text":"line\nanna@example.com","args":"{\"password\":\"swordfish\",\"n\":1}","card":4111111111111111,"anna@example.com":[true,null,1.5]})");
  ASSERT_TRUE(document);
  EXPECT_EQ(
      json::canonical(redactor.value(*document)),
      R"({"[email-1]":[true,null,1.5],"args":"{\"password\":\"[password-1]\",\"n\":1}","card":"[card-1]","text":"line\n[email-1]"})");
}

TEST(Redaction, EachChangeIsToldWithItsPlaceAndMasked) {
  Options options;
  options.canaries.emplace_back("hunter2-hunter2");
  Redactor redactor(options);
  std::vector<std::string> told;
  redactor.on_replacement([&](const Replacement& r) {
    told.push_back(fmt::format("{} {} {} {}+{} | {} | {}", to_text(r.kind), r.placeholder, r.where, r.begin,
                               r.length, r.before, r.after));
  });
  const auto document = json::parse(
      R"({"text":"mail anna@example.com\nnow, anna@example.com","args":"{\"a/b\":{\"password\":\"swordfish\"}}","list":[0,"x hunter2-hunter2"],"ben@example.com":1})");
  ASSERT_TRUE(document);
  (void)redactor.value(*document);
  EXPECT_EQ(told,
            (std::vector<std::string>{
                "email [email-1] /text 5+16 | mail a•••••om now, [email-1] | mail [email-1] now, [email-1]",
                "email [email-1] /text 27+16 | mail [email-1] now, a•••••om | mail [email-1] now, [email-1]",
                "password [password-1] /args/a~1b/password 0+9 | ••••• | [password-1]",
                "secret [secret-1] /list/1 2+15 | x ••••• | x [secret-1]",
                "email [email-2]  0+15 | b•••••om | [email-2]"}));
}

// The title of a conversation is the head of its first message, cut wherever its room ends.
TEST(Redaction, AStoredValueThatWasCutIsFound) {
  Options options;
  options.canaries.emplace_back("hunter2-hunter2");
  Redactor redactor(options);
  EXPECT_EQ(redactor.text("write hunter2-hunt…"), "write [secret-1]…");
  EXPECT_EQ(redactor.text("hunter2-hunter… and more"), "[secret-2]… and more");
  EXPECT_EQ(redactor.text("a hunt… for words"), "a hunt… for words") << "a few letters are no value";
  EXPECT_EQ(redactor.text("…hunter…"), "…[secret-3]…");
}

// Whoever looks on changes nothing, and each place that is told holds what was taken out.
TEST(Redaction, LookingOnChangesNothing) {
  for (const Item& item : load("sensitive.jsonl")) {
    Redactor plain, watched;
    std::size_t last = 0;
    std::string rebuilt;
    watched.on_replacement([&](const Replacement& r) {
      ASSERT_GE(r.begin, last) << item.text;
      ASSERT_LE(r.begin + r.length, item.text.size()) << item.text;
      rebuilt += item.text.substr(last, r.begin - last) + r.placeholder;
      last = r.begin + r.length;
    });
    const std::string out = watched.text(item.text);
    EXPECT_EQ(out, plain.text(item.text));
    EXPECT_EQ(watched.counts(), plain.counts());
    EXPECT_EQ(rebuilt + item.text.substr(last), out) << "the places and placeholders make the result";
  }
}

TEST(Redaction, OverlapsLeaveNoRest) {
  EXPECT_EQ(Redactor().text("PASSWORD=abc@example.com!!"), "PASSWORD=[password-1]!!");
  EXPECT_EQ(Redactor().text("https://anna:hunter2@example.com/x"), "https://[credentials-1]/x");
}

TEST(Redaction, ChecksAreExact) {
  EXPECT_TRUE(is_card_number("4111111111111111"));
  EXPECT_FALSE(is_card_number("4111111111111112"));
  EXPECT_FALSE(is_card_number("1700000000000005"));
  EXPECT_TRUE(is_iban("GB82WEST12345698765432"));
  EXPECT_FALSE(is_iban("GB82WEST12345698765433"));
  EXPECT_TRUE(is_spanish_id("00000000T"));
  EXPECT_FALSE(is_spanish_id("00000000R"));
  EXPECT_TRUE(is_indian_id("2345 6789 0124"));
  EXPECT_FALSE(is_indian_id("2345 6789 0123"));
}

TEST(Redaction, SecretKeys) {
  for (const char* key :
       {"password", "DB_PASSWORD", "client_secret", "api-key", "apiKey", "access_token", "private_key"})
    EXPECT_TRUE(is_secret_key(key)) << key;
  for (const char* key :
       {"key", "idempotency_key", "tokens", "input_tokens", "name", "keyboard", "secretary"})
    EXPECT_FALSE(is_secret_key(key)) << key;
}

}  // namespace
}  // namespace pryx::redaction
