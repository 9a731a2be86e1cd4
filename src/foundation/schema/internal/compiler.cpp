// SPDX-License-Identifier: MIT
#include "foundation/schema/internal/compiler.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"
#include "foundation/schema/internal/number.h"
#include "foundation/schema/internal/uri.h"

namespace pryx::schema::internal {
namespace {

constexpr std::int64_t kMaxProgramSize =
    300'000;  // RE2 instructions over all patterns: bounds memory and compile time
constexpr std::size_t kMaxPatterns = 1000;
constexpr std::size_t kMaxLocationBytes = 400;

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 7> kTypes = {{{"null", kNull},
                                                                              {"boolean", kBoolean},
                                                                              {"object", kObject},
                                                                              {"array", kArray},
                                                                              {"number", kNumber},
                                                                              {"string", kString},
                                                                              {"integer", kInteger}}};

}  // namespace

std::unexpected<Error> Compiler::refuse(const Site& site, std::string_view keyword,
                                        std::string_view why) const {
  const std::string_view where = utf8_prefix(site.location, 200);
  if (keyword.empty()) return fail(ErrorCode::kUnsupported, "schema {}: {}", where, why);
  return fail(ErrorCode::kUnsupported, "schema {}: keyword '{}' {}", where, utf8_prefix(keyword, 64), why);
}

Compiler::Site Compiler::below(const Site& site, std::string_view name, const json::value& value) {
  Site out{&value, site.resource, site.location};
  if (out.location.size() < kMaxLocationBytes) out.location += "/" + pointer_escaped(name);
  return out;
}

Result<std::shared_ptr<const Compiled>> Compiler::run(const json::value& schema) {
  PRYX_TRY_VOID(index_document(std::make_shared<const json::value>(schema), ""));
  const json::value* root = out_->documents.front().get();
  PRYX_TRY([[maybe_unused]] const NodeId first, node_for({root, resource_of_.at(root), "#"}));
  do {
    while (!work_.empty()) {
      const auto [id, site] = std::move(work_.front());
      work_.pop_front();
      PRYX_TRY_VOID(compile_site(id, site));
    }
    PRYX_TRY_VOID(link_dynamic_anchors());
  } while (!work_.empty());
  return std::shared_ptr<const Compiled>(out_);
}

// Whatever a `$dynamicRef` may find on its way out has to be compiled, whoever refers to it otherwise.
Result<> Compiler::link_dynamic_anchors() {
  for (std::size_t i = 0; i < resources_.size(); ++i) {
    for (const std::string& name : dynamic_names_) {
      const auto anchor = resources_[i].dynamic_anchors.find(name);
      if (anchor == resources_[i].dynamic_anchors.end() || out_->resources[i].dynamic_anchors.contains(name))
        continue;
      const auto resource = static_cast<ResourceId>(i);
      PRYX_TRY(const NodeId node,
               node_for({anchor->second, resource, fmt::format("{}#{}", out_->resources[i].uri, name)}));
      out_->resources[i].dynamic_anchors.emplace(name, node);
    }
  }
  return {};
}

Result<NodeId> Compiler::node_for(const Site& site) {
  const auto known = node_of_.find(site.value);
  if (known != node_of_.end()) return known->second;
  if (!site.value->is_object() && !site.value->is_bool())
    return refuse(site, "", "a schema must be an object or a boolean");
  const auto id = static_cast<NodeId>(out_->nodes.size());
  out_->nodes.emplace_back();
  node_of_.emplace(site.value, id);
  work_.emplace_back(id, site);
  return id;
}

Result<> Compiler::compile_site(NodeId id, const Site& where) {
  Site site = where;
  // A `$ref` may lead into an unknown keyword, which the index has not entered.
  if (!resource_of_.contains(site.value)) PRYX_TRY_VOID(index_schema(site, 0));
  site.resource = resource_of_.at(site.value);
  Node node;
  node.resource = site.resource;
  node.location = site.location;
  if (site.value->is_bool()) {
    node.constant_schema = site.value->get_bool() ? Node::Constant::kTrue : Node::Constant::kFalse;
    out_->nodes[id] = std::move(node);
    return {};
  }
  const json::object& schema = site.value->get_object();
  const ResourceInfo& resource = resources_[site.resource];
  const Dialect dialect = resource.dialect;
  const std::uint8_t vocabularies = resource.vocabularies;
  node.contains_evaluates = dialect == k2020_12;
  const bool only_ref = (dialect == kDraft6 || dialect == kDraft7) && schema.contains("$ref");
  for (const auto& member : schema) {
    const std::string_view name = member.key();
    if (only_ref && name != "$ref") continue;
    const Keyword* keyword = find_keyword(name);
    const bool known = keyword != nullptr && (keyword->drafts & dialect) != 0;
    if (!known) {
      const std::string_view why = why_refused(name, dialect);
      if (!why.empty()) return refuse(site, name, why);
      if (keyword == nullptr && options_.unknown_keywords == UnknownKeywords::kRefuse)
        return refuse(site, name, "is unknown");
      continue;
    }
    if ((keyword->vocabulary & vocabularies) == 0 || keyword->vocabulary == kAnnotation) continue;
    PRYX_TRY_VOID(compile_keyword(node, site, schema, name, member.value()));
  }
  out_->nodes[id] = std::move(node);
  return {};
}

Result<> Compiler::compile_keyword(Node& node, const Site& site, const json::object& schema,
                                   std::string_view name, const json::value& value) {
  if (name == "$ref" || name == "$dynamicRef") return compile_reference(node, site, name, value);
  if (find_keyword(name)->vocabulary == kValidation) return compile_assertion(node, site, name, value);
  if (find_keyword(name)->vocabulary == kCore) return {};  // the index has read it
  return compile_applicator(node, site, schema, name, value);
}

Result<> Compiler::compile_reference(Node& node, const Site& site, std::string_view name,
                                     const json::value& value) {
  if (!value.is_string()) return refuse(site, name, "must be a string");
  PRYX_TRY(const Target target, resolve(site, value.get_string()));
  PRYX_TRY(const NodeId id, node_for(target.site));
  if (name == "$ref") {
    node.reference = id;
    return {};
  }
  node.dynamic_reference = id;
  node.dynamic_anchor = target.dynamic_anchor;
  if (!node.dynamic_anchor.empty() &&
      std::find(dynamic_names_.begin(), dynamic_names_.end(), node.dynamic_anchor) == dynamic_names_.end()) {
    dynamic_names_.push_back(node.dynamic_anchor);
  }
  return {};
}

Result<> Compiler::compile_assertion(Node& node, const Site& site, std::string_view name,
                                     const json::value& value) {
  if (name == "type") return compile_types(node, site, value);
  if (name == "const") {
    node.constant = &value;
    return {};
  }
  if (name == "enum") {
    if (!value.is_array()) return refuse(site, name, "must be an array");
    node.enumeration = &value.get_array();
    return {};
  }
  if (name == "uniqueItems") {
    if (!value.is_bool()) return refuse(site, name, "must be true or false");
    node.unique_items = value.get_bool();
    return {};
  }
  if (name == "pattern") {
    if (!value.is_string()) return refuse(site, name, "must be a string");
    PRYX_TRY(node.pattern, pattern_for(site, name, value.get_string()));
    return {};
  }
  if (name == "required") {
    PRYX_TRY(node.required, names(site, name, value));
    return {};
  }
  if (name == "dependentRequired") {
    if (!value.is_object()) return refuse(site, name, "must be an object");
    for (const auto& member : value.get_object()) {
      PRYX_TRY(auto list, names(site, name, member.value()));
      node.dependent_required.emplace_back(std::string(member.key()), std::move(list));
    }
    return {};
  }
  return compile_limit(node, site, name, value);
}

Result<> Compiler::compile_limit(Node& node, const Site& site, std::string_view name,
                                 const json::value& value) {
  using NumberField = const json::value* Node::*;
  static constexpr std::array<std::pair<std::string_view, NumberField>, 5> kNumbers = {
      {{"minimum", &Node::minimum},
       {"maximum", &Node::maximum},
       {"exclusiveMinimum", &Node::exclusive_minimum},
       {"exclusiveMaximum", &Node::exclusive_maximum},
       {"multipleOf", &Node::multiple_of}}};
  for (const auto& [keyword, field] : kNumbers) {
    if (name != keyword) continue;
    if (!value.is_number()) return refuse(site, name, "must be a number");
    if (field == &Node::multiple_of && !(compare(value, json::value(0)) > 0))
      return refuse(site, name, "must be greater than 0");
    node.*field = &value;
    return {};
  }
  using CountField = std::optional<std::uint64_t> Node::*;
  static constexpr std::array<std::pair<std::string_view, CountField>, 8> kCounts = {
      {{"minLength", &Node::min_length},
       {"maxLength", &Node::max_length},
       {"minItems", &Node::min_items},
       {"maxItems", &Node::max_items},
       {"minProperties", &Node::min_properties},
       {"maxProperties", &Node::max_properties},
       {"minContains", &Node::min_contains},
       {"maxContains", &Node::max_contains}}};
  for (const auto& [keyword, field] : kCounts) {
    if (name != keyword) continue;
    PRYX_TRY(node.*field, count(site, name, value));
  }
  return {};
}

Result<> Compiler::compile_types(Node& node, const Site& site, const json::value& value) {
  const auto add = [&](const json::value& item) {
    for (const auto& [name, bit] : kTypes) {
      if (item.is_string() && item.get_string() == name) {
        node.types |= bit;
        return true;
      }
    }
    return false;
  };
  constexpr std::string_view kWrong =
      "must be one of null, boolean, object, array, number, string, integer, or a list of them";
  if (value.is_array()) {
    if (value.get_array().empty()) return refuse(site, "type", kWrong);
    for (const json::value& item : value.get_array()) {
      if (!add(item)) return refuse(site, "type", kWrong);
    }
    return {};
  }
  if (!add(value)) return refuse(site, "type", kWrong);
  return {};
}

Result<> Compiler::compile_applicator(Node& node, const Site& site, const json::object& schema,
                                      std::string_view name, const json::value& value) {
  using ChildField = NodeId Node::*;
  static constexpr std::array<std::pair<std::string_view, ChildField>, 9> kChildren = {
      {{"additionalProperties", &Node::additional_properties},
       {"contains", &Node::contains},
       {"else", &Node::else_branch},
       {"if", &Node::condition},
       {"not", &Node::negated},
       {"propertyNames", &Node::property_names},
       {"then", &Node::then_branch},
       {"unevaluatedItems", &Node::unevaluated_items},
       {"unevaluatedProperties", &Node::unevaluated_properties}}};
  for (const auto& [keyword, field] : kChildren) {
    if (name != keyword) continue;
    PRYX_TRY(node.*field, child(site, name, value));
    return {};
  }
  using ListField = std::vector<NodeId> Node::*;
  static constexpr std::array<std::pair<std::string_view, ListField>, 3> kLists = {
      {{"allOf", &Node::all_of}, {"anyOf", &Node::any_of}, {"oneOf", &Node::one_of}}};
  for (const auto& [keyword, field] : kLists) {
    if (name != keyword) continue;
    PRYX_TRY(node.*field, children(site, name, value));
    return {};
  }
  if (name == "items" || name == "prefixItems" || name == "additionalItems")
    return compile_items(node, site, schema);
  if (name == "dependencies") return compile_dependencies(node, site, value);
  if (!value.is_object()) return refuse(site, name, "must be an object");
  const Site here = below(site, name, value);
  for (const auto& member : value.get_object()) {
    PRYX_TRY(const NodeId id, child(here, member.key(), member.value()));
    if (name == "properties") {
      node.properties.emplace_back(std::string(member.key()), id);
    } else if (name == "patternProperties") {
      PRYX_TRY(const EcmaPattern* pattern, pattern_for(here, member.key(), member.key()));
      node.pattern_properties.emplace_back(pattern, id);
    } else {
      node.dependent_schemas.emplace_back(std::string(member.key()), id);
    }
  }
  std::sort(node.properties.begin(), node.properties.end());
  return {};
}

// `items`, `prefixItems` and `additionalItems` in their two generations. Called for each of them; nodes are
// made once.
Result<> Compiler::compile_items(Node& node, const Site& site, const json::object& schema) {
  const json::value* items = schema.if_contains("items");
  if (resources_[site.resource].dialect == k2020_12) {
    if (items != nullptr && items->is_array()) {
      return refuse(
          site, "items",
          "must be a schema in 2020-12; use prefixItems for a list of schemas, or name the draft in $schema");
    }
    if (items != nullptr) {
      PRYX_TRY(node.items, child(site, "items", *items));
    }
    if (const json::value* prefix = schema.if_contains("prefixItems")) {
      PRYX_TRY(node.prefix_items, children(site, "prefixItems", *prefix));
    }
    return {};
  }
  if (items == nullptr) return {};  // additionalItems means nothing without it
  if (!items->is_array()) {
    PRYX_TRY(node.items, child(site, "items", *items));
    return {};
  }
  if (!items->get_array().empty()) {
    PRYX_TRY(node.prefix_items, children(site, "items", *items));
  }
  if (const json::value* rest = schema.if_contains("additionalItems")) {
    PRYX_TRY(node.items, child(site, "additionalItems", *rest));
  }
  return {};
}

Result<> Compiler::compile_dependencies(Node& node, const Site& site, const json::value& value) {
  if (!value.is_object()) return refuse(site, "dependencies", "must be an object");
  const Site here = below(site, "dependencies", value);
  for (const auto& member : value.get_object()) {
    if (member.value().is_array()) {
      PRYX_TRY(auto list, names(site, "dependencies", member.value()));
      node.dependent_required.emplace_back(std::string(member.key()), std::move(list));
    } else {
      PRYX_TRY(const NodeId id, child(here, member.key(), member.value()));
      node.dependent_schemas.emplace_back(std::string(member.key()), id);
    }
  }
  return {};
}

Result<const EcmaPattern*> Compiler::pattern_for(const Site& site, std::string_view name,
                                                 std::string_view text) {
  const auto known = out_->patterns.find(text);
  if (known != out_->patterns.end()) return known->second.get();
  auto pattern = EcmaPattern::compile(text);
  if (!pattern) return refuse(site, name, pattern.error().message);
  program_size_ += pattern->program_size();
  if (program_size_ > kMaxProgramSize || out_->patterns.size() >= kMaxPatterns) {
    return refuse(site, name, "is one pattern too many: together they are too large");
  }
  auto owned = std::make_unique<EcmaPattern>(std::move(*pattern));
  const EcmaPattern* const out = owned.get();
  out_->patterns.emplace(std::string(text), std::move(owned));
  return out;
}

Result<NodeId> Compiler::child(const Site& site, std::string_view name, const json::value& value) {
  return node_for(below(site, name, value));
}

Result<std::vector<NodeId>> Compiler::children(const Site& site, std::string_view name,
                                               const json::value& value) {
  if (!value.is_array() || value.get_array().empty())
    return refuse(site, name, "must be a list of at least one schema");
  const Site here = below(site, name, value);
  std::vector<NodeId> out;
  for (const json::value& item : value.get_array()) {
    PRYX_TRY(const NodeId id, child(here, std::to_string(out.size()), item));
    out.push_back(id);
  }
  return out;
}

Result<std::vector<std::string>> Compiler::names(const Site& site, std::string_view name,
                                                 const json::value& value) {
  constexpr std::string_view kWrong = "must be a list of property names";
  if (!value.is_array()) return refuse(site, name, kWrong);
  std::vector<std::string> out;
  for (const json::value& item : value.get_array()) {
    if (!item.is_string()) return refuse(site, name, kWrong);
    out.emplace_back(item.get_string());
  }
  return out;
}

Result<std::uint64_t> Compiler::count(const Site& site, std::string_view name, const json::value& value) {
  if (!value.is_number() || !is_integer(value) || compare(value, json::value(0)) < 0) {
    return refuse(site, name, "must be a whole number of 0 or more");
  }
  boost::system::error_code error;
  const auto exact = value.to_number<std::uint64_t>(error);
  return error ? std::numeric_limits<std::uint64_t>::max() : exact;  // more than anything can have
}

}  // namespace pryx::schema::internal
