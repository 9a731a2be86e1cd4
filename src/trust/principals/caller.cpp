// SPDX-License-Identifier: MIT
#include "trust/principals/caller.h"

#include <array>
#include <utility>

#include "foundation/base/text.h"

namespace pryx {
namespace {

constexpr std::array<std::pair<Scope, std::string_view>, 5> kScopeNames{{
    {Scope::kRead, "read"},
    {Scope::kChat, "chat"},
    {Scope::kTools, "tools"},
    {Scope::kApprove, "approve"},
    {Scope::kAdmin, "admin"},
}};

constexpr std::uint8_t bits_of(Scope scope) {
  switch (scope) {
    case Scope::kRead:
      return 1;
    case Scope::kChat:
      return 2 | 1;
    case Scope::kApprove:
      return 4;
    case Scope::kAdmin:
      return 16 | 8 | 4 | 2 | 1;
    case Scope::kTools:
      return 16;
  }
  return 0;
}

}  // namespace

Principal owner() { return {PrincipalId(std::string(kOwner)), PrincipalKind::kOwner}; }

std::string_view scope_name(Scope scope) {
  for (const auto& [value, name] : kScopeNames) {
    if (value == scope) return name;
  }
  return "?";
}

Result<Scope> parse_scope(std::string_view name) {
  for (const auto& [scope, known] : kScopeNames) {
    if (known == name) return scope;
  }
  return fail(ErrorCode::kInvalidArgument, "'{}' is no scope; choose from read, chat, tools, approve, admin",
              utf8_prefix(name, 40));
}

Result<Scopes> Scopes::parse(std::string_view text) {
  Scopes scopes;
  for (const std::string_view part : split(text, ',')) {
    PRYX_TRY(const Scope scope, parse_scope(trim(part)));
    scopes.add(scope);
  }
  if (scopes.empty())
    return fail(ErrorCode::kInvalidArgument, "no scope given; choose from read, chat, tools, approve, admin");
  return scopes;
}

void Scopes::add(Scope scope) { bits_ = static_cast<std::uint8_t>(bits_ | bits_of(scope)); }

std::vector<std::string_view> Scopes::names() const {
  std::vector<std::string_view> names;
  for (const auto& [scope, name] : kScopeNames) {
    if (has(scope)) names.push_back(name);
  }
  return names;
}

std::string Scopes::to_text() const {
  std::string text;
  for (const std::string_view name : names()) {
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

std::string_view transport_name(Transport transport) {
  switch (transport) {
    case Transport::kInternal:
      return "internal";
    case Transport::kUnixSocket:
      return "unix";
    case Transport::kTcp:
      return "tcp";
  }
  return "?";
}

Result<void> Caller::require(Scope scope) const {
  if (scopes.has(scope)) return {};
  return fail(ErrorCode::kForbidden,
              "this needs the scope '{}', the caller has '{}'; use a token with that scope",
              scope_name(scope), scopes.to_text());
}

}  // namespace pryx
