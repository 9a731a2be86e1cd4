// SPDX-License-Identifier: MIT
// The provider against a real mock vendor (@copilotkit/aimock) that drops, garbles, cuts, limits and delays.
// One attempt each: every outcome is either the whole answer or an error of the right class, never a wrong
// answer and never a hang.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/models/provider_kinds.h"
#include "foundation/net/http_client.h"
#include "foundation/net/testing/real_loop.h"
#include "foundation/platform/subprocess.h"

namespace pryx::models {
namespace {
using namespace std::chrono_literals;
using net::testing::RealLoop;

const std::filesystem::path kNode = std::filesystem::path(PRYX_SOURCE_DIR) / ".tools/bin/node";
const std::filesystem::path kMock =
    std::filesystem::path(PRYX_SOURCE_DIR) / "tests/js/node_modules/@copilotkit/aimock/dist/cli.js";
constexpr std::string_view kAnswer = "Hello! How can I help you today?";

constexpr std::string_view kFixtures = R"({"fixtures":[
  {"match":{"userMessage":"hello"},"response":{"content":"Hello! How can I help you today?"}},
  {"match":{"userMessage":"cut me"},"response":{"content":"Hello! How can I help you today?"},"truncateAfterChunks":4,"latency":20},
  {"match":{"userMessage":"use tools"},"response":{"toolCalls":[{"name":"fs_read","arguments":{"path":"a.txt"}},{"name":"fs_list","arguments":{}}]}}
]})";

struct NoKeys final : KeySource {
  async::Task<Result<Secret>> get_key(std::string, bool) override { co_return Secret("test-key"); }
};

class AimockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kNode) || !std::filesystem::exists(kMock))
      GTEST_SKIP() << "aimock is not installed: run `make deps`";
    folder_ = std::filesystem::temp_directory_path() / fmt::format("pryx-aimock-{}", getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "fixtures.json") << kFixtures;
    platform::SpawnOptions options;
    options.executable = std::filesystem::canonical(kNode).string();
    options.argv = {"node", kMock.string(), "-p", "0", "-f", (folder_ / "fixtures.json").string(), "-c",
                    "6",    "--strict"};
    options.env = {{"HOME", folder_.string()}, {"PATH", "/usr/bin:/bin"}};
    options.standard_output = platform::Stream::kPipe;
    auto started = platform::Subprocess::spawn(options);
    ASSERT_TRUE(started) << started.error().message;
    mock_.emplace(std::move(*started));
    base_url_ = wait_for_url();
    ASSERT_FALSE(base_url_.empty()) << "aimock did not say where it listens";
  }
  void TearDown() override {
    mock_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string wait_for_url() {
    std::string said;
    const int fd = mock_->output().get();
    for (;;) {
      pollfd waiting{fd, POLLIN, 0};
      if (poll(&waiting, 1, 30'000) != 1) return {};
      char buffer[4096];
      const ssize_t got = read(fd, buffer, sizeof buffer);
      if (got <= 0) return {};
      said.append(buffer, static_cast<std::size_t>(got));
      const std::size_t at = said.find("http://127.0.0.1:");
      if (at != std::string::npos && said.find('\n', at) != std::string::npos)
        return said.substr(at, said.find_first_of(" \n", at) - at);
    }
  }

  std::filesystem::path folder_;
  std::optional<platform::Subprocess> mock_;
  std::string base_url_;
};

struct Outcome {
  std::string text;
  std::vector<ToolCall> calls;
  std::optional<Error> error;
  std::optional<Finished> finished;
  std::optional<Usage> usage;
};

// One wire that the mock speaks.
struct Vendor {
  std::string kind;
  std::string path;
  std::string model;
  std::string api = {};
  bool begins_late = false;  // its first events carry no text yet
};

async::Task<Outcome> ask(Provider& provider, std::string model, std::string said) {
  ModelRequest request;
  request.model = std::move(model);
  request.messages = {{.role = ChatMessage::Role::kUser, .text = std::move(said)}};
  request.tools = {{.name = "fs.read", .description = "", .parameters = {{"type", "object"}}},
                   {.name = "fs.list", .description = "", .parameters = {{"type", "object"}}}};
  Outcome out;
  auto stream = co_await provider.stream(std::move(request));
  if (!stream) {
    out.error = stream.error();
    co_return out;
  }
  for (;;) {
    const auto event = co_await (*stream)->next();
    if (!event) out.error = event.error();
    if (!event || !*event) co_return out;
    if (const auto* delta = std::get_if<TextDelta>(&**event)) out.text += delta->text;
    if (const auto* call = std::get_if<ToolCallComplete>(&**event)) out.calls.push_back(call->call);
    if (const auto* finished = std::get_if<Finished>(&**event)) out.finished = *finished;
    if (const auto* report = std::get_if<UsageReport>(&**event)) out.usage = report->usage;
  }
}

async::Task<bool> set_chaos(net::HttpClient& http, std::string base_url, std::string rates) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = base_url + "/__aimock/chaos";
  request.headers.add("Content-Type", "application/json");
  request.body = std::move(rates);
  const auto response = co_await http.start(std::move(request));
  co_return response && (*response)->status() == 200;
}

async::Task<std::vector<Outcome>> ask_under(net::HttpClient& http, Provider& provider, std::string base_url,
                                            std::string rates, std::string model, std::string said,
                                            int times) {
  const bool set = co_await set_chaos(http, base_url, std::move(rates));
  EXPECT_TRUE(set);
  std::vector<Outcome> out;
  for (int i = 0; i < times; ++i) {
    Outcome outcome = co_await ask(provider, model, said);
    out.push_back(std::move(outcome));
  }
  co_await http.stop();
  co_return out;
}

std::vector<Outcome> run_under(const Vendor& vendor, const std::string& base_url, std::string rates,
                               std::string said, int times = 1, WireLimits limits = {}) {
  RealLoop real;
  const auto http = net::make_http_client(real.loop);
  NoKeys keys;
  const auto provider = make_provider(real.loop, *http, keys,
                                      {.name = "mock",
                                       .kind = vendor.kind,
                                       .base_url = base_url + vendor.path,
                                       .key_secret_name = "k",
                                       .api = vendor.api},
                                      limits);
  return net::testing::run(
      real, ask_under(*http, **provider, base_url, std::move(rates), vendor.model, std::move(said), times));
}

void expect_calm_answers(const Vendor& vendor, const std::string& base_url) {
  const Outcome calm = run_under(vendor, base_url, "{}", "hello").front();
  EXPECT_FALSE(calm.error) << calm.error->message;
  EXPECT_EQ(calm.text, kAnswer);
  ASSERT_TRUE(calm.finished && calm.usage);
  EXPECT_EQ(calm.finished->reason, FinishReason::kStop);
  EXPECT_GT(calm.usage->input_tokens, 0);

  const Outcome tools = run_under(vendor, base_url, "{}", "use tools").front();
  EXPECT_FALSE(tools.error) << tools.error->message;
  ASSERT_EQ(tools.calls.size(), 2u);
  EXPECT_EQ(tools.calls[0].name, "fs.read");
  EXPECT_EQ(tools.calls[0].arguments_json, R"({"path":"a.txt"})");
  EXPECT_EQ(tools.calls[1].name, "fs.list");
  EXPECT_EQ(tools.finished->reason, FinishReason::kToolCalls);

  const Outcome cut = run_under(vendor, base_url, "{}", "cut me").front();
  ASSERT_TRUE(cut.error);
  EXPECT_EQ(cut.error->code, ErrorCode::kUnavailable) << cut.error->message;
  EXPECT_TRUE(kAnswer.starts_with(cut.text) && (vendor.begins_late || !cut.text.empty())) << cut.text;

  const Outcome unknown = run_under(vendor, base_url, "{}", "no fixture fits this").front();
  EXPECT_TRUE(unknown.error);
}

void expect_named_failures(const Vendor& vendor, const std::string& base_url) {
  struct Row {
    const char* rates;
    ErrorCode code;
  };
  for (const Row& row :
       {Row{R"({"dropRate":1})", ErrorCode::kProvider}, Row{R"({"malformedRate":1})", ErrorCode::kProvider},
        Row{R"({"disconnectRate":1})", ErrorCode::kUnavailable},
        Row{R"({"rateLimitRate":1})", ErrorCode::kOverloaded}}) {
    const Outcome outcome = run_under(vendor, base_url, row.rates, "hello").front();
    ASSERT_TRUE(outcome.error) << row.rates;
    EXPECT_EQ(outcome.error->code, row.code) << row.rates << ": " << outcome.error->message;
    EXPECT_TRUE(outcome.text.empty());
    if (row.code == ErrorCode::kOverloaded) EXPECT_GE(outcome.error->retry_after_ms, 0);
  }
  const Outcome late =
      run_under(vendor, base_url, R"({"latencyMs":20000})", "hello", 1, {.first_token = 50ms}).front();
  ASSERT_TRUE(late.error);
  EXPECT_EQ(late.error->code, ErrorCode::kTimeout);
}

void expect_no_wrong_answer_in_chaos(const Vendor& vendor, const std::string& base_url) {
  int whole = 0;
  for (const Outcome& outcome : run_under(
           vendor, base_url,
           R"({"dropRate":0.2,"malformedRate":0.2,"disconnectRate":0.2,"rateLimitRate":0.1,"latencyMs":1})",
           "hello", 100)) {
    if (!outcome.error) {
      ++whole;
      EXPECT_EQ(outcome.text, kAnswer);
      continue;
    }
    const ErrorCode code = outcome.error->code;
    EXPECT_TRUE(code == ErrorCode::kProvider || code == ErrorCode::kUnavailable ||
                code == ErrorCode::kOverloaded)
        << outcome.error->message;
  }
  EXPECT_GT(whole, 0);
}

TEST_F(AimockTest, AnswersToolsAndEveryKindOfChaos) {
  for (const Vendor& vendor :
       {Vendor{"openai", "/v1", "gpt-4o"}, Vendor{"anthropic", "", "claude-sonnet-4-5"},
        Vendor{"google", "", "gemini-2.5-flash"}, Vendor{"ollama", "", "qwen3:8b"},
        Vendor{"openai", "/v1", "gpt-4o", "responses", true}}) {
    SCOPED_TRACE(vendor.kind + " " + vendor.api);
    expect_calm_answers(vendor, base_url_);
    expect_named_failures(vendor, base_url_);
    expect_no_wrong_answer_in_chaos(vendor, base_url_);
  }
}

}  // namespace
}  // namespace pryx::models
