// SPDX-License-Identifier: MIT
// Values that have no wire form of their own, as JSON. Pure; held against api/openapi.yaml by a test.
#pragma once
#include <vector>

#include "engine/agent/session_store.h"
#include "engine/agent/turn_list.h"
#include "engine/models/presets.h"
#include "engine/tools/tool.h"
#include "surfaces/manual/manual.h"
#include "surfaces/server/admin.h"
#include "surfaces/server/server.h"
#include "trust/audit/audit_log.h"
#include "trust/audit/audit_tree.h"
#include "trust/audit/checkpointer.h"
#include "trust/egress/request_log.h"
#include "trust/trace/ledger.h"

namespace pryx::server {

struct StatusFacts {
  const DaemonInfo& info;
  WallTime now;
  std::string default_model;
  std::size_t running_turns = 0;
  std::size_t queued_turns = 0;
  bool is_paused = false;
  std::size_t pending_approvals = 0;
  std::uint64_t event_version = 0;
  std::size_t bus_clients = 0;
};
[[nodiscard]] json::object encode_status(const StatusFacts& facts);
[[nodiscard]] json::array encode(const std::vector<Component>& components);
[[nodiscard]] json::object encode(const agent::SessionHit& hit);
[[nodiscard]] json::object encode(const agent::ListedTurn& listed);
[[nodiscard]] json::object encode_turn(const agent::Turn& turn, const std::vector<agent::Step>& steps,
                                       json::array partial);
[[nodiscard]] json::object encode(const PolicyStatus& status);
[[nodiscard]] json::object encode(const PolicyCheck& check);
[[nodiscard]] json::object encode(const trust::PolicyTemplate& item);
[[nodiscard]] json::object encode(const audit::Row& row);
[[nodiscard]] json::object encode(const egress::RequestRecord& record);
[[nodiscard]] json::object encode_costs(const trace::CostReport& report, std::string_view group_by);
[[nodiscard]] json::object encode(const manual::Page& page);
[[nodiscard]] json::object encode(const audit::Verdict& verdict);
// How far the log is signed, and when it was last verified whole.
struct AuditState {
  std::int64_t size = 0;
  std::uint64_t signed_size = 0;  // of the last checkpoint
  std::optional<WallTime> signed_at;
  std::string problem;  // that the daemon found by itself; empty: none
  std::optional<audit::Verified> verified;
};
[[nodiscard]] json::object encode(const AuditState& state);
[[nodiscard]] json::object encode(const CatalogStatus& status);
[[nodiscard]] json::object encode(const models::Preset& preset);
// `providers` are those that exist already: one of them may speak to this server.
[[nodiscard]] json::object encode(const models::LocalServer& server, const LocalServers& found,
                                  const std::vector<models::ProviderHealth>& providers);
[[nodiscard]] json::object encode(const models::ModelInfo& model, std::string_view default_model);
// `config` is null for the built-in provider.
[[nodiscard]] json::object encode(const models::ProviderHealth& health, const models::ProviderConfig* config);
[[nodiscard]] json::object encode(const SecretEntry& secret);
[[nodiscard]] json::object encode(const vault::VaultStatus& status);
[[nodiscard]] json::object encode(const tools::ToolDescription& tool);
[[nodiscard]] json::object encode(const memory::Memory& memory);
[[nodiscard]] json::object encode(const HumanFile& file);
[[nodiscard]] json::object encode(const ConfigStatus& status);

}  // namespace pryx::server
