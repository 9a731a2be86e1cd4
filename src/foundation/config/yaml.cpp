// SPDX-License-Identifier: MIT
#include "foundation/config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <cmath>
#include <sstream>

#include "foundation/base/text.h"

namespace pryx::config {
namespace {

// Leaves the library's parser; caught in parse_yaml and nowhere else.
struct Refusal {
  int line;
  ErrorCode code;
  std::string reason;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string reason,
                         ErrorCode code = ErrorCode::kInvalidArgument) {
  throw Refusal{mark.line + 1, code, std::move(reason)};
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> parse_integer(std::string_view digits, int base) {
  std::int64_t value = 0;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// [-+]? ( . [0-9]+ | [0-9]+ ( . [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_float(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (const std::size_t exponent = text.find_first_of("eE"); exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!is_digits(power)) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return is_digits(text);
  const std::string_view whole = text.substr(0, dot), fraction = text.substr(dot + 1);
  return whole.empty() ? is_digits(fraction) : is_digits(whole) && (fraction.empty() || is_digits(fraction));
}

json::value plain_scalar(const YAML::Mark& mark, const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const std::string_view view(text);
  const bool is_hex = view.starts_with("0x") && view.size() > 2,
             is_octal = view.starts_with("0o") && view.size() > 2;
  if (is_hex || is_octal) {
    const auto number = parse_integer(view.substr(2), is_hex ? 16 : 8);
    if (number && view[2] != '-' && view[2] != '+') return *number;
    return json::value(view);
  }
  const std::string_view digits = view.starts_with('-') || view.starts_with('+') ? view.substr(1) : view;
  if (is_digits(digits)) {
    if (const auto number = parse_integer(view, 10)) return *number;
    refuse(mark,
           fmt::format("{} is too large a number; write it in quotes if it is text", utf8_prefix(text, 40)));
  }
  if (!looks_like_float(view)) return json::value(view);
  const std::string_view unsigned_plus = view.starts_with('+') ? view.substr(1) : view;
  double number = 0;
  const auto [end, error] =
      std::from_chars(unsigned_plus.data(), unsigned_plus.data() + unsigned_plus.size(), number);
  if (error != std::errc{} || end != unsigned_plus.data() + unsigned_plus.size() || !std::isfinite(number)) {
    refuse(mark, fmt::format("{} is no number that can be kept; write it in quotes if it is text",
                             utf8_prefix(text, 40)));
  }
  return number;
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(YamlDocument& document, const YamlLimits& limits) : document_(document), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (*name) are not allowed; repeat the value");
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    refuse(mark, "anchors (&name) are not allowed");
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (expects_key()) refuse(mark, "a key is missing before ':'");
    place(mark, nullptr);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    const bool is_plain = tag == "?" || tag.empty();
    if (!is_plain && tag != "!" && tag != "tag:yaml.org,2002:str")
      refuse(mark, fmt::format("the tag {} is not allowed", shown(tag)));
    if (expects_key()) {
      open_key(mark, text, is_plain);
    } else {
      place(mark, is_plain ? plain_scalar(mark, text) : json::value(text));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, json::array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, json::object());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    json::value container;
    std::string pointer;  // of the container
    std::optional<std::string> key;
    int line;  // of the container
    int key_line = 0;
  };

  static std::string shown(std::string_view text) { return to_valid_utf8(utf8_prefix(text, 40)); }

  [[nodiscard]] bool expects_key() const {
    return !stack_.empty() && stack_.back().container.is_object() && !stack_.back().key;
  }

  void open_key(const YAML::Mark& mark, const std::string& text, bool is_plain) {
    Open& top = stack_.back();
    if (is_plain && text == "<<") refuse(mark, "merge keys (<<) are not allowed; repeat the values");
    if (top.container.as_object().contains(text))
      refuse(mark, fmt::format("the key '{}' appears twice", shown(text)));
    top.key = text;
    top.key_line = mark.line + 1;
  }

  void open(const YAML::Mark& mark, const std::string& tag, json::value container) {
    if (expects_key()) refuse(mark, "a key must be plain text, not a list or a map");
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, fmt::format("the tag {} is not allowed", shown(tag)));
    if (stack_.size() >= limits_.max_depth) {
      refuse(mark, fmt::format("nested deeper than {} levels", limits_.max_depth), ErrorCode::kTooLarge);
    }
    std::string pointer = next_pointer();
    stack_.push_back({std::move(container), std::move(pointer), std::nullopt, mark.line + 1});
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    put(done.line, std::move(done.container));
  }

  void place(const YAML::Mark& mark, json::value value) { put(mark.line + 1, std::move(value)); }

  [[nodiscard]] std::string next_pointer() const {
    if (stack_.empty()) return "";
    const Open& top = stack_.back();
    if (top.container.is_array()) return fmt::format("{}/{}", top.pointer, top.container.as_array().size());
    return fmt::format("{}/{}", top.pointer, pointer_step(*top.key));
  }

  void put(int line, json::value value) {
    if (++values_ > limits_.max_values) {
      throw Refusal{line, ErrorCode::kTooLarge, fmt::format("more than {} values", limits_.max_values)};
    }
    std::string pointer = next_pointer();
    // Pointers repeat their parents, so their sum is bounded as well: long keys at depth would multiply the
    // text's size.
    pointer_bytes_ += pointer.size();
    if (pointer_bytes_ > limits_.max_bytes * 8)
      throw Refusal{line, ErrorCode::kTooLarge, "keys are too long for their depth"};
    if (stack_.empty()) {
      document_.lines.emplace(std::move(pointer), line);
      document_.root = std::move(value);
      return;
    }
    Open& top = stack_.back();
    document_.lines.emplace(std::move(pointer), top.key ? top.key_line : line);
    if (top.container.is_array()) {
      top.container.as_array().push_back(std::move(value));
    } else {
      top.container.as_object().emplace(*top.key, std::move(value));
      top.key.reset();
    }
  }

  YamlDocument& document_;
  const YamlLimits& limits_;
  std::vector<Open> stack_;
  std::size_t values_ = 0;
  std::size_t pointer_bytes_ = 0;
};

// What the library reads differently or slowly, refused before it sees the text: other encodings and control
// characters.
Result<void> check_characters(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorCode::kTooLarge, "the text has {} bytes; the limit is {}", text.size(),
                limits.max_bytes);
  }
  if (!is_valid_utf8(text)) return fail(ErrorCode::kInvalidArgument, "the text is no valid UTF-8");
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f) {
      return fail(ErrorCode::kInvalidArgument, "line {}: a control character is not allowed", line);
    }
  }
  return {};
}

}  // namespace

int YamlDocument::line_of(std::string_view pointer) const {
  const auto found = lines.find(pointer);
  return found == lines.end() ? 1 : found->second;
}

std::string pointer_step(std::string_view key) {
  std::string step;
  for (const char c : key) {
    if (c == '~')
      step += "~0";
    else if (c == '/')
      step += "~1";
    else
      step += c;
  }
  return step;
}

Result<YamlDocument> parse_yaml(std::string_view text, YamlLimits limits) {
  PRYX_TRY_VOID(check_characters(text, limits));
  YamlDocument document;
  try {
    // The library accepts an open quote at the end of a text that ends with a line break. It does refuse a
    // document's end inside quotes, so the end is written out.
    std::istringstream stream{fmt::format("{}{}...\n", text, text.ends_with('\n') ? "" : "\n")};
    YAML::Parser parser(stream);
    Builder builder(document, limits);
    if (!parser.HandleNextDocument(builder)) return document;
    YamlDocument ignored;
    Builder second(ignored, limits);
    if (parser.HandleNextDocument(second)) {
      return fail(ErrorCode::kInvalidArgument, "the text holds more than one document ('---'); keep one");
    }
  } catch (const Refusal& refusal) {
    return fail(refusal.code, "line {}: {}", refusal.line, refusal.reason);
  } catch (const YAML::Exception& error) {
    if (error.msg.find("document indicator in scalar") != std::string::npos) {
      return fail(ErrorCode::kInvalidArgument, "line {}: the text ends inside quotes; close them",
                  error.mark.line + 1);
    }
    return fail(ErrorCode::kInvalidArgument, "line {}: {}", error.mark.line + 1, error.msg);
  }
  return document;
}

}  // namespace pryx::config
