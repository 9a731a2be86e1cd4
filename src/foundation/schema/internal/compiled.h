// SPDX-License-Identifier: MIT
// A compiled schema: nodes that refer to each other by number, so that recursive schemas need no ownership
// cycles. Written by the compiler, read by the validator, immutable in between.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/schema/ecma_pattern.h"

namespace pryx::schema::internal {

using NodeId = std::uint32_t;
using ResourceId = std::uint32_t;
inline constexpr NodeId kNoNode = std::numeric_limits<NodeId>::max();

enum TypeBit : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kObject = 4,
  kArray = 8,
  kNumber = 16,
  kString = 32,
  kInteger = 64
};

struct Node {
  enum class Constant : std::uint8_t { kNone, kTrue, kFalse };  // a boolean schema
  Constant constant_schema = Constant::kNone;
  ResourceId resource = 0;
  std::string location;  // for messages: "#/properties/a", with the document's URI in front when it has one

  std::uint8_t types = 0;  // TypeBits; 0: any
  const json::array* enumeration = nullptr;
  const json::value* constant = nullptr;
  const json::value *minimum = nullptr, *maximum = nullptr, *exclusive_minimum = nullptr,
                    *exclusive_maximum = nullptr, *multiple_of = nullptr;
  std::optional<std::uint64_t> min_length, max_length, min_items, max_items, min_properties, max_properties,
      min_contains, max_contains;
  const EcmaPattern* pattern = nullptr;
  bool unique_items = false;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;

  std::vector<std::pair<std::string, NodeId>> properties;  // sorted
  std::vector<std::pair<const EcmaPattern*, NodeId>> pattern_properties;
  std::vector<std::pair<std::string, NodeId>> dependent_schemas;
  NodeId additional_properties = kNoNode, property_names = kNoNode, unevaluated_properties = kNoNode;

  std::vector<NodeId> prefix_items;
  NodeId items = kNoNode, contains = kNoNode, unevaluated_items = kNoNode;
  bool contains_evaluates = true;  // from 2020-12 on, items that `contains` matched count as evaluated

  std::vector<NodeId> all_of, any_of, one_of;
  NodeId negated = kNoNode, condition = kNoNode, then_branch = kNoNode, else_branch = kNoNode;
  NodeId reference = kNoNode, dynamic_reference = kNoNode;
  std::string dynamic_anchor;  // of dynamic_reference, when it was resolved to a $dynamicAnchor; else it is a
                               // plain reference
};

struct Resource {
  std::string uri;
  std::map<std::string, NodeId, std::less<>> dynamic_anchors;  // the ones that some $dynamicRef may ask for
};

struct Compiled {
  std::vector<std::shared_ptr<const json::value>> documents;  // nodes point into them
  std::vector<Node> nodes;                                    // [0] is the root
  std::vector<Resource> resources;
  std::map<std::string, std::unique_ptr<EcmaPattern>, std::less<>> patterns;
};

}  // namespace pryx::schema::internal
