// SPDX-License-Identifier: MIT
// JSON Schema 2020-12 (and, where a document says so, 2019-09, draft 7 or draft 6): compiled once, validated
// often. Schemas come from strangers (MCP servers, plugins), so both halves are bounded: a schema that cannot
// be judged whole is refused with a reason, and a validation that would take too long counts as a violation.
// Nothing is ever fetched. Pure; a Schema is immutable, cheap to copy and usable from any thread.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::schema {

// One thing that is wrong with an instance.
struct Violation {
  std::string instance;  // JSON Pointer into the instance, "" is the whole
  std::string keyword;   // "required"; "$budget" when the validation was given up
  std::string schema;    // where the keyword stands, "#/properties/path"
  std::string
      message;  // for a person or a model; shows names and limits of the schema, never values of the instance

  // "/path: must be a string, is a number"
  [[nodiscard]] std::string to_text() const;
};

// Documents that `$ref` may lead to, by absolute URI. The 2020-12 meta-schema is always there.
class Registry {
 public:
  // Refuses a URI that is taken or has a fragment.
  [[nodiscard]] Result<> add(std::string_view uri, json::value document);
  [[nodiscard]] std::shared_ptr<const json::value> find(std::string_view uri) const;  // null when absent

 private:
  std::map<std::string, std::shared_ptr<const json::value>, std::less<>> documents_;
};

enum class UnknownKeywords : std::uint8_t {
  kIgnore,  // as the specification says: they are annotations
  kRefuse,  // for schemas of our own, where an unknown keyword is a typing error
};

struct CompileOptions {
  const Registry* registry = nullptr;
  UnknownKeywords unknown_keywords = UnknownKeywords::kIgnore;
};

struct ValidateLimits {
  std::uint64_t steps = 2'000'000;  // about half a second at worst
  int depth = 320;                  // nested evaluations; bounds the stack
  std::size_t max_violations = 20;
};

namespace internal {
struct Compiled;
}

class Schema {
 public:
  // Keeps a copy. Refuses: wrong types of keyword values; keywords of other drafts that would assert
  // something; `$schema` and required vocabularies that are not known; references that lead nowhere; patterns
  // that RE2 cannot run; too large schemas.
  [[nodiscard]] static Result<Schema> compile(const json::value& schema, const CompileOptions& options = {});

  // Empty when the instance fits.
  [[nodiscard]] std::vector<Violation> validate(const json::value& instance,
                                                const ValidateLimits& limits = {}) const;

 private:
  explicit Schema(std::shared_ptr<const internal::Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const internal::Compiled> compiled_;
};

}  // namespace pryx::schema
