// SPDX-License-Identifier: MIT
#include "store_modules.h"

#include "engine/agent/session_store.h"
#include "engine/memory/memory_store.h"
#include "engine/models/provider_store.h"
#include "engine/tools/shell/background_processes.h"
#include "engine/tools/undo/undo_journal.h"
#include "foundation/config/settings_store.h"
#include "foundation/events/event_log.h"
#include "surfaces/server/server.h"
#include "trust/approvals/approvals.h"
#include "trust/audit/audit_log.h"
#include "trust/egress/request_log.h"
#include "trust/policy_history/policy_history.h"
#include "trust/telemetry/otlp_exporter.h"
#include "trust/trace/span_store.h"
#include "trust/vault/vault.h"

namespace pryx::app {

std::span<const db::ModuleMigrations> store_modules() {
  static const db::ModuleMigrations kModules[] = {events::EventLog::migrations(),
                                                  config::SettingsStore::migrations(),
                                                  audit::AuditLog::migrations(),
                                                  egress::EgressLog::migrations(),
                                                  trust::PolicyHistory::migrations(),
                                                  trust::Approvals::migrations(),
                                                  vault::Vault::migrations(),
                                                  models::ProviderStore::migrations(),
                                                  memory::migrations(),
                                                  tools::UndoJournal::migrations(),
                                                  tools::shell::BackgroundProcesses::migrations(),
                                                  trace::SpanStore::migrations(),
                                                  agent::SessionStore::migrations(),
                                                  telemetry::OtlpExporter::migrations(),
                                                  server::ApiServer::migrations()};
  return kModules;
}

}  // namespace pryx::app
