// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/skills/skill_library.h"
#include "engine/skills/skill_tools.h"
#include "engine/tools/testing/ungated_pass.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/text.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::skills {
namespace {

std::string skill_md(std::string_view name, std::string_view description = "Does things. Use when needed.",
                     std::string_view more = "", std::string_view body = "1. Do it.") {
  return fmt::format("---\nname: {}\ndescription: {}\n{}---\n{}\n", name, description, more, body);
}

// "field: message; …"
std::string problems_of(std::string_view text, std::string_view folder = "tea") {
  std::string out;
  for (const SkillProblem& problem : check_skill(text, folder).problems)
    out += (out.empty() ? "" : "; ") + problem.to_text();
  return out;
}

TEST(SkillText, ReadsEveryField) {
  const auto checked = check_skill(
      "---\r\nname: tea\r\ndescription: >\n  Makes\n  tea.\nlicense: MIT\ncompatibility: Needs water\n"
      "allowed-tools: fs.read  shell.exec\nmetadata:\n  version: \"1.0\"\n  pryx:\n    emoji: \"T\"\n"
      "    requires:\n      bins: [kettle]\n      env: [TEA]\n      config: [tea.kind]\n"
      "    install:\n      - {kind: brew, package: kettle, label: The kettle}\n---\n# Tea\n\n---\nboil\n",
      "tea");
  ASSERT_TRUE(checked.skill) << checked.problems.front().to_text();
  EXPECT_EQ(checked.skill->name, "tea");
  EXPECT_EQ(checked.skill->description, "Makes tea.");
  EXPECT_EQ(checked.skill->license, "MIT");
  EXPECT_EQ(checked.skill->allowed_tools, (std::vector<std::string>{"fs.read", "shell.exec"}));
  EXPECT_EQ(checked.skill->metadata.at("version"), "1.0");
  EXPECT_EQ(checked.skill->requires_, (Requirements{{"kettle"}, {"TEA"}, {"tea.kind"}}));
  EXPECT_EQ(checked.skill->install, (std::vector<Installer>{{"brew", "kettle", "The kettle"}}));
  EXPECT_EQ(checked.skill->body, "# Tea\n\n---\nboil");
}

TEST(SkillText, NamesFollowTheSpecification) {
  for (const char* good : {"a", "pdf-processing", "x1-2-y", "123"}) EXPECT_TRUE(is_skill_name(good)) << good;
  EXPECT_TRUE(is_skill_name(std::string(64, 'a')));
  for (const char* bad : {"", "-a", "a-", "a--b", "A", "a_b", "a.b", "a b", "../a", "é"})
    EXPECT_FALSE(is_skill_name(bad)) << bad;
  EXPECT_FALSE(is_skill_name(std::string(65, 'a')));
  EXPECT_EQ(problems_of(skill_md("coffee")), "line 2: name: must be the name of its folder, 'tea'");
}

TEST(SkillText, EveryRuleHasItsProblem) {
  EXPECT_EQ(problems_of(skill_md("tea")), "");
  EXPECT_NE(problems_of("name: tea"), "");
  EXPECT_NE(problems_of("---\nname: tea\ndescription: x\n").find("does not end"), std::string::npos);
  EXPECT_NE(problems_of("---\ndescription: x\n---\nb").find("name: is missing"), std::string::npos);
  EXPECT_NE(problems_of("---\nname: tea\n---\nb").find("description: is missing"), std::string::npos);
  EXPECT_NE(problems_of("---\nname: tea\ndescription: '  '\n---\nb").find("description: is empty"),
            std::string::npos);
  EXPECT_EQ(problems_of(skill_md("tea", std::string(1024, 'x'))), "");
  EXPECT_NE(problems_of(skill_md("tea", std::string(1025, 'x'))).find("longer than 1024"), std::string::npos);
  std::string umlauts;
  for (int i = 0; i < 1024; ++i) umlauts += "ü";
  EXPECT_EQ(problems_of(skill_md("tea", umlauts)), "") << "characters count, not bytes";
  EXPECT_NE(problems_of(skill_md("tea", "x", "compatibility: " + std::string(501, 'x') + "\n")).find("500"),
            std::string::npos);
  EXPECT_NE(problems_of(skill_md("tea", "x", "version: 1\n")).find("line 4: version: is no field"),
            std::string::npos);
  EXPECT_NE(problems_of(skill_md("tea", "x", "metadata: {version: 1}\n")).find("must be text"),
            std::string::npos);
  EXPECT_NE(problems_of(skill_md("tea", "x", "allowed-tools: [a]\n")).find("allowed-tools: must be text"),
            std::string::npos);
  EXPECT_NE(problems_of(skill_md("tea", "x", "name: tea\n")), "") << "a key twice";
  EXPECT_NE(problems_of(skill_md("tea", "&a x", "license: *a\n")), "") << "an alias";
  EXPECT_NE(problems_of("---\nname: tea\ndescription: x\n---\n \n").find("no instructions"),
            std::string::npos);
  EXPECT_NE(problems_of(std::string("---\nname: tea\ndescription: \xff\n---\nb")).find("UTF-8"),
            std::string::npos);
  EXPECT_NE(problems_of(std::string(kMaxSkillBytes + 1, '-')).find("limit"), std::string::npos);
  EXPECT_NE(problems_of("---\nx: " + std::string(kMaxFrontMatterBytes, 'y') + "\n---\nb"), "");
  const std::string bad_installer = "metadata:\n  pryx:\n    install: [{kind: curl, package: x}]\n";
  EXPECT_NE(problems_of(skill_md("tea", "x", bad_installer)).find("kind"), std::string::npos);
}

class Library : public ::testing::Test {
 protected:
  Library() {
    std::filesystem::create_directories(home_ / "user");
    std::filesystem::create_directories(home_ / "second");
    std::filesystem::create_directories(home_ / "work/.pryx/skills");
    reopen();
  }
  void reopen() {
    auto held = platform::HeldDirectory::open(home_ / "work");
    PRYX_CHECK(held.has_value());
    workspace_ = std::make_shared<const platform::HeldDirectory>(std::move(*held));
  }
  template <class T>
  T run(async::Task<T> task) {
    return async::testing::run(loop_, std::move(task));
  }
  std::vector<Skill> list() { return run(library_.list(workspace_)).value(); }
  // "name source state, …" of all that are not bundled
  std::string states() {
    std::string out;
    for (const Skill& skill : list()) {
      if (skill.source == Source::kBundled && skill.state() == "ready") continue;
      out += fmt::format("{}{} {} {}", out.empty() ? "" : ", ", skill.name, to_text(skill.source),
                         skill.state());
    }
    return out;
  }
  void put(const std::string& where, std::string_view name, std::string_view more = "",
           std::string_view body = "1. Do it.") {
    home_.put(fmt::format("{}/{}/SKILL.md", where, name), skill_md(name, "From " + where, more, body));
  }
  tools::ToolOutcome read(json::object arguments) {
    tools::ToolContext context;
    context.workspace = workspace_;
    const auto outcome =
        run(tool_->run(tools::testing::UngatedPass::make(), std::move(arguments), std::move(context)));
    PRYX_CHECK(outcome.has_value());
    return *outcome;
  }

  async::testing::VirtualLoop loop_;
  async::WorkerPool pool_{loop_, 0};
  platform::testing::TemporaryDirectory home_;
  Surroundings around_{.path = {"/bin", "/usr/bin"}, .variables = {"HERE"}, .settings = {"tea.kind"}};
  SkillLibrary library_{pool_, {.user_folders = {home_ / "user", home_ / "second"}, .surroundings = [this] {
                                  return around_;
                                }}};
  std::unique_ptr<tools::Tool> tool_ = make_read_tool(library_);
  SkillLibrary::Workspace workspace_;
};

const std::string kWork = "work/.pryx/skills";

TEST_F(Library, BundledSkillsAreValid) {
  const auto all = run(library_.list(nullptr)).value();
  EXPECT_GE(all.size(), 3u);
  for (const Skill& skill : all) EXPECT_TRUE(skill.text) << skill.name << skill.problems.front().to_text();
}

TEST_F(Library, WorkspaceBeatsUserBeatsBundled) {
  put("user", "tea");
  put("second", "tea");
  put("user", "code-review");
  EXPECT_EQ(states(),
            "code-review user ready, code-review bundled shadowed, tea user ready, tea user shadowed");
  put(kWork, "tea");
  EXPECT_EQ(
      states(),
      "code-review user ready, code-review bundled shadowed, tea workspace ready, tea user shadowed, tea "
      "user shadowed");
  EXPECT_EQ(run(library_.find(workspace_, "tea"))->description, "From " + kWork);
  // One that is not valid shadows nothing.
  home_.put(kWork + "/tea/SKILL.md", "nonsense");
  EXPECT_EQ(run(library_.find(workspace_, "tea"))->description, "From user");
}

TEST_F(Library, RequirementsAreCheckedAndShown) {
  put("user", "tea",
      "metadata:\n  pryx:\n    requires: {bins: [sh, no-such-kettle], env: [HERE, GONE], config: [tea.kind, "
      "tea.cup]}\n");
  const auto skill = run(library_.find(workspace_, "tea")).value();
  EXPECT_EQ(skill.missing,
            (std::vector<std::string>{"program no-such-kettle", "variable GONE", "setting tea.cup"}));
  EXPECT_EQ(skill.state(), "missing");
  EXPECT_EQ(make_index({skill}, {}).text, "") << "what cannot work is not offered";
}

TEST_F(Library, OnlyNamesAndDescriptionsGoIntoThePrompt) {
  put(kWork, "tea", "", "BODY-OF-TEA");
  put("user", "cup", "", "BODY-OF-CUP");
  const auto index = make_index(list(), {});
  EXPECT_NE(index.text.find("- tea: From work/.pryx/skills\n"), std::string::npos) << index.text;
  EXPECT_EQ(index.text.find("BODY"), std::string::npos);
  EXPECT_TRUE(index.labels.has("file"));
  EXPECT_EQ(make_index(list(), {"cup"}).text, "- cup: From user\n");
  EXPECT_FALSE(make_index(list(), {"cup"}).labels.is_untrusted());
}

TEST_F(Library, TheIndexIsBounded) {
  for (int i = 0; i < 150; ++i)
    home_.put(fmt::format("user/s{}/SKILL.md", i), skill_md(fmt::format("s{}", i), std::string(1000, 'x')));
  const auto index = make_index(list(), {});
  EXPECT_LE(index.text.size(), kMaxIndexBytes + 100);
  const auto small = make_index(list(), {}, 600);
  EXPECT_LE(small.text.size(), 700u);
  EXPECT_NE(small.text.find("more: skill.read"), std::string::npos) << small.text;
}

TEST_F(Library, TheBodyComesOnDemandWithItsOrigin) {
  put(kWork, "tea", "", "BODY");
  home_.put(kWork + "/tea/scripts/boil.sh", "echo boiling");
  put("user", "cup");
  auto outcome = read({{"name", "tea"}});
  EXPECT_NE(outcome.text.find("BODY"), std::string::npos);
  EXPECT_NE(outcome.text.find("scripts/boil.sh"), std::string::npos);
  EXPECT_TRUE(outcome.labels.has("file"));
  EXPECT_EQ(read({{"name", "tea"}, {"file", "scripts/boil.sh"}}).text, "echo boiling");
  EXPECT_TRUE(read({{"name", "cup"}}).labels.has("plugin:cup"));
  EXPECT_FALSE(read({{"name", "code-review"}}).labels.is_untrusted());
  EXPECT_FALSE(read({{"name", "nothing"}}).ok);
  EXPECT_NE(read({}).text.find("tea (workspace)"), std::string::npos);
}

TEST_F(Library, NothingLeadsOut) {
  home_.put("secret", "SECRET");
  put(kWork, "tea");
  std::filesystem::create_symlink(home_ / "secret", home_ / (kWork + "/tea/link"));
  std::filesystem::create_directory_symlink(home_ / "user", home_ / (kWork + "/folder"));
  put("user", "cup");
  for (const char* file :
       {"link", "../../../../secret", "/etc/passwd", "a/../../x", "", "SKILL.md/x", "a\\b"}) {
    const auto bytes = run(library_.read(workspace_, run(library_.find(workspace_, "tea")).value(), file));
    EXPECT_FALSE(bytes) << file;
  }
  EXPECT_EQ(run(library_.files(workspace_, run(library_.find(workspace_, "tea")).value())).value(),
            std::vector<std::string>{"SKILL.md"});
  EXPECT_NE(states().find("folder workspace invalid"), std::string::npos) << states();
  // A SKILL.md that is a link is no skill.
  std::filesystem::create_directories(home_ / (kWork + "/evil"));
  std::filesystem::create_symlink(home_ / "secret", home_ / (kWork + "/evil/SKILL.md"));
  EXPECT_NE(states().find("evil workspace invalid"), std::string::npos) << states();
  // Nor is the whole folder, when it is one.
  std::filesystem::remove_all(home_ / "work/.pryx");
  std::filesystem::create_directories(home_ / "elsewhere/skills");
  put("elsewhere/skills", "planted");
  std::filesystem::create_directory_symlink(home_ / "elsewhere", home_ / "work/.pryx");
  reopen();
  EXPECT_EQ(states().find("planted"), std::string::npos);
}

TEST_F(Library, AddsWholeOrNotAtAllAndRemoves) {
  std::vector<SkillFile> files{{"SKILL.md", skill_md("mine"), false}, {"scripts/a.sh", "echo a", true}};
  ASSERT_TRUE(run(library_.add("mine", files, false)));
  EXPECT_EQ(run(library_.add("mine", files, false)).error().code, ErrorCode::kConflict);
  EXPECT_EQ(home_.get("user/mine/scripts/a.sh"), "echo a");
  files.pop_back();
  ASSERT_TRUE(run(library_.add("mine", files, true)));
  EXPECT_FALSE(std::filesystem::exists(home_ / "user/mine/scripts"));
  EXPECT_EQ(run(library_.add("other", files, false)).error().code, ErrorCode::kCheckFailed);
  EXPECT_FALSE(std::filesystem::exists(home_ / "user/other"));
  for (const char* bad : {"../x", "/x", "a/../b", "", "a//b", "."})
    EXPECT_FALSE(run(library_.add("mine", {{"SKILL.md", skill_md("mine"), false}, {bad, "x", false}}, true)))
        << bad;
  EXPECT_TRUE(run(library_.remove("mine")).value());
  EXPECT_FALSE(run(library_.remove("mine")).value());
  EXPECT_FALSE(run(library_.remove("../user")).value());
  EXPECT_FALSE(std::filesystem::exists(home_ / "user/mine"));
}

TEST_F(Library, AnEditKeepsWhatMayBeRun) {
  const auto may_run = [this](const char* file) {
    return run(library_.read(nullptr, run(library_.find(nullptr, "mine")).value(), file)).value().executable;
  };
  std::vector<SkillFile> files{{"SKILL.md", skill_md("mine"), false},
                               {"scripts/a.sh", "echo a", true},
                               {"scripts/b.txt", "words", false}};
  ASSERT_TRUE(run(library_.add("mine", files, false)));
  EXPECT_EQ(may_run("scripts/a.sh"), true);
  EXPECT_EQ(may_run("scripts/b.txt"), false);
  for (SkillFile& file : files) {
    file.bytes += " more";
    file.executable.reset();
  }
  files.push_back({"scripts/new.sh", "echo new", std::nullopt});
  files.front().bytes = skill_md("mine");
  ASSERT_TRUE(run(library_.add("mine", files, true)));
  EXPECT_EQ(may_run("scripts/a.sh"), true);
  EXPECT_EQ(may_run("scripts/b.txt"), false);
  EXPECT_EQ(may_run("scripts/new.sh"), false);
  EXPECT_EQ(may_run("SKILL.md"), false);
  // What is said counts.
  files[1].executable = false;
  files[2].executable = true;
  ASSERT_TRUE(run(library_.add("mine", files, true)));
  EXPECT_EQ(may_run("scripts/a.sh"), false);
  EXPECT_EQ(may_run("scripts/b.txt"), true);
  EXPECT_EQ(run(library_.read(nullptr, run(library_.find(nullptr, "code-review")).value(), "SKILL.md"))
                .value()
                .executable,
            false);
}

TEST_F(Library, AnEditCountsAtOnce) {
  put(kWork, "tea", "", "OLD");
  EXPECT_NE(read({{"name", "tea"}}).text.find("OLD"), std::string::npos);
  put(kWork, "tea", "", "NEW");
  EXPECT_NE(read({{"name", "tea"}}).text.find("NEW"), std::string::npos);
}

}  // namespace
}  // namespace pryx::skills
