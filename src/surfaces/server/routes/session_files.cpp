// SPDX-License-Identifier: MIT
// Sessions as files: out, redacted unless the caller says otherwise, and in.
#include <charconv>

#include "engine/agent/session_document.h"
#include "engine/agent/session_store.h"
#include "engine/agent/turn_store.h"
#include "surfaces/server/redaction_preview.h"
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/session_actions.h"
#include "surfaces/server/session_report.h"
#include "trust/redaction/redactor.h"

namespace pryx::server::routes {
namespace {

// Of the text of a session that is put into one file.
constexpr std::size_t kMaxRowBytes = agent::kMaxSessionFileBytes;
constexpr std::int64_t kImportRetryMs = 2'000;

enum class Format : std::uint8_t { kJson, kMarkdown, kHtml };
struct Wanted {
  Format format = Format::kJson;
  bool redact = true;
};

Result<Wanted> wanted_of(const RouteCall& call) {
  Wanted wanted;
  const std::string format = query_or(call, "format");
  if (format == "markdown") wanted.format = Format::kMarkdown;
  if (format == "html") wanted.format = Format::kHtml;
  if (!format.empty() && format != "json" && wanted.format == Format::kJson)
    return fail(ErrorCode::kInvalidArgument, "format must be json, markdown or html");
  const std::string redact = query_or(call, "redact");
  if (!redact.empty() && redact != "true" && redact != "false")
    return fail(ErrorCode::kInvalidArgument, "redact must be true or false");
  wanted.redact = redact != "false";
  return wanted;
}

struct Source {
  std::optional<std::string> document;  // of an import that did not go on
  agent::SessionRows rows;
};

Result<Source> read_source(db::Connection& c, const PrincipalId& principal, const SessionId& id) {
  PRYX_TRY(auto session, agent::SessionStore::find_session(c, principal, id));
  if (!session) return fail(ErrorCode::kNotFound, "there is no session {}", id.str());
  Source source;
  PRYX_TRY(source.document, agent::ImportStore::find_unchanged(c, *session));
  if (source.document) return source;
  source.rows.session = std::move(*session);
  std::size_t bytes = 0;
  agent::Page page{.limit = 200, .cursor = {}};
  do {
    PRYX_TRY(auto messages, agent::SessionStore::list_messages(c, principal, id, page));
    for (agent::Message& message : messages.items) {
      for (const agent::Part& part : message.parts) bytes += part.text.size();
      source.rows.messages.push_back(std::move(message));
    }
    if (bytes > kMaxRowBytes)
      return fail(ErrorCode::kTooLarge,
                  "session {} has more than {} MiB of text; fork it at an earlier message", id.str(),
                  kMaxRowBytes >> 20);
    page.cursor = messages.next_cursor;
  } while (!page.cursor.empty());
  PRYX_TRY(source.rows.turns, agent::TurnStore::list_turns(c, principal, id));
  for (const agent::Turn& turn : source.rows.turns) {
    PRYX_TRY(auto steps, agent::TurnStore::list_steps(c, principal, turn.id));
    for (agent::Step& step : steps) source.rows.steps.push_back(std::move(step));
  }
  return source;
}

async::Task<Result<json::array>> approvals_of(RouteCall& call, const std::vector<agent::Step>& steps) {
  json::array out;
  for (const agent::Step& step : steps) {
    if (step.approval.empty()) continue;
    const auto approval = co_await call.services().approvals.get(call.principal(), step.approval);
    if (approval) {
      out.push_back(approval->to_json());
    } else if (approval.error().code != ErrorCode::kNotFound) {
      co_return std::unexpected(approval.error());
    }
  }
  co_return out;
}

Result<json::object> whole_document(const Source& source, json::array approvals) {
  if (source.document) return json::parse_object(*source.document, json::kOwnText);
  return agent::session_document(agent::session_content(source.rows, std::move(approvals)), {});
}

Result<PreviewPage> preview_page_of(const RouteCall& call) {
  PreviewPage page;
  PRYX_TRY(page.limit, limit_of(call, 50, 200));
  const std::string cursor = query_or(call, "cursor");
  if (cursor.empty()) return page;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), page.skip);
  if (error != std::errc() || end != cursor.data() + cursor.size() || page.skip < 0)
    return fail(ErrorCode::kInvalidArgument, "the cursor is not one of ours; start without it");
  return page;
}

json::object redacted_document(const json::object& whole, std::vector<Secret> secrets) {
  redaction::Redactor redactor({.canaries = std::move(secrets), .off = {}});
  json::value content = redactor.value(whole.at("content"));
  return agent::session_document(std::move(content.as_object()),
                                 {.is_redacted = true, .counts = redactor.counts()});
}

struct File {
  std::string text;
  std::string type;
  std::string ending;
};
File write_file(const json::object& document, Format format) {
  switch (format) {
    case Format::kMarkdown:
      return {report_markdown(document), "text/markdown; charset=utf-8", "md"};
    case Format::kHtml:
      return {report_html(document), "text/html; charset=utf-8", "html"};
    case Format::kJson:
      break;
  }
  return {json::canonical(document), "application/json", "json"};
}

}  // namespace

// Exactly what an export with redact=true takes out, and nothing is written.
async::Task<Result<Reply>> preview_export(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const PreviewPage page, preview_page_of(call));
  PRYX_CO_TRY(const Source source,
              co_await call.services().database.read([principal = call.principal(), id](db::Connection& c) {
                return read_source(c, principal, id);
              }));
  PRYX_CO_TRY(json::array approvals, co_await approvals_of(call, source.rows.steps));
  PRYX_CO_TRY(std::vector<Secret> secrets, co_await call.services().secrets.values_to_redact(call.caller()));
  PRYX_CO_TRY(json::object body,
              co_await call.services().database.read([&](db::Connection&) -> Result<json::object> {
                PRYX_TRY(const json::object whole, whole_document(source, std::move(approvals)));
                return preview_redaction(whole.at("content").as_object(), std::move(secrets), page);
              }));
  body["session_id"] = id.str();
  co_return Reply::of(body);
}

async::Task<Result<Reply>> export_session(RouteCall& call) {
  PRYX_CO_TRY(const SessionId id, path_id<SessionId>(call));
  PRYX_CO_TRY(const Wanted wanted, wanted_of(call));
  PRYX_CO_TRY(const Source source,
              co_await call.services().database.read([principal = call.principal(), id](db::Connection& c) {
                return read_source(c, principal, id);
              }));
  PRYX_CO_TRY(json::array approvals, co_await approvals_of(call, source.rows.steps));
  std::vector<Secret> secrets;
  if (wanted.redact) {
    // A locked vault would leave its own secrets in, so it refuses.
    PRYX_CO_TRY(secrets, co_await call.services().secrets.values_to_redact(call.caller()));
  }
  // On a database thread: a long session takes seconds, and the loop has others to serve.
  PRYX_CO_TRY(File file, co_await call.services().database.read([&](db::Connection&) -> Result<File> {
    PRYX_TRY(json::object document, whole_document(source, std::move(approvals)));
    if (wanted.redact) document = redacted_document(document, std::move(secrets));
    File made = write_file(document, wanted.format);
    // Quoting and what was done beside the talk make it longer than its text.
    if (wanted.format == Format::kJson && made.text.size() > agent::kMaxSessionFileBytes)
      return fail(ErrorCode::kTooLarge,
                  "session {} makes a file of over {} MiB, which no import takes; fork it at an earlier "
                  "message, or export it as markdown or html",
                  id.str(), agent::kMaxSessionFileBytes >> 20);
    return made;
  }));
  Reply reply{
      .status = 200, .body = std::move(file.text), .headers = {}, .content_type = std::move(file.type)};
  reply.headers.add("Content-Disposition",
                    fmt::format("attachment; filename=\"{}.{}\"", id.str(), file.ending));
  reply.headers.add("Cache-Control", "no-store");
  co_return reply;
}

async::Task<Result<Reply>> import_session(RouteCall& call) {
  ImportSlot slot(call.core.is_importing);
  if (!slot.is_mine())
    co_return fail(Error{ErrorCode::kOverloaded,
                         "another session is being imported, or what was left of one is being removed; wait "
                         "until that has ended",
                         kImportRetryMs});
  const WallTime now = call.services().loop.clock().wall();
  // A long one takes seconds, and the store has few readers.
  PRYX_CO_TRY(
      agent::ImportedSession imported,
      co_await call.services().pool.run([&](const std::stop_token& stop) -> Result<agent::ImportedSession> {
        PRYX_TRY(const json::object document,
                 json::parse_object(call.request.body, {.max_bytes = agent::kMaxSessionFileBytes}));
        return agent::read_session_document(document, call.principal(), now, stop);
      }));
  PRYX_CO_TRY_VOID(co_await remove_unfinished_imports(call.services()));
  const auto session = co_await keep_imported(call.services(), call.caller(), std::move(imported));
  if (!session) {
    // Nothing was written of one that is here already.
    if (session.error().code != ErrorCode::kConflict) remove_unfinished_later(call.core, std::move(slot));
    co_return std::unexpected(session.error());
  }
  co_return Reply::of(session->to_json(), 201);
}

}  // namespace pryx::server::routes
