// SPDX-License-Identifier: MIT
// Strong ids: a ULID (time-ordered, 26 Crockford characters) with a prefix that names the kind, e.g.
// ses_01J….
#pragma once
#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/base/text.h"

namespace pryx {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;
  static constexpr std::string_view prefix() { return Tag::kPrefix; }

  // Checks prefix and alphabet; foreign ids come through here.
  [[nodiscard]] static Result<Id> parse(std::string_view text);

 private:
  std::string text_;
};

struct SessionTag {
  static constexpr std::string_view kPrefix = "ses_";
};
struct TurnTag {
  static constexpr std::string_view kPrefix = "trn_";
};
struct StepTag {
  static constexpr std::string_view kPrefix = "stp_";
};
struct ApprovalTag {
  static constexpr std::string_view kPrefix = "apr_";
};
struct MessageTag {
  static constexpr std::string_view kPrefix = "msg_";
};
struct WorkspaceTag {
  static constexpr std::string_view kPrefix = "wsp_";
};
struct OutboxTag {
  static constexpr std::string_view kPrefix = "out_";
};
struct GrantTag {
  static constexpr std::string_view kPrefix = "grt_";
};
struct TokenTag {
  static constexpr std::string_view kPrefix = "tok_";
};
struct MemoryTag {
  static constexpr std::string_view kPrefix = "mem_";
};
struct BootTag {
  static constexpr std::string_view kPrefix = "bot_";
};
struct PrincipalTag {
  static constexpr std::string_view kPrefix = "prn_";
};

using SessionId = Id<SessionTag>;
using TurnId = Id<TurnTag>;
using StepId = Id<StepTag>;
using ApprovalId = Id<ApprovalTag>;
using MessageId = Id<MessageTag>;
using WorkspaceId = Id<WorkspaceTag>;
using OutboxId = Id<OutboxTag>;
using GrantId = Id<GrantTag>;
using TokenId = Id<TokenTag>;
using MemoryId = Id<MemoryTag>;
using BootId = Id<BootTag>;
using PrincipalId = Id<PrincipalTag>;

[[nodiscard]] bool is_ulid_with_prefix(std::string_view text, std::string_view prefix);

template <class Tag>
Result<Id<Tag>> Id<Tag>::parse(std::string_view text) {
  if (!is_ulid_with_prefix(text, Tag::kPrefix)) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no id of the form {}<26 characters>",
                utf8_prefix(text, 64), Tag::kPrefix);
  }
  return Id(std::string(text));
}

// Makes ids that sort by creation: within one millisecond the random part counts up. One owner thread.
class IdSource {
 public:
  IdSource(const Clock& clock, Random& random) : clock_(clock), random_(random) {}
  template <class IdType>
  [[nodiscard]] IdType make() {
    return IdType(make_text(IdType::prefix()));
  }
  [[nodiscard]] std::string make_text(std::string_view prefix);

 private:
  const Clock& clock_;
  Random& random_;
  std::int64_t last_ms_ = 0;
  std::uint64_t high_ = 0;  // 16 of the 80 random bits
  std::uint64_t low_ = 0;   // the other 64
};

}  // namespace pryx

template <class Tag>
struct std::hash<pryx::Id<Tag>> {
  std::size_t operator()(const pryx::Id<Tag>& id) const { return std::hash<std::string>{}(id.str()); }
};
