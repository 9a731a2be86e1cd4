// SPDX-License-Identifier: MIT
#include "trust/policy/tool_reach.h"

#include <gtest/gtest.h>

#include "trust/policy/policy_engine.h"
#include "trust/policy/policy_file.h"

namespace pryx::trust {
namespace {

std::string reach(std::string_view name, std::string_view tool, std::optional<bool> reads_only) {
  const auto policy = parse_policy(find_policy_template(name)->text, PolicyFileKind::kPolicy, name);
  return std::string(to_text(tool_reach(*policy->layer, tool, reads_only).reach));
}

TEST(ToolReach, TellsTheTemplatesApart) {
  EXPECT_EQ(reach("read-only", "fs.read", true), "always");
  EXPECT_EQ(reach("read-only", "fs.write", false), "never");
  EXPECT_EQ(reach("read-only", "shell.exec", false), "never");
  EXPECT_EQ(reach("workspace", "fs.write", false), "sometimes");
  EXPECT_EQ(reach("workspace", "http.request", false), "asks");
  EXPECT_EQ(reach("network-allowlist", "http.request", false), "sometimes");
  EXPECT_EQ(reach("safe", "http.request", false), "never");
  EXPECT_EQ(reach("safe", "shell.exec", false), "asks");
}

TEST(ToolReach, AToolThatIsNotKnownMayMeetEitherEffect) {
  EXPECT_EQ(reach("read-only", "mcp.a.b", std::nullopt), "asks") << "it may be one that only reads";
  EXPECT_EQ(reach("read-only", "fs.read", std::nullopt), "sometimes");
}

TEST(ToolReach, ALimitThatNarrowsTakesTheAlwaysAway) {
  const Layer layer(LayerKind::kBase, "x",
                    {{.verdict = Verdict::kAllow, .tool = "fs.*"},
                     {.verdict = Verdict::kAsk, .tool = "fs.write", .paths = {"src/*"}}});
  EXPECT_EQ(to_text(tool_reach(layer, "fs.write", false).reach), "sometimes");
  EXPECT_EQ(to_text(tool_reach(layer, "fs.read", true).reach), "always");
  const ToolReach found = tool_reach(layer, "fs.write", false);
  ASSERT_EQ(found.rules.size(), 2u);
  EXPECT_TRUE(found.rules[0].conditional);
  EXPECT_FALSE(found.rules[1].conditional);
}

// What is said about the name holds for every call: the engine never allows a "never", nor asks an "always"
// that nothing forces.
TEST(ToolReach, AgreesWithTheEngine) {
  for (const PolicyTemplate& item : policy_templates()) {
    const auto policy = parse_policy(item.text, PolicyFileKind::kPolicy, item.name);
    const PolicyEngine engine(policy->layer);
    for (const auto& [tool, reads_only] : {std::pair{"fs.read", true},
                                           {"fs.write", false},
                                           {"shell.exec", false},
                                           {"http.request", false},
                                           {"memory.save", false},
                                           {"memory.search", true},
                                           {"fs.delete", false}}) {
      const Reach said = tool_reach(engine.base(), tool, reads_only).reach;
      for (int bits = 0; bits < 8; ++bits) {
        CallFacts facts;
        facts.tool = tool;
        facts.read_only = reads_only;
        facts.parse_complete = true;
        facts.read_only_commands = (bits & 1) != 0;
        if ((bits & 2) != 0) EXPECT_TRUE(facts.context.add("web"));
        if ((bits & 4) != 0) facts.hosts = {"docs.python.org"};
        const Verdict verdict = engine.decide(facts, {}, {0}).verdict;
        const std::string where = std::string(item.name) + " " + tool + " " + std::to_string(bits);
        if (said == Reach::kNever) EXPECT_EQ(verdict, Verdict::kDeny) << where;
        if (said == Reach::kAsks) EXPECT_NE(verdict, Verdict::kAllow) << where;
        if (said == Reach::kAlways) EXPECT_EQ(verdict, Verdict::kAllow) << where;
      }
    }
  }
}

}  // namespace
}  // namespace pryx::trust
