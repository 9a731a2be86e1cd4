// SPDX-License-Identifier: MIT
// Clients: people and programs around the daemon. They send messages with keys and try again with the same
// key, cancel, answer questions or not, follow the bus and acknowledge, and settle steps with unknown
// outcomes. What they know outlives the daemon; their coroutines run in its surface group and are started
// again with each life.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/daemon.h"

namespace pryx::sim {

// One message as its sender sees it.
struct Outgoing {
  SessionId session;
  std::string key;
  std::string text;
  bool interactive = true;
  std::string approve;  // text of an --approve file
  agent::Priority priority = agent::Priority::kOwner;
  std::optional<std::int64_t> max_cost;  // of the turn and all it starts
  int tries = 0;
  std::int64_t first_try_ms = 0;
  std::optional<agent::Accepted> accepted;
  std::int64_t accepted_ms = 0;
};

struct Sender {
  SessionId session;
  std::deque<Outgoing> messages;  // a deque: sending refers to its elements
  std::size_t next = 0;           // the first that was not accepted
  bool all_at_once = false;       // does not wait for one to be accepted before it sends the next
};

// One request of a stateless front: it brings its history along and is not sent again.
struct Conversation {
  agent::Accepted accepted;
  std::string text;
};

// One subscriber of the bus: where it stands, and everything durable that it received.
struct Follower {
  events::Filter filter;
  std::uint64_t position = 0;
  std::uint64_t started_at = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> received;  // version, hash of the envelope
};

class Clients {
 public:
  Clients(async::testing::VirtualLoop& loop, OutsideWorld& world, std::uint64_t seed,
          const std::vector<SessionId>& sessions, std::uint64_t most_messages = 4);
  // Starts everybody's coroutines in this life of the daemon. The end game: they stop making trouble and
  // settle what is open.
  void attach(Daemon& daemon, bool end_game);
  [[nodiscard]] bool everything_is_sent() const;
  [[nodiscard]] bool is_of_people(const SessionId& session) const;
  [[nodiscard]] bool followers_have(std::uint64_t version) const;
  [[nodiscard]] bool leaves_alone(const TurnId& turn) const;  // nobody settles it, ever
  [[nodiscard]] const std::vector<Sender>& senders() const { return senders_; }
  [[nodiscard]] const std::vector<Follower>& followers() const { return followers_; }
  [[nodiscard]] const std::vector<Conversation>& conversations() const { return conversations_; }

 private:
  [[nodiscard]] async::Task<void> run_sender(Daemon& daemon, Sender& sender);
  [[nodiscard]] async::Task<void> send(Daemon& daemon, Outgoing& message);
  [[nodiscard]] async::Task<void> send_and_count(Daemon& daemon, Sender& sender, Outgoing& message);
  [[nodiscard]] async::Task<void> send_other_body(Daemon& daemon, Outgoing message);
  [[nodiscard]] async::Task<void> cancel_some_turn(Daemon& daemon, Sender& sender);
  [[nodiscard]] async::Task<void> expect_ended(Daemon& daemon, TurnId turn);
  [[nodiscard]] async::Task<void> run_front(Daemon& daemon);
  [[nodiscard]] async::Task<void> run_administrator(Daemon& daemon);
  [[nodiscard]] async::Task<void> run_manager(Daemon& daemon);
  [[nodiscard]] async::Task<void> spawn_by_hand(Daemon& daemon);
  [[nodiscard]] async::Task<void> cancel_some_child(Daemon& daemon);
  [[nodiscard]] async::Task<void> run_follower(Daemon& daemon, Follower& follower);
  void receive(Daemon& daemon, Follower& follower, const events::Event& event);
  [[nodiscard]] async::Task<void> run_approver(Daemon& daemon);
  [[nodiscard]] async::Task<void> answer(Daemon& daemon, trust::Approval approval);
  [[nodiscard]] async::Task<void> run_settler(Daemon& daemon);
  [[nodiscard]] async::Task<void> settle(Daemon& daemon, TurnId turn);

  async::testing::VirtualLoop& loop_;
  OutsideWorld& world_;
  Dice dice_;
  std::uint64_t seed_;
  bool end_game_ = false;
  std::vector<Sender> senders_;
  std::vector<Follower> followers_;
  std::vector<Conversation> conversations_;
  int conversations_left_ = 0;
  int tasks_left_ = 0;  // that a person hands to a sub-agent
};

[[nodiscard]] Caller owner_caller();

}  // namespace pryx::sim
