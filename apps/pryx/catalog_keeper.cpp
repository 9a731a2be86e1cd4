// SPDX-License-Identifier: MIT
#include "catalog_keeper.h"

#include "admin.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/net/url.h"
#include "foundation/platform/files.h"
#include "policy_keeper.h"
#include "recorded_marks.h"
#include "settings_event.h"
#include "trust/principals/principal.h"

namespace pryx::app {
namespace {

constexpr std::size_t kMaxCatalogBytes = 1u << 20;
constexpr Duration kFetchLimit = std::chrono::seconds(30);

Result<net::Url> checked_url(const std::string& from) {
  PRYX_TRY(net::Url url, net::parse_url(from));
  const bool is_here = url.host.name == "localhost" || url.host.name == "127.0.0.1" || url.host.name == "::1";
  if (!url.is_https && !is_here)
    return fail(ErrorCode::kInvalidArgument,
                "a catalog says what things cost, so it comes over https (http only from this machine)");
  return url;
}

}  // namespace

CatalogKeeper::CatalogKeeper(async::EventLoop& loop, net::HttpClient& http, db::Database& database,
                             events::EventLog& events, audit::AuditLog& audit, models::ModelRouter& router,
                             const config::Places& places)
    : loop_(loop),
      http_(http),
      database_(database),
      events_(events),
      audit_(audit),
      router_(router),
      own_path_(places.config + "/models.yaml"),
      fetched_path_(places.data + "/models.yaml"),
      origin_path_(places.data + "/models.origin.json") {}

void CatalogKeeper::load_at_start() {
  if (!platform::exists(fetched_path_)) return;
  const auto text = platform::read_file(fetched_path_, kMaxCatalogBytes);
  const auto parsed = text ? models::parse_catalog(*text, "the fetched catalog")
                           : Result<models::CatalogFile>(std::unexpected(text.error()));
  if (!parsed) {
    log::error("catalog.not_loaded", {{"path", fetched_path_}, {"error", parsed.error().message}});
    return;
  }
  // A newer Pryx may know more than what was fetched long ago.
  if (parsed->as_of < models::built_in_catalog()->as_of) return;
  base_ = std::make_shared<const models::CatalogFile>(*parsed);
  const auto origin = platform::read_file(origin_path_, 64u << 10);
  if (const auto fields =
          origin ? json::parse_object(*origin) : Result<json::object>(std::unexpected(origin.error())))
    fetched_ = Fetched{json::string_or(*fields, "from"), json::string_or(*fields, "fetched_at")};
  use();
}

void CatalogKeeper::use() {
  router_.set_catalog(
      std::make_shared<const models::Catalog>(base_ ? base_ : models::built_in_catalog(), own_));
}

async::Task<void> CatalogKeeper::reload(std::string actor) {
  const auto file = read_human_file(own_path_);
  if (!file) {
    log::error("catalog.not_read", {{"path", own_path_}, {"error", file.error().message}});
    co_return;
  }
  const bool is_first = !std::exchange(has_looked_, true);
  // A file that was emptied or removed while no daemon ran has nothing to say, and yet was changed.
  const bool is_same = file->text == own_text_;
  if (is_same && !is_first) co_return;
  own_text_ = file->text;
  auto parsed = models::parse_catalog_overrides(file->text, "models.yaml");
  if (!parsed) {
    // The last good values stay; the person who edits sees why in every surface.
    problem_ = parsed.error().message;
    co_await tell(problem_);
    co_return;
  }
  if (!actor.empty()) {
    const auto recorded = co_await record_edit(database_, audit_, actor, "models.yaml", *file);
    // What cannot be recorded does not come into force; the next look at the file tries again.
    if (!recorded) {
      own_text_.clear();
      co_return;
    }
    if (own_text_ != file->text) co_return;  // replaced through the API meanwhile
  }
  problem_.clear();
  if (is_same) co_return;
  own_ = std::make_shared<const models::CatalogFile>(std::move(*parsed));
  use();
  log::info("catalog.changed", {{"path", own_path_}, {"models", own_->models.size()}});
  if (!actor.empty() && !is_first) co_await tell_settings_changed(database_, events_, SetUp::kModels, actor);
}

async::Task<void> CatalogKeeper::tell(std::string detail) {
  log::error("catalog.invalid", {{"path", own_path_}, {"error", detail}});
  const auto told = co_await database_.write([&, this](db::Transaction& t) {
    return events_.append(t, {.principal = owner().id,
                              .name = "error.occurred",
                              .session = {},
                              .surface = {},
                              .payload = {{"area", "models"}, {"path", own_path_}, {"detail", detail}}});
  });
  if (!told) log::error("catalog.event_not_written", {{"error", told.error().message}});
}

server::CatalogStatus CatalogKeeper::status() const {
  const models::CatalogFile& base = base_ ? *base_ : *models::built_in_catalog();
  return {.as_of = base.as_of,
          .source = base.source,
          .models = base.models.size(),
          .from = base_ && fetched_ ? fetched_->from : "",
          .fetched_at = base_ && fetched_ ? fetched_->at : "",
          .own_models = own_ ? own_->models.size() : 0,
          .problem = problem_};
}

async::Task<Result<std::string>> CatalogKeeper::fetch(std::string from) {
  PRYX_CO_TRY(const net::Url url, checked_url(from));
  net::ClientRequest request;
  request.url = url.text();
  request.head_timeout = kFetchLimit;
  request.max_body_bytes = kMaxCatalogBytes;
  request.expected_origin = url.origin();
  PRYX_CO_TRY(const auto response, co_await http_.start(std::move(request)));
  if (response->status() != 200)
    co_return fail(ErrorCode::kProvider, "{} answered {}; redirects are not followed, give the final address",
                   url.text(), response->status());
  std::string body;
  for (;;) {
    PRYX_CO_TRY(const auto piece, co_await response->read(kFetchLimit));
    if (!piece) co_return body;
    body += *piece;
    if (body.size() > kMaxCatalogBytes)
      co_return fail(ErrorCode::kTooLarge, "a catalog may have at most {} bytes", kMaxCatalogBytes);
  }
}

async::Task<Result<server::CatalogStatus>> CatalogKeeper::update(Caller caller, std::string from) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  if (from.empty() && fetched_) from = fetched_->from;
  if (from.empty())
    co_return fail(ErrorCode::kInvalidArgument,
                   "no catalog was fetched before: say from where, with `pryx model update --from URL`");
  PRYX_CO_TRY(const std::string text, co_await fetch(from));
  PRYX_CO_TRY(models::CatalogFile parsed, models::parse_catalog(text, "the fetched catalog"));
  const std::string present = status().as_of;
  if (parsed.as_of < present)
    co_return fail(ErrorCode::kConflict, "the catalog there is of {}; the one in use is of {}", parsed.as_of,
                   present);
  const std::string at = to_rfc3339(loop_.clock().wall());
  const std::string hash = "sha256:" + crypto::sha256_hex(text);
  // The record first: a change that cannot be recorded is not made.
  PRYX_CO_TRY_VOID(
      co_await audit_change(database_, audit_, caller, "catalog.updated", from,
                            {{"as_of", parsed.as_of}, {"models", parsed.models.size()}, {"hash", hash}}));
  PRYX_CO_TRY_VOID(platform::atomic_write_file(fetched_path_, text, 0600));
  PRYX_CO_TRY_VOID(platform::atomic_write_file(
      origin_path_, json::to_text(json::object{{"from", from}, {"fetched_at", at}, {"hash", hash}}), 0600));
  base_ = std::make_shared<const models::CatalogFile>(std::move(parsed));
  fetched_ = Fetched{from, at};
  use();
  co_await tell_settings_changed(database_, events_, SetUp::kModels, caller.surface);
  co_return status();
}

async::Task<Result<server::HumanFile>> CatalogKeeper::own_file(Caller caller) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  co_return read_human_file(own_path_);
}

async::Task<Result<server::HumanFile>> CatalogKeeper::put_own_file(Caller caller, std::string text,
                                                                   std::string expected_hash) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kAdmin));
  PRYX_CO_TRY_VOID(models::parse_catalog_overrides(text, "models.yaml"));
  // The record first: prices decide what a budget lets through.
  PRYX_CO_TRY_VOID(co_await audit_change(database_, audit_, caller, "config.change_asked", "models.yaml",
                                         {{"instead_of", expected_hash}}));
  PRYX_CO_TRY(auto file, replace_human_file(own_path_, text, expected_hash));
  co_await reload({});
  co_await tell_settings_changed(database_, events_, SetUp::kModels, caller.surface);
  PRYX_CO_TRY_VOID(co_await record_put(database_, audit_, std::move(caller), "models.yaml", file.hash));
  co_return file;
}

}  // namespace pryx::app
