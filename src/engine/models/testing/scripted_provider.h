// SPDX-License-Identifier: MIT
// A provider that plays attempts from a list, for tests of what stands above it: events, an error at the
// start or in the middle, waits.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/models/provider.h"
#include "foundation/async/event_loop.h"

namespace pryx::models::testing {

struct Attempt {
  std::optional<Error> refused;    // stream() fails with it
  std::vector<ModelEvent> events;  // then these come
  std::optional<Error> broken;     // and then this error; otherwise the end
  AttemptFacts facts;              // what the server said
  Duration before_each{};          // virtual time before every event and before `broken`
};

class ScriptedProvider final : public Provider {
 public:
  explicit ScriptedProvider(async::EventLoop& loop) : loop_(loop) {}
  void add(Attempt attempt) { attempts_.push_back(std::move(attempt)); }

  std::vector<ModelRequest> requests;
  std::vector<ModelInfo> models;  // that it lists
  int listings = 0;
  int key_refusals = 0;
  int open_streams = 0;

  [[nodiscard]] std::string_view kind() const override { return "scripted"; }
  void key_was_refused() override { ++key_refusals; }
  async::Task<Result<std::unique_ptr<ModelStream>>> stream(ModelRequest request) override {
    requests.push_back(std::move(request));
    PRYX_CO_TRY_VOID(check(requests.back()));
    if (attempts_.empty()) co_return fail(ErrorCode::kInternal, "the script has no attempt left");
    Attempt attempt = std::move(attempts_.front());
    attempts_.pop_front();
    if (requests.back().facts) *requests.back().facts = attempt.facts;
    if (attempt.refused) co_return fail(*attempt.refused);
    co_return std::unique_ptr<ModelStream>(std::make_unique<Stream>(*this, std::move(attempt)));
  }
  async::Task<Result<std::vector<ModelInfo>>> list_models() override {
    ++listings;
    co_return std::vector<ModelInfo>(models);
  }

 private:
  // As vendors do.
  static Result<void> check(const ModelRequest& request) {
    if (!request.about || request.max_output_tokens == 0) return {};
    const std::int64_t most = request.about->max_output_tokens;
    const std::int64_t context = request.about->context_tokens;
    if ((most > 0 && request.max_output_tokens > most) ||
        (context > 0 && request.max_output_tokens >= context))
      return fail(ErrorCode::kInvalidArgument, "an answer of {} tokens is more than the model gives",
                  request.max_output_tokens);
    return {};
  }

  class Stream final : public ModelStream {
   public:
    Stream(ScriptedProvider& owner, Attempt attempt) : owner_(owner), attempt_(std::move(attempt)) {
      ++owner_.open_streams;
    }
    ~Stream() override { --owner_.open_streams; }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    async::Task<Result<std::optional<ModelEvent>>> next() override {
      if (attempt_.before_each > Duration::zero()) {
        PRYX_CO_TRY_VOID(co_await async::sleep(owner_.loop_, attempt_.before_each));
      }
      if (at_ < attempt_.events.size()) co_return std::optional(attempt_.events[at_++]);
      if (attempt_.broken) co_return fail(*attempt_.broken);
      co_return std::optional<ModelEvent>{};
    }

   private:
    ScriptedProvider& owner_;
    Attempt attempt_;
    std::size_t at_ = 0;
  };

  async::EventLoop& loop_;
  std::deque<Attempt> attempts_;
};

}  // namespace pryx::models::testing
