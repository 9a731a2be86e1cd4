// SPDX-License-Identifier: MIT
#include "engine/agent/agent_profile.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"
#include "foundation/config/yaml.h"

namespace pryx::agent {
namespace {

constexpr std::size_t kMaxPromptBytes = 100'000;
constexpr std::size_t kMaxTextBytes = 2'000;
constexpr std::size_t kMaxListed = 200;
constexpr std::array<std::string_view, 9> kKeys{
    "name", "description", "system_prompt", "model", "fallbacks", "tools", "skills", "limits", "heartbeat"};

class Reader {
 public:
  Reader(const config::YamlDocument& document, ParsedProfile& out) : document_(document), out_(out) {}

  void read(const json::object& root, std::string_view name, AgentProfile& profile) {
    warn_about(root, "", kKeys);
    const std::string given = text(root, "", "name", 64);
    profile.name = std::string(name);
    if (!given.empty() && given != name)
      problem("/name", "name", fmt::format("must be the name of the file, '{}'", name));
    profile.description = text(root, "", "description", kMaxTextBytes);
    profile.system_prompt = text(root, "", "system_prompt", kMaxPromptBytes);
    profile.model = model(root, "", "model");
    profile.fallbacks = list(root, "fallbacks");
    for (const std::string& fallback : profile.fallbacks) check_model("/fallbacks", "fallbacks", fallback);
    if (json::find(root, "tools") != nullptr) profile.tools = list(root, "tools");
    profile.skills = list(root, "skills");
    read_limits(root, profile.limits);
    read_heartbeat(root, profile.heartbeat);
    if (json::find(root, "heartbeat") != nullptr && name != AgentProfile().name)
      problem("/heartbeat", "heartbeat",
              fmt::format("has no effect here: only the agent '{}' looks after workspaces by itself",
                          AgentProfile().name),
              true);
  }

 private:
  void problem(std::string_view pointer, std::string key, std::string message, bool is_warning = false) {
    out_.problems.push_back({document_.line_of(pointer), std::move(key), std::move(message), is_warning});
  }
  void warn_about(const json::object& from, const std::string& at, std::span<const std::string_view> known) {
    for (const auto& member : from) {
      if (std::ranges::find(known, std::string_view(member.key())) == known.end())
        problem(at + "/" + config::pointer_step(member.key()), std::string(utf8_prefix(member.key(), 64)),
                "is not known here and has no effect", true);
    }
  }
  std::string text(const json::object& from, const std::string& at, std::string_view key, std::size_t most) {
    const json::value* found = json::find(from, key);
    if (found == nullptr || found->is_null()) return {};
    if (!found->is_string() || found->get_string().size() > most) {
      problem(fmt::format("{}/{}", at, key), std::string(key),
              fmt::format("must be text of at most {} bytes", most));
      return {};
    }
    return std::string(found->get_string());
  }
  void check_model(std::string_view pointer, std::string_view key, std::string_view name) {
    const std::size_t slash = name.find('/');
    if (slash == 0 || slash == std::string_view::npos || slash + 1 == name.size() || name.size() > 300)
      problem(pointer, std::string(key), "a model is named provider/model");
  }
  std::string model(const json::object& from, const std::string& at, std::string_view key) {
    std::string name = text(from, at, key, 300);
    if (!name.empty()) check_model(fmt::format("{}/{}", at, key), key, name);
    return name;
  }
  std::vector<std::string> list(const json::object& from, std::string_view key) {
    std::vector<std::string> out;
    const json::value* found = json::find(from, key);
    if (found == nullptr || found->is_null()) return out;
    const std::string pointer = fmt::format("/{}", key);
    if (!found->is_array() || found->get_array().size() > kMaxListed) {
      problem(pointer, std::string(key), fmt::format("must be a list of at most {} names", kMaxListed));
      return out;
    }
    for (const json::value& item : found->get_array()) {
      if (item.is_string() && !item.get_string().empty() && item.get_string().size() <= 300)
        out.emplace_back(item.get_string());
      else
        problem(pointer, std::string(key), "holds something that is no name");
    }
    return out;
  }
  std::int64_t number(const json::object& from, const std::string& at, std::string_view key,
                      std::int64_t least, std::int64_t most, std::int64_t fallback) {
    const json::value* found = json::find(from, key);
    if (found == nullptr) return fallback;
    if (found->is_int64() && found->get_int64() >= least && found->get_int64() <= most)
      return found->get_int64();
    problem(fmt::format("{}/{}", at, key), std::string(key),
            fmt::format("must be a whole number from {} to {}", least, most));
    return fallback;
  }
  const json::object* section(const json::object& root, std::string_view key) {
    const json::value* found = json::find(root, key);
    if (found == nullptr || found->is_null()) return nullptr;
    if (!found->is_object()) problem(fmt::format("/{}", key), std::string(key), "must hold settings");
    return found->if_object();
  }
  void read_limits(const json::object& root, RunLimits& limits) {
    const json::object* given = section(root, "limits");
    if (given == nullptr) return;
    static constexpr std::array<std::string_view, 3> kKnown{"max_steps", "max_tokens", "max_tool_calls"};
    warn_about(*given, "/limits", kKnown);
    limits.max_steps = static_cast<int>(number(*given, "/limits", "max_steps", 1, 1000, 0));
    limits.max_tokens = number(*given, "/limits", "max_tokens", 1000, 100'000'000, 0);
    limits.max_tool_calls = static_cast<int>(number(*given, "/limits", "max_tool_calls", 1, 10'000, 0));
  }
  void read_heartbeat(const json::object& root, HeartbeatSettings& heartbeat) {
    const json::object* given = section(root, "heartbeat");
    if (given == nullptr) return;
    static constexpr std::array<std::string_view, 3> kKnown{"every", "ack_max_chars", "include_reasoning"};
    warn_about(*given, "/heartbeat", kKnown);
    const std::string every = text(*given, "/heartbeat", "every", 32);
    if (!every.empty()) {
      const auto duration = parse_duration(every);
      if (duration && *duration >= std::chrono::minutes(1) && *duration <= std::chrono::hours(24 * 7))
        heartbeat.every = *duration;
      else
        problem("/heartbeat/every", "every", "must be a duration from 1m to 7d");
    }
    heartbeat.ack_max_chars =
        static_cast<std::size_t>(number(*given, "/heartbeat", "ack_max_chars", 0, 10'000,
                                        static_cast<std::int64_t>(heartbeat.ack_max_chars)));
    const auto reasoning = json::find_bool(*given, "include_reasoning");
    if (reasoning)
      heartbeat.include_reasoning = reasoning->value_or(false);
    else
      problem("/heartbeat/include_reasoning", "include_reasoning", "must be true or false");
  }

  const config::YamlDocument& document_;
  ParsedProfile& out_;
};

}  // namespace

std::string ProfileProblem::to_text() const {
  return key.empty() ? fmt::format("line {}: {}", line, message)
                     : fmt::format("line {}: {}: {}", line, key, message);
}

bool is_profile_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '-') return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

ParsedProfile parse_profile(std::string_view text, std::string_view name) {
  ParsedProfile out;
  if (!is_profile_name(name)) {
    out.problems.push_back(
        {1, {}, "the file's name must be lower-case letters, digits, hyphens and underscores"});
    return out;
  }
  const auto document = config::parse_yaml(text, {.max_bytes = kMaxProfileBytes, .max_depth = 8});
  if (!document) {
    out.problems.push_back({1, {}, document.error().message});
    return out;
  }
  const json::object empty;
  const json::object* root = document->root.is_null() ? &empty : document->root.if_object();
  if (root == nullptr) {
    out.problems.push_back({1, {}, "an agent is a mapping: description, system_prompt, model…"});
    return out;
  }
  AgentProfile profile;
  Reader(*document, out).read(*root, name, profile);
  const bool fits = std::ranges::all_of(out.problems, &ProfileProblem::is_warning);
  if (fits) out.profile = std::move(profile);
  return out;
}

}  // namespace pryx::agent
