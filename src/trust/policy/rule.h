// SPDX-License-Identifier: MIT
// Rules and the layers that hold them: policy as data, with the text that people see. A Layer is immutable
// once made and may be shared between threads.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trust/policy/call_facts.h"
#include "trust/policy/command_pattern.h"

namespace pryx::trust {

// Ordered from wide to narrow: a greater verdict is a stricter one.
enum class Verdict : std::uint8_t { kAllow, kAsk, kDeny };
[[nodiscard]] std::string_view to_text(Verdict verdict);

// Facts that a rule may ask for besides the tool's name. All conditions of a rule must hold.
enum class Condition : std::uint8_t {
  kTrustedContext,  // nothing untrusted in the context
  kUntrustedContext,
  kReads,  // the call changes nothing
  kChanges,
  kReadOnlyCommands,  // every simple command of a shell call is on the shipped read-only list
};
[[nodiscard]] std::string_view to_text(Condition condition);
[[nodiscard]] std::optional<Condition> condition_from_text(std::string_view text);
[[nodiscard]] std::string condition_names();  // for messages
[[nodiscard]] bool holds(Condition condition, const CallFacts& facts);

struct Rule {
  Verdict verdict = Verdict::kDeny;
  std::string tool;  // glob: '*' any run, dots included, '?' one character
  std::vector<Condition> when;
  int line = 0;  // in the file it comes from; 0: none
  // Limits by what the call touches. One that allows needs every command, host or path of the call to match;
  // one that denies or asks needs one. Kinds add up. One that allows commands allows their words alone: a
  // call with hosts needs `domains` as well, and one with stdin or in the background is not covered. One that
  // allows paths, or hosts of more than one tool, covers no call with commands unless it names those, too.
  std::vector<std::string> commands = {};  // CommandPattern: "git log *"
  std::vector<std::string> domains = {};   // "example.com", "example.com:8443", "*.example.com", "*"
  std::vector<std::string> paths = {};     // glob over workspace paths

  bool operator==(const Rule&) const = default;
};

// Exact, or "*." and a domain, or "*". A host without a port means the ports of http and https; one with
// another port is allowed by a pattern that names it, and concerned by one that names none. "*" allows no
// host of this machine or its network (those are allowed by name alone), and concerns every host.
[[nodiscard]] bool domain_allows(std::string_view pattern, std::string_view host);
[[nodiscard]] bool domain_concerns(std::string_view pattern, std::string_view host);
// Relative to the workspace, and without "..".
[[nodiscard]] bool is_plain_path(std::string_view path);

// "tools.denied: shell.* when changes"
[[nodiscard]] std::string to_text(const Rule& rule);
// What is wrong with the rule's limits; empty when nothing is.
[[nodiscard]] std::string limits_problem(const Rule& rule);

// A tool glob, taken apart once so that the usual forms need no matcher.
class ToolGlob {
 public:
  explicit ToolGlob(std::string_view glob);
  [[nodiscard]] bool matches(std::string_view tool) const;
  // ASCII letters, digits, "._-:/@+" and the two wildcards; at most 128 bytes.
  [[nodiscard]] static bool is_valid(std::string_view glob);

 private:
  enum class Form : std::uint8_t { kAny, kExact, kPrefix, kGeneral };
  Form form_ = Form::kExact;
  std::string text_;
};

enum class LayerKind : std::uint8_t {
  kBase,     // the default policy or policy.yaml, which replaces it whole
  kOverlay,  // agent, session, team: its denies and asks count, its allows do nothing
  kApprove,  // --approve FILE of one turn: allows count as grants
};

class Layer {
 public:
  struct Entry {
    Rule rule;
    ToolGlob glob;
    std::string text;
    std::vector<CommandPattern> commands;
  };
  // Whether the limits of the entry's rule fit the call.
  [[nodiscard]] static bool within_limits(const Entry& entry, const CallFacts& facts);
  // The same without `paths`, for paths that the call does not name and reaches all the same.
  [[nodiscard]] static bool within_other_limits(const Entry& entry, const CallFacts& facts);

  // `name` is shown to people: "policy.yaml", "default policy", "agent reviewer". `workspace_root`: a full
  // path that every folder chosen to work in has to be or to lie below; empty: any folder may be chosen.
  Layer(LayerKind kind, std::string name, const std::vector<Rule>& rules, std::string workspace_root = {});

  [[nodiscard]] LayerKind kind() const { return kind_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& workspace_root() const { return workspace_root_; }
  // Whether `folder`, a real path, may be worked in.
  [[nodiscard]] bool allows_workspace(std::string_view folder) const;
  // Strictest verdict first, in file order within one verdict.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // Rules and root as text, a line each: what a hash of the policy in force is made of.
  [[nodiscard]] std::string to_text() const;

 private:
  LayerKind kind_;
  std::string name_;
  std::string workspace_root_;
  std::vector<Entry> entries_;
};

}  // namespace pryx::trust
