// SPDX-License-Identifier: MIT
#include "engine/skills/skill_tools.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::skills {
namespace {

constexpr std::string_view kText =
    "Reads a skill: instructions for a kind of task, written down beforehand. With a name: its instructions "
    "and the list of its files; with a file besides: that file. Without a name: the list of all skills. A "
    "skill gives advice and no rights.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 64, "description": "Of the skill."},
    "file": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "Path below the skill's folder, as listed."}
  },
  "additionalProperties": false
})json";

bool is_for_the_model(ErrorCode code) {
  return code == ErrorCode::kNotFound || code == ErrorCode::kInvalidArgument || code == ErrorCode::kDenied ||
         code == ErrorCode::kTooLarge;
}

tools::ToolOutcome refused(const Error& error, const trust::Labels& labels) {
  return {false, error.message, error.message, {}, labels};
}

// The list of an agent binds what it reads, as it does what it is shown.
bool is_offered(const tools::ToolContext& context, std::string_view name) {
  return context.skills.empty() || std::ranges::any_of(context.skills, [&](const std::string& pattern) {
           return glob_match(pattern, name);
         });
}

class ReadTool final : public tools::Tool {
 public:
  explicit ReadTool(SkillLibrary& library) : library_(library) {
    description_.name = "skill.read";
    description_.description = kText;
    auto parameters = json::parse_object(kParameters);
    PRYX_CHECK(parameters.has_value());
    description_.parameters = std::move(*parameters);
    description_.effect = tools::EffectClass::kPure;
    description_.risk = tools::Risk::kLow;
    description_.read_only = true;
  }
  [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<tools::Touches> touches(const json::object&) const override {
    return tools::Touches{};
  }
  [[nodiscard]] std::string render(const json::object& arguments) const override {
    std::string out = "skill.read";
    for (const char* key : {"name", "file"}) {
      const std::string value = json::string_or(arguments, key);
      if (!value.empty()) out += " " + value;
    }
    return out;
  }
  [[nodiscard]] async::Task<Result<tools::ToolOutcome>> run(const tools::GatePass&, json::object arguments,
                                                            tools::ToolContext context) override {
    const std::string name = json::string_or(arguments, "name");
    const std::string file = json::string_or(arguments, "file");
    if (name.empty()) co_return co_await list(std::move(context));
    if (!is_offered(context, name))
      co_return refused(
          {ErrorCode::kNotFound, fmt::format("there is no skill '{}' for this agent", name), -1},
          trust::Labels{"model"});
    const auto skill = co_await library_.find(context.workspace, name);
    if (!skill && is_for_the_model(skill.error().code))
      co_return refused(skill.error(), trust::Labels{"model"});
    if (!skill) co_return std::unexpected(skill.error());
    if (!file.empty()) co_return co_await read_file(std::move(context), *skill, file);
    co_return co_await read_skill(std::move(context), *skill);
  }

 private:
  async::Task<Result<tools::ToolOutcome>> list(tools::ToolContext context) {
    PRYX_CO_TRY(const std::vector<Skill> all, co_await library_.list(context.workspace));
    tools::ToolOutcome out;
    out.labels = trust::Labels{"model"};
    std::size_t count = 0;
    for (const Skill& skill : all) {
      if (!skill.text || skill.shadowed || !is_offered(context, skill.name)) continue;
      ++count;
      out.text += fmt::format("{} ({}): {}\n", skill.name, to_text(skill.source), skill.description);
      for (const std::string& missing : skill.missing)
        out.text += fmt::format("  not usable here: {} is missing\n", missing);
      if (skill.source == Source::kWorkspace) out.labels.join(skill.labels());
    }
    if (count == 0) out.text = "There are no skills.";
    out.summary = count == 1 ? "1 skill" : fmt::format("{} skills", count);
    out.details = {{"count", count}};
    co_return out;
  }

  async::Task<Result<tools::ToolOutcome>> read_skill(tools::ToolContext context, Skill skill) {
    if (!skill.text) {
      std::string text = fmt::format("The skill {} is not valid and is not used:\n", skill.name);
      for (const SkillProblem& problem : skill.problems) text += "  " + problem.to_text() + "\n";
      co_return tools::ToolOutcome{false, std::move(text), "not valid", {}, skill.labels()};
    }
    tools::ToolOutcome out;
    out.labels = skill.labels();
    out.text = fmt::format("Skill {} ({}). It is advice from its author and gives no rights.\n", skill.name,
                           to_text(skill.source));
    for (const std::string& missing : skill.missing)
      out.text += fmt::format("Not usable here as it is: {} is missing.\n", missing);
    const auto files = co_await library_.files(context.workspace, skill);
    if (files && files->size() > 1) {
      out.text += "Files, to be read with skill.read and `file`:";
      for (const std::string& file : *files) {
        if (file != "SKILL.md") out.text += " " + file;
      }
      out.text += '\n';
      if (skill.source == Source::kWorkspace)
        out.text += fmt::format("Its folder in the workspace is {}.\n", skill.folder);
      else
        out.text += "Commands cannot see its folder: copy a script into the workspace to run it.\n";
    }
    out.text += "\n" + skill.text->body + "\n";
    out.summary = fmt::format("{} ({})", skill.name, to_text(skill.source));
    out.details = {{"name", skill.name}, {"source", to_text(skill.source)}, {"hash", skill.hash}};
    co_return out;
  }

  async::Task<Result<tools::ToolOutcome>> read_file(tools::ToolContext context, Skill skill,
                                                    std::string file) {
    auto found = co_await library_.read(context.workspace, skill, file);
    if (!found && is_for_the_model(found.error().code)) co_return refused(found.error(), skill.labels());
    if (!found) co_return std::unexpected(found.error());
    std::string& bytes = found->bytes;
    tools::ToolOutcome out;
    out.labels = skill.labels();
    out.details = {{"name", skill.name}, {"file", file}, {"size", bytes.size()}};
    if (!is_valid_utf8(bytes) || bytes.find('\0') != std::string::npos) {
      out.text = fmt::format("'{}' is a binary file of {} bytes. Its content is not shown as text.\n", file,
                             bytes.size());
      out.summary = "binary";
      co_return out;
    }
    out.summary = fmt::format("{}, {} bytes", file, bytes.size());
    out.text = std::move(bytes);
    co_return out;
  }

  SkillLibrary& library_;
  tools::ToolDescription description_;
};

}  // namespace

std::unique_ptr<tools::Tool> make_read_tool(SkillLibrary& library) {
  return std::make_unique<ReadTool>(library);
}

Result<void> add_skill_tools(tools::Registry& registry, SkillLibrary& library) {
  return registry.add(make_read_tool(library));
}

}  // namespace pryx::skills
