// SPDX-License-Identifier: MIT
#include "trust/labels/labels.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "foundation/base/text.h"

namespace pryx::trust {
namespace {

constexpr std::size_t kMaxLabelBytes = 160;  // a channel, server or principal name with its prefix
constexpr std::size_t kMaxLabels = 512;  // a context that joins more sources than this is labelled wrongly
constexpr std::string_view kPrincipal = "principal:";
constexpr std::array<std::string_view, 5> kPlainOrigins = {"owner", "model", "memory", "file", "web"};
constexpr std::array<std::string_view, 3> kNamedOrigins = {"channel:", "mcp:", "plugin:"};

bool contains(std::span<const std::string_view> names, std::string_view text) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

bool is_named_origin(std::string_view label) {
  return std::any_of(kNamedOrigins.begin(), kNamedOrigins.end(),
                     [&](std::string_view p) { return label.starts_with(p); });
}

bool makes_untrusted(std::string_view label) {
  return label == "memory" || label == "file" || label == "web" || is_named_origin(label);
}

// Names come from people and servers; they are shown, stored and compared, so they stay printable and without
// quoting.
bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/' || c == '@' || c == '+';
  });
}

Result<> check_label(std::string_view label) {
  if (label.size() > kMaxLabelBytes) {
    return fail(ErrorCode::kInvalidArgument, "a label of {} bytes is over the limit of {}", label.size(),
                kMaxLabelBytes);
  }
  if (contains(kPlainOrigins, label) || label == "private" || label == "secret") return {};
  const bool named = is_named_origin(label) || label.starts_with(kPrincipal);
  if (named && is_name(label.substr(label.find(':') + 1))) return {};
  return fail(ErrorCode::kInvalidArgument,
              "'{}' is no label; labels are owner, model, memory, file, web, channel:<name>, mcp:<server>, "
              "plugin:<name>, "
              "principal:<id>, private, secret",
              utf8_prefix(label, 64));
}

constexpr std::array<std::pair<Sink, std::string_view>, 5> kSinks = {
    {{Sink::kNone, "none"},
     {Sink::kEgress, "egress"},
     {Sink::kExecWithNetwork, "exec_with_network"},
     {Sink::kMessage, "message"},
     {Sink::kOwnFuture, "own_future"}}};

}  // namespace

std::string_view to_text(Sink sink) {
  for (const auto& [value, text] : kSinks) {
    if (value == sink) return text;
  }
  return "none";
}

Result<Sink> parse_sink(std::string_view text) {
  for (const auto& [value, name] : kSinks) {
    if (name == text) return value;
  }
  return fail(ErrorCode::kInvalidArgument,
              "'{}' is no sink; use none, egress, exec_with_network, message or own_future",
              utf8_prefix(text, 64));
}

Labels::Labels(std::initializer_list<std::string_view> labels) {
  for (const std::string_view label : labels) PRYX_CHECK(add(label).has_value());
}

Labels Labels::owner(std::string_view principal) {
  Labels labels{"owner"};
  PRYX_CHECK(labels.add(fmt::format("{}{}", kPrincipal, principal)).has_value());
  return labels;
}

Labels Labels::unreadable() { return Labels{"file", "web", "memory", "private", "secret"}; }

Result<> Labels::add(std::string_view label) {
  PRYX_TRY_VOID(check_label(label));
  const auto place = std::lower_bound(labels_.begin(), labels_.end(), label);
  if (place != labels_.end() && *place == label) return {};
  if (labels_.size() >= kMaxLabels)
    return fail(ErrorCode::kTooLarge, "more than {} labels on one piece of content", kMaxLabels);
  labels_.insert(place, std::string(label));
  return {};
}

void Labels::join(const Labels& other) {
  if (other.labels_.empty() || labels_ == other.labels_) return;
  std::vector<std::string> all;
  all.reserve(labels_.size() + other.labels_.size());
  std::set_union(labels_.begin(), labels_.end(), other.labels_.begin(), other.labels_.end(),
                 std::back_inserter(all));
  labels_ = std::move(all);
}

json::value Labels::to_json() const {
  json::array items;
  items.reserve(labels_.size());
  for (const std::string& label : labels_) items.emplace_back(label);
  return items;
}

std::string Labels::to_text() const { return json::to_text(to_json()); }

Result<Labels> Labels::from_json(const json::value& v) {
  if (!v.is_array()) return fail(ErrorCode::kInvalidArgument, "labels must be an array of strings");
  Labels labels;
  for (const json::value& item : v.get_array()) {
    if (!item.is_string()) return fail(ErrorCode::kInvalidArgument, "labels must be an array of strings");
    PRYX_TRY_VOID(labels.add(std::string_view(item.get_string())));
  }
  return labels;
}

Result<Labels> Labels::parse(std::string_view text) {
  PRYX_TRY(const json::value v,
           json::parse(text, {.max_bytes = kMaxLabels * (kMaxLabelBytes + 4), .max_depth = 4}));
  return from_json(v);
}

bool Labels::has(std::string_view label) const {
  return std::binary_search(labels_.begin(), labels_.end(), label);
}

bool Labels::is_untrusted() const {
  return std::any_of(labels_.begin(), labels_.end(),
                     [](const std::string& label) { return makes_untrusted(label); });
}

bool Labels::is_private() const { return has("private") || has("secret"); }

std::string Labels::untrusted_origins() const {
  std::string out;
  for (const std::string& label : labels_) {
    if (!makes_untrusted(label)) continue;
    if (!out.empty()) out += ", ";
    out += label;
  }
  return out;
}

Labels joined(Labels a, const Labels& b) {
  a.join(b);
  return a;
}

Labels with_sensitivity(Labels labels) {
  if (!labels.has("file") || labels.is_private()) return labels;
  return joined(std::move(labels), Labels{"private"});
}

bool breaks_trifecta(const Labels& context) { return context.is_private() && context.is_untrusted(); }

bool forces_ask(const Labels& context, Sink sink) { return sink != Sink::kNone && breaks_trifecta(context); }

}  // namespace pryx::trust
