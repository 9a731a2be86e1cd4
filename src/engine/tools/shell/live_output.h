// SPDX-License-Identifier: MIT
// Output on its way to the surfaces while a command runs: gathered into pieces of 33 ms or 4 KiB, cut between
// code points, and stopped at a limit that nobody would read past. I/O thread only.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "engine/tools/tool.h"
#include "foundation/async/event_loop.h"

namespace pryx::tools::shell {

class LiveOutput {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(33);  // 30 frames a second
  static constexpr std::size_t kPiece = 4096;
  static constexpr std::size_t kMost = 256u << 10;         // of one call; the whole stands in the outcome
  static constexpr std::size_t kMostOfProcess = 4u << 20;  // of one background process

  // `sink` may be null: then nothing is gathered.
  LiveOutput(async::EventLoop& loop, std::shared_ptr<OutputSink> sink, std::size_t most = kMost)
      : loop_(loop), sink_(std::move(sink)), most_(most) {}
  ~LiveOutput() { stop_timer(); }
  LiveOutput(const LiveOutput&) = delete;
  LiveOutput& operator=(const LiveOutput&) = delete;

  void add(std::string_view bytes);
  void finish();  // what is left, also half a code point

 private:
  void send(std::size_t bytes);
  void send_whole_code_points();
  void stop_timer();
  async::EventLoop& loop_;
  std::shared_ptr<OutputSink> sink_;
  std::string waiting_;
  std::size_t most_;
  std::size_t sent_ = 0;
  bool is_full_ = false;
  bool timer_runs_ = false;
  async::EventLoop::TimerId timer_ = 0;
};

}  // namespace pryx::tools::shell
