// SPDX-License-Identifier: MIT
#include "foundation/schema/schema.h"

#include <gtest/gtest.h>

#include "foundation/schema/ecma_pattern.h"
#include "foundation/schema/internal/number.h"
#include "foundation/schema/internal/uri.h"

namespace pryx::schema {
namespace {

json::value parsed(std::string_view text) { return json::parse(text).value(); }

Schema compiled(std::string_view text, const CompileOptions& options = {}) {
  auto schema = Schema::compile(parsed(text), options);
  if (!schema) {
    ADD_FAILURE() << text << ": " << schema.error().message;
    return Schema::compile(json::value(true)).value();
  }
  return std::move(*schema);
}

bool fits(std::string_view schema, std::string_view instance) {
  return compiled(schema).validate(parsed(instance)).empty();
}

std::vector<std::string> problems(std::string_view schema, std::string_view instance) {
  std::vector<std::string> out;
  for (const Violation& v : compiled(schema).validate(parsed(instance))) out.push_back(v.to_text());
  return out;
}

std::string refusal(std::string_view text, const CompileOptions& options = {}) {
  const auto schema = Schema::compile(parsed(text), options);
  if (schema) return "compiles";
  EXPECT_EQ(schema.error().code, ErrorCode::kUnsupported);
  return schema.error().message;
}

using Texts = std::vector<std::string>;

TEST(Schema, MessagesNamePlaceLimitAndMeasureButNoValue) {
  constexpr std::string_view kSchema = R"({
    "type": "object",
    "properties": {"path": {"type": "string", "minLength": 1, "pattern": "^[a-z/]+$"}, "limit": {"type": "integer", "minimum": 1, "maximum": 9},
                   "mode": {"enum": ["read", "write"]}, "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}},
    "required": ["path"], "additionalProperties": false})";
  EXPECT_EQ(problems(kSchema, R"({"path": "src/a"})"), Texts{});
  EXPECT_EQ(problems(kSchema, R"({"limit": 0, "mode": "secret", "tags": ["a", 1, "a"], "pth": "x"})"),
            (Texts{"(root): lacks the property 'path'", "/limit: must be at least 1",
                   "/mode: must be one of [\"read\",\"write\"]", "/tags: has the same item at 0 and 2",
                   "/tags/1: must be a string, is a number",
                   "(root): the property 'pth' is not allowed; known: limit, mode, path, tags"}));
  EXPECT_EQ(problems(kSchema, R"({"path": "", "limit": 2.5})"),
            (Texts{"/path: must have at least 1 characters, has 0", "/path: must match the pattern ^[a-z/]+$",
                   "/limit: must be a whole number, is a number"}));
  EXPECT_EQ(problems(kSchema, "[]"), Texts{"(root): must be an object, is an array"});
}

TEST(Schema, ViolationsSayWhereInTheSchema) {
  const auto violations = compiled(R"({"properties": {"a/b": {"items": {"type": "null"}}}})")
                              .validate(parsed(R"({"a/b": [null, 1]})"));
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].instance, "/a~1b/1");
  EXPECT_EQ(violations[0].keyword, "type");
  EXPECT_EQ(violations[0].schema, "#/properties/a~1b/items");
}

TEST(Schema, AlternativesReportTheClosestBranch) {
  constexpr std::string_view kSchema = R"({"oneOf": [
    {"properties": {"kind": {"const": "a"}, "size": {"type": "integer"}}, "required": ["kind", "size"]},
    {"properties": {"kind": {"const": "b"}, "name": {"type": "string"}}, "required": ["kind", "name"]}]})";
  EXPECT_EQ(problems(kSchema, R"({"kind": "b", "name": 1})"),
            (Texts{"(root): fits none of the 2 alternatives", "/name: must be a string, is a number"}));
  EXPECT_EQ(problems(R"({"oneOf": [{"type": "integer"}, {"minimum": 2}]})", "3"),
            Texts{"(root): fits more than one of the alternatives; it must fit exactly one"});
  EXPECT_EQ(problems(R"({"not": {"type": "string"}})", R"("x")"),
            Texts{"(root): fits a schema that it must not fit"});
  EXPECT_EQ(problems("false", "1"), Texts{"(root): is not allowed here"});
}

TEST(Schema, NumbersAreMathematicalValues) {
  EXPECT_TRUE(fits(R"({"type": "integer"})", "1.0"));
  EXPECT_TRUE(fits(R"({"type": "integer"})", "1e3"));
  EXPECT_FALSE(fits(R"({"type": "integer"})", "1.5"));
  EXPECT_TRUE(fits(R"({"type": "integer"})", "12345678910111213141516171819202122232425262728293031"));
  EXPECT_TRUE(fits(R"({"type": "integer"})", "18446744073709551615"));
  EXPECT_TRUE(fits(R"({"const": 1})", "1.0"));
  EXPECT_TRUE(fits(R"({"enum": [[1.0, {"a": 2}]]})", R"([1, {"a": 2.0}])"));
  EXPECT_FALSE(fits(R"({"uniqueItems": true})", "[1, 1.0]"));
  EXPECT_TRUE(fits(R"({"uniqueItems": true})", R"([1, true, "1", [1], {"a": 1}, null])"));
  EXPECT_FALSE(fits(R"({"uniqueItems": true})", R"([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}])"));
  EXPECT_TRUE(fits(R"({"uniqueItems": true})", "[9007199254740993, 9007199254740992.0]"))
      << "2^53+1 is not rounded";
  EXPECT_FALSE(fits(R"({"maximum": 9223372036854775807})", "9223372036854775808"));
  EXPECT_TRUE(fits(R"({"exclusiveMinimum": 9007199254740992.0})", "9007199254740993"));
  EXPECT_TRUE(fits(R"({"minimum": -9223372036854775808})", "-9223372036854775808"));
  EXPECT_FALSE(fits(R"({"minimum": 0})", "-1e300"));
  EXPECT_TRUE(fits(R"({"maxLength": 2.0})", R"("é😀")"));
}

TEST(Schema, MultipleOfIsExactInDecimal) {
  struct Row {
    std::string_view number, divisor;
    bool multiple;
  };
  for (const Row& row : std::vector<Row>{{"0.0075", "0.0001", true},
                                         {"0.00751", "0.0001", false},
                                         {"0.3", "0.1", true},
                                         {"4.35", "0.01", true},
                                         {"19.99", "0.01", true},
                                         {"1e308", "0.123456789", false},
                                         {"1e308", "0.5", true},
                                         {"1e308", "1e-308", true},
                                         {"1e-308", "1", false},
                                         {"0", "3", true},
                                         {"0.0", "0.7", true},
                                         {"-9", "3", true},
                                         {"-9223372036854775808", "2", true},
                                         {"18446744073709551615", "5", true},
                                         {"18446744073709551615", "2", false},
                                         {"7", "2", false},
                                         {"4.5", "1.5", true},
                                         {"1500", "1e3", false},
                                         {"15e2", "5e2", true}}) {
    EXPECT_EQ(internal::is_multiple(parsed(row.number), parsed(row.divisor)), row.multiple)
        << row.number << " / " << row.divisor;
  }
}

TEST(Schema, ComparisonIsExactAcrossRepresentations) {
  const std::vector<std::string_view> ascending = {"-1e300",
                                                   "-9223372036854775808",
                                                   "-9223372036854775807",
                                                   "-1.5",
                                                   "-1",
                                                   "-0.5",
                                                   "0",
                                                   "0.5",
                                                   "1",
                                                   "9007199254740992.0",
                                                   "9007199254740993",
                                                   "9223372036854775807",
                                                   "9223372036854775808",
                                                   "18446744073709551615",
                                                   "18446744073709551616.0",
                                                   "1e300"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      const auto order = internal::compare(parsed(ascending[i]), parsed(ascending[j]));
      EXPECT_EQ(order < 0, i < j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(order == 0, i == j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(order > 0, i > j) << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Schema, RefusesWhatItCannotJudgeWhole) {
  struct Row {
    std::string_view schema, reason;
  };
  const std::vector<Row> rows = {
      {"1", "schema #: a schema must be an object or a boolean"},
      {R"({"type": "text"})",
       "schema #: keyword 'type' must be one of null, boolean, object, array, number, string, integer, or a "
       "list of them"},
      {R"({"type": []})",
       "schema #: keyword 'type' must be one of null, boolean, object, array, number, string, integer, or a "
       "list of them"},
      {R"({"properties": {"a": {"minLength": -1}}})",
       "schema #/properties/a: keyword 'minLength' must be a whole number of 0 or more"},
      {R"({"minItems": 1.5})", "schema #: keyword 'minItems' must be a whole number of 0 or more"},
      {R"({"multipleOf": 0})", "schema #: keyword 'multipleOf' must be greater than 0"},
      {R"({"maximum": "3"})", "schema #: keyword 'maximum' must be a number"},
      {R"({"required": true})", "schema #: keyword 'required' must be a list of property names"},
      {R"({"required": [1]})", "schema #: keyword 'required' must be a list of property names"},
      {R"({"enum": 1})", "schema #: keyword 'enum' must be an array"},
      {R"({"uniqueItems": 1})", "schema #: keyword 'uniqueItems' must be true or false"},
      {R"({"allOf": []})", "schema #: keyword 'allOf' must be a list of at least one schema"},
      {R"({"allOf": [1]})", "schema #/allOf/0: a schema must be an object or a boolean"},
      {R"({"properties": []})", "schema #: keyword 'properties' must be an object"},
      {R"({"properties": {"a": 1}})", "schema #/properties/a: a schema must be an object or a boolean"},
      {R"({"items": [{}]})",
       "schema #: keyword 'items' must be a schema in 2020-12; use prefixItems for a list of schemas, or "
       "name the draft in $schema"},
      {R"({"$ref": 1})", "schema #: keyword '$ref' must be a string"},
      {R"({"$ref": "https://example.com/x.json"})",
       "schema #: keyword '$ref' 'https://example.com/x.json' is not in this document; other documents are "
       "never fetched"},
      {R"({"$ref": "file:///etc/passwd"})",
       "schema #: keyword '$ref' 'file:///etc/passwd' is not in this document; other documents are never "
       "fetched"},
      {R"({"$ref": "#/$defs/none"})", "schema #: keyword '$ref' '#/$defs/none' leads nowhere"},
      {R"({"$ref": "#/~2"})", "schema #: keyword '$ref' '#/~2' leads nowhere"},
      {R"({"$ref": "#none"})", "schema #: keyword '$ref' '#none' names no anchor"},
      {R"({"$ref": "#/a", "a": 3})", "schema #/a: a schema must be an object or a boolean"},
      {R"({"$anchor": "a b"})", "schema #: keyword '$anchor' must be a plain name"},
      {R"({"$id": "#x"})", "schema #: keyword '$id' must have no fragment; use $anchor"},
      {R"({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}})",
       "schema #/$defs/b: keyword '$anchor' 'x' is there twice"},
      {R"({"$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}})",
       "schema #/$defs/b: keyword '$id' 'x' is the name of two schemas"},
      {R"({"$schema": "http://json-schema.org/draft-04/schema#"})",
       "schema #: keyword '$schema' 'http://json-schema.org/draft-04/schema#' is not supported"},
      {R"({"$schema": "https://example.com/own"})",
       "schema #: keyword '$schema' 'https://example.com/own' is not supported"},
      {R"({"$recursiveRef": "#"})",
       "schema #: keyword '$recursiveRef' is not supported; use $dynamicRef and $dynamicAnchor of 2020-12"},
      {R"({"extends": {}})", "schema #: keyword 'extends' belongs to draft 3, which is not supported"},
      {R"({"pattern": "(?!x)y"})",
       "schema #: keyword 'pattern' pattern '(?!x)y': look-ahead is not supported"},
      {R"({"patternProperties": {"(a)\\1": {}}})",
       R"(schema #/patternProperties: keyword '(a)\1' pattern '(a)\1': back-references are not supported)"},
  };
  for (const Row& row : rows) EXPECT_EQ(refusal(row.schema), row.reason) << row.schema;
}

TEST(Schema, VocabulariesComeFromTheMetaSchema) {
  Registry registry;
  ASSERT_TRUE(registry.add("https://example.com/no-validation",
                           parsed(R"({"$schema": "https://json-schema.org/draft/2020-12/schema",
    "$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/core": true, "https://json-schema.org/draft/2020-12/vocab/applicator": true,
                    "https://example.com/unknown-but-optional": false}})")));
  ASSERT_TRUE(registry.add("https://example.com/assertion", parsed(R"({"$vocabulary": {
    "https://json-schema.org/draft/2020-12/vocab/format-assertion": true}})")));
  EXPECT_FALSE(registry.add("https://example.com/assertion", parsed("{}")));
  EXPECT_FALSE(registry.add("https://example.com/x#y", parsed("{}")));
  const CompileOptions options{.registry = &registry};
  const Schema schema = compiled(
      R"({"$schema": "https://example.com/no-validation", "minimum": 5, "properties": {"a": false}})",
      options);
  EXPECT_TRUE(schema.validate(parsed("1")).empty());
  EXPECT_FALSE(schema.validate(parsed(R"({"a": 1})")).empty());
  EXPECT_EQ(refusal(R"({"$schema": "https://example.com/assertion"})", options),
            "schema #: keyword '$schema' 'https://example.com/assertion' requires the vocabulary "
            "'https://json-schema.org/draft/2020-12/vocab/format-assertion', which is not supported");
}

TEST(Schema, UnknownKeywordsAreAnnotationsUnlessAskedOtherwise) {
  EXPECT_TRUE(fits(R"({"x-note": 1, "typo": {"type": "string"}})", "1"));
  EXPECT_EQ(refusal(R"({"properties": {"a": {"tpye": "string"}}})",
                    {.registry = nullptr, .unknown_keywords = UnknownKeywords::kRefuse}),
            "schema #/properties/a: keyword 'tpye' is unknown");
}

TEST(Schema, OlderDraftsKeepTheirMeaning) {
  constexpr std::string_view kTuple =
      R"({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}], "additionalItems": {"type": "integer"}})";
  EXPECT_TRUE(fits(kTuple, R"(["a", 1, 2])"));
  EXPECT_FALSE(fits(kTuple, R"(["a", "b"])"));
  constexpr std::string_view kRef =
      R"({"$schema": "http://json-schema.org/draft-07/schema", "definitions": {"a": {"type": "string"}}, "$ref": "#/definitions/a", "maxLength": 1})";
  EXPECT_TRUE(fits(kRef, R"("long")")) << "siblings of $ref count for nothing in draft 7";
}

TEST(Schema, MetaSchemaIsBuiltIn) {
  constexpr std::string_view kMeta = R"({"$ref": "https://json-schema.org/draft/2020-12/schema"})";
  EXPECT_TRUE(
      fits(kMeta, R"({"type": "object", "properties": {"a": {"minLength": 3}}, "$defs": {"b": true}})"));
  EXPECT_FALSE(fits(kMeta, R"({"properties": {"a": {"minLength": "3"}}})"));
  EXPECT_FALSE(fits(kMeta, R"({"allOf": []})"));
}

TEST(Schema, HostileSchemasAndInstancesEndInTime) {
  // A reference to itself never gets anywhere.
  EXPECT_EQ(problems(R"({"$ref": "#"})", "1"),
            Texts{"(root): is too large or too deeply nested to be checked"});
  EXPECT_EQ(problems(R"({"not": {"$ref": "#"}})", "1"),
            Texts{"(root): is too large or too deeply nested to be checked"});
  // Doubling at each level: 2^40 evaluations without a budget.
  std::string doubling = R"({"$ref": "#/$defs/d0", "$defs": {)";
  for (int i = 0; i < 40; ++i) {
    doubling += fmt::format(
        R"("d{0}": {{"allOf": [{{"$ref": "#/$defs/d{1}"}}, {{"$ref": "#/$defs/d{1}"}}]}},)", i, i + 1);
  }
  doubling += R"("d40": true}})";
  const auto violations = compiled(doubling).validate(parsed("1"), {.steps = 100'000});
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].keyword, "$budget");
  // Within a negation an exhausted budget must not turn into a yes.
  const std::string negated = R"({"not": )" + doubling.substr(0, doubling.size() - 1) + R"(}, "$defs")" +
                              doubling.substr(doubling.find(": {\"d0\""));
  EXPECT_FALSE(compiled(negated).validate(parsed("1"), {.steps = 1000}).empty());
  // Many large equal-looking items.
  std::string items = "[";
  for (int i = 0; i < 3000; ++i) items += fmt::format("{}[{},1,1,1,1,1,1,1]", i == 0 ? "" : ",", i);
  EXPECT_TRUE(fits(R"({"uniqueItems": true})", items + "]"));
  std::string deep(60, '['), close(60, ']');
  EXPECT_TRUE(fits(R"({"items": {"$ref": "#"}})", deep + close));
}

TEST(Schema, TheNumberOfViolationsIsBounded) {
  std::string items = "[";
  for (int i = 0; i < 500; ++i) items += i == 0 ? "1" : ",1";
  const Schema schema = compiled(R"({"items": {"type": "string"}})");
  EXPECT_EQ(schema.validate(parsed(items + "]")).size(), 20u);
  EXPECT_EQ(schema.validate(parsed(items + "]"), {.max_violations = 3}).size(), 3u);
}

TEST(Schema, LargeOrDeepSchemasAreRefused) {
  json::value deep = json::object{};
  for (int i = 0; i < 300; ++i) deep = json::object{{"not", std::move(deep)}};
  EXPECT_FALSE(Schema::compile(deep).has_value());
  json::object many;
  for (int i = 0; i < 60'000; ++i) many[std::to_string(i)] = true;
  EXPECT_FALSE(Schema::compile(json::object{{"properties", std::move(many)}}).has_value());
  json::object patterns;
  for (int i = 0; i < 400; ++i) patterns[fmt::format("^(\\p{{L}}|x{}){{1,40}}$", i)] = true;
  const auto refused = Schema::compile(json::object{{"patternProperties", std::move(patterns)}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("too large"), std::string::npos) << refused.error().message;
}

TEST(EcmaPattern, TranslatesWhatMeansTheSame) {
  struct Row {
    std::string_view pattern, text;
    bool matches;
  };
  for (const Row& row : std::vector<Row>{{"^abc$", "abc\n", false},
                                         {"a.c",
                                          "a\xE2\x80\xA8"
                                          "c",
                                          false},
                                         {"a.c",
                                          "a\xF0\x9F\x98\x80"
                                          "c",
                                          true},
                                         {"^[\\w\\-\\.]+@x$", "a-b.c@x", true},
                                         {"^[\\w-.]+$", "a-.", true},
                                         {"^[a\\-z]$", "b", false},
                                         {"^[[]$", "[", true},
                                         {"^[\\]]$", "]", true},
                                         {"[]", "a", false},
                                         {"^[^]$", "\n", true},
                                         {"^\\u0041\\x42\\u{43}$", "ABC", true},
                                         {"^\\uD83D\\uDE00$", "\xF0\x9F\x98\x80", true},
                                         {"^[\\b]$", "\b", true},
                                         {"^{a}$", "{a}", true},
                                         {"^a{2,3}$", "aa", true},
                                         {"^a{,3}$", "a{,3}", true},
                                         {"^(?<year>\\d{4})-(\\d\\d)$", "2026-11", true},
                                         {"^\\p{Letter}+$", "\xC3\xA9t\xC3\xA9", true},
                                         {"^\\p{Script=Greek}$", "\xCE\xB1", true},
                                         {"^\\P{L}$", "1", true},
                                         {"^[\\p{digit}x]$", "\xE0\xA7\xAA", true},
                                         {"^[^\\S]$", "\xC2\xA0", true},
                                         {"^[\\D]$", "1", false},
                                         {"a|", "", true},
                                         {"^\\/\\$\\cJ$", "/$\n", true},
                                         {"x", "aXb", false}}) {
    const auto pattern = EcmaPattern::compile(row.pattern);
    ASSERT_TRUE(pattern.has_value()) << row.pattern << ": " << pattern.error().message;
    EXPECT_EQ(pattern->matches(row.text), row.matches) << row.pattern << " on " << row.text;
  }
}

TEST(EcmaPattern, RefusesTheRestWithAReason) {
  for (const std::string_view pattern : {"(?=a)",
                                         "(?!a)",
                                         "(?<=a)",
                                         "(?<!a)",
                                         "(a)\\1",
                                         "\\k<a>",
                                         "(?i)a",
                                         "(?P<a>b)",
                                         "(?<a",
                                         "(?<>a)",
                                         "a**",
                                         "a++",
                                         "*",
                                         "(",
                                         ")",
                                         "(()",
                                         "[a",
                                         "[z-a]",
                                         "\\",
                                         "\\Aa",
                                         "a\\Z",
                                         "\\h",
                                         "\\c1",
                                         "\\x4",
                                         "\\u12",
                                         "\\u{}",
                                         "\\u{110000}",
                                         "\\uD800",
                                         "\\uDE00",
                                         "\\uD83Dx",
                                         "\\01",
                                         "\\p",
                                         "\\p{}",
                                         "\\p{Nope}",
                                         "\\p{Script_Extensions=Greek}",
                                         "\\pL",
                                         "a{2000}",
                                         "\\p{L}{1,1000}"}) {
    EXPECT_FALSE(EcmaPattern::compile(pattern).has_value()) << pattern;
  }
  EXPECT_FALSE(EcmaPattern::compile(std::string(10'000, 'a')).has_value());
  EXPECT_FALSE(EcmaPattern::compile("\xff").has_value());
}

TEST(EcmaPattern, LongTextsAndNastyPatternsAreLinear) {
  const auto pattern = EcmaPattern::compile("^(a+)+$");
  ASSERT_TRUE(pattern.has_value());
  EXPECT_FALSE(pattern->matches(std::string(200'000, 'a') + "!"));
}

TEST(Uri, ResolvesAsTheRfcSays) {
  constexpr std::string_view kBase = "http://a/b/c/d;p?q";
  struct Row {
    std::string_view reference, expected;
  };
  for (const Row& row : std::vector<Row>{{"g:h", "g:h"},
                                         {"g", "http://a/b/c/g"},
                                         {"./g", "http://a/b/c/g"},
                                         {"g/", "http://a/b/c/g/"},
                                         {"/g", "http://a/g"},
                                         {"//g", "http://g"},
                                         {"?y", "http://a/b/c/d;p?y"},
                                         {"g?y", "http://a/b/c/g?y"},
                                         {"#s", "http://a/b/c/d;p?q#s"},
                                         {"", "http://a/b/c/d;p?q"},
                                         {".", "http://a/b/c/"},
                                         {"..", "http://a/b/"},
                                         {"../g", "http://a/b/g"},
                                         {"../..", "http://a/"},
                                         {"../../../g", "http://a/g"},
                                         {"/./g", "http://a/g"},
                                         {"/../g", "http://a/g"},
                                         {"g/../h", "http://a/b/c/h"},
                                         {"HTTP:x", "http:x"}}) {
    EXPECT_EQ(internal::resolve_uri(kBase, row.reference), row.expected) << row.reference;
  }
  EXPECT_EQ(internal::resolve_uri("urn:uuid:1", "#/a"), "urn:uuid:1#/a");
  EXPECT_EQ(internal::resolve_uri("", "#a"), "#a");
  EXPECT_EQ(internal::resolve_uri("http://a", "b"), "http://a/b");
  EXPECT_EQ(internal::percent_decoded("a%25b%2F").value(), "a%b/");
  EXPECT_FALSE(internal::percent_decoded("a%2").has_value());
}

}  // namespace
}  // namespace pryx::schema
