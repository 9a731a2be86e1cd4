// SPDX-License-Identifier: MIT
#include "policy_keeper.h"

#include "admin.h"
#include "foundation/base/log.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/files.h"
#include "trust/principals/principal.h"

namespace pryx::app {
namespace {
constexpr std::size_t kMaxHumanFileBytes = 1u << 20;
constexpr int kKeptVersions = 5;
std::string text_hash(std::string_view text) { return "sha256:" + crypto::sha256_hex(text); }
// An absent file and an empty one are two things.
std::string file_mark(const Result<server::HumanFile>& file) {
  if (!file) return "unreadable";
  return file->exists ? file->hash : "absent";
}
}  // namespace

Result<server::HumanFile> read_human_file(const std::string& path) {
  server::HumanFile file{.path = path, .text = {}, .hash = text_hash(""), .exists = platform::exists(path)};
  if (!file.exists) return file;
  PRYX_TRY(file.text, platform::read_file(path, kMaxHumanFileBytes));
  file.hash = text_hash(file.text);
  return file;
}

Result<server::HumanFile> replace_human_file(const std::string& path, const std::string& text,
                                             const std::string& expected_hash) {
  if (text.size() > kMaxHumanFileBytes)
    return fail(ErrorCode::kTooLarge, "{} may have at most {} bytes", path, kMaxHumanFileBytes);
  PRYX_TRY(const server::HumanFile present, read_human_file(path));
  if (present.hash != expected_hash)
    return fail(ErrorCode::kConflict, "{} changed since it was read; read it again and repeat the edit",
                path);
  if (present.exists) {
    for (int version = kKeptVersions - 1; version >= 1; --version) {
      const std::string older = fmt::format("{}.{}", path, version + 1),
                        newer = fmt::format("{}.{}", path, version);
      if (!platform::exists(newer)) continue;
      PRYX_TRY(const std::string kept, platform::read_file(newer, kMaxHumanFileBytes));
      PRYX_TRY_VOID(platform::atomic_write_file(older, kept, 0600));
    }
    PRYX_TRY_VOID(platform::atomic_write_file(path + ".1", present.text, 0600));
  }
  PRYX_TRY_VOID(platform::atomic_write_file(path, text, 0600));
  return read_human_file(path);
}

PolicyKeeper::PolicyKeeper(std::string path, db::Database& database, events::EventLog& events,
                           audit::AuditLog& audit)
    : path_(std::move(path)), database_(database), events_(events), audit_(audit) {}

void PolicyKeeper::use(const trust::PolicyFile& policy, std::string state, std::string text) {
  in_force_.engine = std::make_shared<const trust::PolicyEngine>(policy.layer);
  in_force_.version = "sha256:" + crypto::hash_json("policy/1", json::value(policy.layer->to_text()));
  own_timeout_.reset();
  // The built-in policies say the usual time; only a person's own file overrules the setting.
  if (state == "file" && policy.sets_approval_timeout) own_timeout_ = policy.approval_timeout;
  in_force_.approval_timeout = own_timeout_.value_or(usual_timeout_);
  state_ = std::move(state);
  in_force_text_ = std::move(text);
}

void PolicyKeeper::set_approval_timeout(Duration usual) {
  usual_timeout_ = usual;
  in_force_.approval_timeout = own_timeout_.value_or(usual_timeout_);
}

void PolicyKeeper::load_at_start() {
  const auto file = read_human_file(path_);
  if (file && !file->exists) {
    judged_hash_ = file_mark(file);
    return use(trust::default_policy(), "default", trust::default_policy().layer->to_text());
  }
  if (file) {
    const auto parsed = trust::parse_policy(file->text, trust::PolicyFileKind::kPolicy, "policy.yaml");
    if (parsed) {
      judged_hash_ = file_mark(file);
      return use(*parsed, "file", file->text);
    }
    // Not marked as judged: the first reload records the refusal, when there is a store to record it in.
    log::error("policy.invalid_at_start", {{"path", path_}, {"problems", parsed.error().message}});
  }
  use(trust::deny_all_but_reads(), "read_only", trust::deny_all_but_reads().layer->to_text());
}

async::Task<void> PolicyKeeper::reload() {
  const auto file = read_human_file(path_);
  if (judged_hash_ == file_mark(file)) co_return;
  judged_hash_ = file_mark(file);
  if (!file) {
    if (state_ != "read_only") state_ = "last_good";
    co_await note_change("file", "policy.rejected", file.error().message);
    co_return;
  }
  if (!file->exists) {
    use(trust::default_policy(), "default", trust::default_policy().layer->to_text());
    co_await note_change("file", "policy.changed", "policy.yaml was removed; the default policy is in force");
    co_return;
  }
  const auto parsed = trust::parse_policy(file->text, trust::PolicyFileKind::kPolicy, "policy.yaml");
  if (!parsed) {
    if (state_ != "read_only") state_ = "last_good";
    co_await note_change("file", "policy.rejected", parsed.error().message);
    co_return;
  }
  use(*parsed, "file", file->text);
  co_await note_change("file", "policy.changed", in_force_.version);
}

async::Task<void> PolicyKeeper::note_change(std::string actor, std::string kind, std::string detail) {
  log::info(kind, {{"actor", actor}, {"detail", detail}});
  const auto written =
      co_await database_.write([&, this, version = in_force_.version](db::Transaction& t) -> Result<void> {
        PRYX_TRY_VOID(audit_.append(t, {.principal = owner().id,
                                        .kind = kind,
                                        .actor = actor,
                                        .subject = path_,
                                        .detail = {{"detail", detail}, {"version", version}}}));
        if (kind != "policy.rejected") return {};
        PRYX_TRY_VOID(events_.append(
            t, {.principal = owner().id,
                .name = "error.occurred",
                .session = {},
                .surface = {},
                .payload = {
                    {"area", "policy"}, {"path", path_}, {"detail", detail}, {"try", "pryx policy check"}}}));
        return {};
      });
  if (!written) log::error("policy.change_not_recorded", {{"error", written.error().message}});
}

server::PolicyStatus PolicyKeeper::status() const {
  server::PolicyStatus status;
  const auto file = read_human_file(path_);
  if (file) {
    status.file = *file;
    if (file->exists)
      status.problems =
          trust::check_policy(file->text, trust::PolicyFileKind::kPolicy, "policy.yaml").problems;
  }
  status.in_force = state_;
  status.in_force_text = in_force_text_;
  status.version = in_force_.version;
  return status;
}

async::Task<Result<server::PolicyStatus>> PolicyKeeper::get(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return status();
}

async::Task<Result<server::PolicyStatus>> PolicyKeeper::put(Caller caller, std::string text,
                                                            std::string expected_hash) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  const auto parsed = trust::parse_policy(text, trust::PolicyFileKind::kPolicy, "policy.yaml");
  if (!parsed) co_return fail(ErrorCode::kCheckFailed, "{}", parsed.error().message);
  // Evidence before effect: rules that cannot be recorded do not come into force.
  PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, caller, "policy.change_asked", path_,
                                         {{"hash", text_hash(text)}, {"instead_of", expected_hash}}));
  PRYX_CO_TRY(const server::HumanFile file, replace_human_file(path_, text, expected_hash));
  judged_hash_ = file_mark(file);
  use(*parsed, "file", text);
  co_await note_change(caller.surface, "policy.changed", in_force_.version);
  co_return status();
}

}  // namespace pryx::app
