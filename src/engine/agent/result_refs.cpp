// SPDX-License-Identifier: MIT
#include "engine/agent/result_refs.h"

#include <set>

#include "foundation/base/json.h"

namespace pryx::agent {
namespace {

constexpr std::string_view kPartsOfSession =
    "SELECT parts FROM messages WHERE principal_id = $1 AND session_id = $2 AND instr(parts, '\"sha256:') > "
    "0";
constexpr std::string_view kStepsOfSession =
    "SELECT result_ref FROM steps WHERE principal_id = $1 AND result_ref <> '' AND turn_id IN (SELECT id "
    "FROM turns "
    "WHERE principal_id = $1 AND session_id = $2)";
constexpr std::string_view kNote =
    "INSERT OR IGNORE INTO dropped_results (ref, dropped_at) SELECT $1, updated_at FROM sessions WHERE "
    "principal_id = "
    "$2 AND id = $3";
constexpr std::string_view kOldest = "SELECT ref FROM dropped_results ORDER BY dropped_at, ref LIMIT $1";
constexpr std::string_view kForget =
    "DELETE FROM dropped_results WHERE ref IN (SELECT ref FROM dropped_results ORDER BY dropped_at, ref "
    "LIMIT $1)";

std::vector<std::string> refs_in(const db::Row& row) {
  std::vector<std::string> refs;
  const auto parts = json::parse(row.view(0), json::kOwnText);
  if (!parts || !parts->is_array()) return refs;
  for (const json::value& part : parts->get_array()) {
    if (!part.is_object()) continue;
    std::string ref = json::string_or(part.get_object(), "result_ref");
    if (!ref.empty()) refs.push_back(std::move(ref));
  }
  return refs;
}

std::string ref_in(const db::Row& row) { return row.text(0); }

}  // namespace

Result<void> ResultRefs::note_dropped(db::Connection& c, const PrincipalId& principal,
                                      const SessionId& session) {
  PRYX_TRY(auto found, c.list(kPartsOfSession, refs_in, principal, session));
  PRYX_TRY(auto steps, c.list(kStepsOfSession, ref_in, principal, session));
  found.push_back(std::move(steps));
  for (const std::vector<std::string>& refs : found) {
    for (const std::string& ref : refs) PRYX_TRY_VOID(c.run(kNote, ref, principal, session));
  }
  return {};
}

Result<std::vector<std::string>> ResultRefs::list_unneeded(db::Connection& c, std::int64_t most) {
  PRYX_TRY(auto dropped, c.list(kOldest, ref_in, most));
  if (dropped.empty()) return dropped;
  std::set<std::string> needed;
  PRYX_TRY(const auto parts,
           c.list("SELECT parts FROM messages WHERE instr(parts, '\"sha256:') > 0", refs_in));
  for (const std::vector<std::string>& refs : parts) needed.insert(refs.begin(), refs.end());
  PRYX_TRY(const auto steps, c.list("SELECT DISTINCT result_ref FROM steps WHERE result_ref <> ''", ref_in));
  needed.insert(steps.begin(), steps.end());
  std::erase_if(dropped, [&](const std::string& ref) { return needed.contains(ref); });
  return dropped;
}

Result<void> ResultRefs::forget_dropped(db::Connection& c, std::int64_t most) {
  PRYX_TRY_VOID(c.run(kForget, most));
  return {};
}

}  // namespace pryx::agent
