// SPDX-License-Identifier: MIT
// What a surface does to a session beyond reading it: each change is one commit together with its event. I/O
// thread only.
#pragma once
#include <utility>

#include "engine/agent/session_document.h"
#include "surfaces/server/server.h"

namespace pryx::server {

struct ServerCore;

struct SessionFields {
  std::optional<std::string> workspace;  // an id or an absolute path; empty: a private folder
  std::optional<std::string> agent;
  std::optional<std::string> model;  // empty: the default
  std::optional<std::string> title;
  std::optional<std::string> status;  // "active", "archived"
};
[[nodiscard]] Result<SessionFields> decode_session_fields(const json::object& body);

// A directory that becomes a workspace can be read by the agent from then on: that takes `admin`. One that is
// a workspace already, nothing.
[[nodiscard]] async::Task<Result<void>> may_open(Services& services, Caller caller, std::string path);

[[nodiscard]] async::Task<Result<agent::Session>> get_session(Services& services, Caller caller,
                                                              SessionId id);
[[nodiscard]] async::Task<Result<agent::Session>> create_session(Services& services, Caller caller,
                                                                 SessionFields fields);
// Archiving ends a session: kConflict while one of its turns is open; then what it left running is ended.
[[nodiscard]] async::Task<Result<agent::Session>> change_session(Services& services, Caller caller,
                                                                 SessionId id, SessionFields fields);
// With its sub-agents and their sessions. kConflict while one of its turns is open.
[[nodiscard]] async::Task<Result<void>> delete_session(Services& services, Caller caller, SessionId id);
// A copy with the messages up to `last` (empty: all that are there).
[[nodiscard]] async::Task<Result<agent::Session>> fork_session(Services& services, Caller caller,
                                                               SessionId id, MessageId last,
                                                               std::string title);

// The right to import, which one has at a time: a long file keeps a worker and the store busy, and what is
// left of one that was given up is taken out by the next.
class ImportSlot {
 public:
  explicit ImportSlot(bool& is_taken) : is_taken_(std::exchange(is_taken, true) ? nullptr : &is_taken) {}
  ImportSlot(ImportSlot&& other) noexcept : is_taken_(std::exchange(other.is_taken_, nullptr)) {}
  ImportSlot& operator=(ImportSlot&&) = delete;
  ~ImportSlot() {
    if (is_taken_ != nullptr) *is_taken_ = false;
  }
  [[nodiscard]] bool is_mine() const { return is_taken_ != nullptr; }

 private:
  bool* is_taken_;
};
// With the id it had; kConflict when a session has that id. Nobody sees anything of it before all is there.
// Others get at the store meanwhile, so that a failure or the end of the daemon leaves parts behind, which
// are to be removed by one of the two below. The caller holds the slot.
[[nodiscard]] async::Task<Result<agent::Session>> keep_imported(Services& services, Caller caller,
                                                                agent::ImportedSession imported);
[[nodiscard]] async::Task<Result<void>> remove_unfinished_imports(Services& services);
// In the background, with the slot until it is done.
void remove_unfinished_later(ServerCore& core, ImportSlot slot);

}  // namespace pryx::server
