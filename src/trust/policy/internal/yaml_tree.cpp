// SPDX-License-Identifier: MIT
#include "trust/policy/internal/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "foundation/base/text.h"

namespace pryx::trust::internal {
namespace {

// Thrown through yaml-cpp's parser, which has no other way to stop early; caught in read_yaml().
struct Refusal {
  YamlError error;
};

// Builds the tree from events. Node trees of yaml-cpp itself are not used: they resolve aliases, and one kilobyte of aliases of
// aliases can stand for gigabytes.
class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(mark, YamlNode());
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{{line_of(mark), "anchors and aliases are not supported; put a value that begins with '*' or '&' in quotes"}};
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    const bool quoted = tag == "!";
    const bool null = !quoted && (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL");
    YamlNode node;
    node.kind = null ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar;
    node.text = value;
    node.quoted = quoted;
    add(mark, std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

  YamlNode take() { return std::move(root_); }

 private:
  struct Frame {
    YamlNode node;
    bool has_key = false;
    std::string key;
    int key_line = 0;
    std::vector<std::string> keys;  // sorted, so that a map of many keys stays cheap
  };

  static int line_of(const YAML::Mark& mark) { return mark.line + 1; }

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw Refusal{{line_of(mark), "anchors and aliases are not supported; write the value out"}};
  }

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refusal{{line_of(mark), fmt::format("the tag '{}' is not supported; remove it", utf8_prefix(tag, 64))}};
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (stack_.size() >= kMaxYamlDepth) throw Refusal{{line_of(mark), fmt::format("nested deeper than {} levels", kMaxYamlDepth)}};
    if (expects_key()) throw Refusal{{line_of(mark), "a key must be plain text"}};
    count(mark);
    Frame frame;
    frame.node.kind = kind;
    frame.node.line = line_of(mark);
    stack_.push_back(std::move(frame));
  }

  void close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    attach(std::move(node));
  }

  bool expects_key() const { return !stack_.empty() && stack_.back().node.kind == YamlNode::Kind::kMap && !stack_.back().has_key; }

  void add(const YAML::Mark& mark, YamlNode node) {
    node.line = line_of(mark);
    count(mark);
    if (!expects_key()) {
      attach(std::move(node));
      return;
    }
    if (node.kind != YamlNode::Kind::kScalar) throw Refusal{{node.line, "a key must be plain text"}};
    Frame& frame = stack_.back();
    const auto place = std::lower_bound(frame.keys.begin(), frame.keys.end(), node.text);
    if (place != frame.keys.end() && *place == node.text) {
      throw Refusal{{node.line, fmt::format("the key '{}' appears twice", utf8_prefix(node.text, 64))}};
    }
    frame.keys.insert(place, node.text);
    frame.has_key = true;
    frame.key = std::move(node.text);
    frame.key_line = node.line;
  }

  void attach(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind == YamlNode::Kind::kList) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    if (node.kind == YamlNode::Kind::kNull) node.line = frame.key_line;  // the parser sees an absent value on a later line
    frame.node.members.push_back({std::move(frame.key), frame.key_line, std::move(node)});
    frame.has_key = false;
  }

  void count(const YAML::Mark& mark) {
    if (++nodes_ > kMaxYamlNodes) throw Refusal{{line_of(mark), fmt::format("more than {} values", kMaxYamlNodes)}};
  }

  YamlNode root_;
  std::vector<Frame> stack_;
  std::size_t nodes_ = 0;
};

}  // namespace

std::string_view YamlNode::kind_name() const {
  switch (kind) {
    case Kind::kNull: return "nothing";
    case Kind::kScalar: return "a single value";
    case Kind::kList: return "a list";
    case Kind::kMap: break;
  }
  return "a map";
}

std::expected<YamlNode, YamlError> read_yaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes) {
    return std::unexpected(YamlError{0, fmt::format("{} bytes are over the limit of {}", text.size(), kMaxYamlBytes)});
  }
  if (!is_valid_utf8(text)) return std::unexpected(YamlError{0, "not valid UTF-8"});
  if (text.find('\0') != std::string_view::npos) return std::unexpected(YamlError{0, "contains a NUL byte"});
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    const bool has_document = parser.HandleNextDocument(builder);
    YamlNode root = builder.take();
    root.line = std::max(root.line, 1);
    if (!has_document) return root;
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) return std::unexpected(YamlError{0, "holds more than one YAML document; keep one"});
    return root;
  } catch (const Refusal& refusal) {
    return std::unexpected(refusal.error);
  } catch (const YAML::Exception& error) {
    return std::unexpected(YamlError{error.mark.line >= 0 ? error.mark.line + 1 : 0, fmt::format("not valid YAML: {}", error.msg)});
  }
}

}  // namespace pryx::trust::internal
