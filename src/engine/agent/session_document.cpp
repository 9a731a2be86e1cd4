// SPDX-License-Identifier: MIT
#include "engine/agent/session_document.h"

#include <algorithm>
#include <set>

#include "engine/agent/session_store.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::agent {
namespace {

constexpr std::size_t kMaxMessages = 50'000;
constexpr std::size_t kMaxParts = 1'000;
constexpr std::size_t kMaxTurns = 20'000;
constexpr std::size_t kMaxTitleBytes = 400;
constexpr std::string_view kRoles[] = {"user", "assistant", "tool", "system"};
constexpr std::string_view kPartTypes[] = {"text",  "reasoning", "tool_call", "tool_result",
                                           "image", "file",      "summary",   "notice"};

Result<void> check_goes_on(const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled while the file was read");
  return {};
}

std::string hash_of(const json::object& content) { return crypto::sha256_hex(json::canonical(content)); }

bool is_one_of(std::string_view text, std::span<const std::string_view> known) {
  return std::ranges::find(known, text) != known.end();
}

Result<const json::object*> object_in(const json::object& o, std::string_view key, std::string_view where) {
  const json::value* found = json::find(o, key);
  if (found == nullptr || !found->is_object())
    return fail(ErrorCode::kInvalidArgument, "{}{} must be an object", where, key);
  return &found->get_object();
}
Result<const json::array*> array_in(const json::object& o, std::string_view key, std::size_t most,
                                    std::string_view where) {
  const json::value* found = json::find(o, key);
  if (found == nullptr || !found->is_array())
    return fail(ErrorCode::kInvalidArgument, "{}{} must be a list", where, key);
  if (found->get_array().size() > most)
    return fail(ErrorCode::kTooLarge, "{}{} has more than {} entries", where, key, most);
  return &found->get_array();
}
Result<WallTime> time_in(const json::object& o, std::string_view key, WallTime now,
                         const std::string& where) {
  PRYX_TRY(const std::string text, json::get_string(o, key));
  const auto time = parse_rfc3339(text);
  if (!time) return fail(ErrorCode::kInvalidArgument, "{}{} is no time", where, key);
  // Nothing was said in the future or before there were computers; lists are sorted by this.
  return WallTime{std::clamp<std::int64_t>(time->unix_ms, 0, now.unix_ms)};
}

// Whatever it was there, here it is a file that somebody handed over.
Result<trust::Labels> imported_labels(const json::object& part, const PrincipalId& principal,
                                      const std::string& where) {
  const json::value* found = json::find(part, "labels");
  if (found == nullptr) return fail(ErrorCode::kInvalidArgument, "{}labels are missing", where);
  const auto original = trust::Labels::from_json(*found);
  if (!original) return fail(ErrorCode::kInvalidArgument, "{}labels: {}", where, original.error().message);
  trust::Labels labels{"file"};
  for (const std::string& label : original->items()) {
    if (label != "owner" && !label.starts_with("principal:")) PRYX_TRY_VOID(labels.add(label));
  }
  PRYX_TRY_VOID(labels.add("principal:" + principal.str()));
  return trust::with_sensitivity(std::move(labels));
}

std::string told(const json::object& part, std::string_view type, const std::string& text) {
  const std::string tool = json::string_or(part, "tool");
  if (type == "tool_call") return fmt::format("(asked for {}: {})", tool, text);
  if (type == "tool_result") return fmt::format("({} answered: {})", tool, text);
  if (type == "image" || type == "file")
    return fmt::format("({} {} was here)", type, json::string_or(part, "name"));
  // As words of the file: nothing here knows whether it happened.
  if (type == "notice") return text.empty() ? text : fmt::format("(notice: {})", text);
  return text;
}

Result<std::optional<Part>> read_part(const json::value& value, const PrincipalId& principal,
                                      const std::string& where) {
  if (!value.is_object()) return fail(ErrorCode::kInvalidArgument, "{}must be an object", where);
  const json::object& o = value.get_object();
  PRYX_TRY(const std::string type, json::get_string(o, "type"));
  if (!is_one_of(type, kPartTypes))
    return fail(ErrorCode::kInvalidArgument, "{}type '{}' is not known", where, utf8_prefix(type, 40));
  PRYX_TRY(const auto text, json::find_string(o, "text"));
  PRYX_TRY(const auto tool, json::find_string(o, "tool"));
  Part part;
  PRYX_TRY(part.labels, imported_labels(o, principal, where));
  // How a model reasoned is of no use to another one.
  if (type == "reasoning") return std::optional<Part>();
  part.text = told(o, type, text.value_or(""));
  if (part.text.empty()) return std::optional<Part>();
  return std::optional<Part>(std::move(part));
}

// Everything that is not the user's becomes the assistant's, and neighbours become one: a transcript that any
// model takes.
Result<void> read_messages(const json::array& list, WallTime now, const std::stop_token& stop,
                           ImportedSession& out) {
  std::set<std::string, std::less<>> ids;
  for (std::size_t i = 0; i < list.size(); ++i) {
    PRYX_TRY_VOID(check_goes_on(stop));
    const std::string where = fmt::format("messages[{}].", i);
    if (!list[i].is_object()) return fail(ErrorCode::kInvalidArgument, "{} must be an object", where);
    const json::object& o = list[i].get_object();
    PRYX_TRY(const std::string id, json::get_string(o, "id"));
    PRYX_TRY_VOID(MessageId::parse(id));
    if (!ids.insert(id).second) return fail(ErrorCode::kInvalidArgument, "{}id is there twice", where);
    PRYX_TRY(const std::string role, json::get_string(o, "role"));
    if (!is_one_of(role, kRoles)) return fail(ErrorCode::kInvalidArgument, "{}role is not known", where);
    PRYX_TRY(const WallTime at, time_in(o, "created_at", now, where));
    PRYX_TRY(const json::array* parts, array_in(o, "parts", kMaxParts, where));
    Message message{.principal = out.session.principal,
                    .session = out.session.id,
                    .role = role == "user" ? Role::kUser : Role::kAssistant,
                    .created_at = at};
    for (std::size_t k = 0; k < parts->size(); ++k) {
      PRYX_TRY(auto part,
               read_part((*parts)[k], out.session.principal, fmt::format("{}parts[{}].", where, k)));
      if (part) message.parts.push_back(std::move(*part));
    }
    if (message.parts.empty()) continue;
    const bool goes_on = message.role == Role::kAssistant && !out.messages.empty() &&
                         out.messages.back().role == Role::kAssistant;
    if (!goes_on) {
      out.messages.push_back(std::move(message));
      continue;
    }
    for (Part& part : message.parts) out.messages.back().parts.push_back(std::move(part));
  }
  return {};
}

// Turns and approvals stay in the document: nothing here acts on them. Their shape is checked so that every
// reader of the document may rely on it.
Result<void> check_records(const json::object& content) {
  PRYX_TRY(const json::array* turns, array_in(content, "turns", kMaxTurns, ""));
  for (std::size_t i = 0; i < turns->size(); ++i) {
    const std::string where = fmt::format("turns[{}].", i);
    if (!(*turns)[i].is_object()) return fail(ErrorCode::kInvalidArgument, "{} must be an object", where);
    const json::object& turn = (*turns)[i].get_object();
    PRYX_TRY(const std::string id, json::get_string(turn, "id"));
    PRYX_TRY_VOID(TurnId::parse(id));
    PRYX_TRY(const json::array* steps, array_in(turn, "steps", kMaxParts, where));
    for (const json::value& step : *steps) {
      if (!step.is_object()) return fail(ErrorCode::kInvalidArgument, "{}steps must be objects", where);
    }
  }
  PRYX_TRY(const json::array* approvals, array_in(content, "approvals", kMaxTurns, ""));
  for (const json::value& approval : *approvals) {
    if (!approval.is_object()) return fail(ErrorCode::kInvalidArgument, "approvals must be objects");
  }
  return {};
}

Result<void> check_manifest(const json::object& content, const json::object& manifest) {
  PRYX_TRY(const std::string format, json::get_string(manifest, "format"));
  if (format != kSessionFormat)
    return fail(ErrorCode::kInvalidArgument, "the format '{}' is not {}", utf8_prefix(format, 40),
                kSessionFormat);
  PRYX_TRY(const std::string hash, json::get_string(manifest, "sha256"));
  if (hash != hash_of(content))
    return fail(ErrorCode::kCheckFailed,
                "the file was changed or cut: its content does not have the hash that its manifest tells");
  return {};
}

}  // namespace

json::object session_content(const SessionRows& rows, json::array approvals) {
  json::array messages;
  for (const Message& message : rows.messages) messages.push_back(message.to_json());
  json::array turns;
  for (const Turn& turn : rows.turns) {
    json::object o = turn.to_json();
    json::array steps;
    for (const Step& step : rows.steps)
      if (step.turn == turn.id) steps.push_back(step.to_json());
    o["steps"] = std::move(steps);
    turns.push_back(std::move(o));
  }
  return {{"session", rows.session.to_json()},
          {"messages", std::move(messages)},
          {"turns", std::move(turns)},
          {"approvals", std::move(approvals)}};
}

json::object session_document(json::object content, const Redacted& redacted) {
  json::object manifest{{"format", kSessionFormat},
                        {"canonicalization", "RFC 8785"},
                        {"sha256", hash_of(content)},
                        {"redacted", redacted.is_redacted}};
  if (redacted.is_redacted) {
    json::object counts;
    for (const auto& [kind, count] : redacted.counts) counts[kind] = count;
    manifest["redactions"] = std::move(counts);
  }
  return {{"content", std::move(content)}, {"manifest", std::move(manifest)}};
}

Result<ImportedSession> read_session_document(const json::object& document, const PrincipalId& principal,
                                              WallTime now, const std::stop_token& stop) {
  PRYX_TRY_VOID(check_goes_on(stop));
  PRYX_TRY(const json::object* content, object_in(document, "content", ""));
  PRYX_TRY(const json::object* manifest, object_in(document, "manifest", ""));
  PRYX_TRY_VOID(check_manifest(*content, *manifest));
  PRYX_TRY(const json::object* session, object_in(*content, "session", ""));
  ImportedSession out;
  out.session.principal = principal;
  PRYX_TRY(const std::string id, json::get_string(*session, "id"));
  PRYX_TRY(out.session.id, SessionId::parse(id));
  PRYX_TRY(const auto title, json::find_string(*session, "title"));
  out.session.title = title.value_or("");
  if (out.session.title.size() > kMaxTitleBytes)
    return fail(ErrorCode::kInvalidArgument, "session.title has more than {} bytes", kMaxTitleBytes);
  PRYX_TRY(const std::string status, json::get_string(*session, "status"));
  if (status != "active" && status != "archived")
    return fail(ErrorCode::kInvalidArgument, "session.status must be active or archived");
  out.session.status = status;
  PRYX_TRY(out.session.created_at, time_in(*session, "created_at", now, "session."));
  PRYX_TRY(const json::array* messages, array_in(*content, "messages", kMaxMessages, ""));
  PRYX_TRY_VOID(read_messages(*messages, now, stop, out));
  PRYX_TRY_VOID(check_records(*content));
  PRYX_TRY_VOID(check_goes_on(stop));
  out.document = json::canonical(json::object{{"content", *content}, {"manifest", *manifest}});
  return out;
}

Result<void> ImportStore::insert(db::Connection& c, const ImportedSession& imported, WallTime at) {
  PRYX_TRY_VOID(
      c.run("INSERT INTO session_imports (principal_id, session_id, document, message_count, title, status, "
            "created_at) VALUES ($1,$2,$3,$4,$5,$6,$7)",
            imported.session.principal, imported.session.id, imported.document,
            static_cast<std::int64_t>(imported.messages.size()), imported.session.title,
            imported.session.status, at));
  return {};
}

Result<void> ImportStore::finish(db::Connection& c, const ImportedSession& imported) {
  const Session& session = imported.session;
  PRYX_TRY_VOID(SessionStore::insert_session(c, session));
  if (imported.messages.empty()) return {};
  PRYX_TRY_VOID(
      c.run("UPDATE sessions SET message_count = $3, updated_at = $4 WHERE principal_id = $1 AND id = $2",
            session.principal, session.id, static_cast<std::int64_t>(imported.messages.size()),
            imported.messages.back().created_at));
  return {};
}

Result<std::vector<ImportStore::Unfinished>> ImportStore::list_unfinished(db::Connection& c) {
  return c.list(
      "SELECT principal_id, session_id FROM session_imports i WHERE NOT EXISTS (SELECT 1 FROM sessions s "
      "WHERE s.principal_id = i.principal_id AND s.id = i.session_id)",
      [](const db::Row& r) { return Unfinished{r.id<PrincipalId>(0), r.id<SessionId>(1)}; });
}

Result<bool> ImportStore::remove_unfinished(db::Connection& c, const Unfinished& unfinished,
                                            std::int64_t most) {
  PRYX_TRY_VOID(
      c.run("DELETE FROM messages_fts WHERE rowid IN (SELECT seq FROM messages WHERE principal_id = $1 AND "
            "session_id = $2 ORDER BY seq LIMIT $3)",
            unfinished.principal, unfinished.session, most));
  PRYX_TRY(const auto removed,
           c.run("DELETE FROM messages WHERE seq IN (SELECT seq FROM messages WHERE principal_id = $1 AND "
                 "session_id = $2 ORDER BY seq LIMIT $3)",
                 unfinished.principal, unfinished.session, most));
  if (removed == most) return true;
  PRYX_TRY_VOID(remove(c, unfinished.principal, unfinished.session));
  return false;
}

Result<std::optional<std::string>> ImportStore::find_unchanged(db::Connection& c, const Session& session) {
  return c.find(
      "SELECT document FROM session_imports i WHERE principal_id = $1 AND session_id = $2 AND message_count "
      "= $3 AND "
      "title = $4 AND status = $5 AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.principal_id = "
      "i.principal_id AND "
      "t.session_id = i.session_id)",
      [](const db::Row& r) { return r.text(0); }, session.principal, session.id, session.message_count,
      session.title, session.status);
}

Result<void> ImportStore::remove(db::Connection& c, const PrincipalId& principal, const SessionId& session) {
  PRYX_TRY_VOID(
      c.run("DELETE FROM session_imports WHERE principal_id = $1 AND session_id = $2", principal, session));
  return {};
}

}  // namespace pryx::agent
