// SPDX-License-Identifier: MIT
// The official JSON-Schema-Test-Suite, as Debian's golang-github-flowstack-go-jsonschema-dev installs it
// (`make deps` does). Every case counts: what is not supported stands in a list with its reason, and an entry
// there that passes fails the test.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "foundation/schema/schema.h"

namespace pryx::schema {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuite = "/usr/share/gocode/src/github.com/flowstack/go-jsonschema/testdata";
constexpr const char* kInstall = "install golang-github-flowstack-go-jsonschema-dev (make deps)";

struct Skip {
  std::string_view file, group, test;  // "" stands for all
  std::string_view reason;
};

constexpr std::string_view kFormat = "format is an annotation here, as the specification has it by default";
constexpr std::string_view kAscii =
    "contradicts optional/ecmascript-regex.json and ECMA-262: \\\\w and \\\\d are ASCII";
constexpr std::string_view kContent =
    "contentEncoding and contentMediaType are annotations here, as later drafts have them";
constexpr std::string_view kMeta = "the meta-schemas of older drafts are not built in";
constexpr std::string_view kRecursive =
    "$recursiveRef was replaced by $dynamicRef; such a schema is refused with that reason";

json::value read_json(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto value = json::parse(text, {.max_bytes = 64u << 20, .max_depth = 128});
  if (!value) {
    ADD_FAILURE() << path << ": " << value.error().message;
    return nullptr;
  }
  return std::move(*value);
}

std::string field(const json::value& v, std::string_view key) {
  return std::string(v.get_object().at(key).get_string());
}

// The suite's remote documents live at http://localhost:1234/.
Registry remotes(std::string_view dialect) {
  Registry registry;
  const fs::path folder = fs::path(kSuite) / "remotes";
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    json::value document = read_json(entry.path());
    if (!dialect.empty() && document.is_object() && !document.get_object().contains("$schema")) {
      document.get_object()["$schema"] = dialect;
    }
    const std::string uri = "http://localhost:1234/" + fs::relative(entry.path(), folder).generic_string();
    EXPECT_TRUE(registry.add(uri, std::move(document)).has_value()) << uri;
  }
  return registry;
}

class Suite {
 public:
  Suite(std::string draft, std::string_view dialect, std::vector<Skip> skips)
      : draft_(std::move(draft)),
        dialect_(dialect),
        skips_(std::move(skips)),
        used_(skips_.size()),
        registry_(remotes(dialect)) {}

  void run() {
    const fs::path folder = fs::path(kSuite) / draft_;
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& path : files) run_file(fs::relative(path, folder).generic_string(), path);
    for (std::size_t i = 0; i < skips_.size(); ++i) {
      EXPECT_TRUE(used_[i]) << "skip entry without a case: " << skips_[i].file << " / " << skips_[i].group
                            << " / " << skips_[i].test;
    }
    std::printf("%s: %d of %d cases pass, %d expected not to\n", draft_.c_str(), passed_, total_, skipped_);
  }

  int total() const { return total_; }

 private:
  void run_file(const std::string& name, const fs::path& path) {
    const json::value document = read_json(path);
    ASSERT_TRUE(document.is_array()) << path;
    for (const json::value& group : document.get_array()) run_group(name, group);
  }

  void run_group(const std::string& file, const json::value& group) {
    json::value schema = group.get_object().at("schema");
    if (!dialect_.empty() && schema.is_object() && !schema.get_object().contains("$schema"))
      schema.get_object()["$schema"] = dialect_;
    const auto compiled = Schema::compile(schema, {.registry = &registry_});
    for (const json::value& test : group.get_object().at("tests").get_array()) {
      ++total_;
      const bool expected = test.get_object().at("valid").get_bool();
      const bool right = compiled && compiled->validate(test.get_object().at("data")).empty() == expected;
      const std::string group_name = field(group, "description"), test_name = field(test, "description");
      const auto skip = std::find_if(skips_.begin(), skips_.end(), [&](const Skip& s) {
        return file.starts_with(s.file) && (s.group.empty() || s.group == group_name) &&
               (s.test.empty() || s.test == test_name);
      });
      if (skip == skips_.end()) {
        passed_ += right ? 1 : 0;
        EXPECT_TRUE(right) << draft_ << "/" << file << " / " << group_name << " / " << test_name
                           << ": expected " << (expected ? "valid" : "invalid")
                           << (compiled ? "" : "; refused: " + compiled.error().message);
        continue;
      }
      used_[static_cast<std::size_t>(skip - skips_.begin())] = true;
      ++skipped_;
      if (skip->test.empty())
        continue;  // an entry for a whole group or file also covers cases that happen to pass
      EXPECT_FALSE(right) << "expected not to pass, but does: " << file << " / " << group_name << " / "
                          << test_name;
    }
  }

  std::string draft_;
  std::string_view dialect_;
  std::vector<Skip> skips_;
  std::vector<bool> used_;
  Registry registry_;
  int total_ = 0, passed_ = 0, skipped_ = 0;
};

// What no draft's run can pass.
std::vector<Skip> common_skips() {
  constexpr std::string_view kMatching = "unicode semantics should be used for all pattern matching";
  constexpr std::string_view kNames = "unicode semantics should be used for all patternProperties matching";
  constexpr std::string_view kDigits = "unicode digits are more than 0 through 9";
  return {
      {"optional/format", "", "", kFormat},
      {"optional/unicode.json", kMatching, "literal unicode character in json string", kAscii},
      {"optional/unicode.json", kMatching, "unicode character in hex format in string", kAscii},
      {"optional/unicode.json", kNames, "literal unicode character in json string", kAscii},
      {"optional/unicode.json", kNames, "unicode character in hex format in string", kAscii},
      {"optional/unicode.json", kDigits, "non-ascii digits (BENGALI DIGIT FOUR, BENGALI DIGIT TWO)", kAscii},
  };
}

void run_suite(const std::string& draft, std::string_view dialect, std::initializer_list<Skip> more,
               int expected_total) {
  ASSERT_TRUE(fs::is_directory(fs::path(kSuite) / draft)) << kInstall;
  std::vector<Skip> skips = common_skips();
  skips.insert(skips.end(), more);
  Suite suite(draft, dialect, std::move(skips));
  suite.run();
  EXPECT_EQ(suite.total(), expected_total)
      << "the installed suite is another one than the skip list was made for";
}

TEST(OfficialSuite, Draft2020_12) { run_suite("draft2020-12", "", {}, 1389); }

TEST(OfficialSuite, Draft2019_09) {
  run_suite("draft2019-09", "https://json-schema.org/draft/2019-09/schema",
            {{"recursiveRef.json", "", "", kRecursive},
             {"defs.json", "", "", kMeta},
             {"id.json", "", "", kMeta},
             {"ref.json", "remote ref, containing refs itself", "", kMeta}},
            1397);
}

TEST(OfficialSuite, Draft7) {
  run_suite("draft7", "http://json-schema.org/draft-07/schema#",
            {{"definitions.json", "", "", kMeta},
             {"ref.json", "remote ref, containing refs itself", "", kMeta},
             {"optional/content.json", "", "", kContent}},
            1136);
}

TEST(OfficialSuite, Draft6) {
  run_suite(
      "draft6", "http://json-schema.org/draft-06/schema#",
      {{"definitions.json", "", "", kMeta}, {"ref.json", "remote ref, containing refs itself", "", kMeta}},
      929);
}

}  // namespace
}  // namespace pryx::schema
