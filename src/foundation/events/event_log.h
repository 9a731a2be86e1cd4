// SPDX-License-Identifier: MIT
// The versioned event log. A durable event gets its version inside the transaction that caused it and is sent
// only after that commit; an ephemeral one carries the last durable version. A subscription replays from any
// version and then goes live without a gap or a duplicate. I/O thread only, but append(), which runs inside
// write jobs.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foundation/async/wait_list.h"
#include "foundation/base/json.h"
#include "foundation/db/database.h"

namespace pryx::events {

struct Draft {
  PrincipalId principal;
  std::string name;     // "turn.completed"
  SessionId session;    // may be empty
  std::string surface;  // "api", "cli", "openai"…; may be empty
  json::object payload;
};

struct Event {
  std::uint64_t version = 0;  // of the event itself, or the last durable one when ephemeral
  bool durable = true;
  PrincipalId principal;
  std::string name;
  SessionId session;
  std::string surface;   // where it came from: of its turn, or of whoever did it; may be empty
  std::string turn_id;   // payload.turn_id, for streams that follow one turn
  std::string envelope;  // the whole bus message, ready to send
};
using EventPtr = std::shared_ptr<const Event>;

// What a subscriber may and wants to see.
struct Filter {
  PrincipalId principal;
  std::vector<std::string> names;  // globs such as "approval.*"; empty: all
  SessionId session;               // empty: all
  std::string turn_id;             // empty: all
  std::string surface;             // empty: all, also events that came from none
  bool include_ephemeral = true;
  [[nodiscard]] bool admits(const Event& event) const;
};

constexpr Duration kRetention = std::chrono::hours(24 * 7);
constexpr std::int64_t kMaxKept = 1'000'000;

class Subscription;

class EventLog {
 public:
  EventLog(async::EventLoop& loop, db::Database& database);
  ~EventLog();
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Reads the last version; call once after the database is open.
  [[nodiscard]] async::Task<Result<void>> start();

  // Inside a write job. The returned version never repeats.
  [[nodiscard]] Result<std::uint64_t> append(db::Transaction& transaction, Draft draft);
  // Inside the write job that deletes the session: what was told of it is never replayed again. Whoever
  // listens now still gets what this job told before.
  [[nodiscard]] static Result<void> forget_session(db::Transaction& transaction, const PrincipalId& principal,
                                                   const SessionId& session);
  void publish_ephemeral(Draft draft);

  // From the present on, or after `since`. The log must outlive the subscription.
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(Filter filter,
                                                        std::optional<std::uint64_t> since = std::nullopt);
  [[nodiscard]] std::uint64_t last_version() const { return last_version_; }
  // True when events after `since` may have been purged: the client must reload by HTTP.
  [[nodiscard]] bool is_too_old(std::uint64_t since) const {
    return since + 1 < oldest_version_ || since > last_version_;
  }
  // Deletes what is past retention. Called once in a while by the daemon.
  [[nodiscard]] async::Task<Result<void>> purge();

 private:
  friend class Subscription;
  void deliver(const EventPtr& event);
  async::EventLoop& loop_;
  db::Database& database_;
  std::uint64_t last_version_ = 0;
  std::uint64_t oldest_version_ = 1;
  // By age: in which order subscribers wake must not depend on addresses.
  std::map<std::uint64_t, Subscription*> subscriptions_;
  std::uint64_t next_subscription_ = 1;
};

// One reader's position. When it falls behind, waiting events are dropped from memory and durable ones are
// read again from disk.
class Subscription {
 public:
  ~Subscription();
  // The next admitted event; kCancelled when the caller is cancelled, kTimeout after the limit.
  [[nodiscard]] async::Task<Result<EventPtr>> next(std::optional<Duration> limit = std::nullopt);
  // Changes what is admitted from here on, optionally going back to a version. At any time: a page that is
  // being read for the old filter or position is dropped.
  void refilter(Filter filter, std::optional<std::uint64_t> since);
  [[nodiscard]] const Filter& filter() const { return filter_; }
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  friend class EventLog;
  Subscription(EventLog& log, Filter filter, std::optional<std::uint64_t> since);
  void offer(const EventPtr& event);
  void drop_waiting();
  [[nodiscard]] async::Task<Result<void>> read_page();

  EventLog& log_;
  std::uint64_t id_;
  Filter filter_;
  std::uint64_t position_;  // every durable event up to here was handed out or filtered
  bool catching_up_;
  std::uint64_t generation_ = 0;  // of filter and position: a page that was read for another one is not used
  std::deque<EventPtr> waiting_;
  std::size_t waiting_bytes_ = 0;
  async::WaitList arrived_;
};

}  // namespace pryx::events
