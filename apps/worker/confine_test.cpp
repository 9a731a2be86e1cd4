// SPDX-License-Identifier: MIT
// The worker as a process: its answers, and that its walls kill it.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "foundation/base/json.h"
#include "foundation/platform/subprocess.h"

namespace pryx::worker {
namespace {

platform::CompletedRun run(const std::string& head, const std::string& document) {
  platform::SpawnOptions options;
  options.executable = PRYX_WORKER;
  options.argv = {"pryx-worker"};
  options.standard_input = platform::Stream::kPipe;
  options.standard_output = platform::Stream::kPipe;
  options.limits = {{RLIMIT_CORE, 0}};
  auto done = platform::run_to_completion(std::move(options), head + "\n" + document,
                                          std::chrono::seconds(30), 8u << 20);
  EXPECT_TRUE(done) << done.error().message;
  return done ? *done : platform::CompletedRun{};
}

TEST(Worker, AnswersAJob) {
  const auto done = run(R"({"kind":"html","base":"https://a.example/"})", "<title>T</title><a href=/x>y</a>");
  ASSERT_TRUE(done.status.is_success()) << done.status.describe();
  EXPECT_EQ(done.output, "{\"ok\":true,\"title\":\"T\",\"truncated\":false}\n[y](https://a.example/x)");
}

TEST(Worker, DecodesBehindItsWalls) {
  const auto done = run(R"({"kind":"text","charset":"euc-jp"})", "\xA4\xA2");
  ASSERT_TRUE(done.status.is_success()) << done.status.describe();
  EXPECT_TRUE(done.output.ends_with("\nあ")) << done.output;
}

TEST(Worker, ASystemCallBeyondTheListKillsIt) {
  const auto done = run(R"({"kind":"attempt"})", "");
  EXPECT_EQ(done.status.signal, SIGSYS) << done.status.describe();
}

TEST(Worker, AMalformedJobIsRefused) {
  EXPECT_EQ(run("not json", "").status.code, 2);
  const auto done = run(R"({"kind":"nonsense"})", "");
  EXPECT_TRUE(done.output.starts_with("{\"ok\":false")) << done.output;
}

}  // namespace
}  // namespace pryx::worker
