// SPDX-License-Identifier: MIT
#include "sandbox_keeper.h"

#include <future>

#include "foundation/base/log.h"

namespace pryx::app {
namespace {

using Made = std::shared_future<std::unique_ptr<sandbox::Sandbox>>;

class SandboxOnTrial final : public sandbox::Sandbox {
 public:
  explicit SandboxOnTrial(Made made) : made_(std::move(made)) {}
  [[nodiscard]] const sandbox::Report& report() const override { return made_.get()->report(); }
  [[nodiscard]] std::vector<std::string> search_path() const override { return made_.get()->search_path(); }
  [[nodiscard]] Result<std::unique_ptr<sandbox::Run>> launch(const sandbox::Request& request) override {
    return made_.get()->launch(request);
  }

 private:
  Made made_;
};

std::unique_ptr<sandbox::Sandbox> begin_trial(const config::Places& places,
                                              const std::shared_ptr<async::JobThread>& cleaner) {
  sandbox::Options options;
  // Not owned: its own jobs hold what holds this.
  options.later = [cleaner = std::weak_ptr(cleaner)](std::function<void()> job) {
    const auto held = cleaner.lock();
    return held != nullptr && held->add(std::move(job));
  };
  options.hidden_paths = {places.config, places.data, places.state, places.cache, places.run};
  options.scratch = places.state + "/sandbox";
  const auto trial = std::make_shared<std::packaged_task<std::unique_ptr<sandbox::Sandbox>()>>(
      [options = std::move(options)]() mutable { return sandbox::make_sandbox(std::move(options)); });
  auto made = std::make_unique<SandboxOnTrial>(trial->get_future().share());
  if (!cleaner->add([trial] { (*trial)(); })) (*trial)();
  return made;
}

}  // namespace

SandboxKeeper::SandboxKeeper(const config::Places& places)
    : cleaner_(std::make_shared<async::JobThread>()), sandbox_(begin_trial(places, cleaner_)) {}

async::Task<Result<void>> SandboxKeeper::settle(async::WorkerPool& pool) {
  auto wait = [this](const std::stop_token&) -> Result<void> {
    for (const sandbox::Layer& layer : sandbox_->report().layers) {
      if (!layer.works)
        log::warn("sandbox.layer", {{"layer", layer.name}, {"detail", layer.detail}, {"fix", layer.fix}});
    }
    return {};
  };
  co_return co_await pool.run(std::move(wait));
}

}  // namespace pryx::app
