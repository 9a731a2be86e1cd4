// SPDX-License-Identifier: MIT
#include "engine/tools/call_binding.h"

#include <algorithm>
#include <set>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools {
namespace {

constexpr std::size_t kMaxChanges = 20;
constexpr std::size_t kMaxShownValueBytes = 80;

std::string shown(const json::value* value) {
  if (value == nullptr) return "absent";
  const std::string text = json::to_text(*value);
  if (text.size() <= kMaxShownValueBytes) return text;
  return fmt::format("{}…", utf8_prefix(text, kMaxShownValueBytes));
}

bool is_opaque(const json::value* value) {
  return value != nullptr && value->is_string() &&
         std::string_view(value->get_string()).starts_with("sha256:");
}

void compare(std::vector<std::string>& out, const std::string& name, const json::value* before,
             const json::value* now) {
  if (before != nullptr && now != nullptr && *before == *now) return;
  if (out.size() >= kMaxChanges) return;
  const bool both_objects = before != nullptr && now != nullptr && before->is_object() && now->is_object();
  if (!both_objects) {
    // A digest says nothing to a person but that it differs.
    if (is_opaque(before) && is_opaque(now))
      out.push_back(fmt::format("{} changed", name));
    else
      out.push_back(fmt::format("{}: {} became {}", name, shown(before), shown(now)));
    return;
  }
  std::set<std::string, std::less<>> keys;
  for (const auto& item : before->get_object()) keys.emplace(item.key());
  for (const auto& item : now->get_object()) keys.emplace(item.key());
  for (const std::string& key : keys) {
    compare(out, name.empty() ? key : fmt::format("{}.{}", name, key), before->get_object().if_contains(key),
            now->get_object().if_contains(key));
  }
}

}  // namespace

BoundCall bind_call(std::string_view tool, std::string_view tool_digest, std::string_view arguments_hash,
                    const ToolContext& context, const json::object& facts, std::string_view policy_version) {
  BoundCall bound;
  bound.document = {{"tool", tool},
                    {"tool_digest", tool_digest},
                    {"release", PRYX_VERSION},
                    {"arguments", arguments_hash},
                    {"facts", facts},
                    {"principal", context.principal.id.str()},
                    {"session", context.session.str()},
                    {"turn", context.turn.str()},
                    {"step", context.step.str()},
                    {"workspace", context.workspace ? context.workspace->path() : std::string()},
                    {"policy", policy_version}};
  bound.hash = "sha256:" + crypto::hash_json("call/2", bound.document);
  return bound;
}

std::vector<std::string> changes_between(const json::object& before, const json::object& now) {
  std::vector<std::string> out;
  const json::value a(before), b(now);
  compare(out, "", &a, &b);
  return out;
}

}  // namespace pryx::tools
