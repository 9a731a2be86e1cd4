// SPDX-License-Identifier: MIT
// Which documents there are, what they call themselves, and where references lead.
#include <algorithm>

#include "foundation/base/text.h"
#include "foundation/schema/internal/compiler.h"
#include "foundation/schema/internal/uri.h"

namespace pryx::schema::internal {
namespace {

constexpr int kMaxDepth = 256;               // of a schema document
constexpr std::size_t kMaxSchemas = 50'000;  // subschemas over all documents of one compilation
constexpr std::size_t kMaxDocuments = 64;

bool is_anchor(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

std::string_view text_or_empty(const json::object& schema, std::string_view key) {
  const json::value* v = schema.if_contains(key);
  return v != nullptr && v->is_string() ? std::string_view(v->get_string()) : std::string_view();
}

bool ref_hides_siblings(Dialect dialect) { return dialect == kDraft6 || dialect == kDraft7; }

}  // namespace

Result<> Compiler::index_document(std::shared_ptr<const json::value> document,
                                  std::string_view retrieval_uri) {
  if (out_->documents.size() >= kMaxDocuments) {
    return fail(ErrorCode::kTooLarge, "the schema reaches more than {} documents", kMaxDocuments);
  }
  const json::value* root = document.get();
  out_->documents.push_back(std::move(document));
  Site site{root, 0, retrieval_uri.empty() ? "#" : std::string(retrieval_uri) + "#"};
  if (root->is_bool()) {
    PRYX_TRY(site.resource, open_resource({}, site, retrieval_uri, Embedded::kNo));
    resource_of_[root] = site.resource;
    return {};
  }
  if (!root->is_object()) return refuse(site, "", "a schema must be an object or a boolean");
  PRYX_TRY(site.resource, open_resource(root->get_object(), site, retrieval_uri, Embedded::kNo));
  return index_schema(site, 0);
}

Result<ResourceId> Compiler::open_resource(const json::object& schema, const Site& site, std::string_view uri,
                                           Embedded embedded) {
  ResourceInfo info;
  info.root = site.value;
  info.location = site.location;
  if (embedded == Embedded::kYes) {  // without its own $schema it speaks as its document does
    info.dialect = resources_[site.resource].dialect;
    info.vocabularies = resources_[site.resource].vocabularies;
  }
  if (const json::value* meta = schema.if_contains("$schema")) {
    if (!meta->is_string()) return refuse(site, "$schema", "must be a string");
    if (const auto dialect = dialect_of(meta->get_string())) {
      info.dialect = *dialect;
      info.vocabularies = kAllVocabularies;
    } else {
      PRYX_TRY(info.vocabularies, vocabularies_of(meta->get_string(), site));
      info.dialect = k2020_12;
    }
  }
  const auto id = static_cast<ResourceId>(resources_.size());
  resources_.push_back(std::move(info));
  out_->resources.push_back({std::string(uri), {}});
  if (!by_uri_.emplace(std::string(uri), id).second)
    return refuse(site, "$id", fmt::format("'{}' is the name of two schemas", uri));
  return id;
}

Result<std::uint8_t> Compiler::vocabularies_of(std::string_view meta_schema, const Site& site) {
  const auto unknown = [&] {
    return refuse(site, "$schema", fmt::format("'{}' is not supported", utf8_prefix(meta_schema, 120)));
  };
  if (options_.registry == nullptr) return unknown();
  const std::string uri(split_fragment(meta_schema).document);
  const auto document = options_.registry->find(uri);
  if (document == nullptr || !document->is_object()) return unknown();
  const json::object& meta = document->get_object();
  // A meta-schema that names no vocabularies means those of the dialect that it is itself written in.
  const json::value* list = meta.if_contains("$vocabulary");
  if (list == nullptr || !list->is_object()) {
    if (dialect_of(text_or_empty(meta, "$schema")) != k2020_12) return unknown();
    return kAllVocabularies;
  }
  std::uint8_t out = 0;
  for (const auto& member : list->get_object()) {
    const auto vocabulary = vocabulary_of(member.key());
    const bool required = !member.value().is_bool() || member.value().get_bool();
    if (vocabulary)
      out |= *vocabulary;
    else if (required) {
      return refuse(site, "$schema",
                    fmt::format("'{}' requires the vocabulary '{}', which is not supported",
                                utf8_prefix(meta_schema, 120), utf8_prefix(member.key(), 120)));
    }
  }
  return static_cast<std::uint8_t>(out | kCore);
}

Result<> Compiler::index_schema(const Site& parent_site, int depth) {
  if (depth > kMaxDepth)
    return refuse(parent_site, "", fmt::format("nested deeper than {} levels", kMaxDepth));
  if (++schemas_indexed_ > kMaxSchemas)
    return refuse(parent_site, "", fmt::format("more than {} subschemas", kMaxSchemas));
  Site site = parent_site;
  if (site.value->is_object()) {
    PRYX_TRY(site.resource, index_identity(site.value->get_object(), parent_site));
    PRYX_TRY_VOID(index_anchors(site.value->get_object(), site));
  }
  resource_of_[site.value] = site.resource;
  if (!site.value->is_object())
    return {};  // a boolean, or something that compile_site() refuses when it is reached
  return index_children(site.value->get_object(), site, depth);
}

// The resource that this schema belongs to: a new one when it has an `$id`.
Result<ResourceId> Compiler::index_identity(const json::object& schema, const Site& site) {
  const json::value* id = schema.if_contains("$id");
  const Dialect dialect = resources_[site.resource].dialect;
  if (id == nullptr || (ref_hides_siblings(dialect) && schema.contains("$ref"))) return site.resource;
  if (!id->is_string()) return refuse(site, "$id", "must be a string");
  const std::string uri = resolve_uri(out_->resources[site.resource].uri, std::string_view(id->get_string()));
  const SplitUri split = split_fragment(uri);
  if (!split.fragment.empty()) {
    // Drafts 6 and 7 spell anchors as an $id that is only a fragment.
    if (ref_hides_siblings(dialect)) {
      resources_[site.resource].anchors.emplace(std::string(split.fragment), site.value);
      return site.resource;
    }
    return refuse(site, "$id", "must have no fragment; use $anchor");
  }
  if (site.value != resources_[site.resource].root)
    return open_resource(schema, site, split.document, Embedded::kYes);
  // The root of a document: known under the URI it came from and under the one it gives itself.
  out_->resources[site.resource].uri = split.document;
  by_uri_.emplace(std::string(split.document), site.resource);
  return site.resource;
}

Result<> Compiler::index_anchors(const json::object& schema, const Site& site) {
  ResourceInfo& resource = resources_[site.resource];
  for (const std::string_view key : {"$anchor", "$dynamicAnchor"}) {
    const json::value* anchor = schema.if_contains(key);
    if (anchor == nullptr || (find_keyword(key)->drafts & resource.dialect) == 0) continue;
    if (!anchor->is_string() || !is_anchor(anchor->get_string()))
      return refuse(site, key, "must be a plain name");
    const std::string name(anchor->get_string());
    const bool inserted = resource.anchors.emplace(name, site.value).second;
    if (!inserted && resource.anchors[name] != site.value)
      return refuse(site, key, fmt::format("'{}' is there twice", name));
    if (key == "$dynamicAnchor") resource.dynamic_anchors.emplace(name, site.value);
  }
  return {};
}

Result<> Compiler::index_children(const json::object& schema, const Site& site, int depth) {
  const Dialect dialect = resources_[site.resource].dialect;
  for (const auto& member : schema) {
    const Keyword* keyword = find_keyword(member.key());
    if (keyword == nullptr || (keyword->drafts & dialect) == 0) continue;
    const json::value& value = member.value();
    const Site here = below(site, member.key(), value);
    const bool one = keyword->holds == Holds::kSchema || keyword->holds == Holds::kSchemaOrSchemas;
    const bool list = keyword->holds == Holds::kSchemas || keyword->holds == Holds::kSchemaOrSchemas;
    const bool map = keyword->holds == Holds::kSchemaMap || keyword->holds == Holds::kSchemaOrStrings;
    if (one && (value.is_object() || value.is_bool())) PRYX_TRY_VOID(index_schema(here, depth + 1));
    if (list && value.is_array()) {
      std::size_t i = 0;
      for (const json::value& item : value.get_array()) {
        if (item.is_object() || item.is_bool())
          PRYX_TRY_VOID(index_schema(below(here, std::to_string(i), item), depth + 1));
        ++i;
      }
    }
    if (map && value.is_object()) {
      for (const auto& entry : value.get_object()) {
        const json::value& item = entry.value();
        if (item.is_object() || item.is_bool())
          PRYX_TRY_VOID(index_schema(below(here, entry.key(), item), depth + 1));
      }
    }
  }
  return {};
}

Result<Compiler::Target> Compiler::resolve(const Site& from, std::string_view reference) {
  const std::string uri = resolve_uri(out_->resources[from.resource].uri, reference);
  const SplitUri split = split_fragment(uri);
  auto place = by_uri_.find(split.document);
  if (place == by_uri_.end()) {
    std::shared_ptr<const json::value> document;
    if (options_.registry != nullptr) document = options_.registry->find(split.document);
    if (document == nullptr && split.document == kMetaSchemaUri) {
      PRYX_TRY(json::value meta, json::parse(meta_schema_text()));
      document = std::make_shared<const json::value>(std::move(meta));
    }
    if (document == nullptr) {
      return refuse(from, "$ref",
                    fmt::format("'{}' is not in this document; other documents are never fetched",
                                utf8_prefix(uri, 200)));
    }
    PRYX_TRY_VOID(index_document(std::move(document), split.document));
    place = by_uri_.find(split.document);
  }
  const ResourceId resource = place->second;
  if (split.fragment.empty() || split.fragment.front() == '/') {
    PRYX_TRY(Site site, walk_pointer(resource, split.fragment, from, reference));
    return Target{std::move(site), {}};
  }
  const auto name = percent_decoded(split.fragment);
  const auto& anchors = resources_[resource].anchors;
  const auto anchor = name ? anchors.find(*name) : anchors.end();
  if (anchor == anchors.end())
    return refuse(from, "$ref", fmt::format("'{}' names no anchor", utf8_prefix(reference, 200)));
  const bool dynamic = resources_[resource].dynamic_anchors.contains(*name);
  return Target{{anchor->second, resource, fmt::format("{}#{}", out_->resources[resource].uri, *name)},
                dynamic ? *name : std::string()};
}

Result<Compiler::Site> Compiler::walk_pointer(ResourceId resource, std::string_view fragment,
                                              const Site& from, std::string_view reference) {
  const auto nowhere = [&] {
    return refuse(from, "$ref", fmt::format("'{}' leads nowhere", utf8_prefix(reference, 200)));
  };
  const auto decoded = percent_decoded(fragment);
  const auto tokens = decoded ? pointer_tokens(*decoded) : std::nullopt;
  if (!tokens) return nowhere();
  Site site{resources_[resource].root, resource, resources_[resource].location};
  for (const std::string& token : *tokens) {
    const json::value* next = nullptr;
    if (site.value->is_object()) {
      next = site.value->get_object().if_contains(token);
    } else if (site.value->is_array() && !token.empty() && token.size() < 7 &&
               std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      next = site.value->get_array().if_contains(static_cast<std::size_t>(std::stoul(token)));
    }
    if (next == nullptr) return nowhere();
    site = below(site, token, *next);
    const auto known = resource_of_.find(next);
    if (known != resource_of_.end()) site.resource = known->second;
  }
  return site;
}

}  // namespace pryx::schema::internal
