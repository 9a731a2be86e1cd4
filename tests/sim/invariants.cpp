// SPDX-License-Identifier: MIT
#include "tests/sim/invariants.h"

#include <algorithm>

#include "tests/sim/sub_agent_invariants.h"
#include "tests/sim/trace_invariants.h"
#include "trust/audit/audit_tree.h"

// Over 500 lines: every invariant is judged on the one picture of the store that is read here.
namespace pryx::sim {
namespace {

using agent::Message;
using agent::Role;
using agent::Step;
using agent::StepKind;
using agent::StepState;
using agent::Turn;
using agent::TurnState;

const std::string kAskingPolicy = fmt::format("policy-{}", static_cast<int>(PolicyMode::kAsk));

struct Intent {
  std::string key;
  std::string call_hash;
  std::string policy;
  std::int64_t at_ms = 0;
};

struct StoredApproval {
  std::string state;
  TurnId turn;
  std::string call_hash;
};

// All of the store that the rules look at.
struct Stored {
  std::vector<Turn> turns;  // by seq
  std::map<TurnId, std::vector<Step>> steps;
  std::map<StepId, Step> step_by_id;
  std::vector<Message> messages;  // by seq
  std::map<TurnId, std::vector<agent::OutboxRow>> outbox;
  std::map<StepId, std::vector<Intent>> intents;
  std::map<TurnId, std::int64_t> first_attention_ms;
  std::map<ApprovalId, StoredApproval> approvals;
  std::map<TurnId, std::vector<std::string>> events;     // names, by version
  std::map<StepId, std::vector<std::string>> records;    // kinds of audit rows, by index
  std::map<std::string, std::pair<int, int>> questions;  // events about an approval: needed, resolved
  std::int64_t miscounted_sessions = 0;
  std::int64_t misjudged_sessions = 0;  // by the state of their last turn, or what all used
  Family family;
};

Result<Stored> read_store(db::Connection& c) {
  Stored s;
  PRYX_TRY(const auto ids,
           c.list("SELECT id FROM turns ORDER BY seq", [](const db::Row& r) { return r.id<TurnId>(0); }));
  for (const TurnId& id : ids) {
    PRYX_TRY(auto turn, agent::TurnStore::find_turn(c, owner().id, id));
    PRYX_TRY(s.steps[id], agent::TurnStore::list_steps(c, owner().id, id));
    for (const Step& step : s.steps[id]) s.step_by_id[step.id] = step;
    PRYX_TRY(s.outbox[id], agent::TurnStore::list_outbox(c, owner().id, id));
    s.turns.push_back(std::move(*turn));
  }
  PRYX_TRY(const auto sessions, c.list("SELECT id FROM sessions ORDER BY id",
                                       [](const db::Row& r) { return r.id<SessionId>(0); }));
  for (const SessionId& session : sessions) {
    agent::Page page{.limit = 200};
    do {
      PRYX_TRY(auto paged, agent::SessionStore::list_messages(c, owner().id, session, page));
      page.cursor = paged.next_cursor;
      for (Message& message : paged.items) s.messages.push_back(std::move(message));
    } while (!page.cursor.empty());
  }
  PRYX_TRY_VOID(c.each(
      "SELECT step_id, at, detail FROM audit WHERE kind = 'tool.intent' ORDER BY idx", [&](const db::Row& r) {
        const auto detail = json::parse_object(r.view(2));
        if (!detail) return;
        s.intents[r.id<StepId>(0)].push_back({json::string_or(*detail, "key"),
                                              json::string_or(*detail, "call_hash"),
                                              json::string_or(*detail, "policy"), r.integer(1)});
      }));
  PRYX_TRY_VOID(
      c.each("SELECT turn_id, created_at FROM events WHERE name = 'turn.needs_attention' ORDER BY version",
             [&](const db::Row& r) { s.first_attention_ms.emplace(r.id<TurnId>(0), r.integer(1)); }));
  PRYX_TRY_VOID(c.each("SELECT id, state, turn_id, call_hash FROM approvals", [&](const db::Row& r) {
    s.approvals[r.id<ApprovalId>(0)] = {r.text(1), r.id<TurnId>(2), r.text(3)};
  }));
  PRYX_TRY_VOID(c.each("SELECT turn_id, name, payload FROM events WHERE turn_id IS NOT NULL ORDER BY version",
                       [&](const db::Row& r) {
                         s.events[r.id<TurnId>(0)].push_back(r.text(1));
                         const auto payload = json::parse_object(r.view(2));
                         if (!payload) return;
                         auto& [needed, resolved] = s.questions[json::string_or(*payload, "approval_id")];
                         needed += r.view(1) == "approval.needed" ? 1 : 0;
                         resolved += r.view(1) == "approval.resolved" ? 1 : 0;
                       }));
  PRYX_TRY_VOID(c.each("SELECT step_id, kind FROM audit WHERE step_id IS NOT NULL ORDER BY idx",
                       [&](const db::Row& r) { s.records[r.id<StepId>(0)].push_back(r.text(1)); }));
  PRYX_TRY(s.family, Family::read(c, s.turns, s.steps));
  PRYX_TRY(s.miscounted_sessions, c.count("SELECT count(*) FROM sessions s WHERE message_count <> (SELECT "
                                          "count(*) FROM messages m WHERE m.session_id = s.id)"));
  PRYX_TRY(s.misjudged_sessions,
           c.count("SELECT count(*) FROM sessions s WHERE last_state <> coalesce((SELECT state FROM turns t "
                   "WHERE t.session_id = s.id ORDER BY seq DESC LIMIT 1), '') OR cost_nano <> (SELECT total("
                   "json_extract(usage, '$.nano_usd')) FROM turns t WHERE t.session_id = s.id)"));
  return s;
}

class Checks {
 public:
  Checks(const Stored& stored, OutsideWorld& world, const Clients& clients)
      : stored_(stored), world_(world), clients_(clients) {}
  void run() {
    check_messages();
    check_conversations();
    for (const Turn& turn : stored_.turns) {
      world_.reach(fmt::format("turn {}", agent::to_text(turn.state)));
      check_turn(turn);
      check_events(turn);
      check_outbox(turn);
      check_transcript(turn);
      for (const Step& step : stored_.steps.at(turn.id)) check_step(turn, step);
    }
    expect(stored_.miscounted_sessions == 0, "{} sessions miscount their messages",
           stored_.miscounted_sessions);
    expect(stored_.misjudged_sessions == 0, "{} sessions misjudge their turns", stored_.misjudged_sessions);
    check_session_order();
    check_effects();
    check_requests();
    check_approvals();
  }

 private:
  template <class... Args>
  void expect(bool holds, fmt::format_string<Args...> format, Args&&... args) {
    if (!holds) world_.violate(fmt::format(format, std::forward<Args>(args)...));
  }

  const Message* find_message(const MessageId& id) const {
    const auto found = std::ranges::find(stored_.messages, id, &Message::id);
    return found == stored_.messages.end() ? nullptr : &*found;
  }
  const Turn* find_turn(const TurnId& id) const {
    const auto found = std::ranges::find(stored_.turns, id, &Turn::id);
    return found == stored_.turns.end() ? nullptr : &*found;
  }

  // No accepted message lost, none written twice, order of one client kept.
  void check_messages() {
    for (const Sender& sender : clients_.senders()) {
      std::int64_t last_seq = 0;
      for (const Outgoing& sent : sender.messages) {
        const auto copies = std::ranges::count_if(stored_.messages, [&](const Message& m) {
          return m.session == sent.session && m.role == Role::kUser && m.text() == sent.text;
        });
        expect(copies <= 1, "message {} is stored {} times", sent.key, copies);
        if (!sent.accepted) continue;
        const Message* message = find_message(sent.accepted->message);
        expect(message != nullptr && message->text() == sent.text, "accepted message {} is lost", sent.key);
        const Turn* turn = find_turn(sent.accepted->turn);
        expect(turn != nullptr && turn->message == sent.accepted->message,
               "the turn of accepted message {} is lost", sent.key);
        if (message == nullptr) continue;
        if (sender.all_at_once) continue;
        expect(message->seq > last_seq, "message {} overtook one that was accepted before it was sent",
               sent.key);
        last_seq = message->seq;
      }
    }
  }

  void check_conversations() {
    for (const Conversation& conversation : clients_.conversations()) {
      const Message* message = find_message(conversation.accepted.message);
      expect(message != nullptr && message->text() == conversation.text, "conversation {} is lost",
             conversation.text);
      expect(find_turn(conversation.accepted.turn) != nullptr, "the turn of conversation {} is lost",
             conversation.text);
    }
  }

  void check_turn(const Turn& turn) {
    const std::string& id = turn.id.str();
    const auto& steps = stored_.steps.at(turn.id);
    const bool has_unknown =
        std::ranges::any_of(steps, [](const Step& s) { return s.state == StepState::kUnknown; });
    if (turn.state == TurnState::kNeedsAttention) {
      expect(has_unknown, "turn {} needs attention without an unknown step", id);
      return;
    }
    if (stored_.family.waits_for_a_person(turn)) return;
    expect(agent::is_terminal(turn.state), "turn {} ended as {}", id, agent::to_text(turn.state));
    for (const Step& step : steps) {
      expect(agent::is_terminal(step.state), "turn {} is {} and its step {} is {}", id,
             agent::to_text(turn.state), step.id.str(), agent::to_text(step.state));
    }
    expect(turn.state != TurnState::kCancelled || world_.ends_asked.contains(turn.id) ||
               stored_.family.may_be_cancelled(turn),
           "turn {} was cancelled and nobody asked for it", id);
    if (turn.state == TurnState::kFailed) {
      expect(!turn.error_code.empty() && turn.error_code != "internal" && turn.error_code != "storage",
             "turn {} failed as '{}': {}", id, turn.error_code, turn.error_detail);
    }
  }

  // What the bus said about a turn: it began once, it ended once and as what it is, and nothing came after
  // its end.
  void check_events(const Turn& turn) {
    const auto found = stored_.events.find(turn.id);
    if (found == stored_.events.end()) return expect(false, "turn {} has no events", turn.id.str());
    const std::vector<std::string>& names = found->second;
    static constexpr std::string_view kEnds[] = {"turn.completed", "turn.failed", "turn.cancelled"};
    const auto ends = std::ranges::count_if(
        names, [](const std::string& n) { return std::ranges::find(kEnds, n) != std::end(kEnds); });
    const auto begins = std::ranges::count(names, "turn.started");
    expect(names.front() == "message.created", "turn {} begins with {}", turn.id.str(), names.front());
    expect(begins <= 1 && (begins == 1 || turn.starts == 0),
           "turn {} was started {} times and said so {} times", turn.id.str(), turn.starts, begins);
    expect(ends == (agent::is_terminal(turn.state) ? 1 : 0), "turn {} is {} and its end was said {} times",
           turn.id.str(), agent::to_text(turn.state), ends);
    if (agent::is_terminal(turn.state)) {
      expect(names.back() == fmt::format("turn.{}", agent::to_text(turn.state)),
             "turn {} is {}, its last event is {}", turn.id.str(), agent::to_text(turn.state), names.back());
    }
  }

  [[nodiscard]] std::ptrdiff_t count_events(const TurnId& turn, std::string_view name) const {
    const auto found = stored_.events.find(turn);
    return found == stored_.events.end() ? 0 : std::ranges::count(found->second, name);
  }
  [[nodiscard]] bool was_resumed(const TurnId& turn) const {
    return std::ranges::any_of(stored_.steps.at(turn), [&](const Step& step) {
      const auto records = stored_.records.find(step.id);
      return records != stored_.records.end() && std::ranges::count(records->second, "turn.resumed") > 0;
    });
  }

  // The reply and its delivery are one: exactly one row for each turn that ended with a reply or a failure,
  // and one for each time that it asked about an unknown outcome.
  void check_outbox(const Turn& turn) {
    const auto& rows = stored_.outbox.at(turn.id);
    const bool has_reply = turn.state == TurnState::kCompleted || turn.state == TurnState::kFailed;
    const auto asked = count_events(turn.id, "turn.needs_attention");
    expect(std::ssize(rows) == asked + (has_reply ? 1 : 0),
           "turn {} is {}, asked {} times and has {} outbox rows", turn.id.str(), agent::to_text(turn.state),
           asked, rows.size());
    for (const agent::OutboxRow& row : rows) {
      world_.reach(fmt::format("reply {}", agent::to_text(row.state)));
      if (row.state != agent::OutboxState::kDelivered) continue;
      const auto seen = [&](const SessionId& session) {
        const auto found = world_.acknowledged.find(session);
        return found != world_.acknowledged.end() && found->second >= row.event_version;
      };
      // Who answers or cancels has received the question.
      const bool answered = world_.ends_asked.contains(turn.id) || was_resumed(turn.id);
      expect(answered || world_.turns_acknowledged.contains(turn.id) || seen(SessionId()) ||
                 seen(turn.session) || stored_.family.was_received(turn),
             "the reply of {} counts as delivered and nobody received it", turn.id.str());
    }
  }

  void check_transcript(const Turn& turn) {
    if (!agent::is_terminal(turn.state)) return;
    const Message* question = find_message(turn.message);
    std::map<StepId, int> calls, results, interrupted;
    for (const Message& message : stored_.messages) {
      if (message.turn != turn.id) continue;
      if (std::ranges::any_of(message.parts,
                              [](const agent::Part& p) { return p.state == agent::PartState::kInterrupted; }))
        ++interrupted[message.step];
      for (const agent::Part& part : message.parts) {
        expect(part.state != agent::PartState::kStreaming, "turn {} is {} and a part of it still streams",
               turn.id.str(), agent::to_text(turn.state));
        if (part.state == agent::PartState::kInterrupted) world_.reach("interrupted part");
        if (part.type == "tool_call") ++calls[part.step];
        if (part.type == "tool_result") ++results[part.step];
        if (part.type != "text" || message.role != Role::kAssistant ||
            part.state != agent::PartState::kComplete || question == nullptr)
          continue;
        expect(part.text.starts_with("Answer to " + question->text() + ":"),
               "turn {} answers another question: {}", turn.id.str(), part.text);
      }
    }
    for (const auto& [step, count] : calls) {
      expect(count == 1, "step {} is called {} times in the transcript", step.str(), count);
      if (turn.state == TurnState::kCompleted)
        expect(results[step] == 1, "call {} has {} results", step.str(), results[step]);
    }
    for (const auto& [id, count] : interrupted) {
      const Step& step = stored_.step_by_id.at(id);
      const int attempts = step.attempt - (step.state == StepState::kDone ? 1 : 0);
      expect(count <= attempts || world_.retries_asked.contains(id),
             "step {} is {} after {} attempts, {} of them interrupted", id.str(), agent::to_text(step.state),
             step.attempt, count);
    }
    for (const auto& [step, count] : results)
      expect(count == 1 && calls.contains(step), "result of {}: {} times, called {} times", step.str(), count,
             calls.contains(step));
  }

  // Every tool step that came to an end left a record of it; one that was started left its intent and an
  // outcome.
  void check_records(const Step& step) {
    const auto found = stored_.records.find(step.id);
    const std::vector<std::string> none;
    const std::vector<std::string>& kinds = found == stored_.records.end() ? none : found->second;
    const auto count = [&](std::string_view kind) { return std::ranges::count(kinds, kind); };
    const std::string& id = step.id.str();
    if (step.state == StepState::kDone)
      expect(count("tool.intent") > 0 && count("tool.outcome") + count("turn.resumed") > 0,
             "done step {} has no intent or no outcome on record", id);
    if (step.state == StepState::kDenied)
      expect(count("tool.denied") == 1, "denied step {} has {} records of it", id, count("tool.denied"));
    if (step.state == StepState::kUnknown)
      expect(count("tool.unknown") > 0, "step {} is unknown and that is on no record", id);
    if (step.state == StepState::kFailed)
      expect(count("tool.outcome") + count("tool.invalid") > 0, "failed step {} is on no record", id);
    if (count("tool.intent") > 0 && step.state == StepState::kCancelled) {
      expect(
          count("tool.outcome") + count("tool.unknown") + count("tool.interrupted") + count("turn.resumed") >
              0,
          "step {} was started and cancelled, and its outcome is on no record", id);
    }
    expect(count("tool.outcome") <= 1, "step {} has {} outcomes", id, count("tool.outcome"));
  }

  void check_step(const Turn& turn, const Step& step) {
    if (step.kind == StepKind::kTool) check_records(step);
    world_.reach(fmt::format("{} step {}", agent::to_text(step.kind), agent::to_text(step.state)));
    if (step.attempt > 1)
      world_.reach(fmt::format("{} step took {} attempts", agent::to_text(step.kind), step.attempt));
    if (!step.result_ref.empty()) world_.reach("result kept as a file");
    if (step.kind == StepKind::kModel && step.state == StepState::kDone) {
      const bool asked = std::ranges::any_of(
          world_.requests, [&](const ModelRequestSeen& r) { return r.key == step.idempotency_key; });
      expect(asked, "model step {} is done and the model was never asked", step.id.str());
    }
    expect(step.crashes < agent::kMaxCrashes, "step {} was started after {} crashes", step.id.str(),
           step.crashes);
    if (step.state != StepState::kDenied || step.approval.empty()) return;
    const auto approval = stored_.approvals.find(step.approval);
    expect(approval != stored_.approvals.end(), "step {} names an approval that is not stored",
           step.id.str());
    if (approval == stored_.approvals.end()) return;
    const std::string& state = approval->second.state;
    expect(state != "superseded" && state != "pending",
           "step {} of turn {} was denied, and its approval is {}", step.id.str(), turn.id.str(), state);
  }

  // Turns of one session run in the order of their messages, one at a time.
  void check_session_order() {
    std::map<SessionId, std::vector<const Turn*>> by_session;
    for (const Turn& turn : stored_.turns) by_session[turn.session].push_back(&turn);
    for (const auto& [session, turns] : by_session) {
      for (std::size_t i = 1; i < turns.size(); ++i) {
        const Turn& before = *turns[i - 1];
        const Turn& after = *turns[i];
        if (!after.started_at) continue;
        const auto attention = stored_.first_attention_ms.find(before.id);
        const bool stepped_aside =
            attention != stored_.first_attention_ms.end() && attention->second <= after.started_at->unix_ms;
        expect(stepped_aside || (before.ended_at && *before.ended_at <= *after.started_at),
               "turn {} began before turn {} of its session had ended", after.id.str(), before.id.str());
      }
    }
  }

  void check_effects() {
    std::map<std::pair<std::string, std::int64_t>, int> times;
    for (const Effect& effect : world_.effects) {
      const auto intents = stored_.intents.find(effect.step);
      const bool has_intent =
          intents != stored_.intents.end() && std::ranges::any_of(intents->second, [&](const Intent& i) {
            return i.key == effect.key && i.at_ms <= effect.at_ms;
          });
      expect(has_intent, "effect without an earlier intent in the audit log: {} n={} of step {}", effect.tool,
             effect.n, effect.step.str());
      const int count = ++times[{effect.tool, effect.n}];
      const auto retries = world_.retries_asked.find(effect.step);
      const int allowed = 1 + (retries == world_.retries_asked.end() ? 0 : retries->second);
      if (effect.tool != "test.idempotent")
        expect(count <= allowed, "{} of step {} took effect {} times", effect.tool, effect.step.str(), count);
      const auto cancelled = world_.cancelled_ms.find(effect.turn);
      expect(cancelled == world_.cancelled_ms.end() || effect.at_ms <= cancelled->second,
             "{} took effect after its turn was cancelled", effect.step.str());
      const auto approval = stored_.step_by_id.find(effect.step);
      if (approval == stored_.step_by_id.end() || approval->second.approval.empty() || !has_intent) continue;
      // The intent that this effect came from; an attempt under another policy may not have had to ask, and
      // the question then belongs to a later one.
      const Intent* from = nullptr;
      for (const Intent& i : intents->second)
        if (i.key == effect.key && i.at_ms <= effect.at_ms && (from == nullptr || i.at_ms >= from->at_ms))
          from = &i;
      if (from->policy != kAskingPolicy) continue;
      const auto question = stored_.approvals.find(approval->second.approval);
      expect(question != stored_.approvals.end() && from->call_hash == question->second.call_hash,
             "step {} took effect as another call than the approved one", effect.step.str());
      expect(world_.approved.contains(approval->second.approval),
             "step {} took effect and nobody approved it", effect.step.str());
    }
    for (const ToolStart& start : world_.tool_starts) {
      const auto step = stored_.step_by_id.find(start.step);
      if (step == stored_.step_by_id.end())
        expect(false, "step {} ran and is not stored", start.step.str());
      else
        expect(!step->second.ended_at || start.at_ms <= step->second.ended_at->unix_ms,
               "finished step {} was run again", start.step.str());
    }
  }

  void check_requests() {
    for (const ModelRequestSeen& request : world_.requests) {
      const auto step = stored_.step_by_id.find(StepId(request.key));
      if (step == stored_.step_by_id.end())
        expect(false, "the model was asked by step {}, which is not stored", request.key);
      else
        expect(!step->second.ended_at || request.at_ms <= step->second.ended_at->unix_ms,
               "finished model step {} asked again", request.key);
    }
  }

  void check_approvals() {
    for (const auto& [id, row] : stored_.approvals) {
      const Turn* turn = find_turn(row.turn);
      world_.reach(fmt::format("question {}", row.state));
      expect(turn != nullptr, "approval {} belongs to no turn", id.str());
      if (turn == nullptr) continue;
      const auto said = stored_.questions.find(id.str());
      expect(said != stored_.questions.end() && said->second.first == 1 &&
                 said->second.second == (row.state == "pending" ? 0 : 1),
             "approval {} is {} and its events say otherwise", id.str(), row.state);
      expect(row.state != "pending" || !agent::is_terminal(turn->state),
             "turn {} is {} and still waits for approval {}", turn->id.str(), agent::to_text(turn->state),
             id.str());
      expect(row.state != "approved" || world_.approved.contains(id),
             "approval {} is approved and nobody did", id.str());
      expect(row.state != "denied" || world_.denied.contains(id), "approval {} is denied and nobody did",
             id.str());
    }
  }

  const Stored& stored_;
  OutsideWorld& world_;
  const Clients& clients_;
};

// Every subscriber got each durable event that it may see, once, in order, and what it got is what is on
// disk.
void check_follower(const Follower& follower, const std::vector<events::EventPtr>& all, OutsideWorld& world) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> expected;
  for (const events::EventPtr& event : all) {
    if (event->version <= follower.position && follower.filter.admits(*event))
      expected.emplace_back(event->version, hash_text(event->envelope));
  }
  const auto [got, want] = std::ranges::mismatch(follower.received, expected);
  if (got == follower.received.end() && want == expected.end()) return;
  world.violate(fmt::format(
      "subscriber: received {} events, {} are on disk; the first difference: received {}, on disk {}",
      follower.received.size(), expected.size(), got == follower.received.end() ? 0 : got->first,
      want == expected.end() ? 0 : want->first));
}

}  // namespace

async::Task<void> check_invariants(db::Database& database, events::EventLog& log, OutsideWorld& world,
                                   const Clients& clients, std::uint64_t& turns) {
  const auto sound = co_await database.read([](db::Connection& c) { return db::check_integrity(c); });
  if (!sound) world.violate(fmt::format("integrity: {}", sound.error().message));
  const auto audit = co_await database.read([](db::Connection& c) { return audit::verify_log(c); });
  if (!audit || !audit->ok())
    world.violate(
        fmt::format("the audit log does not verify: {}", audit ? audit->reason : audit.error().message));
  const auto stored = co_await database.read(read_store);
  if (!stored) {
    world.violate(fmt::format("the store cannot be read: {}", stored.error().message));
    co_return;
  }
  turns = stored->turns.size();
  Checks(*stored, world, clients).run();
  stored->family.check(world, stored->messages);
  const auto traces = co_await database.read(check_traces);
  if (!traces) world.violate(fmt::format("the traces cannot be read: {}", traces.error().message));
  if (traces) {
    for (const std::string& wrong : *traces) world.violate(wrong);
  }

  const auto started = co_await log.start();
  if (!started) {
    world.violate("the event log cannot be read");
    co_return;
  }
  auto subscription = log.subscribe({.principal = owner().id}, 0);
  std::vector<events::EventPtr> all;
  while (all.empty() || all.back()->version < log.last_version()) {
    const auto event = co_await subscription->next(std::chrono::seconds(1));
    if (!event) break;
    if (!all.empty() && (*event)->version <= all.back()->version)
      world.violate(fmt::format("event version {} repeats", (*event)->version));
    all.push_back(*event);
    world.trace().note("stored {}", (*event)->envelope);
  }
  for (const Follower& follower : clients.followers()) check_follower(follower, all, world);
}

}  // namespace pryx::sim
