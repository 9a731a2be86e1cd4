// SPDX-License-Identifier: MIT
#include "surfaces/cli/pages.h"

#include <algorithm>
#include <vector>

#include "foundation/base/text.h"
#include "foundation/net/http_types.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kFarthestGuess = 3;
constexpr std::size_t kMaxArgument = 64;

constexpr Page kPages[] = {
    {"home"},      {"chat", "SESSION"}, {"sessions"}, {"trace", "TURN", true},
    {"approvals"}, {"policy"},          {"audit"},    {"network", "", false, "egress"},
    {"processes"}, {"costs"},           {"models"},   {"memory"},
    {"agents"},    {"settings"},        {"welcome"},
};

Error unknown_page(std::string_view name) {
  std::vector<std::pair<std::size_t, std::string_view>> near;
  std::string all;
  for (const Page& page : kPages) {
    const bool is_part = name.size() >= 3 && (page.name.starts_with(name) || name.starts_with(page.name));
    const std::size_t edits = is_part ? 0 : edit_distance(name, page.name);
    if (edits <= kFarthestGuess) near.emplace_back(edits, page.name);
    all += (all.empty() ? "" : ", ") + std::string(page.name);
  }
  std::ranges::sort(near);
  std::string guess;
  for (std::size_t i = 0; i < std::min<std::size_t>(near.size(), 2); ++i)
    guess += (guess.empty() ? "" : " or ") + std::string(near[i].second);
  const std::string shown(utf8_prefix(name, 64));
  return {ErrorCode::kInvalidArgument,
          guess.empty() ? fmt::format("there is no page '{}'; pages: {}", shown, all)
                        : fmt::format("there is no page '{}'; did you mean {}?", shown, guess),
          -1};
}

bool is_id(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return text.size() <= kMaxArgument && std::ranges::all_of(text, is_plain);
}

}  // namespace

std::span<const Page> pages() { return kPages; }

Result<std::string> find_page(std::string_view name, std::string_view argument) {
  if (name.empty()) return std::string();
  const auto page = std::ranges::find(kPages, name, &Page::name);
  if (page == std::end(kPages)) return std::unexpected(unknown_page(name));
  if (argument.empty() && page->needs_argument)
    return fail(ErrorCode::kInvalidArgument, "which one? pryx open {} {}", page->name, page->argument);
  if (!argument.empty() && page->argument.empty())
    return fail(ErrorCode::kInvalidArgument, "the page '{}' takes nothing more", page->name);
  if (!is_id(argument))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no id; pryx open {} {}", utf8_prefix(argument, 64),
                page->name, page->argument);
  if (name == "home") return std::string();
  const std::string_view place = page->place.empty() ? page->name : page->place;
  return argument.empty() ? std::string(place) : fmt::format("{}/{}", place, argument);
}

std::string link_to(std::string_view login_link, std::string_view place) {
  const std::size_t hash = std::min(login_link.find('#'), login_link.size());
  return fmt::format("{}{}{}", login_link.substr(0, hash), place, login_link.substr(hash));
}

}  // namespace pryx::cli
