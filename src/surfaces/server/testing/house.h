// SPDX-License-Identifier: MIT
// Everything below the API on any loop, with a model and admin services that live in memory: what tests of
// the server stand on.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "engine/agent/dispatcher.h"
#include "engine/agent/inbox.h"
#include "engine/agent/session_store.h"
#include "engine/tools/shell/testing/plain_sandbox.h"
#include "engine/tools/tool_gate.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/net/http_client.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "surfaces/server/server.h"
#include "surfaces/server/testing/fake_admins.h"
#include "surfaces/server/testing/fake_agents.h"
#include "surfaces/server/testing/fake_broker.h"
#include "surfaces/server/testing/fake_skills.h"

namespace pryx::server::testing {

// Answers with the same words every time; can be told to stop in the middle, to fail, or to ask for a tool
// first.
class FakeModel final : public models::Provider {
 public:
  explicit FakeModel(async::EventLoop& loop) : loop_(loop) {}
  std::vector<std::string> words{"Hello", " ", "there"};
  std::vector<models::ToolCall> calls;  // asked for by the next answer only
  std::optional<Error> failure;         // instead of an answer
  bool hangs_after_words = false;
  Duration pause{};  // before each word
  int open_streams = 0;
  int listings = 0;  // how often it was asked which models it has
  std::vector<models::ModelRequest> requests;

  [[nodiscard]] std::string_view kind() const override { return "fake"; }
  [[nodiscard]] async::Task<Result<std::unique_ptr<models::ModelStream>>> stream(
      models::ModelRequest request) override;
  [[nodiscard]] async::Task<Result<std::vector<models::ModelInfo>>> list_models() override;

 private:
  class Stream;
  async::EventLoop& loop_;
};

// A tool with an effect, so that policy asks.
class NoteTool final : public tools::Tool {
 public:
  NoteTool();
  int runs = 0;
  [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<tools::Touches> touches(const json::object&) const override {
    return tools::Touches{.workspace_paths = {"notes.txt"}, .hosts = {}};
  }
  [[nodiscard]] std::string render(const json::object& arguments) const override {
    return "note.add " + json::string_or(arguments, "text");
  }
  [[nodiscard]] async::Task<Result<tools::ToolOutcome>> run(const tools::GatePass&, json::object,
                                                            tools::ToolContext) override;

 private:
  tools::ToolDescription description_;
};

class FakeNetwork final : public net::HttpClient {
 public:
  std::map<std::string, std::string> bodies;  // by URL; others cannot be reached
  int requests = 0;

  async::Task<Result<std::unique_ptr<net::ClientResponse>>> start(net::ClientRequest request) override {
    ++requests;
    const auto found = bodies.find(request.url);
    if (found == bodies.end()) co_return fail(ErrorCode::kUnavailable, "there is no network here");
    co_return std::unique_ptr<net::ClientResponse>(std::make_unique<Response>(found->second));
  }
  async::Task<void> stop() override { co_return; }

 private:
  class Response final : public net::ClientResponse {
   public:
    explicit Response(std::string body) : body_(std::move(body)) {}
    [[nodiscard]] int status() const override { return 200; }
    [[nodiscard]] const net::Headers& headers() const override { return headers_; }
    async::Task<Result<std::optional<std::string>>> read(Duration) override {
      co_return std::exchange(body_, std::nullopt);
    }

   private:
    net::Headers headers_;
    std::optional<std::string> body_;
  };
};

class NoKeys final : public models::KeySource {
 public:
  async::Task<Result<Secret>> get_key(std::string, bool) override { co_return Secret("k"); }
};

class DefaultPolicy final : public tools::PolicySource {
 public:
  [[nodiscard]] tools::PolicyInForce policy() const override {
    return {std::make_shared<trust::PolicyEngine>(trust::default_policy().layer), "v1"};
  }
};

class MemoryFiles final : public agent::ResultFiles {
 public:
  std::map<std::string, std::string> files;
  async::Task<Result<std::string>> put(std::string bytes) override {
    std::string ref = fmt::format("sha256:{}", files.size());
    files[ref] = std::move(bytes);
    co_return ref;
  }
  async::Task<Result<std::string>> get(std::string ref) override {
    const auto found = files.find(ref);
    if (found == files.end()) co_return fail(ErrorCode::kNotFound, "no such result");
    co_return found->second;
  }
};

class NoDirectory final : public agent::WorkspaceOpener {
 public:
  async::Task<Opened> open(agent::Session) override { co_return Opened{}; }
};

// `inline_store`: the database works on the loop's own thread, as a virtual loop needs it.
class House {
 public:
  static constexpr std::uint32_t kOwnUid = 1000;
  static constexpr std::uint16_t kPort = 7799;

  House(async::EventLoop& loop, bool inline_store);
  ~House();
  // Reads what the parts keep in the store and starts the dispatcher.
  [[nodiscard]] async::Task<Result<void>> start();
  [[nodiscard]] async::Task<void> stop();

  platform::testing::TemporaryDirectory directory;
  async::EventLoop& loop;
  pryx::testing::SeededRandom random{7};
  IdSource ids;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<events::EventLog> events;
  audit::AuditLog audit;
  std::unique_ptr<trust::Approvals> approvals;
  std::unique_ptr<trace::Recorder> trace;
  FakeNetwork network;
  NoKeys keys;
  models::ModelRouter models;
  std::shared_ptr<FakeModel> model;
  tools::Registry registry;
  NoteTool* notes = nullptr;
  DefaultPolicy default_policy;
  std::unique_ptr<tools::ToolGate> gate;
  MemoryFiles results;
  NoDirectory opener;
  std::unique_ptr<agent::Dispatcher> dispatcher;
  std::unique_ptr<agent::TurnEngine> turns;
  std::unique_ptr<async::WorkerPool> pool;
  std::unique_ptr<audit::Checkpointer> checkpoints;
  std::unique_ptr<tools::UndoJournal> undo_journal;
  std::unique_ptr<agent::TurnUndo> undo;
  std::unique_ptr<agent::Outbox> outbox;
  std::unique_ptr<agent::Inbox> inbox;
  std::unique_ptr<memory::MemoryStore> memory_store;
  FakeProviders providers;
  FakeSecrets secrets;
  FakeConfig config;
  FakePolicy policy;
  std::unique_ptr<FakeWorkspaces> workspaces;
  std::unique_ptr<StoredMemories> memories;
  tools::shell::testing::PlainSandbox sandbox;
  std::unique_ptr<tools::shell::BackgroundProcesses> processes;
  FakeSkills skills;
  FakeAgents agents;
  std::unique_ptr<agent::SubAgents> sub_agents;
  FakeBroker broker;
  std::string denied_host, allowed_host;  // by the policy, for images; it asks for others
  trust::Labels image_labels;             // that it was last asked with
  static constexpr std::string_view kOwnPublicAddress = "9.9.9.77";  // of this machine, for images
  std::unique_ptr<tools::http::ImageFetch> images;
  FakeDiagnostics diagnostics;
  DaemonInfo info;
  ServerOptions options;
  std::unique_ptr<ApiServer> api;

  // All that a server needs, for one with other options.
  [[nodiscard]] Services services();
};

}  // namespace pryx::server::testing
