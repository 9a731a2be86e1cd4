// SPDX-License-Identifier: MIT
#include "engine/tools/registry.h"

#include <gtest/gtest.h>

#include "engine/tools/fs/fs_tools.h"
#include "engine/tools/undo/undo_journal.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::tools {
namespace {

class NamedTool final : public Tool {
 public:
  NamedTool(std::string name, std::string_view parameters) {
    description_.name = std::move(name);
    description_.parameters = *json::parse_object(parameters);
  }
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<Touches> touches(const json::object&) const override { return Touches{}; }
  [[nodiscard]] std::string render(const json::object&) const override { return description_.name; }
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass&, json::object, ToolContext) override {
    co_return ToolOutcome{};
  }

 private:
  ToolDescription description_;
};

Result<void> add(Registry& registry, std::string name,
                 std::string_view parameters = R"({"type": "object"})") {
  return registry.add(std::make_unique<NamedTool>(std::move(name), parameters));
}

TEST(Registry, FindsByNameAndListsInOrder) {
  Registry registry;
  ASSERT_TRUE(add(registry, "b.two"));
  ASSERT_TRUE(add(registry, "a.one"));
  ASSERT_NE(registry.find("a.one"), nullptr);
  EXPECT_EQ(registry.find("a.one")->description().name, "a.one");
  EXPECT_EQ(registry.find("a"), nullptr);
  const auto list = registry.list();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]->name, "a.one");
  EXPECT_EQ(list[1]->name, "b.two");
}

TEST(Registry, RefusesTwinsAndOddNames) {
  Registry registry;
  ASSERT_TRUE(add(registry, "a.one"));
  const auto twin = add(registry, "a.one", R"({"type": "object", "required": ["x"]})");
  ASSERT_FALSE(twin);
  EXPECT_EQ(twin.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(registry.check_arguments("a.one", {}).empty());  // the first one stays
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a*"), std::string("a\n"),
                                  std::string("caf\xC3\xA9"), std::string(129, 'a')}) {
    EXPECT_FALSE(add(registry, name)) << name;
  }
}

TEST(Registry, RefusesASchemaThatCannotBeJudgedWhole) {
  Registry registry;
  for (const std::string_view schema :
       {R"({"type": "nonsense"})", R"x({"properties": {"a": {"pattern": "(?=x)"}}})x",
        R"({"$ref": "#/nowhere"})", R"({"$schema": "http://example.com/unknown"})", R"({"minimum": "1"})"}) {
    const auto added = add(registry, "x", schema);
    ASSERT_FALSE(added) << schema;
    EXPECT_NE(added.error().message.find("tool 'x'"), std::string::npos);
    EXPECT_EQ(registry.find("x"), nullptr);
  }
}

TEST(Registry, NamesEveryProblemOfTheArguments) {
  Registry registry;
  ASSERT_TRUE(add(
      registry, "x",
      R"({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}, "s": {"type": "string"}},
                                     "required": ["s"], "additionalProperties": false})"));
  EXPECT_TRUE(registry.check_arguments("x", {{"s", "a"}, {"n", 1}}).empty());
  const auto problems = registry.check_arguments("x", {{"n", 0}, {"other", true}});
  EXPECT_EQ(problems.size(), 3u);
  for (const std::string& problem : problems) EXPECT_EQ(problem.find('\n'), std::string::npos);
}

TEST(Registry, TakesTheFileTools) {
  async::testing::VirtualLoop loop;
  async::WorkerPool pool(loop, 0);
  const platform::testing::TemporaryDirectory folder;
  const db::ModuleMigrations modules[] = {UndoJournal::migrations()};
  const auto database =
      db::Database::open(loop, {.open = {.path = folder / "t.db"}, .inline_mode = true}, modules);
  ASSERT_TRUE(database);
  UndoJournal journal(**database, loop.clock());
  std::vector<std::unique_ptr<Tool>> tools;
  tools.push_back(fs::make_list_tool(pool));
  tools.push_back(fs::make_read_tool(pool));
  tools.push_back(fs::make_search_tool(pool, loop.clock()));
  tools.push_back(fs::make_stat_tool(pool));
  tools.push_back(fs::make_write_tool(pool, journal));
  tools.push_back(fs::make_edit_tool(pool, journal));
  tools.push_back(fs::make_move_tool(pool, journal));
  tools.push_back(fs::make_delete_tool(pool, journal));
  Registry registry;
  schema::CompileOptions strict;
  strict.unknown_keywords = schema::UnknownKeywords::kRefuse;
  for (auto& tool : tools) {
    const auto compiled = schema::Schema::compile(json::value(tool->description().parameters), strict);
    EXPECT_TRUE(compiled) << compiled.error().message;
    EXPECT_TRUE(registry.add(std::move(tool)));
  }
  EXPECT_TRUE(registry.check_arguments("fs.list", {}).empty());
  EXPECT_FALSE(registry.check_arguments("fs.read", {}).empty());
  EXPECT_FALSE(registry.check_arguments("fs.search", {{"pattern", ""}}).empty());
  EXPECT_FALSE(registry.check_arguments("fs.search", {{"pattern", "x"}, {"max_matches", 2001}}).empty());
  EXPECT_FALSE(registry.check_arguments("fs.read", {{"path", "x"}, {"offset", 1}}).empty());
  EXPECT_FALSE(registry.check_arguments("fs.write", {{"path", "x"}}).empty());
  EXPECT_FALSE(
      registry.check_arguments("fs.edit", {{"path", "x"}, {"old_text", ""}, {"new_text", "a"}}).empty());
  EXPECT_FALSE(registry.check_arguments("fs.move", {{"from", "x"}}).empty());
}

}  // namespace
}  // namespace pryx::tools
