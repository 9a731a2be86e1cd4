// SPDX-License-Identifier: MIT
#include "foundation/async/dedicated_thread.h"

#include <thread>

namespace pryx::async {

struct DedicatedThread::State {
  std::thread thread;
};

DedicatedThread::DedicatedThread(std::move_only_function<void()> job) : state_(std::make_unique<State>()) {
  state_->thread = std::thread(std::move(job));
}

DedicatedThread::~DedicatedThread() { state_->thread.join(); }

}  // namespace pryx::async
