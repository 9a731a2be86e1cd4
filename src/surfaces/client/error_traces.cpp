// SPDX-License-Identifier: MIT
#include "surfaces/client/error_traces.h"

#include <algorithm>

namespace pryx::client {
namespace {

constexpr std::size_t kTraceDigits = 32;

bool is_trace_id(std::string_view text) {
  return text.size() == kTraceDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

void ErrorTraces::keep(const Error& error, std::string_view trace_id) {
  if (error.message.empty() || !is_trace_id(trace_id)) return;
  known_.push_front({error.message, std::string(trace_id)});
  if (known_.size() > kMost) known_.pop_back();
}

std::string ErrorTraces::find(const Error& error) const {
  const auto found = std::ranges::find_if(
      known_, [&](const Known& known) { return error.message.ends_with(known.message); });
  return found == known_.end() ? std::string() : found->trace_id;
}

}  // namespace pryx::client
