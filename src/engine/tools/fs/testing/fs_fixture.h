// SPDX-License-Identifier: MIT
// A workspace "ws" with a few files, a secret beside it, and the reading file tools on a pool that runs
// inline. Tests only.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/tools/fs/file_tool.h"
#include "engine/tools/fs/fs_tools.h"
#include "engine/tools/testing/ungated_pass.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/text.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::tools::fs::testing {

constexpr std::string_view kCanary = "canary-8f3a";  // the content of the file outside

class FsFixture : public ::testing::Test {
 protected:
  FsFixture() {
    std::filesystem::create_directories(dir_ / "ws");
    dir_.put("outside/secret.txt", kCanary);
    dir_.put("ws/readme.md", "# Title\nhello world\n");
    dir_.put("ws/src/main.cpp", "int main() {\n  return 0;  // TODO\n}\n");
    dir_.put("ws/src/util.cpp", "// TODO: more\n");
  }
  void put(std::string_view name, std::string_view bytes) { dir_.put("ws/" + std::string(name), bytes); }
  void link(const std::string& target, std::string_view name) {
    std::filesystem::create_symlink(target, std::filesystem::path(dir_ / "ws") / std::string(name));
  }
  std::string at(std::string_view name) { return dir_ / ("ws/" + std::string(name)); }

  ToolContext context() {
    ToolContext out;
    out.principal = owner();
    auto held = platform::HeldDirectory::open(dir_ / "ws");
    EXPECT_TRUE(held);
    out.workspace = std::make_shared<platform::HeldDirectory>(std::move(*held));
    return out;
  }
  ToolOutcome call(Tool& tool, json::object arguments) {
    auto outcome = async::testing::run(loop_, tool.run(pass_, std::move(arguments), context()));
    EXPECT_TRUE(outcome) << outcome.error().message;
    if (!outcome) return {};
    EXPECT_TRUE(is_valid_utf8(outcome->text));
    EXPECT_TRUE(is_valid_utf8(json::to_text(outcome->details)));
    EXPECT_TRUE(outcome->labels.has("file"));
    EXPECT_FALSE(outcome->labels.has("owner"));
    EXPECT_LE(outcome->text.size(), std::size_t{1} << 20);
    EXPECT_FALSE(outcome->summary.empty());
    return *outcome;
  }
  std::vector<Tool*> all() { return {&list_, &read_, &search_, &stat_}; }

  platform::testing::TemporaryDirectory dir_;
  async::testing::VirtualLoop loop_;
  async::WorkerPool pool_{loop_, 0};
  GatePass pass_ = tools::testing::UngatedPass::make();
  std::unique_ptr<Tool> made_[4] = {make_list_tool(pool_), make_read_tool(pool_),
                                    make_search_tool(pool_, loop_.clock()), make_stat_tool(pool_)};
  Tool &list_ = *made_[0], &read_ = *made_[1], &search_ = *made_[2], &stat_ = *made_[3];
};

}  // namespace pryx::tools::fs::testing
