// SPDX-License-Identifier: MIT
#include "foundation/schema/internal/keywords.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pryx::schema::internal {
namespace {

constexpr std::uint8_t kNew = k2019_09 | k2020_12;
constexpr std::uint8_t kFrom7 = kDraft7 | kNew;

// Sorted by name.
constexpr auto kKeywords = std::to_array<Keyword>({
    {"$anchor", kNew, kCore, Holds::kNoSchema},
    {"$comment", kAllDrafts, kCore, Holds::kNoSchema},
    {"$defs", kNew, kCore, Holds::kSchemaMap},
    {"$dynamicAnchor", k2020_12, kCore, Holds::kNoSchema},
    {"$dynamicRef", k2020_12, kCore, Holds::kNoSchema},
    {"$id", kAllDrafts, kCore, Holds::kNoSchema},
    {"$ref", kAllDrafts, kCore, Holds::kNoSchema},
    {"$schema", kAllDrafts, kCore, Holds::kNoSchema},
    {"$vocabulary", kNew, kCore, Holds::kNoSchema},
    {"additionalItems", kDraft6 | kDraft7 | k2019_09, kApplicator, Holds::kSchema},
    {"additionalProperties", kAllDrafts, kApplicator, Holds::kSchema},
    {"allOf", kAllDrafts, kApplicator, Holds::kSchemas},
    {"anyOf", kAllDrafts, kApplicator, Holds::kSchemas},
    {"const", kAllDrafts, kValidation, Holds::kNoSchema},
    {"contains", kAllDrafts, kApplicator, Holds::kSchema},
    {"contentEncoding", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"contentMediaType", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"contentSchema", kNew, kAnnotation, Holds::kSchema},
    {"default", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"definitions", kAllDrafts, kCore, Holds::kSchemaMap},
    {"dependencies", kAllDrafts, kApplicator, Holds::kSchemaOrStrings},
    {"dependentRequired", kNew, kValidation, Holds::kNoSchema},
    {"dependentSchemas", kNew, kApplicator, Holds::kSchemaMap},
    {"deprecated", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"description", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"else", kFrom7, kApplicator, Holds::kSchema},
    {"enum", kAllDrafts, kValidation, Holds::kNoSchema},
    {"examples", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"exclusiveMaximum", kAllDrafts, kValidation, Holds::kNoSchema},
    {"exclusiveMinimum", kAllDrafts, kValidation, Holds::kNoSchema},
    {"format", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"if", kFrom7, kApplicator, Holds::kSchema},
    {"items", kAllDrafts, kApplicator, Holds::kSchemaOrSchemas},
    {"maxContains", kNew, kValidation, Holds::kNoSchema},
    {"maxItems", kAllDrafts, kValidation, Holds::kNoSchema},
    {"maxLength", kAllDrafts, kValidation, Holds::kNoSchema},
    {"maxProperties", kAllDrafts, kValidation, Holds::kNoSchema},
    {"maximum", kAllDrafts, kValidation, Holds::kNoSchema},
    {"minContains", kNew, kValidation, Holds::kNoSchema},
    {"minItems", kAllDrafts, kValidation, Holds::kNoSchema},
    {"minLength", kAllDrafts, kValidation, Holds::kNoSchema},
    {"minProperties", kAllDrafts, kValidation, Holds::kNoSchema},
    {"minimum", kAllDrafts, kValidation, Holds::kNoSchema},
    {"multipleOf", kAllDrafts, kValidation, Holds::kNoSchema},
    {"not", kAllDrafts, kApplicator, Holds::kSchema},
    {"oneOf", kAllDrafts, kApplicator, Holds::kSchemas},
    {"pattern", kAllDrafts, kValidation, Holds::kNoSchema},
    {"patternProperties", kAllDrafts, kApplicator, Holds::kSchemaMap},
    {"prefixItems", k2020_12, kApplicator, Holds::kSchemas},
    {"properties", kAllDrafts, kApplicator, Holds::kSchemaMap},
    {"propertyNames", kAllDrafts, kApplicator, Holds::kSchema},
    {"readOnly", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"required", kAllDrafts, kValidation, Holds::kNoSchema},
    {"then", kFrom7, kApplicator, Holds::kSchema},
    {"title", kAllDrafts, kAnnotation, Holds::kNoSchema},
    {"type", kAllDrafts, kValidation, Holds::kNoSchema},
    {"unevaluatedItems", kNew, kUnevaluated, Holds::kSchema},
    {"unevaluatedProperties", kNew, kUnevaluated, Holds::kSchema},
    {"uniqueItems", kAllDrafts, kValidation, Holds::kNoSchema},
    {"writeOnly", kAllDrafts, kAnnotation, Holds::kNoSchema},
});
static_assert(std::is_sorted(kKeywords.begin(), kKeywords.end(),
                             [](const Keyword& a, const Keyword& b) { return a.name < b.name; }));

constexpr std::string_view kMetaSchema = R"json({
  "$id": "https://json-schema.org/draft/2020-12/schema",
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$dynamicAnchor": "meta",
  "type": ["object", "boolean"],
  "properties": {
    "$id": {"$ref": "#/$defs/text", "pattern": "^[^#]*#?$"},
    "$schema": {"$ref": "#/$defs/text"}, "$ref": {"$ref": "#/$defs/text"}, "$dynamicRef": {"$ref": "#/$defs/text"},
    "$anchor": {"$ref": "#/$defs/anchor"}, "$dynamicAnchor": {"$ref": "#/$defs/anchor"},
    "$comment": {"$ref": "#/$defs/text"},
    "$vocabulary": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "$defs": {"$ref": "#/$defs/schemas"}, "definitions": {"$ref": "#/$defs/schemas"},
    "properties": {"$ref": "#/$defs/schemas"}, "dependentSchemas": {"$ref": "#/$defs/schemas"},
    "patternProperties": {"$ref": "#/$defs/schemas", "propertyNames": {"format": "regex"}},
    "additionalProperties": {"$dynamicRef": "#meta"}, "propertyNames": {"$dynamicRef": "#meta"},
    "unevaluatedProperties": {"$dynamicRef": "#meta"}, "unevaluatedItems": {"$dynamicRef": "#meta"},
    "items": {"$dynamicRef": "#meta"}, "contains": {"$dynamicRef": "#meta"}, "not": {"$dynamicRef": "#meta"},
    "if": {"$dynamicRef": "#meta"}, "then": {"$dynamicRef": "#meta"}, "else": {"$dynamicRef": "#meta"},
    "contentSchema": {"$dynamicRef": "#meta"},
    "allOf": {"$ref": "#/$defs/list"}, "anyOf": {"$ref": "#/$defs/list"}, "oneOf": {"$ref": "#/$defs/list"},
    "prefixItems": {"$ref": "#/$defs/list"},
    "dependencies": {"type": "object", "additionalProperties": {"anyOf": [{"$dynamicRef": "#meta"}, {"$ref": "#/$defs/names"}]}},
    "dependentRequired": {"type": "object", "additionalProperties": {"$ref": "#/$defs/names"}},
    "required": {"$ref": "#/$defs/names"},
    "type": {"anyOf": [{"$ref": "#/$defs/type"},
                       {"type": "array", "items": {"$ref": "#/$defs/type"}, "minItems": 1, "uniqueItems": true}]},
    "enum": {"type": "array"},
    "multipleOf": {"type": "number", "exclusiveMinimum": 0},
    "minimum": {"type": "number"}, "maximum": {"type": "number"},
    "exclusiveMinimum": {"type": "number"}, "exclusiveMaximum": {"type": "number"},
    "minLength": {"$ref": "#/$defs/count"}, "maxLength": {"$ref": "#/$defs/count"},
    "minItems": {"$ref": "#/$defs/count"}, "maxItems": {"$ref": "#/$defs/count"},
    "minProperties": {"$ref": "#/$defs/count"}, "maxProperties": {"$ref": "#/$defs/count"},
    "minContains": {"$ref": "#/$defs/count"}, "maxContains": {"$ref": "#/$defs/count"},
    "pattern": {"$ref": "#/$defs/text", "format": "regex"}, "uniqueItems": {"type": "boolean"},
    "title": {"$ref": "#/$defs/text"}, "description": {"$ref": "#/$defs/text"}, "format": {"$ref": "#/$defs/text"},
    "contentEncoding": {"$ref": "#/$defs/text"}, "contentMediaType": {"$ref": "#/$defs/text"},
    "deprecated": {"type": "boolean"}, "readOnly": {"type": "boolean"}, "writeOnly": {"type": "boolean"},
    "examples": {"type": "array"}
  },
  "$defs": {
    "text": {"type": "string"},
    "anchor": {"type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$"},
    "count": {"type": "integer", "minimum": 0},
    "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
    "type": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
    "list": {"type": "array", "minItems": 1, "items": {"$dynamicRef": "#meta"}},
    "schemas": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}}
  }
})json";

}  // namespace

const Keyword* find_keyword(std::string_view name) {
  const auto* const place = std::lower_bound(kKeywords.begin(), kKeywords.end(), name,
                                             [](const Keyword& k, std::string_view n) { return k.name < n; });
  return place != kKeywords.end() && place->name == name ? place : nullptr;
}

std::string_view why_refused(std::string_view name, Dialect dialect) {
  if (name == "$recursiveRef" || name == "$recursiveAnchor")
    return "is not supported; use $dynamicRef and $dynamicAnchor of 2020-12";
  if (dialect == k2020_12 && name == "additionalItems") return {};  // judged together with `items`
  if (name == "divisibleBy" || name == "disallow" || name == "extends")
    return "belongs to draft 3, which is not supported";
  return {};
}

std::optional<Dialect> dialect_of(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!uri.starts_with(scheme)) continue;
    const std::string_view rest = uri.substr(scheme.size());
    if (rest == "json-schema.org/draft/2020-12/schema") return k2020_12;
    if (rest == "json-schema.org/draft/2019-09/schema") return k2019_09;
    if (rest == "json-schema.org/draft-07/schema") return kDraft7;
    if (rest == "json-schema.org/draft-06/schema") return kDraft6;
  }
  return std::nullopt;
}

std::optional<Vocabulary> vocabulary_of(std::string_view uri) {
  for (const std::string_view prefix :
       {"https://json-schema.org/draft/2020-12/vocab/", "https://json-schema.org/draft/2019-09/vocab/"}) {
    if (!uri.starts_with(prefix)) continue;
    const std::string_view name = uri.substr(prefix.size());
    if (name == "core") return kCore;
    if (name == "applicator") return kApplicator;
    if (name == "unevaluated") return kUnevaluated;
    if (name == "validation") return kValidation;
    if (name == "meta-data" || name == "format-annotation" || name == "content" || name == "format")
      return kAnnotation;
  }
  return std::nullopt;  // format-assertion among them
}

std::string_view meta_schema_text() { return kMetaSchema; }

}  // namespace pryx::schema::internal
