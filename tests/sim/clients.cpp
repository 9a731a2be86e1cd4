// SPDX-License-Identifier: MIT
#include "tests/sim/clients.h"

#include <algorithm>

namespace pryx::sim {
namespace {
constexpr Duration kCancelLimit = std::chrono::milliseconds(250);
constexpr std::int64_t kStoreGrace =
    5000;  // how long after a disk fault a cancel may still wait for the store, in ms

agent::NewMessage to_input(const Outgoing& message) {
  return {.session = message.session,
          .text = message.text,
          .idempotency_key = message.key,
          .interactive = message.interactive,
          .approve = message.approve,
          .max_cost = message.max_cost,
          .priority = message.priority,
          .labels = trust::Labels{"owner"}};
}
}  // namespace

Caller owner_caller() {
  return {.principal = owner(), .scopes = Scopes::all(), .surface = "sim", .transport = Transport::kInternal};
}

Clients::Clients(async::testing::VirtualLoop& loop, OutsideWorld& world, std::uint64_t seed,
                 const std::vector<SessionId>& sessions, std::uint64_t most_messages)
    : loop_(loop), world_(world), dice_(seed, "clients"), seed_(seed) {
  for (const SessionId& session : sessions) {
    Sender sender{.session = session, .messages = {}, .all_at_once = dice_.chance(20)};
    const std::uint64_t count = dice_.between(1, most_messages);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string name = fmt::format("s{}m{}", senders_.size(), i);
      Outgoing message{.session = session,
                       .key = "key-" + name,
                       .text = "question " + name,
                       .interactive = !dice_.chance(15)};
      if (dice_.chance(10)) message.approve = "tools: {allowed: [test.one_shot], denied: [test.idempotent]}";
      if (dice_.chance(20)) message.priority = agent::Priority::kBackground;
      if (dice_.chance(10)) message.max_cost = static_cast<std::int64_t>(dice_.between(5, 60)) * 1'000'000;
      sender.messages.push_back(std::move(message));
    }
    senders_.push_back(std::move(sender));
  }
  conversations_left_ = most_messages > 1 ? static_cast<int>(dice_.below(3)) : 0;
  tasks_left_ = most_messages > 1 ? static_cast<int>(dice_.below(3)) : 0;
  followers_.push_back({.filter = {.principal = owner().id}});
  followers_.push_back(
      {.filter = {
           .principal = owner().id, .names = {"turn.*", "message.created"}, .session = sessions.front()}});
}

void Clients::attach(Daemon& daemon, bool end_game) {
  end_game_ = end_game;
  for (Sender& sender : senders_) daemon.surface().spawn("sender", run_sender(daemon, sender));
  for (Follower& follower : followers_) daemon.surface().spawn("follower", run_follower(daemon, follower));
  daemon.surface().spawn("approver", run_approver(daemon));
  daemon.surface().spawn("settler", run_settler(daemon));
  daemon.surface().spawn("front", run_front(daemon));
  daemon.surface().spawn("manager", run_manager(daemon));
  if (!end_game) daemon.surface().spawn("administrator", run_administrator(daemon));
}

bool Clients::everything_is_sent() const {
  for (const Sender& sender : senders_) {
    if (sender.next < sender.messages.size()) return false;
  }
  return conversations_left_ == 0 && tasks_left_ == 0;
}

bool Clients::is_of_people(const SessionId& session) const {
  const auto is_it = [&](const Sender& sender) { return sender.session == session; };
  const auto was_brought = [&](const Conversation& c) { return c.accepted.session == session; };
  return std::ranges::any_of(senders_, is_it) || std::ranges::any_of(conversations_, was_brought);
}

bool Clients::followers_have(std::uint64_t version) const {
  for (const Follower& follower : followers_) {
    if (follower.filter.names.empty() && follower.position < version) return false;
  }
  return true;
}

bool Clients::leaves_alone(const TurnId& turn) const { return mixed(hash_text(turn.str()) ^ seed_) % 4 == 0; }

async::Task<void> Clients::run_sender(Daemon& daemon, Sender& sender) {
  for (;;) {
    const bool has_more = sender.next < sender.messages.size();
    const std::uint64_t longest = !has_more ? 8000 : dice_.chance(30) ? 4000 : 300;
    const auto slept = co_await async::sleep(loop_, dice_.milliseconds(0, longest));
    if (!slept || daemon.is_stopping()) co_return;
    const std::uint64_t luck = dice_.below(100);
    if (has_more && sender.all_at_once) {
      for (Outgoing& message : sender.messages) {
        if (!message.accepted) daemon.surface().spawn("send", send_and_count(daemon, sender, message));
      }
    } else if (has_more && (luck < 60 || end_game_)) {
      co_await send_and_count(daemon, sender, sender.messages[sender.next]);
    } else if (sender.next == 0) {
      continue;
    } else if (luck < 66) {
      co_await send(
          daemon, sender.messages[dice_.below(sender.next)]);  // a client that did not hear the first answer
    } else if (luck < 68) {
      co_await send_other_body(daemon, sender.messages[dice_.below(sender.next)]);
    } else if (luck < 80 && !end_game_) {
      co_await cancel_some_turn(daemon, sender);
    } else if (luck < 90 && followers_.front().position > 0) {
      const SessionId session = dice_.chance(50) ? SessionId() : sender.session;
      std::uint64_t& noted = world_.acknowledged[session];
      noted = std::max(noted, followers_.front().position);
      daemon.outbox().acknowledge_version(owner().id, followers_.front().position, session);
    } else {
      const TurnId turn = sender.messages[dice_.below(sender.next)].accepted->turn;
      world_.turns_acknowledged.insert(turn);
      daemon.outbox().acknowledge_turn(owner().id, turn);
    }
  }
}

async::Task<void> Clients::send_and_count(Daemon& daemon, Sender& sender, Outgoing& message) {
  co_await send(daemon, message);
  while (sender.next < sender.messages.size() && sender.messages[sender.next].accepted) ++sender.next;
}

async::Task<void> Clients::send(Daemon& daemon, Outgoing& message) {
  if (message.tries++ == 0) message.first_try_ms = world_.now_ms();
  agent::NewMessage in = to_input(message);
  const auto accepted = co_await daemon.inbox().accept(owner_caller(), std::move(in));
  world_.trace().note("send {} try {}: {}", message.key, message.tries,
                      accepted ? accepted->turn.str() : accepted.error().message);
  if (!accepted) {
    const ErrorCode code = accepted.error().code;
    if (code != ErrorCode::kStorage && code != ErrorCode::kUnavailable && code != ErrorCode::kOverloaded) {
      world_.violate(fmt::format("message {} refused: {}", message.key, accepted.error().message));
    }
    co_return;
  }
  if (!message.accepted) {
    message.accepted = *accepted;
    if (message.max_cost) world_.limits_of_turns[accepted->turn] = *message.max_cost;
    message.accepted_ms = world_.now_ms();
    if (accepted->duplicate && message.tries == 1)
      world_.violate(fmt::format("{} was never sent and is called a duplicate", message.key));
  } else if (message.accepted->turn != accepted->turn || message.accepted->message != accepted->message) {
    world_.violate(fmt::format("same key, other ids: {} was turn {}, is turn {}", message.key,
                               message.accepted->turn.str(), accepted->turn.str()));
  } else if (!accepted->duplicate) {
    world_.violate(fmt::format("{} was written twice under one id", message.key));
  }
  if (accepted->duplicate)
    world_.reach(message.accepted_ms == world_.now_ms() ? "accepted before, never told" : "sent twice");
}

async::Task<void> Clients::send_other_body(Daemon& daemon, Outgoing message) {
  agent::NewMessage in = to_input(message);
  in.text += "!";
  const auto accepted = co_await daemon.inbox().accept(owner_caller(), std::move(in));
  if (accepted)
    world_.violate(fmt::format("the key {} was taken with another body", message.key));
  else if (accepted.error().code != ErrorCode::kConflict && accepted.error().code != ErrorCode::kStorage) {
    world_.violate(fmt::format("the key {} with another body: {}", message.key, accepted.error().message));
  }
}

async::Task<void> Clients::cancel_some_turn(Daemon& daemon, Sender& sender) {
  const TurnId turn =
      sender.messages[dice_.chance(60) ? sender.next - 1 : dice_.below(sender.next)].accepted->turn;
  world_.ends_asked.insert(turn);
  const std::uint64_t faults = world_.disk_faults;
  const bool store_was_failing = faults > 0 && world_.now_ms() - world_.last_disk_fault_ms < kStoreGrace;
  const MonotonicTime begun = loop_.clock().monotonic();
  const auto cancelled = co_await daemon.engine().cancel(owner_caller(), turn);
  const Duration took = loop_.clock().monotonic() - begun;
  world_.trace().note("cancel {}: {}", turn.str(), cancelled ? "ok" : cancelled.error().message);
  const bool is_disturbed =
      daemon.is_stopping() || !world_.daemon_is_alive() || store_was_failing || faults != world_.disk_faults;
  if (!is_disturbed && took > kCancelLimit)
    world_.violate(fmt::format("cancel of {} took {}", turn.str(), format_duration(took)));
  if (cancelled) {
    world_.reach("cancel taken");
    world_.cancelled_ms.emplace(turn, world_.now_ms());
    co_await expect_ended(daemon, turn);
  } else if (!is_disturbed && cancelled.error().code != ErrorCode::kConflict) {
    world_.violate(fmt::format("cancel {}: {}", turn.str(), cancelled.error().message));
  }
}

async::Task<void> Clients::expect_ended(Daemon& daemon, TurnId turn) {
  const auto found = co_await daemon.database().read(
      [turn](db::Connection& c) { return agent::TurnStore::find_turn(c, owner().id, turn); });
  if (!found || !*found || !world_.daemon_is_alive()) co_return;
  if (!agent::is_terminal((*found)->state)) {
    world_.violate(
        fmt::format("turn {} counts as cancelled and is {}", turn.str(), agent::to_text((*found)->state)));
  }
}

async::Task<void> Clients::run_front(Daemon& daemon) {
  while (conversations_left_ > 0) {
    const auto slept = co_await async::sleep(loop_, dice_.milliseconds(0, 4000));
    if (!slept || daemon.is_stopping()) co_return;
    const std::string name = fmt::format("question c{}", conversations_left_);
    agent::NewConversation in;
    for (const auto& [role, text] :
         {std::pair(agent::Role::kUser, "earlier"), std::pair(agent::Role::kAssistant, "indeed")}) {
      agent::Message message{.role = role};
      message.parts.push_back({.text = text, .labels = trust::Labels{"channel:openai"}});
      in.history.push_back(std::move(message));
    }
    in.message = {.text = name, .interactive = false, .labels = trust::Labels{"channel:openai"}};
    const auto accepted = co_await daemon.inbox().accept_conversation(owner_caller(), std::move(in));
    world_.trace().note("front {}: {}", name, accepted ? accepted->turn.str() : accepted.error().message);
    if (accepted) conversations_.push_back({*accepted, name});
    --conversations_left_;  // after the answer: until then there is more to come
  }
}

async::Task<void> Clients::run_manager(Daemon& daemon) {
  for (;;) {
    const auto slept = co_await async::sleep(loop_, dice_.milliseconds(200, tasks_left_ > 0 ? 3000 : 8000));
    if (!slept || daemon.is_stopping()) co_return;
    if (tasks_left_ > 0) co_await spawn_by_hand(daemon);
    if (!end_game_ && dice_.chance(25)) co_await cancel_some_child(daemon);
  }
}

async::Task<void> Clients::spawn_by_hand(Daemon& daemon) {
  const std::string key = fmt::format("hand-{}", tasks_left_);
  Dice dice(seed_, key);  // who did not hear the answer asks for the same again
  agent::SpawnRequest request{.parent = senders_[dice.below(senders_.size())].session,
                              .key = key,
                              .task = fmt::format("task by hand {}", tasks_left_),
                              .labels = trust::Labels{"owner"}};
  if (dice.chance(50)) request.max_cost = static_cast<std::int64_t>(dice.between(1, 40)) * 1'000'000;
  const std::optional<std::int64_t> limit = request.max_cost;
  const auto made = co_await daemon.sub_agents().spawn(owner_caller(), std::move(request));
  world_.trace().note("spawn by hand: {}", made ? made->id.str() : made.error().message);
  if (made) {
    world_.spawned_by_hand[made->id] = limit;
    world_.reach("sub-agent started by a person");
    --tasks_left_;
  } else if (made.error().code != ErrorCode::kStorage && made.error().code != ErrorCode::kUnavailable &&
             made.error().code != ErrorCode::kOverloaded) {
    world_.violate(fmt::format("a task was refused: {}", made.error().message));
  }
}

async::Task<void> Clients::cancel_some_child(Daemon& daemon) {
  const auto open = co_await daemon.sub_agents().list(owner().id, {.parent = {}, .open_only = true});
  if (!open || open->empty()) co_return;
  const agent::SubAgent& child = (*open)[dice_.below(open->size())];
  world_.ends_asked.insert(child.turn);
  const auto cancelled = co_await daemon.sub_agents().cancel(owner_caller(), child.id);
  world_.trace().note("cancel child {}: {}", child.turn.str(), cancelled ? "ok" : cancelled.error().message);
  if (!cancelled) co_return;
  world_.cancelled_ms.emplace(child.turn, world_.now_ms());
  co_await expect_ended(daemon, child.turn);
}

async::Task<void> Clients::run_administrator(Daemon& daemon) {
  for (;;) {
    const auto slept = co_await async::sleep(loop_, dice_.milliseconds(1000, 30'000));
    if (!slept || daemon.is_stopping()) co_return;
    const std::uint64_t mode = dice_.below(3);
    world_.trace().note("policy {}", mode);
    daemon.set_policy(static_cast<PolicyMode>(mode));
  }
}

async::Task<void> Clients::run_follower(Daemon& daemon, Follower& follower) {
  for (;;) {
    auto subscription = daemon.events().subscribe(follower.filter, follower.position);
    for (std::uint64_t left = dice_.between(1, 60); left > 0; --left) {
      const auto event = co_await subscription->next();
      if (!event && event.error().code == ErrorCode::kCancelled) co_return;
      if (!event) break;
      receive(daemon, follower, **event);
    }
    subscription.reset();
    const auto slept = co_await async::sleep(loop_, dice_.milliseconds(0, 500));
    if (!slept) co_return;
  }
}

void Clients::receive(Daemon& daemon, Follower& follower, const events::Event& event) {
  if (!event.durable) return;
  const bool is_first = &follower == &followers_.front();
  if (is_first) world_.trace().note("event {} {} {}", event.version, event.name, event.turn_id);
  if (event.version <= follower.position) {
    world_.violate(
        fmt::format("event versions increase: {} came after {}", event.version, follower.position));
  }
  if (event.version > daemon.events().last_version())
    world_.violate(fmt::format("event {} was sent before its commit", event.version));
  follower.position = event.version;
  follower.received.emplace_back(event.version, hash_text(event.envelope));
}

async::Task<void> Clients::run_approver(Daemon& daemon) {
  const trust::ApprovalQuery pending_page{
      .states = {trust::ApprovalState::kPending}, .before = {}, .limit = 20};
  for (;;) {
    const auto slept =
        co_await async::sleep(loop_, dice_.milliseconds(100, dice_.chance(10) ? 90'000 : 3000));
    if (!slept || daemon.is_stopping()) co_return;
    const auto pending = co_await daemon.approvals().list_page(owner().id, pending_page);
    if (!pending || pending->empty()) continue;
    const std::uint64_t which = dice_.below(pending->size());
    if (!end_game_ && mixed(hash_text((*pending)[which].id.str())) % 6 == 0)
      continue;  // nobody cares about this one
    if (end_game_ || dice_.chance(80)) co_await answer(daemon, (*pending)[which]);
    if (dice_.chance(20)) co_await answer(daemon, (*pending)[which]);  // a second surface answers too
  }
}

async::Task<void> Clients::answer(Daemon& daemon, trust::Approval approval) {
  trust::Resolution resolution{.approve = dice_.chance(65)};
  if (resolution.approve && !approval.rule_suggestion.empty() && dice_.chance(20))
    resolution.scope = trust::GrantScope::kSession;
  (resolution.approve ? world_.approved : world_.denied).insert(approval.id);
  world_.reach(resolution.approve ? "question approved" : "question denied");
  const auto resolved = co_await daemon.approvals().resolve(owner_caller(), approval.id, resolution);
  world_.trace().note("answer {} {}: {}", approval.id.str(), resolution.approve ? "approve" : "deny",
                      resolved ? "ok" : resolved.error().message);
}

async::Task<void> Clients::run_settler(Daemon& daemon) {
  for (;;) {
    const auto slept = co_await async::sleep(loop_, dice_.milliseconds(200, 5000));
    if (!slept || daemon.is_stopping()) co_return;
    const auto turns = co_await daemon.database().read([](db::Connection& c) {
      return c.list("SELECT id FROM turns WHERE state = 'needs_attention' ORDER BY seq",
                    [](const db::Row& r) { return r.id<TurnId>(0); });
    });
    if (!turns) continue;
    for (const TurnId& turn : *turns) {
      if (!leaves_alone(turn) && (end_game_ || dice_.chance(60))) co_await settle(daemon, turn);
    }
  }
}

async::Task<void> Clients::settle(Daemon& daemon, TurnId turn) {
  const auto steps =
      co_await daemon.database().read([turn](db::Connection& c) -> Result<std::vector<agent::Step>> {
        PRYX_TRY(const auto row, agent::TurnStore::find_turn(c, owner().id, turn));
        if (!row || row->state != agent::TurnState::kNeedsAttention)
          return fail(ErrorCode::kConflict, "settled by somebody else");
        return agent::TurnStore::list_steps(c, owner().id, turn);
      });
  if (!steps) co_return;
  for (const agent::Step& step : *steps) {
    if (step.state != agent::StepState::kUnknown) continue;
    const bool is_model = step.kind == agent::StepKind::kModel;
    const std::uint64_t luck = dice_.below(3);
    auto choice = agent::TurnEngine::ResumeChoice::kRetry;
    if (luck == 1 && !is_model) choice = agent::TurnEngine::ResumeChoice::kTreatAsDone;
    if (luck == 2) choice = agent::TurnEngine::ResumeChoice::kAbandon;
    if (choice == agent::TurnEngine::ResumeChoice::kRetry) ++world_.retries_asked[step.id];
    if (choice == agent::TurnEngine::ResumeChoice::kAbandon && is_model) world_.ends_asked.insert(turn);
    static constexpr std::string_view kChoices[] = {"settled: retry", "settled: treat as done",
                                                    "settled: abandon"};
    world_.reach(kChoices[static_cast<std::size_t>(choice)]);
    const auto resumed = co_await daemon.engine().resume(owner_caller(), turn, step.id, choice, {});
    world_.trace().note("resume {} {}: {}", turn.str(), static_cast<int>(choice),
                        resumed ? "ok" : resumed.error().message);
    co_return;
  }
  world_.violate(fmt::format("turn {} needs attention and no step has an unknown outcome", turn.str()));
}

}  // namespace pryx::sim
