// SPDX-License-Identifier: MIT
// Keys, the line editor and Markdown: whatever is typed, pasted or answered, the live lines show nothing but
// text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "surfaces/cli/key_decoder.h"
#include "surfaces/cli/line_editor.h"
#include "surfaces/cli/live_region.h"
#include "surfaces/cli/markdown.h"
#include "surfaces/cli/text_width.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  pryx::cli::KeyDecoder decoder;
  pryx::cli::LineEditor editor;
  pryx::cli::LiveRegion region(pryx::cli::ColourMode::kAnsi, 30);
  for (std::size_t at = 0; at < size; at += 7) {
    for (const auto& key : decoder.feed(bytes.substr(at, 7))) (void)editor.apply(key);
    pryx::cli::Frame frame;
    editor.render(frame, "> ", pryx::cli::kAccent, 30, 4);
    if (frame.lines.empty() || frame.lines.size() > 4 ||
        frame.cursor_row >= static_cast<int>(frame.lines.size()))
      std::abort();
    (void)region.draw(frame);
  }
  if (editor.cursor() > editor.text().size()) std::abort();
  pryx::cli::MarkdownStream stream(30);
  std::vector<pryx::cli::Line> lines = stream.feed(bytes);
  for (const auto& line : stream.finish()) lines.push_back(line);
  for (const auto& line : lines) {
    if (pryx::cli::encode(line, pryx::cli::ColourMode::kNone).find('\x1b') != std::string::npos) std::abort();
  }
  return 0;
}
