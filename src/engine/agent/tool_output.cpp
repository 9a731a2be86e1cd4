// SPDX-License-Identifier: MIT
#include "engine/agent/tool_output.h"

#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

constexpr std::string_view kCutNote = "\n[more output is not shown while it runs]\n";
constexpr std::size_t kMaxCodePointBytes = 4;

// How many bytes at the end may be the beginning of a code point that is still to come.
std::size_t open_tail(std::string_view text) {
  for (std::size_t back = 1; back <= std::min(text.size(), kMaxCodePointBytes - 1); ++back) {
    const auto u = static_cast<unsigned char>(text[text.size() - back]);
    if ((u & 0xC0) == 0x80) continue;
    const std::size_t length = u >= 0xF0 ? 4 : u >= 0xE0 ? 3 : u >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

ToolOutput::ToolOutput(async::EventLoop& loop, events::EventLog& events, const Turn& turn, StepId step)
    : loop_(loop),
      events_(events),
      principal_(turn.principal),
      session_(turn.session),
      turn_(turn.id),
      surface_(turn.surface),
      step_(std::move(step)) {}

ToolOutput::~ToolOutput() {
  if (has_timer_) loop_.cancel_timer(timer_);
}

void ToolOutput::write(std::string_view bytes) {
  if (closed_ || cut_ || bytes.empty()) return;
  const std::size_t room = kMaxBytes - std::min(kMaxBytes, offset_ + waiting_.size());
  if (bytes.size() > room) {
    cut_ = true;
    bytes = bytes.substr(0, room);
  }
  waiting_ += bytes;
  if (cut_) waiting_ = to_valid_utf8(waiting_) + std::string(kCutNote);
  const MonotonicTime now = loop_.clock().monotonic();
  if (waiting_.size() >= DeltaBuffer::kBytes || offset_ == 0 || now - last_ >= DeltaBuffer::kInterval) {
    send();
  } else if (!has_timer_) {
    has_timer_ = true;
    timer_ = loop_.call_after(DeltaBuffer::kInterval, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->has_timer_ = false;
      self->send();
    });
  }
}

void ToolOutput::send() {
  const std::size_t keep = closed_ ? 0 : open_tail(waiting_);
  const std::string text = to_valid_utf8(std::string_view(waiting_).substr(0, waiting_.size() - keep));
  if (text.empty()) return;
  waiting_.erase(0, waiting_.size() - keep);
  last_ = loop_.clock().monotonic();
  events_.publish_ephemeral({.principal = principal_,
                             .name = "tool.output",
                             .session = session_,
                             .surface = surface_,
                             .payload = {{"turn_id", turn_.str()},
                                         {"step_id", step_.str()},
                                         {"part", "output"},
                                         {"offset", offset_},
                                         {"text", text}}});
  offset_ += text.size();
}

void ToolOutput::close() {
  if (closed_) return;
  closed_ = true;
  send();
}

}  // namespace pryx::agent
