// SPDX-License-Identifier: MIT
#include "engine/tools/shell/live_output.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

// How many bytes at the end may be the beginning of a code point.
std::size_t open_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return needed > back ? back : 0;
  }
  return 0;
}

}  // namespace

void LiveOutput::send(std::size_t bytes) {
  if (bytes == 0) return;
  sink_->write(std::string_view(waiting_).substr(0, bytes));
  sent_ += bytes;
  waiting_.erase(0, bytes);
}

void LiveOutput::send_whole_code_points() { send(waiting_.size() - open_bytes(waiting_)); }

void LiveOutput::add(std::string_view bytes) {
  if (!sink_ || is_full_) return;
  const std::size_t room = most_ - sent_ - waiting_.size();
  waiting_ += bytes.substr(0, room);
  if (bytes.size() > room) {
    is_full_ = true;
    stop_timer();
    send(waiting_.size());
    sink_->write("\n[… more output follows, it is not shown live …]\n");
    return;
  }
  if (waiting_.size() >= kPiece) send_whole_code_points();
  if (waiting_.empty() || timer_runs_) return;
  timer_runs_ = true;
  timer_ = loop_.call_after(kInterval, [this] {
    timer_runs_ = false;
    send_whole_code_points();
  });
}

void LiveOutput::finish() {
  stop_timer();
  if (sink_) send(waiting_.size());
}

void LiveOutput::stop_timer() {
  if (timer_runs_) loop_.cancel_timer(timer_);
  timer_runs_ = false;
}

}  // namespace pryx::tools::shell
