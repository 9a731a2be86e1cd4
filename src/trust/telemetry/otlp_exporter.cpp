// SPDX-License-Identifier: MIT
#include "trust/telemetry/otlp_exporter.h"

#include <array>

#include "foundation/async/event_loop.h"
#include "foundation/base/log.h"
#include "trust/redaction/redactor.h"
#include "trust/trace/span_store.h"

namespace pryx::telemetry {
namespace {

constexpr Duration kInterval = std::chrono::seconds(2);  // spans come in bursts, one request takes many
constexpr std::int64_t kBatch = 256;
constexpr Duration kPostLimit = std::chrono::seconds(10);
constexpr std::size_t kMaxAnswerBytes = 64u << 10;

constexpr std::array kMigrations{db::Migration{
    1, "keep how far traces were sent",
    "CREATE TABLE otlp_cursors (endpoint TEXT PRIMARY KEY, sent INTEGER NOT NULL) STRICT, WITHOUT "
    "ROWID"}};
constexpr std::string_view kKeep =
    "INSERT INTO otlp_cursors (endpoint, sent) VALUES ($1, $2) ON CONFLICT (endpoint) DO UPDATE SET sent = "
    "$2";

trace::Span redacted(trace::Span span, redaction::Redactor& redactor) {
  span.name = redactor.text(span.name);
  span.message = redactor.text(span.message);
  span.attributes = redactor.value(span.attributes).as_object();
  return span;
}

std::optional<Duration> retry_after(const net::Headers& headers) {
  const auto text = headers.find("Retry-After");
  if (!text) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : *text) {
    if (c < '0' || c > '9' || seconds > 86'400) return std::nullopt;
    seconds = seconds * 10 + (c - '0');
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

Result<net::Url> traces_url(const std::string& endpoint) {
  PRYX_TRY(net::Url url, net::parse_url(endpoint));
  if (url.target.contains('?'))
    return fail(ErrorCode::kInvalidArgument, "telemetry.otlp.endpoint must have no query");
  while (url.target.ends_with('/')) url.target.pop_back();
  if (!url.target.ends_with("/v1/traces")) url.target += "/v1/traces";
  return url;
}

OtlpExporter::OtlpExporter(Parts parts) : parts_(std::move(parts)), group_(parts_.loop, "telemetry") {}

void OtlpExporter::use(OtlpSettings settings) {
  if (settings == settings_) return;
  settings_ = std::move(settings);
  group_.cancel(task_);
  if (settings_->endpoint.empty()) {
    group_.spawn("otlp off", forget_cursors());
    return;
  }
  const auto url = traces_url(settings_->endpoint);
  const auto headers = parse_headers(settings_->headers);
  if (!url || !headers) {
    log::warn("telemetry.off",
              {{"reason", url ? "telemetry.otlp.headers: " + headers.error().message : url.error().message}});
    return;
  }
  task_ = group_.spawn("otlp", run(*settings_, *url));
}

async::Task<void> OtlpExporter::stop() { co_await group_.stop(); }

async::Task<void> OtlpExporter::run(OtlpSettings settings, net::Url url) {
  const auto cursor = co_await find_cursor(settings.endpoint);
  if (!cursor) {
    log::warn("telemetry.off", {{"reason", cursor.error().message}});
    co_return;
  }
  sent_ = *cursor;
  Duration pause = kInterval;
  for (;;) {
    const auto slept = co_await async::sleep(parts_.loop, pause);
    if (!slept) co_return;
    pause = co_await send_some(settings, url);
  }
}

db::ModuleMigrations OtlpExporter::migrations() { return {"trust/telemetry", kMigrations}; }

// A collector that is named for the first time gets what happens from then on.
async::Task<Result<std::int64_t>> OtlpExporter::find_cursor(std::string endpoint) {
  co_return co_await parts_.database.write([&](db::Transaction& t) -> Result<std::int64_t> {
    PRYX_TRY_VOID(t.db().run("DELETE FROM otlp_cursors WHERE endpoint <> $1", endpoint));
    PRYX_TRY(const auto known, t.db().find(
                                   "SELECT sent FROM otlp_cursors WHERE endpoint = $1",
                                   [](const db::Row& row) { return row.integer(0); }, endpoint));
    if (known) return *known;
    PRYX_TRY(const std::int64_t last, trace::SpanStore::last_seq(t.db()));
    PRYX_TRY_VOID(t.db().run(kKeep, endpoint, last));
    return last;
  });
}

async::Task<Result<void>> OtlpExporter::keep_cursor(std::string endpoint, std::int64_t seq) {
  co_return co_await parts_.database.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(t.db().run(kKeep, endpoint, seq));
    return {};
  });
}

async::Task<void> OtlpExporter::forget_cursors() {
  const auto forgotten = co_await parts_.database.write([](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(t.db().run("DELETE FROM otlp_cursors"));
    return {};
  });
  if (!forgotten) log::warn("telemetry.cursor_not_forgotten", {{"error", forgotten.error().message}});
}

// Redacted and encoded on a database thread, away from the loop.
async::Task<Result<OtlpExporter::Batch>> OtlpExporter::next_batch(bool as_json) {
  PRYX_CO_TRY(const auto spans, co_await parts_.database.read([from = sent_](db::Connection& c) {
    return trace::SpanStore::list_since(c, from, kBatch);
  }));
  if (spans.empty()) co_return Batch{};
  PRYX_CO_TRY(auto secrets, co_await parts_.secrets.values_to_redact());
  co_return co_await parts_.database.read([&](db::Connection&) -> Result<Batch> {
    redaction::Redactor redactor({.canaries = std::move(secrets), .off = {}});
    std::vector<trace::Span> clean;
    for (const trace::Span& span : spans) clean.push_back(redacted(span, redactor));
    return Batch{as_json ? to_otlp_json(clean, parts_.resource) : to_protobuf(clean, parts_.resource),
                 spans.back().seq};
  });
}

async::Task<Result<egress::FetchResponse>> OtlpExporter::post(OtlpSettings settings, net::Url url,
                                                              std::string body) {
  egress::FetchRequest request{.method = "POST", .url = url.text(), .headers = {}, .body = std::move(body)};
  // The one host that the user named, and nowhere that it redirects to.
  request.allowed.entries = {url.origin()};
  request.limits = {.response_bytes = kMaxAnswerBytes, .redirects = 0, .time = kPostLimit};
  request.headers.add("Content-Type", settings.as_json ? "application/json" : "application/x-protobuf");
  PRYX_CO_TRY(const auto headers, parse_headers(settings.headers));
  for (const auto& [name, reference] : headers) {
    PRYX_CO_TRY(const Secret value, co_await parts_.secrets.reveal(reference, url));
    request.headers.add(name, value.reveal());
  }
  co_return co_await parts_.broker.fetch({.principal = owner(), .tool = "telemetry"}, std::move(request));
}

async::Task<Duration> OtlpExporter::send_some(OtlpSettings settings, net::Url url) {
  auto batch = co_await next_batch(settings.as_json);
  if (batch && batch->last == 0) co_return kInterval;
  int status = 0;
  std::optional<Duration> wish;
  std::string reason = batch ? "" : batch.error().message;
  if (batch) {
    const auto answer = co_await post(settings, url, std::move(batch->body));
    status = answer ? answer->status : 0;
    if (answer) wish = retry_after(answer->headers);
    reason = answer ? fmt::format("the collector answered {}", status) : answer.error().message;
  }
  const bool is_taken = status >= 200 && status < 300;
  const auto delay = is_taken ? std::nullopt : retry_delay(status, ++failures_, wish);
  if (delay) {
    if (failures_ == 1) log::warn("telemetry.waiting", {{"reason", reason}});
    co_return *delay;
  }
  // An answer that another try would not change: what it was about is left out, so that what follows goes on.
  if (!is_taken) log::warn("telemetry.refused", {{"reason", reason}, {"up_to", batch->last}});
  failures_ = 0;
  sent_ = batch->last;
  // When it cannot be kept, a restart sends these again.
  const auto kept = co_await keep_cursor(settings.endpoint, sent_);
  if (!kept) log::warn("telemetry.cursor_not_kept", {{"error", kept.error().message}});
  co_return Duration{};
}

}  // namespace pryx::telemetry
