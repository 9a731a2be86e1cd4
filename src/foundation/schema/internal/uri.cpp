// SPDX-License-Identifier: MIT
#include "foundation/schema/internal/uri.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::schema::internal {
namespace {

struct Parts {
  std::string_view scheme, authority, path, query, fragment;
  bool has_scheme = false, has_authority = false, has_query = false, has_fragment = false;
};

bool is_scheme(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

Parts parts_of(std::string_view uri) {
  Parts p;
  if (const std::size_t hash = uri.find('#'); hash != std::string_view::npos) {
    p.has_fragment = true;
    p.fragment = uri.substr(hash + 1);
    uri = uri.substr(0, hash);
  }
  if (const std::size_t mark = uri.find('?'); mark != std::string_view::npos) {
    p.has_query = true;
    p.query = uri.substr(mark + 1);
    uri = uri.substr(0, mark);
  }
  if (const std::size_t colon = uri.find(':');
      colon != std::string_view::npos && is_scheme(uri.substr(0, colon))) {
    p.has_scheme = true;
    p.scheme = uri.substr(0, colon);
    uri = uri.substr(colon + 1);
  }
  if (uri.starts_with("//")) {
    p.has_authority = true;
    const std::size_t end = std::min(uri.find('/', 2), uri.size());
    p.authority = uri.substr(2, end - 2);
    uri = uri.substr(end);
  }
  p.path = uri;
  return p;
}

std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("../"))
      path.remove_prefix(3);
    else if (path.starts_with("./"))
      path.remove_prefix(2);
    else if (path.starts_with("/./"))
      path.remove_prefix(2);
    else if (path == "/.")
      path = "/";
    else if (path.starts_with("/../") || path == "/..") {
      path = path == "/.." ? std::string_view("/") : path.substr(3);
      const std::size_t slash = out.rfind('/');
      out.resize(slash == std::string::npos ? 0 : slash);
    } else if (path == "." || path == "..")
      path = {};
    else {
      const std::size_t end = std::min(path.find('/', 1), path.size());
      out += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
  return out;
}

std::string merged(const Parts& base, std::string_view path) {
  if (base.has_authority && base.path.empty()) return "/" + std::string(path);
  const std::size_t slash = base.path.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : base.path.substr(0, slash + 1)) +
         std::string(path);
}

}  // namespace

std::string resolve_uri(std::string_view base_text, std::string_view reference) {
  const Parts base = parts_of(base_text), r = parts_of(reference);
  const Parts* authority_of = &r;
  const Parts* query_of = &r;
  std::string path;
  if (r.has_scheme || r.has_authority) {
    path = without_dot_segments(r.path);
  } else {
    authority_of = &base;
    if (r.path.empty()) {
      path = base.path;
      if (!r.has_query) query_of = &base;
    } else {
      path = without_dot_segments(r.path.starts_with('/') ? std::string(r.path) : merged(base, r.path));
    }
  }
  const Parts& scheme_of = r.has_scheme ? r : base;
  std::string out;
  if (scheme_of.has_scheme) out += lower_ascii(scheme_of.scheme) + ":";
  if (authority_of->has_authority) out += "//" + std::string(authority_of->authority);
  out += path;
  if (query_of->has_query) out += "?" + std::string(query_of->query);
  if (r.has_fragment) out += "#" + std::string(r.fragment);
  return out;
}

SplitUri split_fragment(std::string_view uri) {
  const std::size_t hash = uri.find('#');
  if (hash == std::string_view::npos) return {uri, {}, false};
  return {uri.substr(0, hash), uri.substr(hash + 1), true};
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

std::optional<std::vector<std::string>> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  if (pointer.empty()) return tokens;
  if (pointer.front() != '/') return std::nullopt;
  for (const std::string_view part : split(pointer.substr(1), '/')) {
    std::string token;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        token += part[i];
        continue;
      }
      if (++i >= part.size() || (part[i] != '0' && part[i] != '1')) return std::nullopt;
      token += part[i] == '0' ? '~' : '/';
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

std::string pointer_escaped(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace pryx::schema::internal
