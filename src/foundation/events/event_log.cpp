// SPDX-License-Identifier: MIT
#include "foundation/events/event_log.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::events {
namespace {

// What is held for one slow subscriber before it goes back to reading from disk: a thousand small events, or
// a few large ones.
constexpr std::size_t kMaxWaiting = 1024;
constexpr std::size_t kMaxWaitingBytes = 4u << 20;
constexpr std::int64_t kPage = 256;
constexpr std::size_t kPageBytes = 1u << 20;

constexpr db::Migration kMigrations[] = {
    {1, "create events",
     "CREATE TABLE events (version INTEGER PRIMARY KEY AUTOINCREMENT, principal_id TEXT NOT NULL, session_id "
     "TEXT, turn_id TEXT,"
     " name TEXT NOT NULL, surface TEXT, payload TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;"
     "CREATE INDEX events_session ON events (principal_id, session_id, version)"},
};
constexpr std::string_view kInsert =
    "INSERT INTO events (principal_id, session_id, turn_id, name, surface, payload, created_at) VALUES ($1, "
    "$2, $3, $4, $5, $6, $7)";
constexpr std::string_view kPageSql =
    "SELECT version, session_id, name, surface, payload, created_at, turn_id FROM events WHERE principal_id "
    "= $1 AND version > $2"
    " ORDER BY version LIMIT $3";
constexpr std::string_view kSessionPageSql =
    "SELECT version, session_id, name, surface, payload, created_at, turn_id FROM events WHERE principal_id "
    "= $1 AND session_id = $4"
    " AND version > $2 ORDER BY version LIMIT $3";
// AUTOINCREMENT's own counter survives the deletion of the newest rows; max(version) would not.
constexpr std::string_view kLast =
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)";
constexpr std::string_view kOldest = "SELECT coalesce(min(version), 0) FROM events";
// Old events are a prefix, so the search for the first one to keep reads nothing but what is deleted; the
// writer must not walk a million rows every few minutes. A clock that was set back only keeps some longer.
constexpr std::string_view kPurge =
    "DELETE FROM events WHERE version <= $1 OR version < coalesce((SELECT version FROM events WHERE "
    "created_at >= $2 ORDER BY version LIMIT 1), $3)";

constexpr std::string_view kForgetSession = "DELETE FROM events WHERE principal_id = $1 AND session_id = $2";

void append_string_field(std::string& out, std::string_view key, std::string_view value) {
  out += ",\"";
  out += key;
  out += "\":";
  if (value.empty())
    out += "null";
  else
    out += json::to_text(json::value(value));
}

std::string envelope(std::uint64_t version, std::string_view name, std::string_view session,
                     std::string_view surface, WallTime at, std::string_view payload) {
  std::string out = fmt::format(R"({{"type":"event","schema":1,"version":{},"event":"{}")", version, name);
  append_string_field(out, "session_id", session);
  append_string_field(out, "surface", surface);
  out += fmt::format(R"(,"timestamp":"{}","payload":)", to_rfc3339(at));
  out += payload;
  out += '}';
  return out;
}

}  // namespace

bool Filter::admits(const Event& event) const {
  if (event.principal != principal) return false;
  if (!event.durable && !include_ephemeral) return false;
  if (!session.empty() && event.session != session) return false;
  if (!turn_id.empty() && event.turn_id != turn_id) return false;
  if (!surface.empty() && event.surface != surface) return false;
  if (names.empty()) return true;
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& glob) { return glob_match(glob, event.name); });
}

EventLog::EventLog(async::EventLoop& loop, db::Database& database) : loop_(loop), database_(database) {}
EventLog::~EventLog() = default;

db::ModuleMigrations EventLog::migrations() { return {"foundation/events", kMigrations}; }

async::Task<Result<void>> EventLog::start() {
  const auto bounds =
      co_await database_.read([](db::Connection& c) -> Result<std::pair<std::int64_t, std::int64_t>> {
        PRYX_TRY(const auto last, c.count(kLast));
        PRYX_TRY(const auto oldest, c.count(kOldest));
        return std::pair(last, oldest);
      });
  if (!bounds) co_return std::unexpected(bounds.error());
  last_version_ = static_cast<std::uint64_t>(bounds->first);
  oldest_version_ = bounds->second > 0 ? static_cast<std::uint64_t>(bounds->second) : last_version_ + 1;
  co_return Result<void>{};
}

Result<std::uint64_t> EventLog::append(db::Transaction& transaction, Draft draft) {
  const WallTime at = loop_.clock().wall();
  const std::string turn_id = json::string_or(draft.payload, "turn_id");
  const std::string payload = json::to_text(draft.payload);
  PRYX_TRY_VOID(transaction.db().run(kInsert, draft.principal, draft.session, turn_id, draft.name,
                                     draft.surface, payload, at));
  auto event = std::make_shared<Event>();
  event->version = static_cast<std::uint64_t>(transaction.db().last_insert_rowid());
  event->principal = std::move(draft.principal);
  event->session = std::move(draft.session);
  event->surface = std::move(draft.surface);
  event->turn_id = turn_id;
  event->name = std::move(draft.name);
  transaction.after_commit([this, event, at, payload] {
    last_version_ = event->version;
    // Written out here, when it is known that somebody wants it, and not while the commit waits for it.
    const bool is_wanted = std::ranges::any_of(
        subscriptions_, [&](const auto& entry) { return entry.second->filter().admits(*event); });
    if (is_wanted)
      event->envelope =
          envelope(event->version, event->name, event->session.str(), event->surface, at, payload);
    deliver(event);
  });
  return event->version;
}

Result<void> EventLog::forget_session(db::Transaction& transaction, const PrincipalId& principal,
                                      const SessionId& session) {
  PRYX_TRY_VOID(transaction.db().run(kForgetSession, principal, session));
  return {};
}

void EventLog::publish_ephemeral(Draft draft) {
  if (subscriptions_.empty()) return;
  auto event = std::make_shared<Event>();
  event->version = last_version_;
  event->durable = false;
  event->principal = std::move(draft.principal);
  event->session = std::move(draft.session);
  event->surface = std::move(draft.surface);
  event->turn_id = json::string_or(draft.payload, "turn_id");
  event->envelope = envelope(last_version_, draft.name, event->session.str(), event->surface,
                             loop_.clock().wall(), json::to_text(draft.payload));
  event->name = std::move(draft.name);
  deliver(event);
}

void EventLog::deliver(const EventPtr& event) {
  for (const auto& [id, subscription] : subscriptions_) subscription->offer(event);
}

std::unique_ptr<Subscription> EventLog::subscribe(Filter filter, std::optional<std::uint64_t> since) {
  return std::unique_ptr<Subscription>(new Subscription(*this, std::move(filter), since));
}

async::Task<Result<void>> EventLog::purge() {
  const WallTime horizon = loop_.clock().wall() + -kRetention;
  const std::int64_t by_count = static_cast<std::int64_t>(last_version_) - kMaxKept;
  const auto oldest =
      co_await database_.write([by_count, horizon](db::Transaction& t) -> Result<std::int64_t> {
        PRYX_TRY_VOID(t.db().run(kPurge, by_count, horizon, INT64_MAX));
        return t.db().count(kOldest);
      });
  if (!oldest) co_return std::unexpected(oldest.error());
  oldest_version_ = *oldest > 0 ? static_cast<std::uint64_t>(*oldest) : last_version_ + 1;
  co_return Result<void>{};
}

Subscription::Subscription(EventLog& log, Filter filter, std::optional<std::uint64_t> since)
    : log_(log),
      id_(log.next_subscription_++),
      filter_(std::move(filter)),
      position_(since.value_or(log.last_version_)),
      catching_up_(since.has_value()),
      arrived_(log.loop_) {
  log_.subscriptions_.emplace(id_, this);
}

Subscription::~Subscription() { log_.subscriptions_.erase(id_); }

void Subscription::offer(const EventPtr& event) {
  if (catching_up_) {
    // Durable events are read from disk; ephemeral ones only make sense live.
    return;
  }
  if (event->durable) {
    if (event->version <= position_) return;
    position_ = event->version;
  }
  if (!filter_.admits(*event)) return;
  waiting_.push_back(event);
  waiting_bytes_ += event->envelope.size();
  if (waiting_.size() > kMaxWaiting || (waiting_bytes_ > kMaxWaitingBytes && waiting_.size() > 1)) {
    // Go back to just before the first durable event that was not handed out.
    const auto first = std::ranges::find_if(waiting_, [](const EventPtr& held) { return held->durable; });
    if (first != waiting_.end()) position_ = (*first)->version - 1;
    drop_waiting();
    catching_up_ = true;
  }
  arrived_.wake_all();
}

void Subscription::drop_waiting() {
  waiting_.clear();
  waiting_bytes_ = 0;
}

async::Task<Result<void>> Subscription::read_page() {
  const std::uint64_t published_before = log_.last_version_;
  const std::uint64_t generation = generation_;
  struct Page {
    std::vector<EventPtr> events;
    bool is_last = true;
  };
  // By value: the job runs on a reader's thread.
  const auto page = co_await log_.database_.read([principal = filter_.principal, session = filter_.session,
                                                  from = position_](db::Connection& c) -> Result<Page> {
    Page out;
    std::size_t bytes = 0;
    const auto read = [&](const db::Row& row) -> bool {
      auto event = std::make_shared<Event>();
      event->version = static_cast<std::uint64_t>(row.integer(0));
      event->principal = principal;
      event->session = SessionId(row.text(1));
      event->name = row.text(2);
      event->surface = row.text(3);
      event->turn_id = row.text(6);
      event->envelope =
          envelope(event->version, event->name, row.view(1), row.view(3), row.time(5), row.view(4));
      bytes += event->envelope.size();
      out.events.push_back(std::move(event));
      out.is_last = out.events.size() < static_cast<std::size_t>(kPage) && bytes < kPageBytes;
      return out.is_last;
    };
    if (session.empty())
      PRYX_TRY_VOID(c.each(kPageSql, read, principal, from, kPage));
    else
      PRYX_TRY_VOID(c.each(kSessionPageSql, read, principal, from, kPage, session));
    return out;
  });
  if (!page) co_return std::unexpected(page.error());
  if (generation != generation_) co_return Result<void>{};
  for (const EventPtr& event : page->events) {
    position_ = event->version;
    if (!filter_.admits(*event)) continue;
    waiting_bytes_ += event->envelope.size();
    waiting_.push_back(event);
  }
  // The last page has everything that was published before the read began. What was published while it ran
  // was not offered to us, so the subscription goes live only when there was nothing.
  if (page->is_last) {
    position_ = std::max(position_, published_before);
    if (log_.last_version_ == published_before) catching_up_ = false;
  }
  co_return Result<void>{};
}

async::Task<Result<EventPtr>> Subscription::next(std::optional<Duration> limit) {
  for (;;) {
    if (!waiting_.empty()) {
      EventPtr event = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= event->envelope.size();
      co_return event;
    }
    if (catching_up_) {
      PRYX_CO_TRY_VOID(co_await read_page());
      continue;
    }
    async::WaitEnd end = async::WaitEnd::kWoken;
    if (limit)
      end = co_await arrived_.wait_for(*limit);
    else
      end = co_await arrived_.wait();
    if (end == async::WaitEnd::kCancelled) co_return fail(ErrorCode::kCancelled, "subscription cancelled");
    if (end == async::WaitEnd::kTimeout && waiting_.empty())
      co_return fail(ErrorCode::kTimeout, "no event in time");
  }
}

void Subscription::refilter(Filter filter, std::optional<std::uint64_t> since) {
  filter_ = std::move(filter);
  ++generation_;
  if (since) {
    drop_waiting();
    position_ = *since;
    catching_up_ = true;
    arrived_.wake_all();
  }
}

}  // namespace pryx::events
