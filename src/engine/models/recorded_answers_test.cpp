// SPDX-License-Identifier: MIT
// The codecs against recorded answers. What each answer says stands in the JSON beside it, and the vendors'
// own clients are asked first whether they understand the same (tests/js/vendor_clients.mjs).
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "engine/models/anthropic_codec.h"
#include "engine/models/google_codec.h"
#include "foundation/net/sse_parser.h"
#include "foundation/platform/subprocess.h"

namespace pryx::models {
namespace {

const std::filesystem::path kSource(PRYX_SOURCE_DIR);
const std::filesystem::path kRecorded = kSource / "tests/fixtures/vendor";

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

// As tests/js/vendor_clients.mjs says it.
json::object understood(AnswerDecoder& decoder, const std::string& bytes) {
  std::vector<net::SseEvent> frames;
  EXPECT_TRUE(net::SseParser().feed(bytes, frames));
  std::vector<ModelEvent> events;
  Result<void> ok;
  for (const net::SseEvent& frame : frames) {
    if (ok) ok = decoder.feed({frame.event, frame.data}, events);
  }
  if (ok) ok = decoder.finish(events);
  if (!ok) return {{"error", facts(ok.error().code).name}};
  std::string text;
  std::string reasoning;
  json::array calls;
  json::object out;
  for (const ModelEvent& event : events) {
    if (const auto* delta = std::get_if<TextDelta>(&event)) text += delta->text;
    if (const auto* delta = std::get_if<ReasoningDelta>(&event)) reasoning += delta->text;
    if (const auto* complete = std::get_if<ToolCallComplete>(&event)) {
      calls.push_back(json::object{{"id", complete->call.id},
                                   {"name", complete->call.name},
                                   {"arguments", json::parse(complete->call.arguments_json).value()}});
    }
    if (const auto* report = std::get_if<UsageReport>(&event)) {
      out["usage"] = json::object{{"input", report->usage.input_tokens},
                                  {"cached", report->usage.cached_input_tokens},
                                  {"cache_write", report->usage.cache_write_tokens},
                                  {"output", report->usage.output_tokens},
                                  {"reasoning", report->usage.reasoning_tokens}};
    }
    if (const auto* finished = std::get_if<Finished>(&event)) {
      out["finish"] = to_text(finished->reason);
      out["model"] = finished->model_that_answered;
    }
  }
  out["text"] = std::move(text);
  out["reasoning"] = std::move(reasoning);
  out["calls"] = std::move(calls);
  return out;
}

void expect_as_recorded(const std::string& vendor,
                        const std::function<std::unique_ptr<AnswerDecoder>()>& make) {
  int answers = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kRecorded / vendor)) {
    if (entry.path().extension() != ".sse") continue;
    ++answers;
    const auto expected =
        json::parse_object(read_text(std::filesystem::path(entry.path()).replace_extension(".json")));
    ASSERT_TRUE(expected) << entry.path();
    EXPECT_EQ(json::canonical(understood(*make(), read_text(entry.path()))), json::canonical(*expected))
        << entry.path();
  }
  EXPECT_GE(answers, 4);
}

TEST(RecordedAnswers, AnthropicSaysWhatIsWrittenBeside) {
  expect_as_recorded("anthropic", [] { return std::make_unique<MessagesDecoder>(ModelRequest{}, 10); });
}

TEST(RecordedAnswers, GoogleSaysWhatIsWrittenBeside) {
  expect_as_recorded("google", [] { return std::make_unique<GenerateDecoder>(ToolNames(), "m", 10); });
}

TEST(RecordedAnswers, TheVendorsOwnClientsUnderstandThemTheSame) {
  const std::filesystem::path node = kSource / ".tools/bin/node";
  const std::filesystem::path modules = kSource / "tests/js/node_modules";
  if (!std::filesystem::exists(node) || !std::filesystem::exists(modules / "@anthropic-ai/sdk") ||
      !std::filesystem::exists(modules / "@google/genai"))
    GTEST_SKIP() << "the vendors' clients are not installed: run `make deps`";
  platform::SpawnOptions options;
  options.executable = std::filesystem::canonical(node).string();
  options.argv = {"node", (kSource / "tests/js/vendor_clients.mjs").string(), kRecorded.string()};
  options.env = {{"HOME", "/tmp"}, {"PATH", "/usr/bin:/bin"}};
  options.standard_output = platform::Stream::kPipe;
  auto started = platform::Subprocess::spawn(options);
  ASSERT_TRUE(started) << started.error().message;
  std::string said;
  const int fd = started->output().get();
  for (pollfd waiting{fd, POLLIN, 0}; poll(&waiting, 1, 60'000) == 1;) {
    char buffer[4096];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0) break;
    said.append(buffer, static_cast<std::size_t>(got));
  }
  EXPECT_NE(said.find(" answers, 0 wrong\n"), std::string::npos) << said;
}

}  // namespace
}  // namespace pryx::models
