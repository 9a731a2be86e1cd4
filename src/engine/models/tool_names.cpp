// SPDX-License-Identifier: MIT
#include "engine/models/tool_names.h"

#include <algorithm>
#include <set>

namespace pryx::models {
namespace {

constexpr std::size_t kMaxWireName = 64;

bool is_wire_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_wire_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxWireName && std::ranges::all_of(name, is_wire_character);
}

// FNV-1a: it only tells names apart, nothing depends on it being hard to invert.
std::string short_hash(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return fmt::format("{:08x}", hash);
}

std::string plain_form(std::string_view name) {
  std::string out(name.substr(0, kMaxWireName));
  std::ranges::replace_if(out, [](char c) { return !is_wire_character(c); }, '_');
  return out.empty() ? "_" : out;
}

}  // namespace

ToolNames::ToolNames(const ModelRequest& request) {
  std::set<std::string> names;
  for (const ToolSpec& tool : request.tools) names.insert(tool.name);
  for (const ChatMessage& message : request.messages) {
    for (const ToolCall& call : message.tool_calls) names.insert(call.name);
  }
  // Names that are fine as they are keep their form; the others must go around them.
  for (const std::string& name : names) {
    if (is_wire_name(name)) add(name);
  }
  for (const std::string& name : names) {
    if (!is_wire_name(name)) add(name);
  }
}

void ToolNames::add(const std::string& name) {
  const auto with_hash = [&](std::string_view salt) {
    return plain_form(name).substr(0, kMaxWireName - 9) + "_" + short_hash(salt);
  };
  std::string wire = is_wire_name(name) ? name : plain_form(name);
  if (name.size() > kMaxWireName) wire = with_hash(name);
  for (std::string salt = name; from_wire_.contains(wire); salt += '#') wire = with_hash(salt);
  from_wire_.emplace(wire, name);
  to_wire_.emplace(name, std::move(wire));
}

std::string ToolNames::to_wire(std::string_view name) const {
  const auto found = to_wire_.find(name);
  return found == to_wire_.end() ? plain_form(name) : found->second;
}

std::string ToolNames::from_wire(std::string_view wire_name) const {
  const auto found = from_wire_.find(wire_name);
  return found == from_wire_.end() ? std::string(wire_name) : found->second;
}

}  // namespace pryx::models
