// SPDX-License-Identifier: MIT
// The four file tools against a real directory: what they answer.
#include <sys/stat.h>

#include <atomic>
#include <latch>

#include "engine/tools/fs/testing/fs_fixture.h"

namespace pryx::tools::fs {
namespace {

class FsTools : public testing::FsFixture {};

TEST_F(FsTools, AreReadOnlyPureAndLowRisk) {
  for (Tool* tool : all()) {
    EXPECT_TRUE(tool->description().read_only);
    EXPECT_EQ(tool->description().effect, EffectClass::kPure);
    EXPECT_EQ(tool->description().risk, Risk::kLow);
    EXPECT_TRUE(tool->description().name.starts_with("fs."));
  }
}

TEST_F(FsTools, RenderACallOnOneLine) {
  EXPECT_EQ(list_.render({}), "fs.list .");
  EXPECT_EQ(list_.render({{"path", "src"}, {"recursive", true}}), "fs.list src (recursive)");
  EXPECT_EQ(read_.render({{"path", "a\nb"}}), "fs.read a\\x0ab");
  EXPECT_EQ(read_.render({{"path", "a"}, {"offset_line", 5}, {"limit_lines", 10}}), "fs.read a (lines 5-14)");
  EXPECT_EQ(search_.render({{"pattern", "a\"\n"}, {"path", "src"}, {"glob", "*.h"}}),
            "fs.search \"a\\\"\\n\" in src (*.h)");
  EXPECT_EQ(stat_.render({{"path", "x"}}), "fs.stat x");
}

TEST_F(FsTools, ListsSortedWithTypeAndSize) {
  put(".hidden", "x");
  link("readme.md", "z-link");
  const auto outcome = call(list_, {});
  EXPECT_TRUE(outcome.ok);
  EXPECT_EQ(outcome.text,
            "readme.md  20\nsrc/\nz-link -> readme.md\n1 hidden entry left out (include_hidden=true shows "
            "them).\n");
  EXPECT_EQ(outcome.summary, "3 entries");
  EXPECT_TRUE(call(list_, {{"include_hidden", true}}).text.starts_with(".hidden  1\n"));
  EXPECT_EQ(call(list_, {{"path", "src"}}).text, "src/main.cpp  36\nsrc/util.cpp  14\n");
}

TEST_F(FsTools, ListHonoursIgnoreFilesWhenRecursive) {
  put(".gitignore", "*.o\nout/\n!keep.o\n");
  put("a.o", "");
  put("keep.o", "");
  put("out/x", "");
  put("sub/.ignore", "/local\n");
  put("sub/local", "");
  put("sub/deep/local", "");
  const std::string expected =
      "keep.o  0\nreadme.md  20\nsrc/\nsrc/main.cpp  36\nsrc/util.cpp  14\nsub/\nsub/deep/\nsub/deep/local  "
      "0\n"
      "2 hidden entries left out (include_hidden=true shows them).\n"
      "3 entries left out because of ignore files or .git (include_ignored=true shows them).\n";
  EXPECT_EQ(call(list_, {{"recursive", true}}).text, expected);
  EXPECT_NE(call(list_, {}).text.find("a.o"), std::string::npos);
  EXPECT_NE(call(list_, {{"recursive", true}, {"include_ignored", true}}).text.find("out/x"),
            std::string::npos);
  // The rules above the start folder count too, and a folder that was asked for by name is shown.
  put("sub/b.o", "");
  EXPECT_EQ(call(list_, {{"path", "sub"}, {"recursive", true}}).text.find("b.o"), std::string::npos);
  EXPECT_NE(call(list_, {{"path", "out"}, {"recursive", true}}).text.find("out/x"), std::string::npos);
}

TEST_F(FsTools, ListSaysWhenItIsCut) {
  for (int i = 0; i < 30; ++i) put(fmt::format("many/f{:02}", i), "");
  const auto outcome = call(list_, {{"path", "many"}, {"max_entries", 10}});
  EXPECT_NE(outcome.text.find("many/f09  0\nCut after 10 entries"), std::string::npos);
  EXPECT_EQ(outcome.details.at("truncated").as_bool(), true);
  EXPECT_EQ(call(list_, {{"path", "many"}, {"max_entries", 30}}).text.find("Cut"), std::string::npos);
}

TEST_F(FsTools, WalksStopAtADepth) {
  std::string deep = "d";
  for (int i = 1; i < 200; ++i) deep += "/d";
  put(deep + "/needle.txt", "needle\n");
  EXPECT_NE(call(list_, {{"recursive", true}}).text.find("1 folder not entered: more than 64 levels deep"),
            std::string::npos);
  EXPECT_EQ(call(search_, {{"pattern", "needle"}}).details.at("matches").as_uint64(), 0u);
  EXPECT_EQ(call(search_, {{"pattern", "needle"}, {"path", deep}}).details.at("matches").as_uint64(), 1u);
}

TEST_F(FsTools, ReadsLinesAndSaysHowToGoOn) {
  std::string text;
  for (int i = 1; i <= 100; ++i) text += fmt::format("line {}\n", i);
  put("long.txt", text);
  EXPECT_EQ(call(read_, {{"path", "long.txt"}}).text, text);
  EXPECT_EQ(call(read_, {{"path", "long.txt"}, {"offset_line", 99}, {"line_numbers", true}}).text,
            "99\tline 99\n100\tline 100\n");
  const auto part = call(read_, {{"path", "long.txt"}, {"offset_line", 3}, {"limit_lines", 2}});
  EXPECT_EQ(part.text, "line 3\nline 4\n[Lines 3-4 of 100 are shown. Go on with offset_line=5.]\n");
  EXPECT_EQ(part.details.at("next_offset_line").as_uint64(), 5u);
  EXPECT_EQ(part.summary, "2 of 100 lines");
  const auto bytes = call(read_, {{"path", "long.txt"}, {"max_bytes", 20}});
  EXPECT_TRUE(bytes.text.starts_with("line 1\nline 2\n[Lines 1-2 of 100"));
  const auto past = call(read_, {{"path", "long.txt"}, {"offset_line", 101}});
  EXPECT_FALSE(past.ok);
  EXPECT_EQ(past.text, "'long.txt' has 100 lines; there is no line 101.");
  put("no-newline", "a\nb");
  EXPECT_EQ(call(read_, {{"path", "no-newline"}}).text, "a\nb");
  EXPECT_EQ(call(read_, {{"path", "no-newline"}}).details.at("total_lines").as_uint64(), 2u);
  put("empty", "");
  EXPECT_EQ(call(read_, {{"path", "empty"}}).text, "'empty' is empty.\n");
}

// Following "go on with" to the end gives the whole file, whatever the limits.
TEST_F(FsTools, ReadingOnGivesTheWholeFile) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += std::string(static_cast<std::size_t>(i * 7 % 90), 'x') + "\n";
  put("f", text);
  for (const int max_bytes : {91, 100, 1000, 70'000}) {
    std::string whole;
    std::int64_t next = 1;
    for (int round = 0; round < 600 && next > 0; ++round) {
      const auto part = call(read_, {{"path", "f"}, {"offset_line", next}, {"max_bytes", max_bytes}});
      ASSERT_TRUE(part.ok);
      whole += part.text.substr(0, part.text.find('['));
      next = json::integer_or(part.details, "next_offset_line", 0);
    }
    EXPECT_EQ(whole, text) << max_bytes;
  }
}

TEST_F(FsTools, ReadCutsALineThatDoesNotFit) {
  put("minified.js", std::string(5000, 'x'));
  const auto outcome = call(read_, {{"path", "minified.js"}, {"max_bytes", 100}});
  EXPECT_TRUE(outcome.text.starts_with(std::string(100, 'x') + "\n[Line 1 is longer than max_bytes=100"));
  EXPECT_EQ(outcome.text.find("Go on"), std::string::npos);
  EXPECT_TRUE(outcome.details.at("truncated").as_bool());
  put("two", std::string(5000, '\xC3') + "\nnext\n");
  put("accents", [] {
    std::string s;
    for (int i = 0; i < 500; ++i) s += "\xC3\xA9";
    return s + "\nnext\n";
  }());
  const auto accents = call(read_, {{"path", "accents"}, {"max_bytes", 101}});
  EXPECT_EQ(json::integer_or(accents.details, "next_offset_line", 0), 2);
}

TEST_F(FsTools, BinaryFilesAreDescribed) {
  put("a.png", std::string("\x89PNG\r\n\x1a\n\0\0", 10));
  put("b.bin", [] {
    std::string s;
    for (int i = 0; i < 999; ++i) s += static_cast<char>(128 + i % 128);
    return s;
  }());
  put("latin1.txt", "Der M\xFCller a\xDF gern K\xE4se und trank dazu viel Tee\n");
  const auto png = call(read_, {{"path", "a.png"}});
  EXPECT_TRUE(png.ok);
  EXPECT_EQ(png.text, "'a.png' is a binary file (PNG image, 10 bytes). Its content is not shown as text.\n");
  EXPECT_TRUE(call(read_, {{"path", "b.bin"}}).details.at("binary").as_bool());
  EXPECT_FALSE(call(read_, {{"path", "latin1.txt"}}).details.at("binary").as_bool());
  put("late-nul", std::string(9000, 'a') + "\n" + std::string(100, '\0'));
  EXPECT_TRUE(call(read_, {{"path", "late-nul"}}).details.at("binary").as_bool());
  EXPECT_EQ(call(search_, {{"pattern", "a"}, {"path", "late-nul"}}).details.at("binary_files").as_uint64(),
            1u);
}

TEST_F(FsTools, SearchGroupsByFileInOrder) {
  const auto outcome = call(search_, {{"pattern", "TODO"}});
  EXPECT_EQ(outcome.text,
            "src/main.cpp:2:  return 0;  // TODO\nsrc/util.cpp:1:// TODO: more\n2 matches in 2 files (3 "
            "files searched).\n");
  EXPECT_EQ(outcome.summary, "2 matches in 2 files");
  EXPECT_EQ(call(search_, {{"pattern", "todo"}}).summary, "no match in 3 files");
  EXPECT_EQ(call(search_, {{"pattern", "todo"}, {"case_sensitive", false}}).summary, "2 matches in 2 files");
  EXPECT_EQ(call(search_, {{"pattern", "^//.*TODO"}, {"regex", true}}).summary, "1 match in 1 file");
  EXPECT_EQ(call(search_, {{"pattern", "TODO"}, {"glob", "*.{md,h}"}}).summary, "no match in 1 file");
  EXPECT_EQ(call(search_, {{"pattern", "TODO"}, {"path", "src/util.cpp"}}).summary, "1 match in 1 file");
  EXPECT_EQ(call(search_, {{"pattern", "return"}, {"context_lines", 1}}).text.substr(0, 66),
            "src/main.cpp-1-int main() {\nsrc/main.cpp:2:  return 0;  // TODO\nsr");
}

TEST_F(FsTools, SearchExplainsABadPattern) {
  const auto outcome = call(search_, {{"pattern", "a(b"}, {"regex", true}});
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.text.find("missing )"), std::string::npos);
}

TEST_F(FsTools, SearchHasLimits) {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "needle\n";
  put("m/a", lines);
  put("m/b", lines);
  const auto per_file = call(search_, {{"pattern", "needle"}, {"path", "m"}, {"max_matches", 2000}});
  EXPECT_EQ(per_file.details.at("matches").as_uint64(), 400u);
  EXPECT_NE(per_file.text.find("(m/a has more matches: only the first 200 are shown)"), std::string::npos);
  const auto total = call(search_, {{"pattern", "needle"}, {"path", "m"}, {"max_matches", 3}});
  EXPECT_EQ(total.details.at("matches").as_uint64(), 3u);
  EXPECT_TRUE(total.details.at("truncated").as_bool());
  EXPECT_NE(total.text.find("There are more matches."), std::string::npos);
}

// Each look at this clock costs a second.
class SlowClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override { return {std::chrono::seconds(++looks_)}; }
  [[nodiscard]] WallTime wall() const override { return {}; }

 private:
  mutable std::atomic<int> looks_ = 0;
};

TEST_F(FsTools, SearchGivesWhatItHasWhenTimeIsUp) {
  for (int i = 0; i < 100; ++i) put(fmt::format("many/f{:03}", i), "needle\n");
  SlowClock clock;
  const auto search = make_search_tool(pool_, clock);
  const auto outcome = call(*search, {{"pattern", "needle"}});
  EXPECT_NE(outcome.text.find("The search took too long"), std::string::npos);
  EXPECT_TRUE(outcome.details.at("truncated").as_bool());
  EXPECT_GT(outcome.details.at("matches").as_uint64(), 0u);
  EXPECT_LT(outcome.details.at("matches").as_uint64(), 100u);
}

TEST_F(FsTools, StatDescribesAndDoesNotFollow) {
  ASSERT_EQ(::chmod(at("readme.md").c_str(), 0640), 0);
  const auto file = call(stat_, {{"path", "readme.md"}});
  EXPECT_TRUE(file.text.starts_with("path: readme.md\ntype: file\nsize: 20 bytes\nmode: 0640\nmodified: 20"));
  link("../outside/secret.txt", "out");
  link("src", "in");
  link("nowhere", "dangling");
  const auto out = call(stat_, {{"path", "out"}});
  EXPECT_NE(out.text.find("type: symlink\n"), std::string::npos);
  EXPECT_NE(out.text.find("link target: ../outside/secret.txt\nleads to: outside of the workspace"),
            std::string::npos);
  EXPECT_NE(call(stat_, {{"path", "in"}}).text.find("leads to: a directory inside"), std::string::npos);
  EXPECT_NE(call(stat_, {{"path", "dangling"}}).text.find("does not exist"), std::string::npos);
  EXPECT_EQ(call(stat_, {{"path", "."}}).details.at("type").as_string(), "directory");
}

TEST_F(FsTools, SayWhatIsNearWhenAPathIsMissing) {
  EXPECT_EQ(call(read_, {{"path", "src/mian.cpp"}}).text,
            "There is no 'src/mian.cpp' in the workspace. Did you mean 'src/main.cpp'?");
  EXPECT_EQ(call(read_, {{"path", "README"}}).text,
            "There is no 'README' in the workspace. Did you mean 'readme.md'?");
  EXPECT_EQ(call(read_, {{"path", "scr/main.cpp"}}).text,
            "There is no 'scr' in the workspace. Did you mean 'src'?");
  EXPECT_EQ(call(stat_, {{"path", "completely-different"}}).text,
            "There is no 'completely-different' in the workspace. Use fs.list to see what is in '.'.");
  EXPECT_EQ(call(read_, {{"path", "readme.md/x"}}).text,
            "'readme.md' is a file, not a folder, so 'readme.md/x' cannot exist.");
  EXPECT_EQ(call(read_, {{"path", "src"}}).text, "'src' is a folder. fs.list shows what is in it.");
  EXPECT_FALSE(call(list_, {{"path", "readme.md"}}).ok);
}

TEST_F(FsTools, WithoutAWorkspaceTheySaySo) {
  ToolContext none;
  none.principal = owner();
  for (Tool* tool : all()) {
    const auto outcome =
        async::testing::run(loop_, tool->run(pass_, {{"path", "x"}, {"pattern", "x"}}, none));
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->ok);
  }
}

async::Task<void> search_into(Tool& tool, const GatePass& pass, ToolContext context,
                              std::optional<Result<ToolOutcome>>& out) {
  out = co_await tool.run(pass, {{"pattern", "needle"}}, std::move(context));
}

// Holds the worker at its n-th look at the clock until the test lets it go on.
class GateClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override {
    if (++looks_ == 5) {
      reached_.count_down();
      released_.wait();
    }
    return {};
  }
  [[nodiscard]] WallTime wall() const override { return {}; }
  mutable std::latch reached_{1}, released_{1};

 private:
  mutable std::atomic<int> looks_ = 0;
};

TEST_F(FsTools, ACancelledSearchStopsInTheMiddle) {
  for (int i = 0; i < 200; ++i) put(fmt::format("many/f{:03}", i), "needle\n");
  GateClock clock;
  async::testing::VirtualLoop loop;
  async::WorkerPool pool(loop, 1);
  const auto search = make_search_tool(pool, clock);
  std::optional<Result<ToolOutcome>> out;
  async::TaskGroup group(loop, "test");
  const auto id = group.spawn("search", search_into(*search, pass_, context(), out));
  loop.poll();
  clock.reached_.wait();
  group.cancel(id);
  while (loop.poll()) {
  }
  clock.released_.count_down();
  while (!out) loop.poll();
  ASSERT_FALSE(*out);
  EXPECT_EQ(out->error().code, ErrorCode::kCancelled);
  while (group.size() > 0) loop.poll();
}

}  // namespace
}  // namespace pryx::tools::fs
