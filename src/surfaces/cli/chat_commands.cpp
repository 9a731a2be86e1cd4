// SPDX-License-Identifier: MIT
#include "surfaces/cli/chat_commands.h"

#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/manual/manual.h"

namespace pryx::cli {
namespace {

using Lines = std::vector<std::string>;

std::string money_in(const json::object& o, std::string_view key) {
  const json::value* money = json::find(o, key);
  return money == nullptr || !money->is_object() ? "unpriced"
                                                 : "$" + json::string_or(money->get_object(), "amount");
}

Result<Lines> show_model(ChatPlace place) {
  PRYX_TRY(client::ApiClient * api, place.context.api());
  PRYX_TRY(const client::Reply session, api->get(path_of("/api/v1/sessions/", place.session)));
  PRYX_TRY(const client::Reply context, api->get(path_of("/api/v1/sessions/", place.session, "/context")));
  std::string model = place.model.empty() ? json::string_or(session.json, "model") : place.model;
  if (model.empty()) model = json::string_or(context.json, "model");
  return Lines{
      fmt::format("{} answers; /model PROVIDER/MODEL changes that, pryx model list has them", model)};
}

Result<Lines> change_model(ChatPlace place, const std::string& wanted) {
  PRYX_TRY(client::ApiClient * api, place.context.api());
  client::Call call{
      "PATCH", path_of("/api/v1/sessions/", place.session), json::object{{"model", wanted}}, {}, {}};
  PRYX_TRY_VOID(api->call(std::move(call)));
  place.model.clear();  // the session's own counts from now on
  return Lines{fmt::format("{} answers from now on", wanted)};
}

Result<Lines> show_status(ChatPlace place) {
  PRYX_TRY(client::ApiClient * api, place.context.api());
  PRYX_TRY(const client::Reply context, api->get(path_of("/api/v1/sessions/", place.session, "/context")));
  PRYX_TRY(const client::Reply children, api->get(path_of("/api/v1/sessions/", place.session, "/children")));
  Lines lines{fmt::format("{}: {} of {} tokens ({} %)", json::string_or(context.json, "model"),
                          json::integer_or(context.json, "used_tokens", 0),
                          json::integer_or(context.json, "limit_tokens", 0),
                          json::integer_or(context.json, "percent", 0))};
  if (const std::int64_t unread = json::integer_or(context.json, "unread_messages", 0); unread > 0)
    lines.push_back(fmt::format("not counted: {} older messages, more than is read at once", unread));
  for (const json::object& child : items_of(children.json)) {
    const std::string state = json::string_or(child, "state");
    if (state == "pending" || state == "running")
      lines.push_back(fmt::format("{} {}: {}", json::string_or(child, "id"), state,
                                  utf8_prefix(json::string_or(child, "task"), 80)));
  }
  return lines;
}

Result<Lines> show_cost(ChatPlace place) {
  PRYX_TRY(client::ApiClient * api, place.context.api());
  Query query;
  query.add("group_by", "model").add("session", place.session);
  PRYX_TRY(const client::Reply report, api->get(query.on("/api/v1/costs")));
  Lines lines;
  for (const json::object& row : items_of(report.json))
    lines.push_back(fmt::format("{}: {} in {} calls", json::string_or(row, "key"), money_in(row, "cost"),
                                json::integer_or(row, "calls", 0)));
  const json::value* total = json::find(report.json, "total");
  if (total != nullptr && total->is_object())
    lines.push_back(fmt::format("together: {}", money_in(total->get_object(), "cost")));
  return lines;
}

// "/approve apr_…", "/deny apr_… because": by its id, or the only one that waits.
Result<Lines> answer(ChatPlace place, bool approve, std::string_view rest) {
  PRYX_TRY(client::ApiClient * api, place.context.api());
  std::string id(trim(rest.substr(0, rest.find(' '))));
  std::string reason(rest.find(' ') == std::string_view::npos ? std::string_view()
                                                              : trim(rest.substr(rest.find(' '))));
  if (!id.starts_with("apr_")) {
    reason = std::string(trim(rest));
    PRYX_TRY(const client::Reply open, api->get("/api/v1/approvals?state=pending"));
    const auto waiting = items_of(open.json);
    if (waiting.empty()) return Lines{"nothing waits for an answer"};
    if (waiting.size() > 1) {
      Lines lines{"several wait; name one:"};
      for (const json::object& one : waiting)
        lines.push_back(fmt::format("{} {}", json::string_or(one, "id"), json::string_or(one, "rendering")));
      return lines;
    }
    id = json::string_or(waiting.front(), "id");
  }
  json::object body{{"decision", approve ? "approve" : "deny"}};
  if (!reason.empty()) body["reason"] = reason;
  PRYX_TRY_VOID(api->post(path_of("/api/v1/approvals/", id), std::move(body)));
  return Lines{fmt::format("{} {}", id, approve ? "is approved, once" : "is denied")};
}

Result<Lines> stop_children(ChatPlace place) {
  PRYX_TRY(client::ApiClient * api, place.context.api());
  PRYX_TRY(const client::Reply children, api->get(path_of("/api/v1/sessions/", place.session, "/children")));
  Lines lines;
  for (const json::object& child : items_of(children.json)) {
    const std::string state = json::string_or(child, "state");
    if (state != "pending" && state != "running") continue;
    const std::string id = json::string_or(child, "id");
    PRYX_TRY_VOID(api->post(path_of("/api/v1/subagents/", id, "/cancel"), {}));
    lines.push_back(fmt::format("cancelled {}", id));
  }
  if (lines.empty())
    lines.emplace_back("nothing of this session runs in the background; Ctrl-C cancels a turn");
  return lines;
}

Result<Lines> help(std::string_view topic) {
  if (topic.empty()) return chat_help();
  PRYX_TRY(const manual::Page page, manual::find_page(topic));
  Lines lines;
  for (const std::string_view line : split(page.text, '\n')) lines.emplace_back(line);
  return lines;
}

}  // namespace

const std::vector<std::string>& chat_help() {
  static const std::vector<std::string> kLines{
      "Enter sends, Ctrl-J starts another line, Up and Down recall what was said",
      "Ctrl-C cancels the turn, twice leaves; Ctrl-D leaves",
      "/model says who answers, /model PROVIDER/MODEL changes it; /status and /cost tell of this session",
      "/approve and /deny answer what waits for you; /stop ends what runs in the background",
      "/compact summarises what was said so far, /compact undo takes that back",
      "/image FILE sends an image with what is said next",
      "/help TOPIC opens the manual, /session shows this session's id, /quit leaves"};
  return kLines;
}

std::optional<Result<std::vector<std::string>>> take_chat_command(ChatPlace place, std::string_view text) {
  const std::string_view verb = text.substr(0, text.find(' '));
  const std::string_view rest = trim(text.substr(verb.size()));
  if (verb == "/help") return help(rest);
  if (verb == "/session") return Lines{place.session};
  if (verb == "/model") return rest.empty() ? show_model(place) : change_model(place, std::string(rest));
  if (verb == "/status") return show_status(place);
  if (verb == "/cost") return show_cost(place);
  if (verb == "/approve") return answer(place, true, rest);
  if (verb == "/deny") return answer(place, false, rest);
  if (verb == "/stop") return stop_children(place);
  return std::nullopt;
}

}  // namespace pryx::cli
