// SPDX-License-Identifier: MIT
#include "surfaces/cli/timeline.h"

#include <algorithm>
#include <map>
#include <set>

#include "foundation/base/clock.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

constexpr int kNameColumns = 30;
constexpr int kLeastBar = 10;
constexpr int kNoteColumns = 34;
constexpr std::size_t kMillisecondText = 23;  // "2026-11-21T07:36:32.123"

std::int64_t ns_of(const std::string& rfc3339) {
  const auto at = parse_rfc3339(rfc3339.substr(0, kMillisecondText) + "Z");
  if (!at) return 0;
  std::int64_t rest = 0;
  for (std::size_t i = kMillisecondText; i < kMillisecondText + 6; ++i) {
    const char c = i < rfc3339.size() ? rfc3339[i] : '0';
    rest = rest * 10 + (c >= '0' && c <= '9' ? c - '0' : 0);
  }
  return at->unix_ms * 1'000'000 + rest;
}

bool is_wait(const std::string& kind) { return kind == "queue" || kind == "approval"; }
bool is_work(const std::string& kind) { return !is_wait(kind) && kind != "turn"; }

// From time to place on the axis: stretches without work are shortened.
class Axis {
 public:
  Axis(const std::vector<TimelineSpan>& spans, int columns) : columns_(columns) {
    std::set<std::int64_t> marks;
    for (const TimelineSpan& span : spans) {
      marks.insert(span.start_us);
      marks.insert(span.end_us);
    }
    std::vector<Piece> pieces;
    std::int64_t busy = 0;
    for (auto at = marks.begin(); at != marks.end() && std::next(at) != marks.end(); ++at) {
      const std::int64_t from = *at;
      const std::int64_t to = *std::next(at);
      const bool works = std::ranges::any_of(spans, [&](const TimelineSpan& s) {
        return is_work(s.kind) && s.start_us < to && s.end_us > from;
      });
      if (works) busy += to - from;
      pieces.push_back({from, to, works, 0});
    }
    // A wait takes no more than an eighth of what the work takes.
    const std::int64_t most = busy > 0 ? std::max<std::int64_t>(1, busy / 8) : INT64_MAX;
    double place = 0;
    for (Piece& piece : pieces) {
      piece.place = place;
      const std::int64_t length = piece.to - piece.from;
      place += static_cast<double>(piece.works ? length : std::min(length, most));
      is_shortened_ = is_shortened_ || (!piece.works && length > most);
    }
    whole_ = std::max(place, 1.0);
    pieces_ = std::move(pieces);
  }
  [[nodiscard]] int column(std::int64_t us) const {
    double place = whole_;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const Piece& piece = pieces_[i];
      if (us >= piece.to) continue;
      const double next = i + 1 < pieces_.size() ? pieces_[i + 1].place : whole_;
      const double share = static_cast<double>(us - piece.from) /
                           static_cast<double>(std::max<std::int64_t>(1, piece.to - piece.from));
      place = piece.place + (next - piece.place) * std::clamp(share, 0.0, 1.0);
      break;
    }
    return std::clamp(static_cast<int>(place / whole_ * columns_), 0, columns_);
  }
  [[nodiscard]] bool is_shortened() const { return is_shortened_; }

 private:
  struct Piece {
    std::int64_t from, to;
    bool works;
    double place;
  };
  int columns_;
  double whole_ = 1;
  bool is_shortened_ = false;
  std::vector<Piece> pieces_;
};

Style style_of(const TimelineSpan& span) {
  if (span.status == "error" || span.status == "denied" || span.status == "interrupted") return kBad;
  if (span.kind == "approval") return kWarning;
  if (span.kind == "queue") return kDim;
  if (span.kind == "model" || span.kind == "compaction") return kAccent;
  return span.kind == "turn" ? kPlainStyle : kGood;
}

std::string_view glyph_of(const TimelineSpan& span) {
  if (is_wait(span.kind)) return "░";
  return span.kind == "turn" ? "─" : "█";
}

std::string note_of(const json::object& span) {
  const json::value* attributes = json::find(span, "attributes");
  if (attributes == nullptr || !attributes->is_object()) return {};
  const json::object& a = attributes->get_object();
  std::string note;
  const std::int64_t tokens = json::integer_or(a, "gen_ai.usage.input_tokens", 0) +
                              json::integer_or(a, "gen_ai.usage.output_tokens", 0);
  if (tokens > 0) note = fmt::format("{} tok", tokens);
  const std::int64_t nano = json::integer_or(a, "pryx.cost.nano_usd", -1);
  if (nano > 0) note += fmt::format("{}${:.6f}", note.empty() ? "" : " ", static_cast<double>(nano) / 1e9);
  return note;
}

}  // namespace

std::string duration_text(std::int64_t us) {
  if (us < 1000) return fmt::format("{} µs", us);
  if (us < 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(us) / 1e3);
  if (us < 60'000'000) return fmt::format("{:.2f} s", static_cast<double>(us) / 1e6);
  return fmt::format("{} min {} s", us / 60'000'000, us / 1'000'000 % 60);
}

std::vector<TimelineSpan> timeline_spans(const json::object& trace) {
  std::vector<TimelineSpan> out;
  const json::value* list = json::find(trace, "spans");
  if (list == nullptr || !list->is_array()) return out;
  std::int64_t first = INT64_MAX;
  std::int64_t last = 0;
  for (const json::value& item : list->get_array()) {
    if (!item.is_object()) continue;
    const json::object& o = item.get_object();
    TimelineSpan span{.id = json::string_or(o, "span_id"),
                      .parent = json::string_or(o, "parent_span_id"),
                      .kind = json::string_or(o, "kind"),
                      .name = json::string_or(o, "name"),
                      .status = json::string_or(o, "status"),
                      .start_us = ns_of(json::string_or(o, "started_at")) / 1000,
                      .end_us = ns_of(json::string_or(o, "ended_at")) / 1000,
                      .note = note_of(o)};
    first = std::min(first, span.start_us);
    last = std::max({last, span.start_us, span.end_us});
    out.push_back(std::move(span));
  }
  for (TimelineSpan& span : out) {
    if (span.status == "open") span.end_us = last;
    span.start_us -= first;
    span.end_us = std::max(span.end_us - first, span.start_us);
  }
  return out;
}

std::vector<Line> draw_timeline(const std::vector<TimelineSpan>& spans, int columns) {
  std::vector<Line> lines;
  if (spans.empty()) return lines;
  const int bar = std::max(kLeastBar, columns - kNameColumns - kNoteColumns - 2);
  const Axis axis(spans, bar);
  std::map<std::string, int> depth;
  for (const TimelineSpan& span : spans) {
    const auto parent = depth.find(span.parent);
    const int level = parent == depth.end() ? 0 : parent->second + 1;
    depth[span.id] = level;
    std::string name(static_cast<std::size_t>(std::min(level, 6)) * 2, ' ');
    name += span.name;
    const int from = std::min(axis.column(span.start_us), bar - 1);
    const int to = std::max(from + 1, axis.column(span.end_us));
    std::string drawn;
    for (int i = from; i < to; ++i) drawn += glyph_of(span);
    Line line(pad_to_width(truncate_to_width(name, kNameColumns - 1), kNameColumns));
    line.add(std::string(static_cast<std::size_t>(from), ' '));
    line.add(drawn, style_of(span));
    line.add(std::string(static_cast<std::size_t>(std::max(0, bar - to) + 1), ' '));
    std::string note = duration_text(span.end_us - span.start_us);
    if (span.status != "ok") note += " " + span.status;
    if (!span.note.empty()) note += " " + span.note;
    line.add(note, span.status == "ok" || span.status == "open" ? kDim : kWarning);
    lines.push_back(std::move(line));
  }
  if (axis.is_shortened()) lines.emplace_back("waits are drawn shorter than they were", kDim);
  return lines;
}

}  // namespace pryx::cli
