// SPDX-License-Identifier: MIT
#include "engine/agent/block_stream.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

struct Fence {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind its closing line; the end of the text while it is open
  bool is_open = true;
  std::string_view first_line;
};

// A line that opens or closes fenced code: up to three blanks, then three or more of ` or ~.
std::string_view fence_mark(std::string_view line) {
  const std::size_t indent = line.find_first_not_of(' ');
  if (indent == std::string_view::npos || indent > 3) return {};
  line.remove_prefix(indent);
  const char mark = line.front();
  if (mark != '`' && mark != '~') return {};
  const std::size_t length = std::min(line.find_first_not_of(mark), line.size());
  if (length < 3) return {};
  // Backquotes behind backquotes are code in a line.
  if (mark == '`' && line.substr(length).find('`') != std::string_view::npos) return {};
  return line.substr(0, length);
}

std::vector<Fence> find_fences(std::string_view text) {
  std::vector<Fence> fences;
  std::string_view open;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t feed = text.find('\n', at);
    const std::size_t next = feed == std::string_view::npos ? text.size() : feed + 1;
    const std::string_view line = text.substr(at, (feed == std::string_view::npos ? next : feed) - at);
    const std::string_view mark = fence_mark(line);
    if (!mark.empty() && open.empty()) {
      fences.push_back({at, text.size(), true, line});
      open = mark;
    } else if (!mark.empty() && mark.front() == open.front() && mark.size() >= open.size() &&
               trim(line).size() == mark.size() && feed != std::string_view::npos) {
      fences.back().end = next;
      fences.back().is_open = false;
      open = {};
    } else if (!mark.empty() && mark.front() == open.front() && mark.size() >= open.size() &&
               trim(line).size() == mark.size()) {
      // Its last line, when nothing more of it comes.
      fences.back().end = next;
      fences.back().is_open = false;
      open = {};
    }
    at = next;
  }
  return fences;
}

const Fence* fence_around(const std::vector<Fence>& fences, std::size_t position) {
  const auto found = std::ranges::find_if(
      fences, [&](const Fence& fence) { return position > fence.begin && position < fence.end; });
  return found == fences.end() ? nullptr : &*found;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// How good a place a position is to end at: 4 behind a paragraph, 3 a line, 2 a sentence, 1 a word, 0 none.
int rank_of(std::string_view text, std::size_t position) {
  if (position >= 2 && text[position - 1] == '\n' && text[position - 2] == '\n') return 4;
  if (text[position - 1] == '\n') return 3;
  if (!is_blank(text[position - 1])) return 0;
  const char before = position >= 2 ? text[position - 2] : ' ';
  return before == '.' || before == '!' || before == '?' ? 2 : 1;
}

std::optional<std::size_t> best_break(std::string_view text, const std::vector<Fence>& fences,
                                      std::size_t from, std::size_t to, int least_rank) {
  std::optional<std::size_t> best;
  int best_rank = least_rank - 1;
  for (std::size_t position = to; position >= from && position > 0; --position) {
    const int rank = rank_of(text, position);
    if (rank <= best_rank || fence_around(fences, position) != nullptr) continue;
    best = position;
    best_rank = rank;
    if (rank == 4) break;
  }
  return best;
}

std::size_t code_point_start(std::string_view text, std::size_t position) {
  while (position > 0 && position < text.size() &&
         (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80)
    --position;
  return position;
}

}  // namespace

std::optional<std::size_t> find_break(std::string_view text, const BlockLimits& limits, bool is_final) {
  if (text.empty() || (!is_final && text.size() < limits.min)) return std::nullopt;
  const std::vector<Fence> fences = find_fences(text);
  if (text.size() <= limits.max) {
    if (is_final) return text.size();
    // Early only where a reader pauses anyway, and not while a fence may still grow.
    return best_break(text, fences, limits.min, text.size() - 1, 4);
  }
  if (const auto found = best_break(text, fences, limits.min, limits.max, 1)) return found;
  const Fence* fence = fence_around(fences, limits.max);
  if (fence == nullptr) {
    const std::size_t hard = code_point_start(text, limits.max);
    return hard > 0 ? hard : limits.max;
  }
  if (fence->begin > 0) return fence->begin;
  if (!fence->is_open) return fence->end;
  return is_final ? std::optional(text.size()) : std::nullopt;
}

std::vector<std::string> BlockCutter::add(std::string_view text) {
  pending_ += text;
  return cut(false);
}

std::vector<std::string> BlockCutter::finish() {
  std::vector<std::string> blocks = cut(true);
  pending_.clear();
  return blocks;
}

namespace {

std::string trimmed_end(std::string_view block) {
  while (!block.empty() && is_blank(block.back())) block.remove_suffix(1);
  return std::string(block);
}

// A fence that is too long for the other side: its beginning as a fence of its own, and what is left of it.
std::optional<std::string> part_fence(std::string& pending, std::size_t hard_max) {
  const std::vector<Fence> fences = find_fences(pending);
  if (fences.empty() || fences.front().begin != 0) return std::nullopt;
  const std::string first_line(fences.front().first_line);
  const std::string mark(fence_mark(first_line));
  const std::size_t room = hard_max > mark.size() + 1 ? hard_max - mark.size() - 1 : 0;
  if (room <= first_line.size() + 8) return std::nullopt;
  std::size_t at = pending.rfind('\n', room - 1);
  if (at == std::string::npos || at <= first_line.size()) at = code_point_start(pending, room - 1);
  std::string block = pending.substr(0, at);
  block += "\n" + mark;
  const std::size_t next = at < pending.size() && pending[at] == '\n' ? at + 1 : at;
  pending = first_line + "\n" + pending.substr(next);
  return block;
}

}  // namespace

std::vector<std::string> BlockCutter::cut(bool is_final) {
  std::vector<std::string> blocks;
  for (;;) {
    const auto end = find_break(pending_, limits_, is_final);
    const std::size_t size = end.value_or(pending_.size());
    if (limits_.hard_max > 0 && size > limits_.hard_max) {
      if (auto part = part_fence(pending_, limits_.hard_max)) {
        blocks.push_back(std::move(*part));
        continue;
      }
    }
    if (!end) return blocks;
    std::string block = trimmed_end(std::string_view(pending_).substr(0, *end));
    pending_.erase(0, *end);
    // Line feeds between blocks belong to neither; blanks at the start of a line may be code.
    pending_.erase(0, std::min(pending_.find_first_not_of("\r\n"), pending_.size()));
    if (!block.empty()) blocks.push_back(std::move(block));
  }
}

std::vector<std::string> Coalescer::add(std::string block, MonotonicTime now) {
  std::vector<std::string> out;
  last_ = now;
  const std::size_t joined = waiting_.size() + 2 + block.size();
  if (!waiting_.empty() && joined > limits_.max) out.push_back(std::exchange(waiting_, {}));
  waiting_ += (waiting_.empty() ? "" : "\n\n") + block;
  if (waiting_.size() >= limits_.min) out.push_back(std::exchange(waiting_, {}));
  return out;
}

std::optional<std::string> Coalescer::take_idle(MonotonicTime now) {
  const auto due = due_at();
  if (!due || now < *due) return std::nullopt;
  return finish();
}

std::optional<std::string> Coalescer::finish() {
  if (waiting_.empty()) return std::nullopt;
  return std::exchange(waiting_, {});
}

std::optional<MonotonicTime> Coalescer::due_at() const {
  if (waiting_.empty()) return std::nullopt;
  return last_ + limits_.idle;
}

}  // namespace pryx::agent
