// SPDX-License-Identifier: MIT
#include "foundation/schema/schema.h"

#include <utility>

#include "foundation/base/text.h"
#include "foundation/schema/internal/compiler.h"
#include "foundation/schema/internal/uri.h"
#include "foundation/schema/internal/validator.h"

namespace pryx::schema {

std::string Violation::to_text() const {
  return fmt::format("{}: {}", instance.empty() ? "(root)" : instance, message);
}

Result<> Registry::add(std::string_view uri, json::value document) {
  if (uri.find('#') != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "schema document '{}': its URI must have no fragment",
                utf8_prefix(uri, 200));
  }
  auto shared = std::make_shared<const json::value>(std::move(document));
  if (!documents_.emplace(std::string(uri), std::move(shared)).second) {
    return fail(ErrorCode::kConflict, "schema document '{}' is there already", utf8_prefix(uri, 200));
  }
  return {};
}

std::shared_ptr<const json::value> Registry::find(std::string_view uri) const {
  const auto place = documents_.find(uri);
  return place == documents_.end() ? nullptr : place->second;
}

Result<Schema> Schema::compile(const json::value& schema, const CompileOptions& options) {
  PRYX_TRY(auto compiled, internal::Compiler(options).run(schema));
  return Schema(std::move(compiled));
}

std::vector<Violation> Schema::validate(const json::value& instance, const ValidateLimits& limits) const {
  return internal::Validator(*compiled_, limits).run(instance);
}

}  // namespace pryx::schema
