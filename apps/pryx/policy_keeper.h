// SPDX-License-Identifier: MIT
// policy.yaml while the daemon runs: read at start, picked up when edited, replaced through the API. An
// invalid file keeps the last good rules; at start it means deny all but reads. I/O thread only.
#pragma once
#include <optional>
#include <string>

#include "engine/tools/tool_gate.h"
#include "foundation/base/clock.h"
#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "surfaces/server/admin.h"
#include "trust/audit/audit_log.h"

namespace pryx::app {

class PolicyKeeper final : public tools::PolicySource, public server::PolicyAdmin {
 public:
  PolicyKeeper(std::string path, db::Database& database, events::EventLog& events, audit::AuditLog& audit,
               const tools::Registry& registry);
  void load_at_start();
  // What became of the file while no daemon looked: the history has it, and the audit log when it came into
  // force by that. Once; before anything runs by these rules.
  [[nodiscard]] async::Task<void> note_first_text();
  // After the file changed on disk; raises error.occurred when it became invalid.
  [[nodiscard]] async::Task<void> reload();

  // Of questions, where the policy does not say it itself.
  void set_approval_timeout(Duration usual);

  [[nodiscard]] tools::PolicyInForce policy() const override { return in_force_; }
  [[nodiscard]] async::Task<Result<server::PolicyStatus>> get(Caller caller) override;
  [[nodiscard]] async::Task<Result<server::PolicyCheck>> check(Caller caller,
                                                               std::optional<std::string> text) override;
  [[nodiscard]] async::Task<Result<std::vector<trust::PolicyVersion>>> history(Caller caller,
                                                                               std::int64_t before,
                                                                               std::int64_t limit) override;
  [[nodiscard]] async::Task<Result<trust::PolicyVersion>> version(Caller caller,
                                                                  std::int64_t number) override;
  [[nodiscard]] async::Task<Result<server::PolicyStatus>> put(Caller caller, std::string text,
                                                              std::string expected_hash) override;
  [[nodiscard]] const std::string& state() const { return state_; }

 private:
  void use(const trust::PolicyFile& policy, std::string state, std::string text);
  [[nodiscard]] server::PolicyStatus status() const;
  // Read whole, tests run: the rules only when nothing is wrong.
  struct Judged {
    std::optional<trust::PolicyFile> policy;
    server::PolicyCheck check;
  };
  [[nodiscard]] Judged judge(const std::string& text) const;
  // Audit row, event and history in one commit. `file`: as it is on disk; without one when it cannot be read.
  [[nodiscard]] async::Task<void> note_change(std::string actor, std::string kind, std::string detail,
                                              std::optional<server::HumanFile> file);
  std::string path_;
  db::Database& database_;
  events::EventLog& events_;
  audit::AuditLog& audit_;
  const tools::Registry& registry_;
  bool noted_first_ = false;
  tools::PolicyInForce in_force_;
  Duration usual_timeout_ = trust::kDefaultApprovalTimeout;
  std::optional<Duration> own_timeout_;
  std::string state_ = "default";  // file | default | last_good | read_only
  std::string in_force_text_;
  std::optional<std::string>
      judged_hash_;  // of the file as it was last judged, right or wrong; empty: not yet
};

// Shared by the files a person edits: text, hash and a replacement that keeps the last five versions.
[[nodiscard]] Result<server::HumanFile> read_human_file(const std::string& path);
[[nodiscard]] Result<server::HumanFile> replace_human_file(const std::string& path, const std::string& text,
                                                           const std::string& expected_hash);

}  // namespace pryx::app
