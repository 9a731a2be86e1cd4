// SPDX-License-Identifier: MIT
#include "engine/tools/fs/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>
#include <vector>

#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

// Work of the search is edits times lines. Past these the whole differing middle counts as replaced: a
// correct diff, only not a small one.
constexpr std::size_t kMaxWork = 20'000'000;
constexpr int kMaxEdits = 1'500;

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    out.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

// Lines [a, a_end) of the old text became lines [b, b_end) of the new one.
struct Edit {
  std::size_t a = 0, a_end = 0, b = 0, b_end = 0;
};

// Myers' greedy search, forward, with the furthest points of every round kept for the way back.
class Search {
 public:
  Search(std::span<const int> a, std::span<const int> b) : a_(a), b_(b) {}

  // Edits in order; false when it would take too long.
  bool find(std::size_t offset, std::vector<Edit>& out) {
    const int n = static_cast<int>(a_.size()), m = static_cast<int>(b_.size());
    const auto affordable = static_cast<int>(kMaxWork / (a_.size() + b_.size() + 1));
    const int most = std::min({n + m, kMaxEdits, std::max(affordable, 32)});
    std::vector<int> v(static_cast<std::size_t>(2 * most + 3), 0);
    const auto at = [&](int k) -> int& { return v[static_cast<std::size_t>(k + most + 1)]; };
    for (int d = 0; d <= most; ++d) {
      rounds_.emplace_back(v.begin() + (most + 1 - d - 1), v.begin() + (most + 1 + d + 2));
      for (int k = -d; k <= d; k += 2) {
        int x = k == -d || (k != d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
        while (x < n && x - k < m && same(x, x - k)) ++x;
        at(k) = x;
        if (x < n || x - k < m) continue;
        walk_back(d, offset, out);
        return true;
      }
    }
    return false;
  }

 private:
  bool same(int x, int y) const { return a_[static_cast<std::size_t>(x)] == b_[static_cast<std::size_t>(y)]; }

  void walk_back(int d, std::size_t offset, std::vector<Edit>& out) const {
    int x = static_cast<int>(a_.size()), y = static_cast<int>(b_.size());
    std::vector<Edit> reversed;
    for (; d > 0; --d) {
      const std::vector<int>& v = rounds_[static_cast<std::size_t>(d)];
      const auto at = [&](int k) { return v[static_cast<std::size_t>(k + d + 1)]; };
      const int k = x - y;
      const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
      const int from_k = down ? k + 1 : k - 1;
      const int from_x = at(from_k), from_y = from_x - from_k;
      const auto place = [&](int value) { return static_cast<std::size_t>(value) + offset; };
      reversed.push_back(down ? Edit{place(from_x), place(from_x), place(from_y), place(from_y + 1)}
                              : Edit{place(from_x), place(from_x + 1), place(from_y), place(from_y)});
      x = from_x;
      y = from_y;
    }
    for (auto edit = reversed.rbegin(); edit != reversed.rend(); ++edit) {
      if (!out.empty() && out.back().a_end == edit->a && out.back().b_end == edit->b) {
        out.back().a_end = edit->a_end;
        out.back().b_end = edit->b_end;
      } else {
        out.push_back(*edit);
      }
    }
  }

  std::span<const int> a_, b_;
  std::vector<std::vector<int>> rounds_;
};

std::vector<Edit> find_edits(const Lines& a, const Lines& b) {
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  const std::size_t a_end = a.size() - tail, b_end = b.size() - tail;
  if (head == a_end && head == b_end) return {};
  std::unordered_map<std::string_view, int> numbers;
  const auto numbered = [&](const Lines& lines, std::size_t end) {
    std::vector<int> out;
    out.reserve(end - head);
    for (std::size_t i = head; i < end; ++i)
      out.push_back(numbers.try_emplace(lines[i], static_cast<int>(numbers.size())).first->second);
    return out;
  };
  const std::vector<int> middle_a = numbered(a, a_end), middle_b = numbered(b, b_end);
  std::vector<Edit> edits;
  if (middle_a.empty() || middle_b.empty() || !Search(middle_a, middle_b).find(head, edits))
    edits = {{head, a_end, head, b_end}};
  return edits;
}

// Appends lines as long as there is room.
class Page {
 public:
  Page(TextDiff& out, DiffLimits limits) : out_(out), limits_(limits) {}

  void put(char sign, std::string_view line) {
    if (is_full_) return;
    const bool ends = line.ends_with('\n');
    if (ends) line.remove_suffix(1);
    std::string shown = to_valid_utf8(line);
    if (shown != line) out_.whole = false;
    if (shown.size() > limits_.max_line_bytes) {
      shown = fmt::format("{}… ({} bytes more)", utf8_prefix(shown, limits_.max_line_bytes),
                          shown.size() - limits_.max_line_bytes);
      out_.whole = false;
    }
    if (out_.text.size() + shown.size() + 32 > limits_.max_bytes) {
      is_full_ = true;
      out_.whole = false;
      return;
    }
    out_.text += sign;
    out_.text += shown;
    out_.text += '\n';
    if (!ends) out_.text += "\\ No newline at end of file\n";
  }
  void head(std::string line) {
    if (!is_full_) out_.text += line;
  }
  [[nodiscard]] bool is_full() const { return is_full_; }

 private:
  TextDiff& out_;
  DiffLimits limits_;
  bool is_full_ = false;
};

std::string range_text(std::size_t start, std::size_t count) {
  // An empty range names the line before it.
  return count == 1 ? fmt::format("{}", start + 1)
                    : fmt::format("{},{}", count == 0 ? start : start + 1, count);
}

// Edits [first, last) are near enough to share their context.
void put_hunk(Page& page, const Lines& a, const Lines& b, std::span<const Edit> edits, std::size_t context) {
  const std::size_t a_from = edits.front().a - std::min(context, edits.front().a);
  const std::size_t b_from = edits.front().b - (edits.front().a - a_from);
  const std::size_t a_to = std::min(a.size(), edits.back().a_end + context);
  const std::size_t b_to = edits.back().b_end + (a_to - edits.back().a_end);
  page.head(
      fmt::format("@@ -{} +{} @@\n", range_text(a_from, a_to - a_from), range_text(b_from, b_to - b_from)));
  std::size_t at = a_from;
  for (const Edit& edit : edits) {
    for (; at < edit.a; ++at) page.put(' ', a[at]);
    for (; at < edit.a_end; ++at) page.put('-', a[at]);
    for (std::size_t i = edit.b; i < edit.b_end && !page.is_full(); ++i) page.put('+', b[i]);
    if (page.is_full()) return;
  }
  for (; at < a_to; ++at) page.put(' ', a[at]);
}

}  // namespace

TextDiff diff_texts(std::string_view before, std::string_view after, DiffLimits limits) {
  TextDiff out;
  const Lines a = lines_of(before), b = lines_of(after);
  const std::vector<Edit> edits = find_edits(a, b);
  for (const Edit& edit : edits) {
    out.removed += edit.a_end - edit.a;
    out.added += edit.b_end - edit.b;
  }
  Page page(out, limits);
  for (std::size_t first = 0; first < edits.size() && !page.is_full();) {
    std::size_t last = first + 1;
    while (last < edits.size() && edits[last].a - edits[last - 1].a_end <= 2 * limits.context) ++last;
    put_hunk(page, a, b, std::span(edits).subspan(first, last - first), limits.context);
    first = last;
  }
  if (page.is_full())
    out.text += fmt::format("… cut; in all {} lines removed, {} added\n", out.removed, out.added);
  return out;
}

}  // namespace pryx::tools::fs
