// SPDX-License-Identifier: MIT
#include "engine/tools/registry.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::tools {
namespace {

constexpr std::size_t kMaxNameBytes = 128;

// Names are matched by policy globs, sent to providers and shown to people: printable, and without a
// character that any of them reads as its own.
bool is_tool_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

}  // namespace

struct Registry::Entry {
  std::unique_ptr<Tool> tool;
  schema::Schema arguments;
  std::string digest;
};

namespace {
std::string digest_of(const ToolDescription& d) {
  return crypto::hash_json("tool/1", json::object{{"name", d.name},
                                                  {"effect", to_text(d.effect)},
                                                  {"read_only", d.read_only},
                                                  {"parameters", d.parameters}});
}
}  // namespace

Registry::Registry() = default;
Registry::~Registry() = default;

Result<void> Registry::add(std::unique_ptr<Tool> tool) {
  PRYX_CHECK(tool != nullptr);
  const std::string name = tool->description().name;
  if (!is_tool_name(name)) {
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is no name for a tool: use up to {} letters, digits, '.', '_' and '-'",
                to_valid_utf8(utf8_prefix(name, 64)), kMaxNameBytes);
  }
  if (entries_.contains(name)) return fail(ErrorCode::kConflict, "there is a tool named '{}' already", name);
  auto compiled = schema::Schema::compile(json::value(tool->description().parameters));
  if (!compiled) {
    return fail(compiled.error().code, "tool '{}': the schema of its arguments cannot be used: {}", name,
                compiled.error().message);
  }
  std::string digest = digest_of(tool->description());
  entries_.emplace(name,
                   std::make_unique<Entry>(Entry{std::move(tool), std::move(*compiled), std::move(digest)}));
  return {};
}

Tool* Registry::find(std::string_view name) const {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : entry->second->tool.get();
}

std::vector<std::string> Registry::check_arguments(std::string_view name,
                                                   const json::object& arguments) const {
  const auto entry = entries_.find(name);
  PRYX_CHECK(entry != entries_.end());
  std::vector<std::string> problems;
  for (const schema::Violation& violation : entry->second->arguments.validate(json::value(arguments))) {
    problems.push_back(violation.to_text());
  }
  return problems;
}

const std::string& Registry::digest(std::string_view name) const {
  const auto entry = entries_.find(name);
  PRYX_CHECK(entry != entries_.end());
  return entry->second->digest;
}

std::vector<const ToolDescription*> Registry::list() const {
  std::vector<const ToolDescription*> out;
  for (const auto& [name, entry] : entries_) out.push_back(&entry->tool->description());
  return out;
}

}  // namespace pryx::tools
