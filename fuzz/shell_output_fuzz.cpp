// SPDX-License-Identifier: MIT
// What a program prints: the cut into pieces changes no line and no kept byte, memory stays bounded, and what
// comes out is text.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/tools/shell/exec_request.h"
#include "engine/tools/shell/line_ring.h"
#include "engine/tools/shell/output_keeper.h"
#include "engine/tools/shell/output_scrubber.h"
#include "foundation/base/text.h"

using namespace pryx;
using namespace pryx::tools::shell;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::vector<OutputLine> lines_of(std::string_view bytes, std::size_t piece) {
  LineRing ring;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    ring.add(OutputStream::kOutput, bytes.substr(0, piece));
  ring.finish();
  return ring.last(LineRing::kLines * 2);
}

std::string kept_of(std::string_view bytes, std::size_t piece) {
  OutputKeeper keeper(64, 32);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    keeper.add(bytes.substr(0, piece));
  return keeper.text();
}

std::string scrubbed_of(const std::vector<Secret>& secrets, std::string_view bytes, std::size_t piece) {
  OutputScrubber scrubber(secrets);
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    out += scrubber.add(bytes.substr(0, piece));
  return out + scrubber.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto lines = lines_of(bytes, bytes.size() + 1);
  require(lines.size() <= LineRing::kLines, "the ring is bounded");
  for (const OutputLine& line : lines) {
    require(is_valid_utf8(line.text), "a line is text");
    require(line.text.size() <= 3 * LineRing::kLineBytes, "a line is bounded");
    require(line.text.find('\n') == std::string::npos, "a line is one line");
  }
  const std::string kept = kept_of(bytes, bytes.size() + 1);
  if (bytes.size() <= 96) require(kept == bytes, "what fits is kept whole");
  require(kept.size() < 96 + 100 || bytes.size() <= 96, "what is kept is bounded");
  for (const std::size_t piece : {1u, 3u, 17u}) {
    require(lines_of(bytes, piece) == lines, "pieces change no line");
    require(kept_of(bytes, piece) == kept, "pieces change nothing that is kept");
  }
  // The first bytes are the secret that the rest may hold; no mark of ours is in it.
  if (const std::size_t cut = bytes.find('\n'); cut != std::string_view::npos && cut >= 16 && cut < 200) {
    const std::vector<Secret> secrets = {Secret(std::string(bytes.substr(0, cut)))};
    const std::string clean = scrubbed_of(secrets, bytes, bytes.size());
    require(clean.find(secrets[0].reveal()) == std::string::npos || bytes.find("[secret") != bytes.npos,
            "the secret is gone");
    for (const std::size_t piece : {1u, 3u, 17u})
      require(scrubbed_of(secrets, bytes, piece) == clean, "pieces hide nothing and show nothing");
  }
  if (is_displayable(bytes)) require(is_valid_utf8(bytes), "what can be shown is text");
  return 0;
}
