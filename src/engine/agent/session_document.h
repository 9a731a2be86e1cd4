// SPDX-License-Identifier: MIT
// A session as a file: {"content": …, "manifest": …} in canonical JSON. Written from rows; read from
// strangers, whole and checked, before anything of it is kept. Pure; any thread.
#pragma once
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/agent/records.h"
#include "foundation/db/database.h"

namespace pryx::agent {

inline constexpr std::string_view kSessionFormat = "pryx.session/1";
// Of one file, out and in: what is written can be read again.
inline constexpr std::size_t kMaxSessionFileBytes = 64u << 20;

struct SessionRows {
  Session session;
  std::vector<Message> messages;
  std::vector<Turn> turns;
  std::vector<Step> steps;  // of all turns, in order
};

// The part that the manifest's hash is over. `approvals` as they look on the wire.
[[nodiscard]] json::object session_content(const SessionRows& rows, json::array approvals);
// Whether, and how often, placeholders took the place of something.
struct Redacted {
  bool is_redacted = false;
  std::map<std::string, std::size_t, std::less<>> counts;
};
[[nodiscard]] json::object session_document(json::object content, const Redacted& redacted);

struct ImportedSession {
  Session session;
  // What was said, as text: a call or a result of another machine's past is told, never replayed as one.
  std::vector<Message> messages;
  std::string document;  // canonical
};
// kInvalidArgument names the first place that is wrong, kCheckFailed a hash that does not fit. Whatever the
// file says of labels, its content is `file` and never `owner`, and belongs to who imports it. Message ids
// are left to the caller. kCancelled soon after `stop` was requested.
[[nodiscard]] Result<ImportedSession> read_session_document(const json::object& document,
                                                            const PrincipalId& principal, WallTime now,
                                                            const std::stop_token& stop = {});

// The documents that sessions were imported from. Static functions for composing transactions. An import
// takes several: first its document, then its messages in pieces, last finish(). Until then there is no such
// session, so nobody sees anything of it, and a document without a session is what a crash left.
struct ImportStore {
  struct Unfinished {
    PrincipalId principal;
    SessionId session;
  };

  [[nodiscard]] static Result<void> insert(db::Connection& c, const ImportedSession& imported, WallTime at);
  // The session, whose messages are all there.
  [[nodiscard]] static Result<void> finish(db::Connection& c, const ImportedSession& imported);
  [[nodiscard]] static Result<std::vector<Unfinished>> list_unfinished(db::Connection& c);
  // At most so many of its messages, and with the last of them the document. True: there is more.
  [[nodiscard]] static Result<bool> remove_unfinished(db::Connection& c, const Unfinished& unfinished,
                                                      std::int64_t most);
  // Of a session that is still what was imported, to the byte; nullopt when there is none or it went on.
  [[nodiscard]] static Result<std::optional<std::string>> find_unchanged(db::Connection& c,
                                                                         const Session& session);
  [[nodiscard]] static Result<void> remove(db::Connection& c, const PrincipalId& principal,
                                           const SessionId& session);
};

}  // namespace pryx::agent
