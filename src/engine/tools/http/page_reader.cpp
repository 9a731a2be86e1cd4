// SPDX-License-Identifier: MIT
#include "engine/tools/http/page_reader.h"

#include <sys/resource.h>

#include "foundation/base/json.h"
#include "foundation/base/text.h"
#include "foundation/platform/subprocess.h"

namespace pryx::tools::http {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(15);
constexpr std::uint64_t kCpuSeconds = 10;
// The sanitizers' shadow memory alone is terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kMemory = RLIM_INFINITY;
#else
constexpr std::uint64_t kMemory = 1ull << 30;
#endif
constexpr std::uint64_t kOpenFiles = 16;

Result<ReadableText> run_worker(const std::string& program, const Document& document) {
  platform::SpawnOptions options;
  options.executable = program;
  options.argv = {"pryx-worker"};
  options.standard_input = platform::Stream::kPipe;
  options.standard_output = platform::Stream::kPipe;
  options.limits = {{RLIMIT_CPU, kCpuSeconds}, {RLIMIT_AS, kMemory}, {RLIMIT_FSIZE, 0},
                    {RLIMIT_CORE, 0},          {RLIMIT_NPROC, 0},    {RLIMIT_NOFILE, kOpenFiles}};
  const std::string head = json::to_text(json::object{{"kind", document.kind},
                                                      {"charset", document.charset},
                                                      {"base", document.base},
                                                      {"max_bytes", document.max_bytes}});
  PRYX_TRY(const platform::CompletedRun run,
           platform::run_to_completion(std::move(options), head + "\n" + document.bytes, kDeadline,
                                       document.max_bytes + (64u << 10)));
  if (!run.status.is_success())
    return fail(ErrorCode::kUnavailable, "read the document: its parser ended with {}; try format raw",
                run.status.describe());
  const std::size_t end = run.output.find('\n');
  if (end == std::string::npos || run.truncated)
    return fail(ErrorCode::kUnavailable,
                "read the document: its parser gave no whole answer; try format raw");
  // The worker may have been taken over by what it read: its answer is checked like any stranger's.
  PRYX_TRY(const json::object facts, json::parse_object(std::string_view(run.output).substr(0, end)));
  const auto ok = json::find_bool(facts, "ok");
  if (!ok || !ok->value_or(false))
    return fail(ErrorCode::kUnavailable, "read the document: {}; try format raw",
                utf8_prefix(json::string_or(facts, "error", "its parser refused it"), 200));
  const auto truncated = json::find_bool(facts, "truncated");
  return ReadableText{json::string_or(facts, "title"),
                      to_valid_utf8(std::string_view(run.output).substr(end + 1)),
                      truncated && truncated->value_or(false)};
}

class WorkerPageReader final : public PageReader {
 public:
  WorkerPageReader(async::WorkerPool& pool, std::string program)
      : pool_(pool), program_(std::move(program)) {}
  async::Task<Result<ReadableText>> read(Document document) override {
    auto job = [program = program_, document = std::move(document)](std::stop_token) {
      return run_worker(program, document);
    };
    co_return co_await pool_.run(std::move(job));
  }

 private:
  async::WorkerPool& pool_;
  std::string program_;
};

}  // namespace

std::unique_ptr<PageReader> make_page_reader(async::WorkerPool& pool, std::string worker_program) {
  return std::make_unique<WorkerPageReader>(pool, std::move(worker_program));
}

}  // namespace pryx::tools::http
