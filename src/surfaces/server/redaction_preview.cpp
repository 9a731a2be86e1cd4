// SPDX-License-Identifier: MIT
#include "surfaces/server/redaction_preview.h"

#include <charconv>
#include <map>
#include <string>

#include "trust/redaction/redactor.h"

namespace pryx::server {
namespace {

// "/messages/3/…" is of the fourth message.
json::value message_of(const json::object& content, std::string_view where) {
  constexpr std::string_view kMessages = "/messages/";
  const json::value* messages = json::find(content, "messages");
  if (!where.starts_with(kMessages) || messages == nullptr || !messages->is_array()) return nullptr;
  std::size_t number = 0;
  const std::string_view rest = where.substr(kMessages.size());
  (void)std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const json::array& list = messages->get_array();
  if (number >= list.size() || !list[number].is_object()) return nullptr;
  return json::value(json::string_or(list[number].get_object(), "id"));
}

}  // namespace

json::object preview_redaction(const json::object& content, std::vector<Secret> secrets,
                               const PreviewPage& page) {
  redaction::Redactor redactor({.canaries = std::move(secrets), .off = {}});
  std::map<std::string, std::int64_t, std::less<>> places;
  std::int64_t seen = 0;
  json::array items;
  redactor.on_replacement([&](const redaction::Replacement& r) {
    const std::string kind(redaction::to_text(r.kind));
    ++places[kind];
    if (++seen <= page.skip || std::ssize(items) >= page.limit) return;
    items.push_back(json::object{{"detector", kind},
                                 {"placeholder", r.placeholder},
                                 {"where", r.where},
                                 {"message_id", message_of(content, r.where)},
                                 {"at", r.begin},
                                 {"length", r.length},
                                 {"before", r.before},
                                 {"after", r.after}});
  });
  (void)redactor.value(content);
  // Of a place that two passes changed, the last placeholder stands; the value of the first counts as well.
  json::array counts;
  for (const auto& [kind, count] : places) {
    const auto values = redactor.counts().find(kind);
    counts.push_back(
        json::object{{"detector", kind},
                     {"values", values == redactor.counts().end() ? std::size_t(0) : values->second},
                     {"places", count}});
  }
  const std::int64_t shown = page.skip + std::ssize(items);
  json::object body{{"items", std::move(items)}};
  body["next_cursor"] = shown < seen ? json::value(fmt::format("{}", shown)) : json::value(nullptr);
  body["places"] = seen;
  body["counts"] = std::move(counts);
  return body;
}

}  // namespace pryx::server
