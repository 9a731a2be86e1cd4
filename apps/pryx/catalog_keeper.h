// SPDX-License-Identifier: MIT
// The catalog of models while the daemon runs: the built-in file, or a later one that a person fetched, and
// over it config/models.yaml, picked up when edited. An invalid file keeps the last good one. Nothing is
// fetched unless somebody asks. I/O thread only.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "engine/models/model_router.h"
#include "foundation/config/places.h"
#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "foundation/net/http_client.h"
#include "surfaces/server/admin.h"
#include "trust/audit/audit_log.h"

namespace pryx::app {

class CatalogKeeper {
 public:
  CatalogKeeper(async::EventLoop& loop, net::HttpClient& http, db::Database& database,
                events::EventLog& events, audit::AuditLog& audit, models::ModelRouter& router,
                const config::Places& places);
  // A fetched file that is later than the built-in one comes into force.
  void load_at_start();
  // config/models.yaml may have changed; raises error.occurred when it became invalid. On record for `actor`;
  // an empty one: its record is the caller's business.
  [[nodiscard]] async::Task<void> reload(std::string actor);
  [[nodiscard]] server::CatalogStatus status() const;
  // `from`: an https URL, or http on this machine; empty: where the last one came from.
  [[nodiscard]] async::Task<Result<server::CatalogStatus>> update(Caller caller, std::string from);
  // config/models.yaml as it is on disk, and another text for it, in force when it returns.
  [[nodiscard]] async::Task<Result<server::HumanFile>> own_file(Caller caller);
  [[nodiscard]] async::Task<Result<server::HumanFile>> put_own_file(Caller caller, std::string text,
                                                                    std::string expected_hash);

 private:
  struct Fetched {
    std::string from;
    std::string at;
  };
  void use();
  [[nodiscard]] async::Task<Result<std::string>> fetch(std::string from);
  [[nodiscard]] async::Task<void> tell(std::string detail);
  async::EventLoop& loop_;
  net::HttpClient& http_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  models::ModelRouter& router_;
  std::string own_path_;
  std::string fetched_path_;
  std::string origin_path_;
  std::shared_ptr<const models::CatalogFile> base_;  // null: the built-in one
  std::shared_ptr<const models::CatalogFile> own_;
  std::string own_text_;
  bool has_looked_ = false;  // at models.yaml, since the start
  std::string problem_;      // of config/models.yaml; empty: none
  std::optional<Fetched> fetched_;
};

}  // namespace pryx::app
