// SPDX-License-Identifier: MIT
// What the audit log last said of things that can change while no daemon runs: the hash of each file that a
// person edits, and where the database's key lies. Kept in the table of settings, under keys that no setting
// has. A start that finds something else records it before anything runs by it.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/db/database.h"
#include "surfaces/server/admin.h"
#include "trust/audit/audit_log.h"
#include "trust/principals/caller.h"

namespace pryx::app {

using RecordedMarks = std::map<std::string, std::string>;  // "config.yaml", "agents/a.yaml" to a hash
[[nodiscard]] Result<RecordedMarks> recorded_marks(db::Connection& c);
// Empty: nothing of this name is on record.
[[nodiscard]] std::string mark_of(const RecordedMarks& marks, const std::string& name);
// In the commit of the audit row. An empty mark: there is none any more.
[[nodiscard]] Result<void> put_recorded_mark(db::Transaction& t, std::string_view name, std::string_view mark,
                                             WallTime at);

// config.changed by an editor, unless the log's last word is the same text. An empty file that nobody ever
// told the log of is no change. A failure is in the daemon's log when this returns.
[[nodiscard]] async::Task<Result<void>> record_edit(db::Database& database, audit::AuditLog& audit,
                                                    std::string actor, std::string name,
                                                    server::HumanFile file);
// config.changed for a text that came through the API and is in force.
[[nodiscard]] async::Task<Result<void>> record_put(db::Database& database, audit::AuditLog& audit,
                                                   Caller caller, std::string name, std::string hash);
// key.backend_changed when the database's key lies elsewhere than at the last start. The first start only
// notes where it is.
[[nodiscard]] async::Task<Result<void>> record_key_backend(db::Database& database, audit::AuditLog& audit,
                                                           std::string backend);

}  // namespace pryx::app
