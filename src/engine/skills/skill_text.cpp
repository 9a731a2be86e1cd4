// SPDX-License-Identifier: MIT
#include "engine/skills/skill_text.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "foundation/base/text.h"
#include "foundation/config/yaml.h"

namespace pryx::skills {
namespace {

constexpr std::size_t kMaxListed = 64;      // entries of one list
constexpr std::size_t kMaxWordBytes = 256;  // of one entry
constexpr std::size_t kMaxMetadata = 64;
constexpr std::size_t kMaxTextBytes = 4096;  // of license and of a metadata value
constexpr std::array<std::string_view, 6> kFields{"name",     "description",   "license",
                                                  "metadata", "compatibility", "allowed-tools"};
constexpr std::array<std::string_view, 5> kInstallers{"brew", "npm", "go", "uv", "download"};

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Control characters and line ends become blanks, runs of blanks one: a description is one line in a list.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

struct Split {
  std::string_view front;  // YAML
  std::string_view body;
};

std::string_view line_at(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('\n', at);
  std::string_view line = text.substr(at, end == std::string_view::npos ? std::string_view::npos : end - at);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  return line;
}

Result<Split> split_front_matter(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (line_at(text, 0) != "---")
    return fail(ErrorCode::kInvalidArgument, "the file must begin with a line of three hyphens");
  const std::size_t first = text.find('\n');
  for (std::size_t at = first; at != std::string_view::npos; at = text.find('\n', at)) {
    ++at;
    if (at - first > kMaxFrontMatterBytes) break;
    if (line_at(text, at) != "---") continue;
    const std::size_t end = text.find('\n', at);
    return Split{text.substr(first + 1, at - first - 1),
                 end == std::string_view::npos ? std::string_view() : text.substr(end + 1)};
  }
  return fail(
      ErrorCode::kInvalidArgument,
      "the front matter does not end: a second line of three hyphens is missing in the first {} bytes",
      kMaxFrontMatterBytes);
}

// Reads one front matter; every finding goes into `out`.
class Reader {
 public:
  Reader(const config::YamlDocument& document, CheckedSkill& out) : document_(document), out_(out) {}

  SkillText read(const json::object& front, std::string_view folder);

 private:
  void note(std::string pointer, std::string field, std::string message) {
    out_.problems.push_back({document_.line_of(pointer) + 1, std::move(field), std::move(message)});
  }
  std::string text_field(const json::object& from, const std::string& at, std::string_view key,
                         bool required);
  std::vector<std::string> words(const json::object& from, const std::string& at, std::string_view key);
  void read_name(const json::object& front, std::string_view folder, SkillText& skill);
  void read_tools(const json::object& front, SkillText& skill);
  void read_metadata(const json::object& front, SkillText& skill);
  void read_pryx(const json::object& pryx, SkillText& skill);
  void read_installers(const json::object& pryx, SkillText& skill);

  const config::YamlDocument& document_;
  CheckedSkill& out_;
};

std::string Reader::text_field(const json::object& from, const std::string& at, std::string_view key,
                               bool required) {
  const json::value* found = json::find(from, key);
  const std::string pointer = fmt::format("{}/{}", at, config::pointer_step(key));
  if (found == nullptr) {
    if (required) note("", std::string(key), "is missing");
    return {};
  }
  if (!found->is_string()) {
    note(pointer, std::string(key), "must be text; put it in quotes");
    return {};
  }
  std::string text(found->get_string());
  if (trim(text).empty()) note(pointer, std::string(key), "is empty");
  if (text.size() > kMaxTextBytes) {
    note(pointer, std::string(key), fmt::format("is longer than {} bytes", kMaxTextBytes));
    text.clear();
  }
  return text;
}

std::vector<std::string> Reader::words(const json::object& from, const std::string& at,
                                       std::string_view key) {
  std::vector<std::string> out;
  const json::value* found = json::find(from, key);
  if (found == nullptr) return out;
  const std::string pointer = fmt::format("{}/{}", at, key);
  if (!found->is_array() || found->get_array().size() > kMaxListed) {
    note(pointer, std::string(key), fmt::format("must be a list of at most {} names", kMaxListed));
    return out;
  }
  for (const json::value& item : found->get_array()) {
    const bool fits = item.is_string() && !item.get_string().empty() &&
                      item.get_string().size() <= kMaxWordBytes &&
                      one_line(item.get_string()) == std::string_view(item.get_string());
    if (fits)
      out.emplace_back(item.get_string());
    else
      note(pointer, std::string(key), "holds something that is no name");
  }
  return out;
}

void Reader::read_name(const json::object& front, std::string_view folder, SkillText& skill) {
  skill.name = text_field(front, "", "name", true);
  if (skill.name.empty()) return;
  if (!is_skill_name(skill.name)) {
    note("/name", "name",
         "must be 1 to 64 lower-case letters, digits and single hyphens, with no hyphen at an end");
    skill.name.clear();
  } else if (skill.name != folder) {
    note("/name", "name", fmt::format("must be the name of its folder, '{}'", utf8_prefix(folder, 100)));
  }
}

void Reader::read_tools(const json::object& front, SkillText& skill) {
  const json::value* found = json::find(front, "allowed-tools");
  if (found == nullptr) return;
  if (!found->is_string() || found->get_string().size() > kMaxTextBytes) {
    note("/allowed-tools", "allowed-tools", "must be text: names of tools with blanks between");
    return;
  }
  const std::string text = one_line(found->get_string());
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) skill.allowed_tools.emplace_back(word);
  }
  if (skill.allowed_tools.size() > kMaxListed)
    note("/allowed-tools", "allowed-tools", fmt::format("names more than {} tools", kMaxListed));
}

void Reader::read_installers(const json::object& pryx, SkillText& skill) {
  const json::value* found = json::find(pryx, "install");
  if (found == nullptr) return;
  const std::string at = "/metadata/pryx/install";
  if (!found->is_array() || found->get_array().size() > kMaxListed) {
    note(at, "metadata.pryx.install", "must be a list of installers");
    return;
  }
  for (const json::value& item : found->get_array()) {
    const json::object* entry = item.if_object();
    Installer installer;
    if (entry != nullptr) {
      installer.kind = one_line(json::string_or(*entry, "kind"));
      installer.package = one_line(json::string_or(*entry, "package"));
      installer.label = one_line(json::string_or(*entry, "label"));
    }
    const bool known = std::ranges::find(kInstallers, installer.kind) != kInstallers.end();
    const bool fits = known && !installer.package.empty() && installer.package.size() <= 1024 &&
                      installer.label.size() <= kMaxWordBytes;
    if (fits)
      skill.install.push_back(std::move(installer));
    else
      note(at, "metadata.pryx.install", "each entry needs kind (brew, npm, go, uv or download) and package");
  }
}

void Reader::read_pryx(const json::object& pryx, SkillText& skill) {
  skill.emoji = one_line(json::string_or(pryx, "emoji"));
  if (skill.emoji.size() > 32) {
    note("/metadata/pryx/emoji", "metadata.pryx.emoji", "is longer than 32 bytes");
    skill.emoji.clear();
  }
  if (const json::value* needs = json::find(pryx, "requires"); needs != nullptr) {
    if (const json::object* object = needs->if_object()) {
      const std::string at = "/metadata/pryx/requires";
      skill.requires_ = {words(*object, at, "bins"), words(*object, at, "env"), words(*object, at, "config")};
    } else {
      note("/metadata/pryx/requires", "metadata.pryx.requires", "must hold bins, env or config");
    }
  }
  read_installers(pryx, skill);
}

// The specification has texts here; one mapping is let in besides, under our own name.
void Reader::read_metadata(const json::object& front, SkillText& skill) {
  const json::value* found = json::find(front, "metadata");
  if (found == nullptr) return;
  const json::object* metadata = found->if_object();
  if (metadata == nullptr || metadata->size() > kMaxMetadata) {
    note("/metadata", "metadata", fmt::format("must be a mapping of at most {} texts", kMaxMetadata));
    return;
  }
  for (const auto& member : *metadata) {
    const std::string pointer = "/metadata/" + config::pointer_step(member.key());
    if (member.key() == "pryx" && member.value().is_object()) {
      read_pryx(member.value().get_object(), skill);
    } else if (!member.value().is_string() || member.value().get_string().size() > kMaxTextBytes) {
      note(pointer, "metadata",
           fmt::format("'{}' must be text; put it in quotes", utf8_prefix(member.key(), 64)));
    } else {
      skill.metadata.emplace(member.key(), one_line(member.value().get_string()));
    }
  }
}

SkillText Reader::read(const json::object& front, std::string_view folder) {
  SkillText skill;
  for (const auto& member : front) {
    if (std::ranges::find(kFields, std::string_view(member.key())) == kFields.end())
      note("/" + config::pointer_step(member.key()), std::string(utf8_prefix(member.key(), 64)),
           "is no field of a skill; what is your own goes under metadata");
  }
  read_name(front, folder, skill);
  skill.description = one_line(text_field(front, "", "description", true));
  if (count_chars(skill.description) > kMaxDescriptionChars) {
    note("/description", "description", fmt::format("is longer than {} characters", kMaxDescriptionChars));
    skill.description.clear();
  }
  skill.license = one_line(text_field(front, "", "license", false));
  skill.compatibility = one_line(text_field(front, "", "compatibility", false));
  if (count_chars(skill.compatibility) > kMaxCompatibilityChars)
    note("/compatibility", "compatibility",
         fmt::format("is longer than {} characters", kMaxCompatibilityChars));
  read_tools(front, skill);
  read_metadata(front, skill);
  return skill;
}

CheckedSkill problem(std::string message, int line = 1) {
  CheckedSkill out;
  out.problems.push_back({line, {}, std::move(message)});
  return out;
}

}  // namespace

std::string SkillProblem::to_text() const {
  return field.empty() ? fmt::format("line {}: {}", line, message)
                       : fmt::format("line {}: {}: {}", line, field, message);
}

bool is_skill_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.front() == '-' || name.back() == '-') return false;
  if (name.find("--") != std::string_view::npos) return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

CheckedSkill check_skill(std::string_view text, std::string_view folder) {
  if (text.size() > kMaxSkillBytes)
    return problem(fmt::format("SKILL.md has {} bytes, the limit is {}; move details into files beside it",
                               text.size(), kMaxSkillBytes));
  if (!is_valid_utf8(text)) return problem("SKILL.md is not valid UTF-8");
  if (text.find('\0') != std::string_view::npos) return problem("SKILL.md holds a NUL byte");
  const auto parts = split_front_matter(text);
  if (!parts) return problem(parts.error().message);
  const auto document = config::parse_yaml(
      parts->front, {.max_bytes = kMaxFrontMatterBytes, .max_depth = 8, .max_values = 1000});
  if (!document) return problem(fmt::format("the front matter is not valid: {}", document.error().message));
  const json::object* front = document->root.if_object();
  if (front == nullptr) return problem("the front matter must be fields: name, description…");
  CheckedSkill out;
  SkillText skill = Reader(*document, out).read(*front, folder);
  skill.body = std::string(trim(parts->body));
  if (skill.body.empty()) out.problems.push_back({1, {}, "there are no instructions below the front matter"});
  out.name = skill.name;
  out.description = skill.description;
  std::ranges::sort(out.problems, [](const SkillProblem& a, const SkillProblem& b) {
    return std::tie(a.line, a.field, a.message) < std::tie(b.line, b.field, b.message);
  });
  if (out.problems.empty()) out.skill = std::move(skill);
  return out;
}

}  // namespace pryx::skills
