// SPDX-License-Identifier: MIT
#include "foundation/schema/internal/validator.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "foundation/schema/internal/uri.h"

namespace pryx::schema::internal {
namespace {

constexpr std::size_t kBranchViolations =
    3;                                    // of the closest branch of anyOf or oneOf: enough to mend a call
constexpr std::size_t kNamesShown = 300;  // bytes

std::string known_names(const Node& node) {
  std::string out;
  for (const auto& [name, id] : node.properties) {
    if (out.size() > kNamesShown) return out + ", …";
    out += (out.empty() ? "" : ", ") + std::string(utf8_prefix(name, 64));
  }
  return out;
}

}  // namespace

void Validator::Evaluated::mark(std::size_t position) {
  if (position >= at.size()) at.resize(position + 1);
  at[position] = true;
}

void Validator::Evaluated::join(const Evaluated& other) {
  all = all || other.all;
  if (other.at.size() > at.size()) at.resize(other.at.size());
  for (std::size_t i = 0; i < other.at.size(); ++i) {
    if (other.at[i]) at[i] = true;
  }
}

std::vector<Violation> Validator::run(const json::value& instance) {
  std::vector<Violation> violations;
  out_ = &violations;
  limit_ = std::max<std::size_t>(limits_.max_violations, 1);
  const Place top;
  const Scope scope{nullptr, schema_.nodes.front().resource};
  const bool valid = evaluate(0, instance, top, scope, nullptr, 0);
  if (exhausted_) {
    violations.insert(violations.begin(),
                      {"", "$budget", "", "is too large or too deeply nested to be checked"});
  } else if (!valid && violations.empty()) {
    violations.push_back({"", "$schema", schema_.nodes.front().location, "does not fit the schema"});
  }
  return violations;
}

bool Validator::spend(std::uint64_t steps) {
  if (exhausted_ || steps_ < steps) {
    exhausted_ = true;
    return false;
  }
  steps_ -= steps;
  return true;
}

std::string Validator::pointer(const Place& place) {
  std::vector<const Place*> chain;
  for (const Place* at = &place; at->parent != nullptr; at = at->parent) chain.push_back(at);
  std::string out;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    out += '/';
    out += (*at)->is_index ? std::to_string((*at)->index) : pointer_escaped(utf8_prefix((*at)->name, 128));
  }
  return out;
}

// Returns false, so that a check can end with `return report(…)`.
bool Validator::report(const Frame& frame, std::string_view keyword, std::string message) {
  if (reporting())
    out_->push_back({pointer(frame.place), std::string(keyword), frame.node.location, std::move(message)});
  return false;
}

bool Validator::evaluate(NodeId id, const json::value& value, const Place& place, const Scope& scope,
                         Evaluated* evaluated, int depth) {
  if (depth > limits_.depth) exhausted_ = true;
  if (!spend(1)) return false;
  const Node& node = schema_.nodes[id];
  if (node.constant_schema == Node::Constant::kTrue) return true;
  const Scope inner{&scope, node.resource};
  const bool unevaluated = node.unevaluated_properties != kNoNode || node.unevaluated_items != kNoNode;
  Evaluated own;
  const Frame frame{node,
                    value,
                    place,
                    node.resource == scope.resource ? scope : inner,
                    evaluated != nullptr || unevaluated ? &own : nullptr,
                    depth};
  if (node.constant_schema == Node::Constant::kFalse) return report(frame, "false", "is not allowed here");
  if (!check_keywords(frame)) return false;
  if (evaluated != nullptr) evaluated->join(own);
  return true;
}

// Every check runs even when an earlier one has failed: a caller that can mend three things at once should
// hear of three.
bool Validator::check_keywords(const Frame& frame) {
  if (!check_types(frame)) return false;  // nothing else is worth saying about a value of the wrong type
  bool ok = check_equality(frame);
  ok = check_references(frame) && ok;
  if (frame.value.is_number()) ok = check_number(frame) && ok;
  if (frame.value.is_string()) ok = check_string(frame) && ok;
  ok = check_branches(frame) && ok;
  if (const json::object* object = frame.value.if_object()) ok = check_object(frame, *object) && ok;
  if (const json::array* array = frame.value.if_array()) ok = check_array(frame, *array) && ok;
  return ok && !exhausted_;
}

bool Validator::same_place(const Frame& frame, NodeId id) {
  return evaluate(id, frame.value, frame.place, frame.scope, frame.evaluated, frame.depth + 1);
}

bool Validator::check_references(const Frame& frame) {
  const Node& node = frame.node;
  bool ok = node.reference == kNoNode || same_place(frame, node.reference);
  if (node.dynamic_reference == kNoNode) return ok;
  NodeId target = node.dynamic_reference;
  if (!node.dynamic_anchor.empty()) {
    for (const Scope* scope = &frame.scope; scope != nullptr; scope = scope->parent) {
      if (!spend(1)) return false;
      const auto& anchors = schema_.resources[scope->resource].dynamic_anchors;
      const auto anchor = anchors.find(node.dynamic_anchor);
      if (anchor != anchors.end()) target = anchor->second;  // the outermost wins
    }
  }
  return same_place(frame, target) && ok;
}

bool Validator::try_branch(const Frame& frame, NodeId id, Evaluated* evaluated,
                           std::vector<Violation>* kept) {
  std::vector<Violation>* const out = out_;
  const std::size_t limit = limit_;
  out_ = reporting() ? kept : nullptr;
  limit_ = kBranchViolations;
  const bool ok = evaluate(id, frame.value, frame.place, frame.scope, evaluated, frame.depth + 1);
  out_ = out;
  limit_ = limit;
  return ok;
}

// Of several failed branches, the one that got furthest into the instance is most likely the one that was
// meant.
void Validator::keep_closest(std::vector<std::vector<Violation>>& branches) {
  const auto deepest = [](const std::vector<Violation>& violations) {
    std::ptrdiff_t depth = -1;
    for (const Violation& v : violations)
      depth = std::max(depth, std::count(v.instance.begin(), v.instance.end(), '/'));
    return depth;
  };
  const std::vector<Violation>* best = nullptr;
  for (const auto& branch : branches) {
    if (best == nullptr || deepest(branch) > deepest(*best) ||
        (deepest(branch) == deepest(*best) && branch.size() < best->size())) {
      best = &branch;
    }
  }
  if (best == nullptr) return;
  for (const Violation& violation : *best) {
    if (reporting()) out_->push_back(violation);
  }
}

bool Validator::check_any_of(const Frame& frame) {
  bool any = false;
  std::vector<std::vector<Violation>> failed;
  for (const NodeId id : frame.node.any_of) {
    Evaluated evaluated;
    std::vector<Violation> violations;
    if (!try_branch(frame, id, frame.evaluated != nullptr ? &evaluated : nullptr, &violations)) {
      if (reporting()) failed.push_back(std::move(violations));
      continue;
    }
    any = true;
    if (frame.evaluated == nullptr) break;
    frame.evaluated->join(evaluated);
  }
  if (any) return true;
  report(frame, "anyOf", fmt::format("fits none of the {} alternatives", frame.node.any_of.size()));
  keep_closest(failed);
  return false;
}

bool Validator::check_one_of(const Frame& frame) {
  std::size_t fits = 0;
  Evaluated evaluated_by_fit;
  std::vector<std::vector<Violation>> failed;
  for (const NodeId id : frame.node.one_of) {
    Evaluated evaluated;
    std::vector<Violation> violations;
    if (try_branch(frame, id, frame.evaluated != nullptr ? &evaluated : nullptr, &violations)) {
      if (++fits > 1) break;
      evaluated_by_fit = std::move(evaluated);
    } else if (reporting()) {
      failed.push_back(std::move(violations));
    }
  }
  if (fits == 1) {
    if (frame.evaluated != nullptr) frame.evaluated->join(evaluated_by_fit);
    return true;
  }
  if (fits > 1)
    return report(frame, "oneOf", "fits more than one of the alternatives; it must fit exactly one");
  report(frame, "oneOf", fmt::format("fits none of the {} alternatives", frame.node.one_of.size()));
  keep_closest(failed);
  return false;
}

bool Validator::check_condition(const Frame& frame) {
  const Node& node = frame.node;
  Evaluated evaluated;
  const bool holds =
      try_branch(frame, node.condition, frame.evaluated != nullptr ? &evaluated : nullptr, nullptr);
  if (exhausted_) return false;
  if (holds && frame.evaluated != nullptr) frame.evaluated->join(evaluated);
  const NodeId branch = holds ? node.then_branch : node.else_branch;
  return branch == kNoNode || same_place(frame, branch);
}

bool Validator::check_branches(const Frame& frame) {
  const Node& node = frame.node;
  bool ok = true;
  for (const NodeId id : node.all_of) ok = same_place(frame, id) && ok;
  if (!node.any_of.empty()) ok = check_any_of(frame) && ok;
  if (!node.one_of.empty()) ok = check_one_of(frame) && ok;
  if (node.negated != kNoNode && try_branch(frame, node.negated, nullptr, nullptr)) {
    ok = report(frame, "not", "fits a schema that it must not fit");
  }
  if (node.condition != kNoNode) ok = check_condition(frame) && ok;
  return ok;
}

// A member or item met a schema. `false` deserves a better message than the generic one.
bool Validator::not_allowed(const Frame& frame, std::string_view keyword, NodeId id, std::string_view what) {
  if (schema_.nodes[id].constant_schema != Node::Constant::kFalse) return false;
  if (!reporting()) return true;
  const std::string known = known_names(frame.node);
  std::string message = fmt::format("{} is not allowed", what);
  if (!known.empty() && frame.value.is_object()) message += fmt::format("; known: {}", known);
  report(frame, keyword, std::move(message));
  return true;
}

bool Validator::check_object(const Frame& frame, const json::object& object) {
  const Node& node = frame.node;
  bool ok = check_object_size(frame, object);
  ok = check_members(frame, object) && ok;
  for (const auto& [name, id] : node.dependent_schemas) {
    if (object.contains(name)) ok = same_place(frame, id) && ok;
  }
  if (node.unevaluated_properties != kNoNode) ok = check_unevaluated_members(frame, object) && ok;
  return ok;
}

bool Validator::check_members(const Frame& frame, const json::object& object) {
  const Node& node = frame.node;
  if (node.properties.empty() && node.pattern_properties.empty() && node.additional_properties == kNoNode &&
      node.property_names == kNoNode) {
    return true;
  }
  bool ok = true;
  std::size_t position = 0;
  for (const auto& member : object) {
    if (!spend(1)) return false;
    const std::string_view name = member.key();
    const Place place{&frame.place, name, 0, false};
    bool met = false;
    const auto check = [&](NodeId id) {
      met = true;
      ok = evaluate(id, member.value(), place, frame.scope, nullptr, frame.depth + 1) && ok;
    };
    const auto known =
        std::lower_bound(node.properties.begin(), node.properties.end(), name,
                         [](const auto& property, std::string_view n) { return property.first < n; });
    if (known != node.properties.end() && known->first == name) check(known->second);
    for (const auto& [pattern, id] : node.pattern_properties) {
      if (matches(*pattern, name)) check(id);
    }
    if (!met && node.additional_properties != kNoNode) {
      const std::string what =
          reporting() ? fmt::format("the property '{}'", utf8_prefix(name, 64)) : std::string();
      if (not_allowed(frame, "additionalProperties", node.additional_properties, what))
        ok = false, met = true;
      else
        check(node.additional_properties);
    }
    if (met && frame.evaluated != nullptr) frame.evaluated->mark(position);
    if (node.property_names != kNoNode) {
      const json::value name_value(name);
      ok = evaluate(node.property_names, name_value, place, frame.scope, nullptr, frame.depth + 1) && ok;
    }
    ++position;
  }
  return ok && !exhausted_;
}

bool Validator::check_unevaluated_members(const Frame& frame, const json::object& object) {
  bool ok = true;
  std::size_t position = 0;
  for (const auto& member : object) {
    if (!spend(1)) return false;
    if (!frame.evaluated->has(position)) {
      const Place place{&frame.place, member.key(), 0, false};
      const std::string what =
          reporting() ? fmt::format("the property '{}'", utf8_prefix(member.key(), 64)) : std::string();
      if (not_allowed(frame, "unevaluatedProperties", frame.node.unevaluated_properties, what))
        ok = false;
      else
        ok = evaluate(frame.node.unevaluated_properties, member.value(), place, frame.scope, nullptr,
                      frame.depth + 1) &&
             ok;
    }
    ++position;
  }
  frame.evaluated->all = true;
  return ok;
}

bool Validator::check_array(const Frame& frame, const json::array& array) {
  const Node& node = frame.node;
  bool ok = check_array_size(frame, array);
  if (node.unique_items) ok = check_unique(frame, array) && ok;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const NodeId id = i < node.prefix_items.size() ? node.prefix_items[i] : node.items;
    if (id == kNoNode) break;
    const Place place{&frame.place, {}, i, true};
    if (not_allowed(frame, "items", id, "an item at this position")) {
      ok = false;
      break;
    }
    ok = evaluate(id, array[i], place, frame.scope, nullptr, frame.depth + 1) && ok;
    if (exhausted_) return false;
    if (frame.evaluated != nullptr) frame.evaluated->mark(i);
  }
  if (node.contains != kNoNode) ok = check_contains(frame, array) && ok;
  if (node.unevaluated_items != kNoNode) ok = check_unevaluated_items(frame, array) && ok;
  return ok;
}

bool Validator::check_contains(const Frame& frame, const json::array& array) {
  const Node& node = frame.node;
  std::uint64_t hits = 0;
  std::vector<Violation>* const out = out_;
  out_ = nullptr;
  for (std::size_t i = 0; i < array.size() && !exhausted_; ++i) {
    const Place place{&frame.place, {}, i, true};
    if (!evaluate(node.contains, array[i], place, frame.scope, nullptr, frame.depth + 1)) continue;
    ++hits;
    if (frame.evaluated != nullptr && node.contains_evaluates) frame.evaluated->mark(i);
  }
  out_ = out;
  if (exhausted_) return false;
  const std::uint64_t least = node.min_contains.value_or(1);
  if (hits < least) {
    return report(frame, node.min_contains ? "minContains" : "contains",
                  fmt::format("must contain at least {} items of the wanted kind, has {}", least, hits));
  }
  if (node.max_contains && hits > *node.max_contains) {
    return report(
        frame, "maxContains",
        fmt::format("must contain at most {} items of that kind, has {}", *node.max_contains, hits));
  }
  return true;
}

bool Validator::check_unevaluated_items(const Frame& frame, const json::array& array) {
  bool ok = true;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (!spend(1)) return false;
    if (frame.evaluated->has(i)) continue;
    const Place place{&frame.place, {}, i, true};
    const std::string what = reporting() ? fmt::format("the item {}", i) : std::string();
    if (not_allowed(frame, "unevaluatedItems", frame.node.unevaluated_items, what))
      ok = false;
    else
      ok = evaluate(frame.node.unevaluated_items, array[i], place, frame.scope, nullptr, frame.depth + 1) &&
           ok;
  }
  frame.evaluated->all = true;
  return ok;
}

}  // namespace pryx::schema::internal
