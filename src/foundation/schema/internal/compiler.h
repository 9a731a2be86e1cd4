// SPDX-License-Identifier: MIT
// From a schema document to nodes. First every document that is reached is indexed (resources by `$id`,
// anchors), then the schemas that are reachable from the root are compiled from a work list, so that neither
// deep nor circular references recurse.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "foundation/schema/internal/compiled.h"
#include "foundation/schema/internal/keywords.h"
#include "foundation/schema/schema.h"

namespace pryx::schema::internal {

class Compiler {
 public:
  explicit Compiler(const CompileOptions& options) : options_(options) {}
  [[nodiscard]] Result<std::shared_ptr<const Compiled>> run(const json::value& schema);

 private:
  struct ResourceInfo {
    const json::value* root = nullptr;
    std::string location;  // of root, for messages
    Dialect dialect = k2020_12;
    std::uint8_t vocabularies = kAllVocabularies;
    std::map<std::string, const json::value*, std::less<>> anchors;  // $anchor and $dynamicAnchor
    std::map<std::string, const json::value*, std::less<>> dynamic_anchors;
  };
  // A schema object on its way through the compiler.
  struct Site {
    const json::value* value = nullptr;
    ResourceId resource = 0;
    std::string location;
  };
  struct Target {
    Site site;
    std::string dynamic_anchor;  // when the fragment named one
  };

  // compiler_index.cpp
  Result<> index_document(std::shared_ptr<const json::value> document, std::string_view retrieval_uri);
  enum class Embedded : std::uint8_t { kNo, kYes };
  Result<ResourceId> open_resource(const json::object& schema, const Site& site, std::string_view uri,
                                   Embedded embedded);
  Result<> index_schema(const Site& site, int depth);
  Result<> index_children(const json::object& schema, const Site& site, int depth);
  Result<ResourceId> index_identity(const json::object& schema, const Site& site);
  Result<> index_anchors(const json::object& schema, const Site& site);
  Result<std::uint8_t> vocabularies_of(std::string_view meta_schema, const Site& site);
  Result<Target> resolve(const Site& from, std::string_view reference);
  Result<Site> walk_pointer(ResourceId resource, std::string_view fragment, const Site& from,
                            std::string_view reference);

  // compiler.cpp
  Result<NodeId> node_for(const Site& site);
  Result<> compile_site(NodeId id, const Site& site);
  Result<> compile_keyword(Node& node, const Site& site, const json::object& schema, std::string_view name,
                           const json::value& value);
  Result<> compile_assertion(Node& node, const Site& site, std::string_view name, const json::value& value);
  Result<> compile_limit(Node& node, const Site& site, std::string_view name, const json::value& value);
  Result<> compile_applicator(Node& node, const Site& site, const json::object& schema, std::string_view name,
                              const json::value& value);
  Result<> compile_items(Node& node, const Site& site, const json::object& schema);
  Result<> compile_dependencies(Node& node, const Site& site, const json::value& value);
  Result<> compile_reference(Node& node, const Site& site, std::string_view name, const json::value& value);
  Result<> compile_types(Node& node, const Site& site, const json::value& value);
  Result<> link_dynamic_anchors();
  Result<const EcmaPattern*> pattern_for(const Site& site, std::string_view name, std::string_view text);

  Result<NodeId> child(const Site& site, std::string_view name, const json::value& value);
  Result<std::vector<NodeId>> children(const Site& site, std::string_view name, const json::value& value);
  Result<std::vector<std::string>> names(const Site& site, std::string_view name, const json::value& value);
  Result<std::uint64_t> count(const Site& site, std::string_view name, const json::value& value);
  std::unexpected<Error> refuse(const Site& site, std::string_view keyword, std::string_view why) const;
  static Site below(const Site& site, std::string_view name, const json::value& value);

  const CompileOptions& options_;
  std::shared_ptr<Compiled> out_ = std::make_shared<Compiled>();
  std::vector<ResourceInfo> resources_;
  std::map<std::string, ResourceId, std::less<>> by_uri_;
  std::unordered_map<const json::value*, ResourceId> resource_of_;  // schemas that were indexed
  std::unordered_map<const json::value*, NodeId> node_of_;
  std::deque<std::pair<NodeId, Site>> work_;
  std::vector<std::string> dynamic_names_;
  std::int64_t program_size_ = 0;
  std::size_t schemas_indexed_ = 0;
};

}  // namespace pryx::schema::internal
