// SPDX-License-Identifier: MIT
// Which model answers instead when the chosen one cannot, for one turn. The choice itself stays as the user
// made it. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/error.h"
#include "foundation/base/result.h"

namespace pryx::agent {

// Whether another model may do better: not when the request itself is wrong, too long, or nobody waits for it
// any more.
[[nodiscard]] bool may_fall_back(ErrorCode code);
// One sentence for a person: what is wrong with `from` and who answers.
[[nodiscard]] std::string fallback_notice(std::string_view from, std::string_view to, ErrorCode code);
// The same of a stand-in that was not even asked.
[[nodiscard]] std::string passed_over_notice(std::string_view from, std::string_view to, ErrorCode code);
// `stand_in` takes less than `chosen`, so that it is not shown `messages` of the conversation.
[[nodiscard]] std::string left_out_notice(std::string_view stand_in, std::string_view chosen,
                                          std::int64_t messages);
// Why `model` is waited for: "openai/gpt-4o cannot be reached".
[[nodiscard]] std::string waiting_reason(std::string_view model, ErrorCode code);
// The same with all that is known while it lasts, and for the transcript once it is over.
[[nodiscard]] std::string waiting_notice(std::string_view model, const Error& error, WallTime until);
[[nodiscard]] std::string waited_notice(std::string_view model, ErrorCode code, Duration waited);
// What is added to the error of a turn that does not wait for this any longer than `limit`,
// agent.wait_for_model.
[[nodiscard]] std::string not_waited_advice(const Error& error, Duration limit);
// "openai/gpt-4o, ollama/qwen3": names by comma or space; or "none". kInvalidArgument for one that is none.
[[nodiscard]] Result<std::vector<std::string>> parse_fallbacks(std::string_view text);

// Each model is asked once: a turn that went round in circles would never end.
class Failover {
 public:
  Failover() = default;
  explicit Failover(std::vector<std::string> fallbacks) : left_(std::move(fallbacks)) {}
  // The next one that is neither `failed` nor was asked before; nullopt: none is left.
  [[nodiscard]] std::optional<std::string> next(const std::string& failed);

 private:
  std::vector<std::string> left_;
  std::vector<std::string> asked_;
};

}  // namespace pryx::agent
