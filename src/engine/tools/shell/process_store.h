// SPDX-License-Identifier: MIT
// The table of background processes: the row is there before the process is, and says how it ended. SQL of
// this module only; inside database jobs.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/tools/shell/process_record.h"
#include "foundation/db/database.h"

namespace pryx::tools::shell {

class ProcessStore {
 public:
  static constexpr std::int64_t kKeptEnded = 200;  // per principal; older ones are forgotten
  [[nodiscard]] static db::ModuleMigrations migrations();

  [[nodiscard]] static Result<void> insert(db::Connection& db, const ProcessRecord& record);
  // The end: state, exit, reason, time, the last lines and the number of the last one that the agent was
  // given. kConflict when the row does not allow it.
  [[nodiscard]] static Result<void> save_end(db::Connection& db, const ProcessRecord& record,
                                             const std::vector<OutputLine>& tail, std::uint64_t handed_out);
  // The agent was given an ended one's lines up to this number.
  [[nodiscard]] static Result<void> mark_handed_out(db::Connection& db, const PrincipalId& principal,
                                                    const ProcessId& id, std::uint64_t number);
  // What was running when the last daemon went away without a word died with it. Those, as they are now.
  [[nodiscard]] static Result<std::vector<ProcessRecord>> mark_lost(db::Connection& db, WallTime at);
  [[nodiscard]] static Result<std::optional<ProcessView>> find(db::Connection& db,
                                                               const PrincipalId& principal,
                                                               const ProcessId& id);
  // Newest first.
  [[nodiscard]] static Result<std::vector<ProcessView>> list(db::Connection& db, const PrincipalId& principal,
                                                             std::int64_t limit);
  // Ended ones of that session and scope `session`.
  [[nodiscard]] static Result<void> remove_session(db::Connection& db, const PrincipalId& principal,
                                                   const SessionId& session);
  [[nodiscard]] static Result<void> purge(db::Connection& db, const PrincipalId& principal);
};

}  // namespace pryx::tools::shell
