// SPDX-License-Identifier: MIT
// One validation of one instance: walks the nodes, counts its steps, and gives up (as a violation) when they
// run out.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "foundation/schema/internal/compiled.h"
#include "foundation/schema/schema.h"

namespace pryx::schema::internal {

class Validator {
 public:
  Validator(const Compiled& schema, const ValidateLimits& limits)
      : schema_(schema), limits_(limits), steps_(limits.steps) {}
  [[nodiscard]] std::vector<Violation> run(const json::value& instance);

 private:
  // Where we are in the instance: a chain of stack frames, written out only when something is wrong.
  struct Place {
    const Place* parent = nullptr;
    std::string_view name;
    std::size_t index = 0;
    bool is_index = false;
  };
  // The schema resources that were entered on the way, innermost first: what $dynamicRef looks through.
  struct Scope {
    const Scope* parent = nullptr;
    ResourceId resource = 0;
  };
  // Which members or items of the instance some subschema has evaluated, for unevaluatedProperties and
  // unevaluatedItems.
  struct Evaluated {
    bool all = false;
    std::vector<bool> at;  // by position; shorter means false
    void mark(std::size_t position);
    void join(const Evaluated& other);
    [[nodiscard]] bool has(std::size_t position) const {
      return all || (position < at.size() && at[position]);
    }
  };
  // Everything that one evaluation of a node hands to its parts.
  struct Frame {
    const Node& node;
    const json::value& value;
    const Place& place;
    const Scope& scope;
    Evaluated* evaluated;  // null when nobody asks
    int depth;
  };

  bool evaluate(NodeId id, const json::value& value, const Place& place, const Scope& scope,
                Evaluated* evaluated, int depth);
  bool same_place(const Frame& frame, NodeId id);
  bool check_keywords(const Frame& frame);

  // validator_values.cpp
  bool check_types(const Frame& frame);
  bool check_equality(const Frame& frame);
  bool check_number(const Frame& frame);
  bool check_string(const Frame& frame);
  bool check_object_size(const Frame& frame, const json::object& object);
  bool check_array_size(const Frame& frame, const json::array& array);
  bool check_unique(const Frame& frame, const json::array& array);

  bool check_references(const Frame& frame);
  bool check_branches(const Frame& frame);
  bool check_any_of(const Frame& frame);
  bool check_one_of(const Frame& frame);
  bool check_condition(const Frame& frame);
  bool check_object(const Frame& frame, const json::object& object);
  bool check_members(const Frame& frame, const json::object& object);
  bool check_unevaluated_members(const Frame& frame, const json::object& object);
  bool check_array(const Frame& frame, const json::array& array);
  bool check_contains(const Frame& frame, const json::array& array);
  bool check_unevaluated_items(const Frame& frame, const json::array& array);
  // Runs a branch whose violations are not (yet) ours; `kept` gets them when it is given.
  bool try_branch(const Frame& frame, NodeId id, Evaluated* evaluated, std::vector<Violation>* kept);
  void keep_closest(std::vector<std::vector<Violation>>& branches);

  bool matches(const EcmaPattern& pattern, std::string_view text);
  bool spend(std::uint64_t steps);
  [[nodiscard]] bool reporting() const { return out_ != nullptr && out_->size() < limit_; }
  bool report(const Frame& frame, std::string_view keyword, std::string message);
  bool not_allowed(const Frame& frame, std::string_view keyword, NodeId id, std::string_view what);
  [[nodiscard]] static std::string pointer(const Place& place);

  const Compiled& schema_;
  const ValidateLimits& limits_;
  std::uint64_t steps_;
  bool exhausted_ = false;
  std::vector<Violation>* out_ = nullptr;
  std::size_t limit_ = 0;
};

}  // namespace pryx::schema::internal
