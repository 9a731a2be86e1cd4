// SPDX-License-Identifier: MIT
// A deny with paths holds for what a call reaches without naming it. Each case has its control: the same call
// with nothing denied.
#include "engine/tools/fs/denied_paths.h"

#include <fcntl.h>

#include "engine/tools/fs/testing/fs_fixture.h"

namespace pryx::tools::fs {
namespace {

class Denied : public testing::FsFixture {
 protected:
  Denied() {
    put("secrets/key.pem", "needle one\n");
    put("secrets/deep/more.txt", "needle two\n");
    put("src/own.pem", "needle three\n");
    put("src/open.txt", "needle four\n");
    link("secrets", "way");
    link("../secrets/key.pem", "src/plain.txt");
    link("src/open.txt", "good");
  }
  ToolOutcome call_denied(Tool& tool, json::object arguments) {
    ToolContext made = context();
    made.denied_paths = {"secrets/*", "*.pem"};
    auto outcome = async::testing::run(loop_, tool.run(pass_, std::move(arguments), std::move(made)));
    EXPECT_TRUE(outcome);
    return outcome ? *outcome : ToolOutcome{};
  }
  static bool has(const ToolOutcome& outcome, std::string_view text) {
    return outcome.text.find(text) != std::string::npos;
  }
};

TEST_F(Denied, AWalkLeavesItOutAndSaysSo) {
  const ToolOutcome found = call_denied(search_, {{"pattern", "needle"}});
  EXPECT_EQ(found.details.at("matches").as_uint64(), 1u) << found.text;
  EXPECT_TRUE(has(found, "src/open.txt:1:needle four")) << found.text;
  // secrets/deep, secrets/key.pem and src/own.pem.
  EXPECT_TRUE(has(found, "3 entries left out because the policy denies them.")) << found.text;
  EXPECT_EQ(call(search_, {{"pattern", "needle"}}).details.at("matches").as_uint64(), 4u);

  const ToolOutcome listed = call_denied(list_, {{"recursive", true}});
  EXPECT_FALSE(has(listed, "own.pem")) << listed.text;
  EXPECT_FALSE(has(listed, "deep")) << listed.text;
  EXPECT_TRUE(has(listed, "src/open.txt")) << listed.text;
  EXPECT_TRUE(has(listed, "3 entries left out because the policy denies them.")) << listed.text;
  const ToolOutcome all = call(list_, {{"recursive", true}});
  EXPECT_TRUE(has(all, "secrets/deep/more.txt")) << all.text;
  EXPECT_FALSE(has(all, "the policy denies")) << all.text;
}

TEST_F(Denied, ALinkToAFolderBringsNoneOfItAlong) {
  for (Tool* tool : {&search_, &list_}) {
    const ToolOutcome outcome = call_denied(*tool, {{"path", "way"}, {"pattern", "needle"}});
    EXPECT_FALSE(has(outcome, "way/")) << outcome.text;
    EXPECT_TRUE(has(outcome, "2 entries left out because the policy denies them.")) << outcome.text;
    EXPECT_TRUE(has(call(*tool, {{"path", "way"}, {"pattern", "needle"}}), "way/key.pem"));
  }
}

TEST_F(Denied, ALinkLeadsNobodyThere) {
  for (const char* path :
       {"way/key.pem", "way/deep", "way/deep/more.txt", "src/plain.txt", "way/absent.txt"}) {
    for (Tool* tool : all()) {
      const ToolOutcome outcome = call_denied(*tool, {{"path", path}, {"pattern", "needle"}});
      EXPECT_FALSE(outcome.ok) << path;
      EXPECT_TRUE(has(outcome, "denied by the policy")) << path << ": " << outcome.text;
      EXPECT_FALSE(has(outcome, "key.pem'?")) << outcome.text;
    }
  }
  EXPECT_TRUE(has(call(read_, {{"path", "src/plain.txt"}}), "needle one"));
  EXPECT_TRUE(has(call_denied(read_, {{"path", "good"}}), "needle four"));
  EXPECT_TRUE(call_denied(stat_, {{"path", "good"}}).ok);
}

TEST_F(Denied, NoSuchNameIsSuggested) {
  EXPECT_TRUE(has(call(read_, {{"path", "src/own.pen"}}), "'src/own.pem'"));
  const ToolOutcome outcome = call_denied(read_, {{"path", "src/own.pen"}});
  EXPECT_FALSE(has(outcome, "own.pem")) << outcome.text;
  EXPECT_FALSE(outcome.ok);
}

TEST_F(Denied, WhatCannotBePlacedCountsAsDenied) {
  const ToolContext here = context();
  const DeniedPaths denied(std::vector<std::string>{"secrets/*"});
  const auto outside = platform::HeldDirectory::open(dir_ / "outside");
  const auto file = here.workspace->open_file("readme.md", O_RDONLY);
  ASSERT_TRUE(outside && file);
  EXPECT_FALSE(denied.hold(*here.workspace, file->get()));
  EXPECT_TRUE(denied.hold(*here.workspace, outside->fd()));
  std::filesystem::remove(at("readme.md"));
  EXPECT_TRUE(denied.hold(*here.workspace, file->get()));
  EXPECT_FALSE(DeniedPaths().hold(*here.workspace, file->get())) << "the control: nothing is denied";
}

}  // namespace
}  // namespace pryx::tools::fs
