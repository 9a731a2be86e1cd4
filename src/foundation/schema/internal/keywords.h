// SPDX-License-Identifier: MIT
// The keywords of the supported drafts as a table: which draft knows them, in which vocabulary, and where
// schemas sit inside them.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pryx::schema::internal {

enum Dialect : std::uint8_t { kDraft6 = 1, kDraft7 = 2, k2019_09 = 4, k2020_12 = 8 };
inline constexpr std::uint8_t kAllDrafts = 15;

enum Vocabulary : std::uint8_t {
  kCore = 1,
  kApplicator = 2,
  kUnevaluated = 4,
  kValidation = 8,
  kAnnotation = 16
};
inline constexpr std::uint8_t kAllVocabularies = 31;

enum class Holds : std::uint8_t {
  kNoSchema,
  kSchema,
  kSchemas,
  kSchemaMap,
  kSchemaOrSchemas,
  kSchemaOrStrings
};

struct Keyword {
  std::string_view name;
  std::uint8_t drafts;
  Vocabulary vocabulary;
  Holds holds;
};

[[nodiscard]] const Keyword* find_keyword(std::string_view name);
// Why a keyword that this draft does not know must not be ignored all the same; empty when it may be.
[[nodiscard]] std::string_view why_refused(std::string_view name, Dialect dialect);
// By the URI of `$schema`, with or without an empty fragment.
[[nodiscard]] std::optional<Dialect> dialect_of(std::string_view meta_schema_uri);
// By the URI in `$vocabulary`; nothing when it is none of ours.
[[nodiscard]] std::optional<Vocabulary> vocabulary_of(std::string_view uri);
// The meta-schema of 2020-12, in our own words, and its URI.
[[nodiscard]] std::string_view meta_schema_text();
inline constexpr std::string_view kMetaSchemaUri = "https://json-schema.org/draft/2020-12/schema";

}  // namespace pryx::schema::internal
