// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/tools/shell/line_ring.h"
#include "engine/tools/shell/live_output.h"
#include "engine/tools/shell/output_keeper.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

using async::testing::VirtualLoop;

std::vector<std::string> texts(const std::vector<OutputLine>& lines) {
  std::vector<std::string> out;
  for (const OutputLine& line : lines) out.push_back(line.text);
  return out;
}
using Texts = std::vector<std::string>;

TEST(OutputKeeper, KeepsEverythingUpToItsLimit) {
  OutputKeeper keeper(4, 4);
  keeper.add("abc");
  keeper.add("defgh");
  EXPECT_EQ(keeper.text(), "abcdefgh");
  EXPECT_EQ(keeper.left_out_bytes(), 0u);
}

TEST(OutputKeeper, KeepsHeadAndTailBeyondIt) {
  for (const std::size_t piece : {1u, 3u, 7u, 1000u}) {
    OutputKeeper keeper(4, 4);
    std::string all;
    for (int i = 0; i < 1000; ++i) all += static_cast<char>('a' + i % 26);
    for (std::size_t at = 0; at < all.size(); at += piece)
      keeper.add(std::string_view(all).substr(at, piece));
    EXPECT_EQ(keeper.total_bytes(), 1000u);
    EXPECT_EQ(keeper.left_out_bytes(), 992u);
    const std::string text = keeper.text();
    EXPECT_TRUE(text.starts_with("abcd\n[… 992 bytes")) << text;
    EXPECT_TRUE(text.ends_with(all.substr(996))) << piece << text;
  }
}

TEST(LineRing, SplitsLinesAcrossPieces) {
  LineRing ring;
  ring.add(OutputStream::kOutput, "one\ntw");
  EXPECT_EQ(texts(ring.last(10)), (Texts{"one", "tw"}));
  EXPECT_FALSE(ring.last(10).back().is_complete);
  EXPECT_EQ(ring.total_lines(), 1u);
  ring.add(OutputStream::kErrorOutput, "bad\r\n");
  ring.add(OutputStream::kOutput, "o\n\n");
  EXPECT_EQ(texts(ring.last(10)), (Texts{"one", "bad", "two", ""}));
  EXPECT_EQ(ring.last(10)[1].stream, OutputStream::kErrorOutput);
  EXPECT_EQ(texts(ring.last(10, 2)), (Texts{"two", ""}));
}

TEST(LineRing, ForgetsOldLinesAndKeepsTheirNumbers) {
  LineRing ring;
  for (int i = 1; i <= 1200; ++i) ring.add(OutputStream::kOutput, fmt::format("line {}\n", i));
  EXPECT_EQ(ring.last(10'000).size(), LineRing::kLines);
  EXPECT_EQ(ring.last(10'000).front().number, 701u);
  EXPECT_EQ(texts(ring.last(2)), (Texts{"line 1199", "line 1200"}));
  EXPECT_TRUE(ring.last(10, 1200).empty());
}

TEST(LineRing, CutsEndlessLinesBetweenCodePoints) {
  LineRing ring;
  std::string flood;
  while (flood.size() < 100'000) flood += "é";
  ring.add(OutputStream::kOutput, flood);
  ring.finish();
  std::string joined;
  for (const OutputLine& line : ring.last(1000)) {
    EXPECT_LE(line.text.size(), LineRing::kLineBytes);
    EXPECT_TRUE(is_valid_utf8(line.text));
    joined += line.text;
  }
  EXPECT_EQ(joined, flood);
}

TEST(LineRing, RepairsBytesThatAreNoText) {
  LineRing ring;
  ring.add(OutputStream::kOutput, std::string_view("\xFF\x00\xC3(\n", 5));
  ring.add(OutputStream::kOutput, std::string(10'000, '\x80'));
  ring.finish();
  for (const OutputLine& line : ring.last(1000)) EXPECT_TRUE(is_valid_utf8(line.text));
}

class Sink final : public OutputSink {
 public:
  std::vector<std::string> pieces;
  void write(std::string_view bytes) override { pieces.emplace_back(bytes); }
};

TEST(LiveOutput, GathersSmallPieces) {
  VirtualLoop loop;
  auto sink = std::make_shared<Sink>();
  LiveOutput live(loop, sink);
  for (int i = 0; i < 10; ++i) live.add("a");
  EXPECT_TRUE(sink->pieces.empty());
  loop.run_for(LiveOutput::kInterval);
  EXPECT_EQ(sink->pieces, Texts{"aaaaaaaaaa"});
  live.add(std::string(LiveOutput::kPiece, 'b'));
  EXPECT_EQ(sink->pieces.size(), 2u);
}

TEST(LiveOutput, NeverCutsACodePoint) {
  VirtualLoop loop;
  auto sink = std::make_shared<Sink>();
  LiveOutput live(loop, sink);
  const std::string text =
      "a\xE2\x82\xAC"
      "b\xF0\x9F\x99\x82";
  for (const char c : text) {
    live.add(std::string_view(&c, 1));
    loop.run_for(LiveOutput::kInterval);
  }
  std::string joined;
  for (const std::string& piece : sink->pieces) {
    EXPECT_TRUE(is_valid_utf8(piece));
    joined += piece;
  }
  EXPECT_EQ(joined, text);
  live.add("\xE2\x82");
  live.finish();
  EXPECT_EQ(sink->pieces.back(), "\xE2\x82");
}

TEST(LiveOutput, StopsAtItsLimit) {
  VirtualLoop loop;
  auto sink = std::make_shared<Sink>();
  LiveOutput live(loop, sink, 10'000);
  for (int i = 0; i < 100; ++i) live.add(std::string(1000, 'x'));
  live.finish();
  std::size_t bytes = 0;
  for (const std::string& piece : sink->pieces) bytes += piece.size();
  EXPECT_LT(bytes, 10'100u);
  EXPECT_NE(sink->pieces.back().find("not shown live"), std::string::npos);
}

TEST(LiveOutput, WithoutASinkItDoesNothing) {
  VirtualLoop loop;
  LiveOutput live(loop, nullptr);
  live.add("text");
  live.finish();
}

}  // namespace
}  // namespace pryx::tools::shell
