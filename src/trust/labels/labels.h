// SPDX-License-Identifier: MIT
// Labels say where a piece of content came from, whose it is and how sensitive it is. Every message part,
// tool result and memory entry carries them; contexts join the labels of what they hold. A plain value: copy
// it freely, from any thread.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::trust {

// Origins, as text:
//   owner         typed or spoken by the owner on a surface of ours
//   model         written by a model; what the model read is labelled by the join, so this adds neither
//   authority nor suspicion memory        recalled from memory; the labels that the entry was saved with are
//   joined to it file          read from a file, AGENTS.md included web           fetched from the network
//   channel:<x>   a message of a chat app or an API front
//   mcp:<server>, plugin:<name>
// Sensitivities: private, secret (which implies private). Whose it is: principal:<id>.

// Where a call sends something. kNone: nothing leaves, nothing of the agent's future changes.
enum class Sink : std::uint8_t {
  kNone,
  kEgress,           // bytes to the network
  kExecWithNetwork,  // a command that can reach the network
  kMessage,          // a message to someone who is not the owner
  kOwnFuture,        // memory, skills, schedules: what the agent reads as its own later
};

[[nodiscard]] std::string_view to_text(Sink sink);
[[nodiscard]] Result<Sink> parse_sink(std::string_view text);

// A set of labels, kept sorted and without twins. The empty set is the identity of join(): no content at all.
// Content whose labels cannot be read is Labels::unreadable(), never the empty set.
class Labels {
 public:
  Labels() = default;
  // A bug when a label is malformed; foreign text goes through parse().
  explicit Labels(std::initializer_list<std::string_view> labels);

  [[nodiscard]] static Labels owner(std::string_view principal);
  // Untrusted and secret: what content counts as when nobody can say where it came from.
  [[nodiscard]] static Labels unreadable();

  // One label: `owner model memory file web channel:<x> mcp:<x> plugin:<x> private secret principal:<id>`.
  [[nodiscard]] Result<> add(std::string_view label);
  void join(const Labels& other);

  // A JSON array of strings, sorted by bytes; parse(to_text()) gives an equal value.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] json::value to_json() const;
  [[nodiscard]] static Result<Labels> parse(std::string_view text);
  [[nodiscard]] static Result<Labels> from_json(const json::value& v);

  [[nodiscard]] bool has(std::string_view label) const;
  [[nodiscard]] bool empty() const { return labels_.empty(); }
  [[nodiscard]] const std::vector<std::string>& items() const { return labels_; }

  // Some content here was shaped by somebody other than the owner: an origin other than `owner` and `model`,
  // so also files (a workspace is full of other people's text) and memory (which outlives the context that
  // wrote it).
  [[nodiscard]] bool is_untrusted() const;
  // `private` or `secret`.
  [[nodiscard]] bool is_private() const;
  [[nodiscard]] bool is_secret() const { return has("secret"); }
  // The origins that make it untrusted, "file, web", for messages to people.
  [[nodiscard]] std::string untrusted_origins() const;

  bool operator==(const Labels&) const = default;

 private:
  std::vector<std::string> labels_;
};

[[nodiscard]] Labels joined(Labels a, const Labels& b);

// What a tool says of its result, with the sensitivity that holds by rule: content of files is the owner's
// private data. A tool may add labels and never takes one away.
[[nodiscard]] Labels with_sensitivity(Labels labels);

// Private data, untrusted content and a way out must not meet without a person: true when the context holds
// the first two.
[[nodiscard]] bool breaks_trifecta(const Labels& context);
// True when a call with this sink has to ask in this context, whatever the allow rules and grants say.
[[nodiscard]] bool forces_ask(const Labels& context, Sink sink);

}  // namespace pryx::trust
