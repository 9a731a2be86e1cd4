// SPDX-License-Identifier: MIT
#include "policy_keeper.h"

#include "admin.h"
#include "engine/tools/call_facts.h"
#include "foundation/base/log.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/files.h"
#include "recorded_marks.h"
#include "trust/policy_history/policy_history.h"
#include "trust/principals/principal.h"

namespace pryx::app {
namespace {
constexpr std::size_t kMaxHumanFileBytes = 1u << 20;
constexpr int kKeptVersions = 5;
constexpr std::string_view kRemoved = "policy.yaml was removed; the default policy is in force";
std::string text_hash(std::string_view text) { return "sha256:" + crypto::sha256_hex(text); }
// An absent file and an empty one are two things.
std::string file_mark(const Result<server::HumanFile>& file) {
  if (!file) return "unreadable";
  return file->exists ? file->hash : "absent";
}
std::string template_text(std::string_view name) {
  return std::string(trust::find_policy_template(name)->text);
}

std::string text_of(const std::vector<trust::PolicyProblem>& problems) {
  std::string out;
  for (const trust::PolicyProblem& problem : problems) out += (out.empty() ? "" : "\n") + problem.to_text();
  return out;
}

trust::PolicyVersion version_of(const server::HumanFile& file, std::string author, bool valid) {
  return {.principal = owner().id,
          .at = {},
          .author = std::move(author),
          .hash = file.hash,
          .present = file.exists,
          .valid = valid,
          .text = file.text};
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
                           audit::AuditLog& audit, const tools::Registry& registry)
    : path_(std::move(path)), database_(database), events_(events), audit_(audit), registry_(registry) {}

PolicyKeeper::Judged PolicyKeeper::judge(const std::string& text) const {
  trust::ParsedPolicy parsed = trust::check_policy(text, trust::PolicyFileKind::kPolicy, "policy.yaml");
  Judged out;
  out.check.problems = std::move(parsed.problems);
  if (!parsed.policy) return out;
  out.check.tests = trust::run_policy_tests(parsed.policy->layer, parsed.policy->tests,
                                            [this](const std::string& tool, const json::object& arguments) {
                                              auto facts =
                                                  tools::imagined_facts(registry_, tool, arguments, true);
                                              if (facts) facts->principal = owner().id;
                                              return facts;
                                            });
  out.check.problems = trust::failures_of(out.check.tests);
  if (out.check.problems.empty()) out.policy = std::move(parsed.policy);
  return out;
}

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
    return use(trust::default_policy(), "default", template_text("default"));
  }
  if (file) {
    const Judged judged = judge(file->text);
    if (judged.policy) {
      judged_hash_ = file_mark(file);
      return use(*judged.policy, "file", file->text);
    }
    // Not marked as judged: the first reload records the refusal, when there is a store to record it in.
    log::error("policy.invalid_at_start", {{"path", path_}, {"problems", text_of(judged.check.problems)}});
  }
  use(trust::deny_all_but_reads(), "read_only", template_text("read-only"));
}

async::Task<void> PolicyKeeper::note_first_text() {
  if (std::exchange(noted_first_, true)) co_return;
  const auto file = read_human_file(path_);
  if (!file) co_return;
  const auto marks = co_await database_.read([](db::Connection& c) { return recorded_marks(c); });
  if (!marks) log::error("policy.change_not_recorded", {{"error", marks.error().message}});
  // Only what is in force: a file that was refused, or edited since it was loaded, is for reload().
  if (marks && judged_hash_ == file_mark(file) &&
      mark_of(*marks, "policy.yaml") != (file->exists ? file->hash : "")) {
    co_await note_change("file", "policy.changed", file->exists ? in_force_.version : std::string(kRemoved),
                         *file);
    co_return;
  }
  const trust::PolicyVersion version = version_of(*file, "file", !file->exists || judge(file->text).policy);
  const auto written = co_await database_.write([version, this](db::Transaction& t) -> Result<void> {
    trust::PolicyVersion row = version;
    row.at = audit_.clock().wall();
    PRYX_TRY_VOID(trust::PolicyHistory::append(t.db(), row));
    return {};
  });
  if (!written) log::error("policy.history_not_recorded", {{"error", written.error().message}});
}

async::Task<void> PolicyKeeper::reload() {
  co_await note_first_text();
  const auto file = read_human_file(path_);
  if (judged_hash_ == file_mark(file)) co_return;
  judged_hash_ = file_mark(file);
  if (!file) {
    if (state_ != "read_only") state_ = "last_good";
    co_await note_change("file", "policy.rejected", file.error().message, std::nullopt);
    co_return;
  }
  if (!file->exists) {
    use(trust::default_policy(), "default", template_text("default"));
    co_await note_change("file", "policy.changed", std::string(kRemoved), *file);
    co_return;
  }
  const Judged judged = judge(file->text);
  if (!judged.policy) {
    if (state_ != "read_only") state_ = "last_good";
    co_await note_change("file", "policy.rejected", text_of(judged.check.problems), *file);
    co_return;
  }
  use(*judged.policy, "file", file->text);
  co_await note_change("file", "policy.changed", in_force_.version, *file);
}

async::Task<void> PolicyKeeper::note_change(std::string actor, std::string kind, std::string detail,
                                            std::optional<server::HumanFile> file) {
  log::info(kind, {{"actor", actor}, {"detail", detail}});
  const auto written =
      co_await database_.write([&, this, version = in_force_.version](db::Transaction& t) -> Result<void> {
        PRYX_TRY_VOID(audit_.append(t, {.principal = owner().id,
                                        .kind = kind,
                                        .actor = actor,
                                        .subject = path_,
                                        .detail = {{"detail", detail}, {"version", version}}}));
        const std::string mark = !file ? "unreadable" : file->exists ? file->hash : "";
        PRYX_TRY_VOID(put_recorded_mark(t, "policy.yaml", mark, audit_.clock().wall()));
        std::optional<std::int64_t> number;
        if (file) {
          trust::PolicyVersion row = version_of(*file, actor, kind != "policy.rejected");
          row.at = audit_.clock().wall();
          PRYX_TRY(number, trust::PolicyHistory::append(t.db(), row));
        }
        PRYX_TRY_VOID(events_.append(
            t, {.principal = owner().id,
                .name = kind,
                .session = {},
                .surface = actor,
                .payload = {{"author", actor},
                            {"in_force", state_},
                            {"version", version},
                            {"hash", file ? json::value(file->hash) : json::value(nullptr)},
                            {"history_version", number ? json::value(*number) : json::value(nullptr)}}}));
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
    if (file->exists) {
      Judged judged = judge(file->text);
      status.problems = std::move(judged.check.problems);
      status.tests = std::move(judged.check.tests);
    }
  }
  status.in_force = state_;
  status.in_force_text = in_force_text_;
  status.version = in_force_.version;
  status.rules = in_force_.engine->base_layer();
  return status;
}

async::Task<Result<server::PolicyStatus>> PolicyKeeper::get(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return status();
}

async::Task<Result<server::PolicyCheck>> PolicyKeeper::check(Caller caller, std::optional<std::string> text) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  if (text) co_return judge(*text).check;
  PRYX_CO_TRY(const server::HumanFile file, read_human_file(path_));
  if (!file.exists) co_return server::PolicyCheck{};
  co_return judge(file.text).check;
}

async::Task<Result<std::vector<trust::PolicyVersion>>> PolicyKeeper::history(Caller caller,
                                                                             std::int64_t before,
                                                                             std::int64_t limit) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return co_await database_.read([principal = caller.principal.id, before, limit](db::Connection& c) {
    return trust::PolicyHistory::list(c, principal, before, limit);
  });
}

async::Task<Result<trust::PolicyVersion>> PolicyKeeper::version(Caller caller, std::int64_t number) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(auto found,
              co_await database_.read([principal = caller.principal.id, number](db::Connection& c) {
                return trust::PolicyHistory::find(c, principal, number);
              }));
  if (!found)
    co_return fail(ErrorCode::kNotFound, "there is no version {} of the policy; pryx policy history", number);
  co_return std::move(*found);
}

async::Task<Result<server::PolicyStatus>> PolicyKeeper::put(Caller caller, std::string text,
                                                            std::string expected_hash) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  const Judged judged = judge(text);
  if (!judged.policy)
    co_return fail(ErrorCode::kCheckFailed, "policy.yaml is not a valid policy\n{}",
                   text_of(judged.check.problems));
  // What was there before belongs to the history too, even when nobody ever told the daemon of it.
  co_await note_first_text();
  // Evidence before effect: rules that cannot be recorded do not come into force.
  PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, caller, "policy.change_asked", path_,
                                         {{"hash", text_hash(text)}, {"instead_of", expected_hash}}));
  PRYX_CO_TRY(const server::HumanFile file, replace_human_file(path_, text, expected_hash));
  judged_hash_ = file_mark(file);
  use(*judged.policy, "file", text);
  co_await note_change(caller.surface, "policy.changed", in_force_.version, file);
  co_return status();
}

}  // namespace pryx::app
