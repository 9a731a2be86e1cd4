// SPDX-License-Identifier: MIT
#include "engine/tools/secret_forms.h"

#include <algorithm>

#include "foundation/base/json.h"
#include "foundation/base/text.h"

namespace pryx::tools {
namespace {

// Anything shorter is found in texts that have nothing to do with the secret.
constexpr std::size_t kLeastForm = 8;

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// The letters that are the same whatever stands before and after it: `before` bytes, counted in threes.
std::string base64_inside(std::string_view value, std::size_t before) {
  std::string whole(before, '\0');
  whole += value;
  std::string encoded = to_base64(whole);
  const std::size_t first = before == 0 ? 0 : before + 1;
  const std::size_t last = whole.size() * 8 / 6;
  std::string out = last > first ? encoded.substr(first, last - first) : std::string();
  wipe(whole);
  wipe(encoded);
  return out;
}

// Signed cookies and tokens, and what a shell prints of them, leave the signs at the end out.
std::string without_padding(std::string base64) {
  while (base64.ends_with('=')) base64.pop_back();
  return base64;
}

std::string for_urls(std::string base64) {
  std::ranges::replace(base64, '+', '-');
  std::ranges::replace(base64, '/', '_');
  return base64;
}

}  // namespace

std::vector<Secret> secret_forms(const Secret& secret) {
  const std::string& value = secret.reveal();
  std::vector<Secret> out;
  const auto add = [&out](std::string form, std::size_t least) {
    const bool is_known = std::ranges::any_of(out, [&](const Secret& one) { return one.reveal() == form; });
    if (!is_known && form.size() >= least) out.emplace_back(form);
    wipe(form);
  };
  add(value, 1);
  // A file's last line end is rarely printed with it.
  std::string_view trimmed = value;
  while (trimmed.ends_with('\n') || trimmed.ends_with('\r')) trimmed.remove_suffix(1);
  add(std::string(trimmed), 1);
  if (is_valid_utf8(value)) {
    std::string quoted = json::to_text(json::value(value));
    add(quoted.substr(1, quoted.size() - 2), 1);
    wipe(quoted);
  }
  add(percent_encoded(value), 1);
  for (const std::string_view whole : {std::string_view(value), trimmed}) {
    add(to_base64(whole), kLeastForm);
    add(without_padding(to_base64(whole)), kLeastForm);
    add(for_urls(to_base64(whole)), kLeastForm);
    add(to_base64url(whole), kLeastForm);
  }
  for (std::size_t before = 0; before < 3; ++before) {
    add(base64_inside(value, before), kLeastForm);
    add(for_urls(base64_inside(value, before)), kLeastForm);
  }
  std::string hex = to_hex(value);
  std::string upper = hex;
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c; });
  add(std::move(hex), kLeastForm);
  add(std::move(upper), kLeastForm);
  // Keys of several lines come back line by line.
  if (trimmed.find('\n') != std::string_view::npos) {
    for (const std::string_view line : split(value, '\n')) add(std::string(trim(line)), kLeastForm);
  }
  std::ranges::sort(out,
                    [](const Secret& a, const Secret& b) { return a.reveal().size() > b.reveal().size(); });
  return out;
}

}  // namespace pryx::tools
