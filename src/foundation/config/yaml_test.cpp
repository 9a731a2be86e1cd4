// SPDX-License-Identifier: MIT
#include "foundation/config/yaml.h"

#include <gtest/gtest.h>

namespace pryx::config {
namespace {

std::string as_json(std::string_view yaml) {
  const auto document = parse_yaml(yaml);
  return document ? json::to_text(document->root) : "error: " + document.error().message;
}

TEST(Yaml, CollectionsAndScalarsOfTheCoreSchema) {
  EXPECT_EQ(as_json("a: 1\nb:\n  - x\n  - {c: true, d: [~, 2.5]}\n"),
            R"({"a":1,"b":["x",{"c":true,"d":[null,2.5E0]}]})");
  EXPECT_EQ(as_json("[0x1f, 0o17, 017, -5, +5, 1e3, .5, 5., '1', \"2\", !!str 3]"),
            R"([31,15,17,-5,5,1E3,5E-1,5E0,"1","2","3"])");
  EXPECT_EQ(
      as_json("[no, yes, on, off, y, n, NO, 1_000, 1:30, .inf, .nan, 0x, 0b1, -, 1e, e5, '']"),
      R"(["no","yes","on","off","y","n","NO","1_000","1:30",".inf",".nan","0x","0b1","-","1e","e5",""])");
  EXPECT_EQ(as_json("text: |\n  two\n  lines\nfolded: >-\n  one\n  line\n"),
            R"({"text":"two\nlines\n","folded":"one line"})");
  EXPECT_EQ(as_json(R"({"json": [1, {"is": "yaml"}], "unicode": "\u00e9"})"),
            "{\"json\":[1,{\"is\":\"yaml\"}],\"unicode\":\"é\"}");
  EXPECT_EQ(as_json("|\n a\n\n"), R"("a\n")");
  EXPECT_EQ(as_json("|+\n a\n\n"), R"("a\n\n")");
  EXPECT_EQ(as_json("x: |\n  a"), R"({"x":"a\n"})");
  EXPECT_EQ(as_json("plain"), R"("plain")");
  EXPECT_EQ(as_json("---\na: 1\n...\n"), R"({"a":1})");
  EXPECT_EQ(as_json(""), "null");
  EXPECT_EQ(as_json("# only\n"), "null");
  EXPECT_EQ(as_json("a:\nb: \n"), R"({"a":null,"b":null})");
  EXPECT_EQ(as_json("1: x\ntrue: y\n"), R"({"1":"x","true":"y"})");
}

TEST(Yaml, LinesPointAtKeysAndItems) {
  const auto document = parse_yaml("a: 1\nb:\n  - x\n  - c/~:\n      2\n").value();
  EXPECT_EQ(document.line_of(""), 1);
  EXPECT_EQ(document.line_of("/a"), 1);
  EXPECT_EQ(document.line_of("/b"), 2);
  EXPECT_EQ(document.line_of("/b/0"), 3);
  EXPECT_EQ(document.line_of("/b/1"), 4);
  EXPECT_EQ(document.line_of("/b/1/c~1~0"), 4);
  EXPECT_EQ(document.line_of("/unknown"), 1);
  EXPECT_EQ(document.lines.size(), 6u);
}

TEST(Yaml, WhatIsNotAllowedNamesItsLine) {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"a: &x 1\nb: *x\n", "line 1: anchors"},
      {"a: 1\nb: *x\n", "line 2: "},
      {"a: 1\n<<: {b: 2}\n", "line 2: merge keys"},
      {"a: 1\na: 2\n", "line 2: the key 'a' appears twice"},
      {"a: !thing 1\n", "line 1: the tag"},
      {"a: !!binary aGk=\n", "line 1: the tag"},
      {"a: !!map {}\n", "line 1: the tag"},
      {"a: 1\n? [x]\n: 2\n", "line 2: a key must be plain text"},
      {"a: 99999999999999999999\n", "line 1: 99999999999999999999 is too large"},
      {"a: 1e999\n", "line 1: 1e999 is no number"},
      {"a: 1\n---\nb: 2\n", "more than one document"},
      {"a: [1\n", "line "},
      {"a:\n\t- 1\n", "line 2"},
      {"a: 'open\n", "ends inside quotes"},
      {"a: 'open", "ends inside quotes"},
      {"a: \"open\n\n", "ends inside quotes"},
      {"- 'x' y\n", "line 1"},
      {"a: \"\x01\"\n", "line 1: a control character"},
      {"a: \xff\n", "no valid UTF-8"},
  };
  for (const Row& row : rows) {
    const auto document = parse_yaml(row.text);
    ASSERT_FALSE(document.has_value()) << row.text << json::to_text(document->root);
    EXPECT_EQ(document.error().code, ErrorCode::kInvalidArgument) << row.text;
    EXPECT_NE(document.error().message.find(row.expected), std::string::npos)
        << row.text << " gave: " << document.error().message;
  }
  EXPECT_FALSE(parse_yaml(std::string_view("a\0b", 3)).has_value());
  EXPECT_FALSE(parse_yaml(std::string_view("a\0:\0 \0b\0", 8)).has_value()) << "UTF-16 is not guessed";
}

TEST(Yaml, SizeDepthAndCountAreBounded) {
  EXPECT_EQ(parse_yaml("a: 1234", {.max_bytes = 6}).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(parse_yaml(std::string(32, '[') + std::string(32, ']')).has_value());
  EXPECT_EQ(parse_yaml(std::string(33, '[') + std::string(33, ']')).error().code, ErrorCode::kTooLarge);
  EXPECT_FALSE(parse_yaml(std::string(500'000, '[')).has_value());
  EXPECT_FALSE(parse_yaml(std::string(500'000, '{')).has_value());
  std::string nested;
  for (int i = 0; i < 400; ++i) nested += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(parse_yaml(nested).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(parse_yaml("[1, 2, 3, 4]", {.max_values = 4}).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(parse_yaml("[1, 2, 3, 4]", {.max_values = 5}).has_value());
  std::string long_keys = std::string(1'000, 'k') + ":\n";
  for (int i = 0; i < 10'000; ++i) long_keys += "  - 1\n";
  EXPECT_EQ(parse_yaml(long_keys).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace pryx::config
