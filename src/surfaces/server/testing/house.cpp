// SPDX-License-Identifier: MIT
#include "surfaces/server/testing/house.h"
#include "trust/egress/request_log.h"

#include <unistd.h>

namespace pryx::server::testing {

class FakeModel::Stream final : public models::ModelStream {
 public:
  Stream(FakeModel& owner, std::vector<models::ModelEvent> events)
      : owner_(owner), events_(std::move(events)) {
    ++owner_.open_streams;
  }
  ~Stream() override { --owner_.open_streams; }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  async::Task<Result<std::optional<models::ModelEvent>>> next() override {
    if (owner_.pause > Duration::zero()) {
      PRYX_CO_TRY_VOID(co_await async::sleep(owner_.loop_, owner_.pause));
    }
    if (at_ < events_.size()) co_return std::optional(events_[at_++]);
    if (owner_.hangs_after_words) {
      async::WaitList never(owner_.loop_);
      (void)co_await never.wait();
      co_return fail(ErrorCode::kCancelled, "cancelled");
    }
    if (at_++ == events_.size())
      co_return std::optional<models::ModelEvent>(models::Finished{models::FinishReason::kStop, "words-2"});
    co_return std::optional<models::ModelEvent>();
  }

 private:
  FakeModel& owner_;
  std::vector<models::ModelEvent> events_;
  std::size_t at_ = 0;
};

async::Task<Result<std::unique_ptr<models::ModelStream>>> FakeModel::stream(models::ModelRequest request) {
  requests.push_back(std::move(request));
  if (failure) co_return fail(*failure);
  std::vector<models::ModelEvent> events;
  if (calls.empty()) {
    for (const std::string& word : words) events.push_back(models::TextDelta{word});
  }
  for (std::size_t i = 0; i < calls.size(); ++i) events.push_back(models::ToolCallComplete{calls[i], i});
  calls.clear();
  events.push_back(models::UsageReport{{.input_tokens = 12, .output_tokens = 3}});
  co_return std::unique_ptr<models::ModelStream>(std::make_unique<Stream>(*this, std::move(events)));
}

async::Task<Result<std::vector<models::ModelInfo>>> FakeModel::list_models() {
  ++listings;
  models::ModelInfo info{.id = "words", .provider = "fake", .context_tokens = 1000};
  info.price = models::Price{.rates = {.input = 1'500'000, .output = 6'000'000}};
  co_return std::vector<models::ModelInfo>{info};
}

NoteTool::NoteTool() {
  description_.name = "note.add";
  description_.description = "Adds a line to the notes.";
  description_.parameters =
      json::parse_object(R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]})")
          .value();
  description_.effect = tools::EffectClass::kIdempotent;
  description_.risk = tools::Risk::kMedium;
}

async::Task<Result<tools::ToolOutcome>> NoteTool::run(const tools::GatePass&, json::object,
                                                      tools::ToolContext) {
  ++runs;
  tools::ToolOutcome outcome;
  outcome.text = "noted";
  outcome.summary = "1 line";
  outcome.labels = trust::Labels{"file"};
  co_return outcome;
}

House::House(async::EventLoop& given, bool inline_store)
    : loop(given),
      ids(given.clock(), random),
      audit(given.clock()),
      models(given, network, keys, random),
      model(std::make_shared<FakeModel>(given)) {
  const db::ModuleMigrations modules[] = {events::EventLog::migrations(),
                                          audit::AuditLog::migrations(),
                                          egress::EgressLog::migrations(),
                                          trust::Approvals::migrations(),
                                          memory::migrations(),
                                          tools::UndoJournal::migrations(),
                                          tools::shell::BackgroundProcesses::migrations(),
                                          trace::SpanStore::migrations(),
                                          agent::SessionStore::migrations(),
                                          ApiServer::migrations()};
  auto opened =
      db::Database::open(loop, {.open = {.path = directory / "t.db"}, .inline_mode = inline_store}, modules);
  PRYX_CHECK(opened.has_value());
  database = std::move(*opened);
  events = std::make_unique<events::EventLog>(loop, *database);
  approvals = std::make_unique<trust::Approvals>(loop, *database, *events, audit, ids);
  trace = std::make_unique<trace::Recorder>(loop.clock(), *events, ids.make<BootId>().str());
  models.put_provider("fake", model);
  auto tool = std::make_unique<NoteTool>();
  notes = tool.get();
  PRYX_CHECK(registry.add(std::move(tool)).has_value());
  gate = std::make_unique<tools::ToolGate>(loop, registry, default_policy, *approvals, ids);
  dispatcher = std::make_unique<agent::Dispatcher>(loop, *database);
  turns = std::make_unique<agent::TurnEngine>(agent::TurnEngine::Parts{.loop = loop,
                                                                       .database = *database,
                                                                       .events = *events,
                                                                       .audit = audit,
                                                                       .approvals = *approvals,
                                                                       .models = models,
                                                                       .gate = *gate,
                                                                       .results = results,
                                                                       .workspaces = opener,
                                                                       .dispatcher = *dispatcher,
                                                                       .ids = ids,
                                                                       .trace = *trace,
                                                                       .boot_id = trace->boot_id(),
                                                                       .default_model = "fake/words"});
  pool = std::make_unique<async::WorkerPool>(loop, 0);
  checkpoints = std::make_unique<audit::Checkpointer>(
      loop, *pool, *database, audit, Secret(std::string(32, 'c')),
      audit::CheckpointerOptions{.file = directory / "audit/checkpoints.jsonl",
                                 .interval = Duration::zero()});
  undo_journal = std::make_unique<tools::UndoJournal>(*database, loop.clock());
  undo = std::make_unique<agent::TurnUndo>(agent::TurnUndo::Parts{.loop = loop,
                                                                  .pool = *pool,
                                                                  .database = *database,
                                                                  .events = *events,
                                                                  .audit = audit,
                                                                  .journal = *undo_journal,
                                                                  .registry = registry,
                                                                  .workspaces = opener,
                                                                  .dispatcher = *dispatcher});
  outbox = std::make_unique<agent::Outbox>(loop, *database);
  inbox = std::make_unique<agent::Inbox>(loop, *database, *events, ids, *dispatcher);
  sub_agents = std::make_unique<agent::SubAgents>(agent::SubAgents::Parts{.loop = loop,
                                                                          .database = *database,
                                                                          .events = *events,
                                                                          .ids = ids,
                                                                          .inbox = *inbox,
                                                                          .dispatcher = *dispatcher,
                                                                          .turns = *turns,
                                                                          .models = models,
                                                                          .profiles = &agents});
  images = std::make_unique<tools::http::ImageFetch>(tools::http::ImageFetch::Parts{
      .database = *database,
      .audit = audit,
      .broker = broker,
      .decide = [this](const json::object& arguments, const trust::Labels& labels, const PrincipalId&,
                       const SessionId&) -> Result<trust::Decision> {
        image_labels = labels;
        trust::Decision decision{.verdict = trust::Verdict::kAsk, .rule = "no rule", .reason = "it asks"};
        if (!denied_host.empty() && json::string_or(arguments, "url").contains(denied_host)) {
          decision.verdict = trust::Verdict::kDeny;
          decision.reason = "policy.yaml denies http.request";
        }
        if (!allowed_host.empty() && json::string_or(arguments, "url").contains(allowed_host))
          decision.verdict = trust::Verdict::kAllow;
        return decision;
      },
      .is_own = [](const net::IpAddress& address) { return net::to_text(address) == kOwnPublicAddress; }});
  memory_store = std::make_unique<memory::MemoryStore>(*database, ids, loop.clock());
  processes =
      std::make_unique<tools::shell::BackgroundProcesses>(loop, *database, *events, audit, ids, sandbox);
  workspaces = std::make_unique<FakeWorkspaces>(*database, ids);
  memories = std::make_unique<StoredMemories>(*memory_store, loop.clock());
  info = {.version = "0.1.0",
          .pid = 42,
          .url = "http://127.0.0.1:7799",
          .socket = "/run/pryx.sock",
          .started_at = loop.clock().wall(),
          .safe_mode_reason = {},
          .key_backend = "file"};
  options.own_uid = inline_store ? kOwnUid : ::geteuid();  // real sockets have real peers
  api = std::make_unique<ApiServer>(services(), options);
  api->set_tcp_port(kPort);
}

House::~House() = default;

Services House::services() {
  return {loop,   *pool,     *database,   *events,    ids,         random,      *inbox,       *dispatcher,
          *turns, *undo,     *outbox,     *approvals, *gate,       audit,       *checkpoints, *trace,
          models, providers, secrets,     config,     policy,      *workspaces, *memories,    *processes,
          skills, agents,    *sub_agents, *images,    diagnostics, info};
}

async::Task<Result<void>> House::start() {
  PRYX_CO_TRY_VOID(co_await events->start());
  PRYX_CO_TRY_VOID(co_await approvals->start());
  PRYX_CO_TRY_VOID(co_await trace->start(*database, agent::streamed_tokens));
  PRYX_CO_TRY_VOID(co_await checkpoints->start());
  PRYX_CO_TRY_VOID(co_await processes->start());
  PRYX_CO_TRY_VOID(co_await api->start());
  PRYX_CO_TRY_VOID(co_await sub_agents->start());
  co_return co_await dispatcher->start(*turns, false);
}

async::Task<void> House::stop() {
  co_await dispatcher->stop();
  co_await sub_agents->stop();
  co_await processes->stop();
  co_await api->stop();
  co_await outbox->stop();
}

}  // namespace pryx::server::testing
