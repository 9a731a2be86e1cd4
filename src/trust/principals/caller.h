// SPDX-License-Identifier: MIT
// Who makes a request, what that caller may do, and how the request came in. A value; any thread.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "trust/principals/principal.h"

namespace pryx {

// kTools: Pryx's own tools for requests of the /v1 fronts, whose tokens are given to other people's programs.
enum class Scope : std::uint8_t { kRead = 1, kChat = 2, kApprove = 4, kAdmin = 8, kTools = 16 };

[[nodiscard]] std::string_view scope_name(Scope scope);
[[nodiscard]] Result<Scope> parse_scope(std::string_view name);

// A set in which chat brings read and admin brings all.
class Scopes {
 public:
  Scopes() = default;
  Scopes(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) add(scope);
  }
  [[nodiscard]] static Scopes all() { return {Scope::kAdmin}; }
  // "read,chat"; at least one name, each known.
  [[nodiscard]] static Result<Scopes> parse(std::string_view text);

  void add(Scope scope);
  [[nodiscard]] bool has(Scope scope) const { return (bits_ & static_cast<std::uint8_t>(scope)) != 0; }
  [[nodiscard]] bool includes(Scopes other) const { return (bits_ & other.bits_) == other.bits_; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] std::vector<std::string_view> names() const;  // weakest first
  [[nodiscard]] std::string to_text() const;                  // "read,chat": what parse() reads
  bool operator==(const Scopes&) const = default;

 private:
  std::uint8_t bits_ = 0;
};

enum class Transport : std::uint8_t {
  kInternal,    // the daemon itself: schedules, recovery
  kUnixSocket,  // a process of the same user
  kTcp,         // loopback or beyond, with a token or a session cookie
};

[[nodiscard]] std::string_view transport_name(Transport transport);

struct Caller {
  Principal principal;
  Scopes scopes;
  std::string
      surface;  // "cli", "web", "api", "openai", "channel:telegram": what a person reads in the audit log
  Transport transport = Transport::kInternal;

  // kForbidden, naming the scope that is missing.
  [[nodiscard]] Result<void> require(Scope scope) const;
};

}  // namespace pryx
