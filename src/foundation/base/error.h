// SPDX-License-Identifier: MIT
// The closed set of failures that cross a module border, and the one table that says how each is seen from
// outside.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pryx {

enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  // the caller's input is malformed or refers to a feature that does not exist yet
  kUnauthenticated,  // no valid credentials, or a locked vault
  kForbidden,        // credentials are fine but lack the right
  kDenied,           // policy or a person said no
  kNotFound,         // the named thing does not exist
  kConflict,         // stale version, already resolved, same key with another body
  kTooLarge,         // a body, frame or file over its limit
  kOverloaded,       // a bounded queue is full or a rate is exceeded: try later
  kCheckFailed,      // a verification ran and the answer is no
  kCancelled,        // the operation was cancelled by its owner
  kTimeout,          // a time limit passed
  kUnavailable,      // a peer (daemon, provider, keychain) cannot be reached
  kProvider,         // a model provider refused or answered nonsense
  kBudget,           // money, token or quota limit
  kStorage,          // the disk or the database failed
  kUnsupported,      // this system lacks something the operation needs
  kInternal,         // a bug
};

struct ErrorFacts {
  std::string_view wire;   // contract code, "PRYX-1234": stable, the same in API, CLI and UI
  std::string_view name;   // snake_case, for `type` URIs and step error codes
  std::string_view title;  // short English for people
  int http_status;
  int exit_code;  // the table of contract.md section 6
};

[[nodiscard]] const ErrorFacts& facts(ErrorCode code);
[[nodiscard]] ErrorCode error_code_from_name(std::string_view name);  // kInternal when unknown

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;               // for a person: what failed, on which object, what to do; never a secret
  std::int64_t retry_after_ms = -1;  // only when the other side said so, else negative
};

}  // namespace pryx
