// SPDX-License-Identifier: MIT
#include "foundation/config/config_file.h"

#include "foundation/base/text.h"
#include "foundation/config/yaml.h"

namespace pryx::config {
namespace {

constexpr std::size_t kMaxWarnings =
    100;  // a file that is something else altogether should not flood the log

class Reader {
 public:
  Reader(const YamlDocument& document, std::string_view name) : document_(document), name_(name) {
    file_.layer.origin = Origin::kFile;
  }

  Result<void> read(const json::object& object, const std::string& prefix, const std::string& pointer) {
    for (const auto& member : object) {
      const std::string key = prefix + std::string(member.key());
      const std::string place = fmt::format("{}/{}", pointer, pointer_step(member.key()));
      PRYX_TRY_VOID(read_member(key, place, member.value()));
    }
    return {};
  }
  [[nodiscard]] ConfigFile take() { return std::move(file_); }

 private:
  Result<void> read_member(const std::string& key, const std::string& place, const json::value& value) {
    const int line = document_.line_of(place);
    if (const Setting* setting = find_setting(key)) {
      if (value.is_null()) return {};  // a key without a value asks for nothing
      auto checked = check_setting(*setting, value);
      if (!checked) return fail(checked.error().code, "{} line {}: {}", name_, line, checked.error().message);
      // Both `log: {level: …}` and `log.level: …` spell a key; one file may not do both.
      const bool is_first =
          file_.layer.values.emplace(key, LayerValue{std::move(*checked), fmt::format("{}:{}", name_, line)})
              .second;
      if (!is_first)
        return fail(ErrorCode::kInvalidArgument, "{} line {}: {} is set twice", name_, line, key);
      return {};
    }
    if (value.is_object() && is_section(key)) return read(value.as_object(), key + ".", place);
    if (value.is_null() && is_section(key)) return {};
    if (is_section(key))
      return fail(ErrorCode::kInvalidArgument, "{} line {}: '{}' is a group of settings, not a value", name_,
                  line, key);
    if (file_.warnings.size() < kMaxWarnings) file_.warnings.push_back({line, describe_unknown(key)});
    return {};
  }

  [[nodiscard]] static bool is_section(const std::string& key) {
    return std::ranges::any_of(settings(),
                               [&](const Setting& setting) { return setting.key.starts_with(key + "."); });
  }

  const YamlDocument& document_;
  std::string_view name_;
  ConfigFile file_;
};

}  // namespace

Result<ConfigFile> parse_config_file(std::string_view text, std::string_view name) {
  auto document = parse_yaml(text);
  if (!document) return fail(document.error().code, "{} {}", name, document.error().message);
  Reader reader(*document, name);
  if (document->root.is_object()) {
    PRYX_TRY_VOID(reader.read(document->root.as_object(), "", ""));
  } else if (!document->root.is_null()) {
    return fail(ErrorCode::kInvalidArgument,
                "{} line {}: the file must hold keys and values such as 'listen: 127.0.0.1:7799'", name,
                document->line_of(""));
  }
  return reader.take();
}

}  // namespace pryx::config
