// SPDX-License-Identifier: MIT
// Grants: what a person allowed earlier, as a pattern that is never as wide as a whole tool. Storage, expiry
// clean-up and the use count of `once` belong to trust/approvals; here are the pattern, its text and its
// match. Plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "trust/policy/call_facts.h"

namespace pryx::trust {

enum class GrantScope : std::uint8_t { kOnce, kSession, kAlways };
[[nodiscard]] std::string_view to_text(GrantScope scope);
[[nodiscard]] std::optional<GrantScope> grant_scope_from_text(std::string_view text);

// One limit of a grant. Selectors of one kind are alternatives, kinds add up.
struct Selector {
  enum class Kind : std::uint8_t {
    kPath,  // glob over workspace paths ('*' crosses '/'); every path of the call must match one
    kHost,  // exact host, or "*." and a domain of two labels or more; every host of the call must match one
    kArgument,  // the argument `name` equals the JSON value; then the call may have no argument that is not
                // named. Only `method` beside hosts alone is a limit of its own: "GET of this host".
    kCall,      // exactly this call_hash
    kCommand,   // CommandPattern ("git log *"); every command of the call must match one
  };
  Kind kind = Kind::kCall;
  std::string name;   // of an argument, else empty
  std::string value;  // glob, host or hash; for an argument its canonical JSON

  bool operator==(const Selector&) const = default;
};

// Text form, as shown in approvals and accepted back from people:
//   fs.write(path: "src/*", path: "docs/*") · http.request(host: "*.example.com", arg.method: "GET") ·
//   memory.save(arg.text: "milk") · memory.save(call: "sha256:…") · shell.exec(command: "git log *")
struct GrantPattern {
  std::string tool;  // exact name
  std::vector<Selector> selectors;

  // Refuses a pattern without limits, or with limits that limit nothing (only wildcards).
  [[nodiscard]] static Result<GrantPattern> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;
  // What parse() checks, for patterns made by code.
  [[nodiscard]] Result<> check() const;
  // A call that touches hosts or paths which no selector covers does not match, unless its arguments or its
  // hash are pinned. One that runs programs is covered by command selectors or its hash only. One that uses a
  // stored secret never is.
  [[nodiscard]] bool matches(const CallFacts& facts) const;
  // By its hash, which holds turn and step: no other call ever has it.
  [[nodiscard]] bool names_one_call() const;

  bool operator==(const GrantPattern&) const = default;
};

struct Grant {
  std::string id;
  GrantScope scope = GrantScope::kOnce;
  GrantPattern pattern;
  SessionId session;  // binds `once` and `session`; ignored for `always`
  PrincipalId principal;
  std::optional<WallTime> expires_at;  // first instant at which it counts no more
  // CallFacts::workspace of the call it was given for. None: not known where, so it covers nothing.
  std::optional<std::string> workspace;

  // Empty when the grant covers the call, else why it does not.
  [[nodiscard]] std::string why_not(const CallFacts& facts, WallTime at) const;
};

// The narrowest pattern worth offering for "always": the call's commands, paths, hosts or arguments. Nothing
// for a call that touches the outside of the workspace, that runs a shell, an interpreter or a wrapper, or
// that only its hash could pin.
[[nodiscard]] std::optional<GrantPattern> suggest_pattern(const CallFacts& facts);

}  // namespace pryx::trust
