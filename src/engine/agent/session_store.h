// SPDX-License-Identifier: MIT
// Workspaces, sessions and messages: their tables and nothing else. Static functions that take a connection
// run inside write or read jobs and are composed into larger transactions; every one takes the principal. No
// state of its own.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/agent/paging.h"
#include "engine/agent/records.h"
#include "foundation/db/database.h"

namespace pryx::agent {

struct SessionQuery {
  std::string query;   // full text over messages; empty: all
  std::string status;  // "active", "archived", empty: both
  std::string agent;
  std::vector<TurnState> states;  // of the last turn; empty: all, and those without one
  std::optional<WallTime> after;
  std::optional<WallTime> before;
  bool by_relevance = false;  // ranks the newest 20,000 hits
  // A search reads so many hits for a page, so that one whose filters let little through may be short, or
  // empty with a next_cursor.
  Page page;
};
struct SessionHit {
  Session session;
  std::string snippet;  // of the best message, when there was a query
};

// How much of a history was read.
struct HistoryRead {
  bool is_whole = true;        // it fits into the bytes that may be read
  std::int64_t unread = 0;     // messages that were left where they are
  std::int64_t unread_to = 0;  // they are at this place in the transcript and before it
  std::size_t bytes = 0;       // of the rows, until they were too many
};

// Which end of a transcript a page begins at.
enum class MessageOrder : std::uint8_t { kOldestFirst, kNewestFirst };

struct SessionStore {
  [[nodiscard]] static db::ModuleMigrations migrations();  // all tables of this module

  [[nodiscard]] static Result<void> insert_workspace(db::Connection& c, const Workspace& workspace);
  [[nodiscard]] static Result<std::optional<Workspace>> find_workspace(db::Connection& c,
                                                                       const PrincipalId& principal,
                                                                       const WorkspaceId& id);
  [[nodiscard]] static Result<std::optional<Workspace>> find_workspace_by_path(db::Connection& c,
                                                                               const PrincipalId& principal,
                                                                               std::string_view path);
  [[nodiscard]] static Result<std::vector<Workspace>> list_workspaces(db::Connection& c,
                                                                      const PrincipalId& principal);
  [[nodiscard]] static Result<bool> rename_workspace(db::Connection& c, const PrincipalId& principal,
                                                     const WorkspaceId& id, std::string_view name);
  // kConflict while sessions use it.
  [[nodiscard]] static Result<bool> delete_workspace(db::Connection& c, const PrincipalId& principal,
                                                     const WorkspaceId& id);

  [[nodiscard]] static Result<void> insert_session(db::Connection& c, const Session& session);
  [[nodiscard]] static Result<std::optional<Session>> find_session(db::Connection& c,
                                                                   const PrincipalId& principal,
                                                                   const SessionId& id);
  // Those of `ids` that are nobody's session.
  [[nodiscard]] static Result<std::vector<SessionId>> list_missing(db::Connection& c,
                                                                   const std::vector<SessionId>& ids);
  [[nodiscard]] static Result<void> update_session(
      db::Connection& c, const Session& session);  // title, status, model, agent, workspace
  [[nodiscard]] static Result<std::vector<TurnId>> turns_of(db::Connection& c, const PrincipalId& principal,
                                                            const SessionId& id);
  // The rows of this module alone: sessions are deleted by SessionDeletion.
  [[nodiscard]] static Result<void> delete_session(db::Connection& c, const PrincipalId& principal,
                                                   const SessionId& id);
  // Conversations of stateless clients that were last used before this and have nothing open, oldest first.
  [[nodiscard]] static Result<std::vector<std::pair<PrincipalId, SessionId>>> list_old_hidden(
      db::Connection& c, WallTime before, std::int64_t most);
  [[nodiscard]] static Result<void> set_unread(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& id, bool unread);
  [[nodiscard]] static Result<Paged<SessionHit>> list_sessions(db::Connection& c,
                                                               const PrincipalId& principal,
                                                               const SessionQuery& query);

  // Assigns message.seq, indexes its text and bumps the session.
  [[nodiscard]] static Result<void> insert_message(db::Connection& c, Message& message);
  // Replaces the parts of a message that was written while it streamed.
  [[nodiscard]] static Result<void> update_message(db::Connection& c, const Message& message);
  // The cursor is the seq of the last message before the page, in either order.
  [[nodiscard]] static Result<Paged<Message>> list_messages(db::Connection& c, const PrincipalId& principal,
                                                            const SessionId& session, const Page& page,
                                                            MessageOrder order = MessageOrder::kOldestFirst);
  [[nodiscard]] static Result<std::optional<Message>> find_message(db::Connection& c,
                                                                   const PrincipalId& principal,
                                                                   const SessionId& session,
                                                                   const MessageId& id);
  // What a turn works with: the messages of the turns before it, about max_bytes of the newest, and all of
  // its own. Turn by turn, because a message that came while another turn ran was written between that turn's
  // messages. Later turns are left out, and messages that a summary stands for. Summaries always come along:
  // nothing else says what they stand for.
  [[nodiscard]] static Result<std::vector<Message>> load_history(db::Connection& c, const Turn& turn,
                                                                 std::size_t max_bytes,
                                                                 HistoryRead* facts = nullptr);
  // What a dead daemon had of an answer, and did not end: its text and its reasoning.
  [[nodiscard]] static Result<std::string> streamed_text(db::Connection& c, const PrincipalId& principal,
                                                         const TurnId& turn, const StepId& step);
  // Messages of one turn whose parts were still streaming when a daemon died become interrupted.
  [[nodiscard]] static Result<int> interrupt_streaming(db::Connection& c, const PrincipalId& principal,
                                                       const TurnId& turn);
};

// kInvalidArgument when a word with a star behind it is shorter than the prefixes that are indexed.
[[nodiscard]] Result<void> check_prefixes(std::string_view user_text);
// User text as an FTS5 query that cannot be anything but words: quoted terms. The last one, and each with a
// star right behind it, is a prefix when it has 3 letters.
[[nodiscard]] std::string fts_query(std::string_view user_text);

}  // namespace pryx::agent
