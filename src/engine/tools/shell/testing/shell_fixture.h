// SPDX-License-Identifier: MIT
// A workspace, a store and the shell tools over a sandbox without walls, on the real loop. Tests only.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <map>

#include "engine/tools/shell/exec_tool.h"
#include "engine/tools/shell/process_tools.h"
#include "engine/tools/shell/testing/plain_sandbox.h"
#include "engine/tools/testing/ungated_pass.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/platform/system_clock.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::tools::shell::testing {

inline constexpr std::string_view kKey = "2dd29ca851e7b56e4697b0e1f08507293d761a05ce4d1b628663f411a8086d99";

// What was streamed.
class CollectingSink final : public OutputSink {
 public:
  std::string text;
  std::size_t writes = 0;
  void write(std::string_view bytes) override {
    text += bytes;
    ++writes;
  }
};

// A vault with what a test puts in it.
class PlainSecrets final : public CommandSecrets {
 public:
  struct Entry {
    std::string value, set_at;
    std::vector<std::string> hosts;
  };
  std::map<std::string, Entry> entries;
  int revealed = 0;
  [[nodiscard]] async::Task<Result<json::object>> describe(Principal,
                                                           std::vector<std::string> names) override {
    json::object out;
    for (const std::string& name : names) {
      const auto found = entries.find(name);
      out[name] = found == entries.end() ? json::value() : json::value(found->second.set_at);
    }
    co_return out;
  }
  [[nodiscard]] async::Task<Result<Secret>> reveal(Principal, std::string name,
                                                   std::vector<std::string> hosts) override {
    const auto found = entries.find(name);
    if (found == entries.end()) co_return fail(ErrorCode::kNotFound, "there is no secret {}", name);
    for (const std::string& host : hosts) {
      if (std::ranges::find(found->second.hosts, host) == found->second.hosts.end())
        co_return fail(ErrorCode::kForbidden, "the secret {} is not for {}", name, host);
    }
    ++revealed;
    co_return Secret(found->second.value);
  }
};

class ShellFixture : public ::testing::Test {
 protected:
  ShellFixture()
      : loop_(clock_), pool_(loop_, 1), ids_(clock_, random_), audit_(clock_), tasks_(loop_, "test") {
    // As in the daemon: a broken pipe is an error of the write.
    std::signal(SIGPIPE, SIG_IGN);
    std::filesystem::create_directories(dir_ / "ws/src");
    const db::ModuleMigrations modules[] = {events::EventLog::migrations(), audit::AuditLog::migrations(),
                                            BackgroundProcesses::migrations()};
    auto database = db::Database::open(
        loop_, {.open = {.path = dir_ / "t.db", .key = Secret(std::string(kKey))}}, modules);
    PRYX_CHECK(database.has_value());
    database_ = std::move(*database);
    events_ = std::make_unique<events::EventLog>(loop_, *database_);
    PRYX_CHECK(await(events_->start()).has_value());
    make_processes();
  }
  ~ShellFixture() override {
    await(stopped());
    exec_.reset();
    processes_.reset();
    database_->close();
  }
  void make_processes() {
    processes_ = std::make_unique<BackgroundProcesses>(loop_, *database_, *events_, audit_, ids_, sandbox_);
    processes_->set_grace(std::chrono::milliseconds(300));
    exec_ = std::make_unique<ExecTool>(ExecTool::Parts{.loop = loop_,
                                                       .pool = pool_,
                                                       .sandbox = sandbox_,
                                                       .processes = *processes_,
                                                       .secrets = &secrets_,
                                                       .caps = caps_,
                                                       .first_look = first_look_});
  }
  async::Task<bool> stopped() {
    co_await processes_->stop();
    co_return true;
  }

  // Runs the coroutine to its end on the loop of this thread.
  template <class T>
  T await(async::Task<T> task) {
    std::optional<T> out;
    tasks_.spawn("await", keep(std::move(task), out));
    loop_.context().restart();
    loop_.run();
    return std::move(*out);
  }
  // The same, cancelled after a while.
  template <class T>
  T await_cancelled(async::Task<T> task, Duration after) {
    std::optional<T> out;
    const auto id = tasks_.spawn("await", keep(std::move(task), out));
    loop_.call_after(after, [this, id] { tasks_.cancel(id); });
    loop_.context().restart();
    loop_.run();
    return std::move(*out);
  }

  ToolContext context() {
    ToolContext out;
    out.principal = owner();
    out.session = session_;
    out.output = sink_;
    auto held = platform::HeldDirectory::open(dir_ / "ws");
    PRYX_CHECK(held.has_value());
    out.workspace = std::make_shared<platform::HeldDirectory>(std::move(*held));
    return out;
  }
  Result<ToolOutcome> call(Tool& tool, json::object arguments) {
    return await(tool.run(pass_, std::move(arguments), context()));
  }
  ToolOutcome exec(json::object arguments) {
    auto outcome = call(*exec_, std::move(arguments));
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? *outcome : ToolOutcome{};
  }
  ToolOutcome shell(std::string_view command) { return exec({{"command", command}}); }
  Binding bind(json::object arguments) {
    auto binding = await(exec_->bind(std::move(arguments), context()));
    EXPECT_TRUE(binding) << binding.error().message;
    return binding ? *binding : Binding{};
  }
  // Starts one in the background; its id.
  ProcessId start(std::string_view command, json::object more = {}) {
    more["command"] = command;
    more["background"] = true;
    const ToolOutcome outcome = exec(std::move(more));
    return ProcessId(json::string_or(outcome.details, "id"));
  }
  ProcessViewer everyone() const { return {owner().id, {}, "test"}; }

  platform::testing::TemporaryDirectory dir_;
  platform::SystemClock clock_;
  pryx::testing::SeededRandom random_{11};
  async::RealEventLoop loop_;
  async::WorkerPool pool_;
  IdSource ids_;
  audit::AuditLog audit_;
  async::TaskGroup tasks_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<events::EventLog> events_;
  PlainSandbox sandbox_;
  PlainSecrets secrets_;
  ExecTool::Caps caps_;
  Duration first_look_ = std::chrono::milliseconds(100);
  std::unique_ptr<BackgroundProcesses> processes_;
  std::unique_ptr<ExecTool> exec_;
  SessionId session_{"ses_01J00000000000000000000000"};
  std::shared_ptr<CollectingSink> sink_ = std::make_shared<CollectingSink>();
  GatePass pass_ = tools::testing::UngatedPass::make();

 private:
  template <class T>
  async::Task<void> keep(async::Task<T> task, std::optional<T>& out) {
    auto value = co_await std::move(task);
    out.emplace(std::move(value));
    loop_.stop();
  }
};

}  // namespace pryx::tools::shell::testing
