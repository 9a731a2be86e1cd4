// SPDX-License-Identifier: MIT
// A model's Markdown as it streams: the cut into pieces must not change the finished lines, previews never
// fail, and the terminal sees no sequence but our own. (Code may be wider than the terminal: it must survive
// copying.)
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foundation/base/text.h"
#include "surfaces/cli/live_region.h"
#include "surfaces/cli/markdown.h"

using namespace pryx;
using cli::Line;

namespace {

constexpr int kColumns = 24;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void append(std::vector<Line>& all, std::vector<Line> more) {
  for (Line& line : more) all.push_back(std::move(line));
}

std::vector<Line> render_in_pieces(std::string_view text, std::size_t piece) {
  cli::MarkdownStream stream(kColumns);
  std::vector<Line> lines;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    append(lines, stream.feed(text.substr(0, piece)));
  append(lines, stream.finish());
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 768) return 0;  // previews cost the square of a block
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<Line> whole = render_in_pieces(text, size + 1);
  require(render_in_pieces(text, 3) == whole, "the pieces change nothing");
  for (const Line& line : whole) {
    for (const char c : cli::encode(line, cli::ColourMode::kNone))
      require(c == '\t' || static_cast<unsigned char>(c) >= 0x20, "plain lines hold no control");
    const std::string coloured = cli::encode(line, cli::ColourMode::kAnsi);
    require(is_valid_utf8(coloured), "lines are text");
    for (std::size_t at = coloured.find('\x1b'); at != std::string::npos;
         at = coloured.find('\x1b', at + 1)) {
      const std::size_t end = coloured.find_first_not_of("0123456789;", at + 2);
      require(coloured.compare(at + 1, 1, "[") == 0 && end != std::string::npos && coloured[end] == 'm',
              "only styles are sent");
    }
  }
  cli::MarkdownStream stream(kColumns);
  cli::LiveRegion region(cli::ColourMode::kAnsi, kColumns);
  for (std::size_t at = 0; at < size; at += 100) {
    const std::vector<Line> finished = stream.feed(text.substr(at, 100));
    cli::Frame frame;
    frame.lines = stream.preview();
    if (frame.lines.size() > 8) frame.lines.resize(8);
    (void)region.draw(frame, finished);
  }
  return 0;
}
