// SPDX-License-Identifier: MIT
#include "recorded_marks.h"

#include "admin.h"
#include "foundation/base/log.h"
#include "foundation/config/settings_store.h"
#include "trust/principals/principal.h"

namespace pryx::app {
namespace {

// A slash is in no setting's name, so neither a file nor the API can write these.
constexpr std::string_view kPrefix = "recorded/";
constexpr std::string_view kKeyBackend = "key.backend";

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

Result<RecordedMarks> recorded_marks(db::Connection& c) {
  PRYX_TRY(const auto kept, config::SettingsStore::list(c, owner().id));
  RecordedMarks marks;
  for (const auto& [key, value] : kept) {
    if (key.starts_with(kPrefix) && value.is_string())
      marks.emplace(key.substr(kPrefix.size()), std::string(value.get_string()));
  }
  return marks;
}

std::string mark_of(const RecordedMarks& marks, const std::string& name) {
  const auto found = marks.find(name);
  return found == marks.end() ? std::string() : found->second;
}

Result<void> put_recorded_mark(db::Transaction& t, std::string_view name, std::string_view mark,
                               WallTime at) {
  const json::value value = text_or_null(std::string(mark));
  return config::SettingsStore::put(t.db(), owner().id, fmt::format("{}{}", kPrefix, name), value, at);
}

async::Task<Result<void>> record_edit(db::Database& database, audit::AuditLog& audit, std::string actor,
                                      std::string name, server::HumanFile file) {
  const auto marks = co_await database.read([](db::Connection& c) { return recorded_marks(c); });
  if (!marks) {
    log::error("config.change_not_recorded", {{"file", name}, {"error", marks.error().message}});
    co_return std::unexpected(marks.error());
  }
  const std::string last = mark_of(*marks, name);
  if (last.empty() ? file.text.empty() : last == file.hash) co_return Result<void>{};
  const auto written = co_await database.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(audit.append(t, {.principal = owner().id,
                                   .kind = "config.changed",
                                   .actor = actor,
                                   .subject = name,
                                   .detail = {{"hash", file.hash}, {"instead_of", text_or_null(last)}}}));
    return put_recorded_mark(t, name, file.hash, audit.clock().wall());
  });
  if (!written) {
    log::error("config.change_not_recorded", {{"file", name}, {"error", written.error().message}});
    co_return std::unexpected(written.error());
  }
  log::info("config.changed", {{"file", name}, {"actor", actor}});
  co_return Result<void>{};
}

async::Task<Result<void>> record_put(db::Database& database, audit::AuditLog& audit, Caller caller,
                                     std::string name, std::string hash) {
  const auto written = co_await database.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(append_change(t, audit, caller, "config.changed", name, {{"hash", hash}}));
    return put_recorded_mark(t, name, hash, audit.clock().wall());
  });
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

async::Task<Result<void>> record_key_backend(db::Database& database, audit::AuditLog& audit,
                                             std::string backend) {
  const auto marks = co_await database.read([](db::Connection& c) { return recorded_marks(c); });
  if (!marks) co_return std::unexpected(marks.error());
  const std::string last = mark_of(*marks, std::string(kKeyBackend));
  if (last == backend) co_return Result<void>{};
  const auto written = co_await database.write([&](db::Transaction& t) -> Result<void> {
    if (!last.empty())
      PRYX_TRY_VOID(audit.append(t, {.principal = owner().id,
                                     .kind = "key.backend_changed",
                                     .actor = "start",
                                     .subject = "key",
                                     .detail = {{"backend", backend}, {"instead_of", last}}}));
    return put_recorded_mark(t, kKeyBackend, backend, audit.clock().wall());
  });
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

}  // namespace pryx::app
