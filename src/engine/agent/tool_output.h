// SPDX-License-Identifier: MIT
// What a running tool writes, on its way to whoever watches: ephemeral `tool.output` events, gathered for 33
// ms or 4 KiB. Bounded: what is too much is dropped and said so; the outcome holds what counts. I/O thread
// only.
#pragma once
#include <memory>
#include <string>

#include "engine/agent/delta_buffer.h"
#include "engine/agent/records.h"
#include "engine/tools/tool.h"
#include "foundation/async/event_loop.h"
#include "foundation/events/event_log.h"

namespace pryx::agent {

class ToolOutput final : public tools::OutputSink, public std::enable_shared_from_this<ToolOutput> {
 public:
  static constexpr std::size_t kMaxBytes = 1u << 20;  // of one call, to watchers

  ToolOutput(async::EventLoop& loop, events::EventLog& events, const Turn& turn, StepId step);
  ~ToolOutput() override;
  void write(std::string_view bytes) override;
  // Sends what is left; nothing is sent afterwards.
  void close();

 private:
  void send();

  async::EventLoop& loop_;
  events::EventLog& events_;
  PrincipalId principal_;
  SessionId session_;
  TurnId turn_;
  std::string surface_;
  StepId step_;
  std::string waiting_;     // valid UTF-8 but for a code point that is cut at its end
  std::size_t offset_ = 0;  // of waiting_ in what was sent
  MonotonicTime last_{};
  async::EventLoop::TimerId timer_ = 0;
  bool has_timer_ = false;
  bool closed_ = false;
  bool cut_ = false;
};

}  // namespace pryx::agent
