// SPDX-License-Identifier: MIT
// How the browser application is served: which paths are its own, in which form a file goes out, and what the
// browser is told to allow. Holds no data of the user or the daemon. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/net/http_types.h"
#include "surfaces/server/app/app_files.h"

namespace pryx::server {

[[nodiscard]] const AppFile* find_app_file(std::span<const AppFile> files, std::string_view path);

// A place inside the application ("/sessions", "/trace/trn_…"), which its script makes out of the address.
// It begins with a word that is no API's, and does not end like a file of the application.
[[nodiscard]] bool is_app_place(std::string_view path);

// What is served without credentials: a file of the application or a place in it.
[[nodiscard]] bool is_app_path(std::string_view path);

// By the extension; "application/octet-stream" for one that is not known.
[[nodiscard]] std::string_view media_type_of(std::string_view path);

// The answer to a GET of a file or place. `nonce` is fresh for each answer; `origin` is the page's own, as
// the request named it and already checked. kNotFound.
[[nodiscard]] Result<net::Response> serve_app(std::span<const AppFile> files, const net::Request& request,
                                              std::string_view nonce, std::string_view origin);

// The Content-Security-Policy of the page with this nonce and origin, "http://127.0.0.1:7799".
[[nodiscard]] std::string page_policy(std::string_view nonce, std::string_view origin);

enum class Encoding : std::uint8_t { kIdentity, kGzip, kBrotli };
// The best form that the file exists in and the client takes; RFC 9110, section 12.5.3.
[[nodiscard]] Encoding choose_encoding(std::string_view accept_encoding, const AppFile& file);

// Whether one of the tags of an If-None-Match is this one, compared weakly.
[[nodiscard]] bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace pryx::server
