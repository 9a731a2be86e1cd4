// SPDX-License-Identifier: MIT
#include "surfaces/server/app/app_serving.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"
#include "foundation/net/gzip.h"

namespace pryx::server {
namespace {

constexpr std::string_view kIndex = "/index.html";
constexpr std::string_view kNonceMark = "__PRYX_NONCE__";
constexpr std::size_t kMaxPlace = 512;

// First segments that belong to programs. What is unknown below them stays unknown to strangers.
constexpr std::array<std::string_view, 8> kNotPlaces{"api", "v1",      "v1beta", "mcp",
                                                     "a2a", "metrics", "hooks",  "assets"};

struct MediaType {
  std::string_view extension, type;
};
constexpr MediaType kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
};

const MediaType* find_type(std::string_view path) {
  for (const MediaType& known : kTypes) {
    if (path.ends_with(known.extension)) return &known;
  }
  return nullptr;
}

bool is_word(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text[0] != '-' && std::ranges::all_of(text, is_plain);
}

// Of a name below the first: no control character, and neither "." nor ".." nor a hidden file's.
bool is_name(std::string_view text) {
  const auto is_shown = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; };
  return !text.empty() && text[0] != '.' && std::ranges::all_of(text, is_shown);
}

// The name of a file below /assets/ holds a hash of its content, so a name never means other bytes.
bool is_hashed(std::string_view path) { return path.starts_with("/assets/"); }

std::string_view tag_suffix(Encoding encoding) {
  switch (encoding) {
    case Encoding::kBrotli:
      return "-br";
    case Encoding::kGzip:
      return "-gz";
    default:
      return "";
  }
}

// 0 to 1000; nullopt: no number of this form.
std::optional<int> quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int value = (text[0] - '0') * 1000;
  if (text.size() == 1) return value;
  if (text[1] != '.' || text.size() > 5) return std::nullopt;
  int place = 100;
  for (const char c : text.substr(2)) {
    if (c < '0' || c > '9') return std::nullopt;
    value += (c - '0') * place;
    place /= 10;
  }
  return std::min(value, 1000);
}

// What a client thinks of one coding; -1: it does not say.
int preference(std::string_view accept_encoding, std::string_view coding) {
  int found = -1;
  int any = -1;
  for (const std::string_view piece : split(accept_encoding, ',')) {
    const std::size_t semicolon = piece.find(';');
    const std::string_view name = trim(piece.substr(0, semicolon));
    int q = 1000;
    if (semicolon != std::string_view::npos) {
      const std::string_view parameter = trim(piece.substr(semicolon + 1));
      const bool is_q =
          parameter.size() > 2 && (parameter[0] == 'q' || parameter[0] == 'Q') && parameter[1] == '=';
      q = is_q ? quality(trim(parameter.substr(2))).value_or(0) : 0;
    }
    if (equals_ignore_case(name, coding)) found = q;
    if (name == "*") any = q;
  }
  return found >= 0 ? found : any;
}

// What every file says. Cross-origin readers, embedders and openers are kept away from all of them.
void add_file_headers(net::Headers& headers) {
  headers.add("X-Content-Type-Options", "nosniff");
  headers.add("Referrer-Policy", "no-referrer");
  headers.add("X-Frame-Options", "DENY");
  headers.add("Cross-Origin-Opener-Policy", "same-origin");
  headers.add("Cross-Origin-Resource-Policy", "same-origin");
}

std::string replace_all(std::string_view text, std::string_view mark, std::string_view by) {
  std::string out;
  out.reserve(text.size() + 64);
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark)) {
    out.append(text.substr(0, at)).append(by);
    text.remove_prefix(at + mark.size());
  }
  out.append(text);
  return out;
}

// The page differs with each answer by its nonce, so it is never answered by 304: a browser would go on with
// the nonce of the stored body and the policy of the fresh head. Its tag names the build, for the page's own
// question whether there is another one.
net::Response serve_page(const AppFile& index, std::string_view nonce, std::string_view origin) {
  net::Response response;
  response.headers.add("Content-Type", std::string(media_type_of(kIndex)));
  response.headers.add("Cache-Control", "no-cache");
  response.headers.add("ETag", fmt::format("W/\"{}\"", index.digest));
  response.headers.add("Content-Security-Policy", page_policy(nonce, origin));
  response.headers.add(
      "Permissions-Policy",
      "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), usb=()");
  add_file_headers(response.headers);
  response.body = replace_all(index.identity, kNonceMark, nonce);
  return response;
}

Result<std::string> bytes_of(const AppFile& file, Encoding encoding) {
  switch (encoding) {
    case Encoding::kBrotli:
      return std::string(file.brotli);
    case Encoding::kGzip:
      return std::string(file.gzip);
    default:
      break;
  }
  if (file.gzip.empty()) return std::string(file.identity);
  return net::gunzip(file.gzip, file.size);
}

}  // namespace

const AppFile* find_app_file(std::span<const AppFile> files, std::string_view path) {
  const auto found = std::ranges::lower_bound(files, path, {}, &AppFile::path);
  return found != files.end() && found->path == path ? &*found : nullptr;
}

bool is_app_place(std::string_view path) {
  if (path == "/") return true;
  if (!path.starts_with('/') || path.size() > kMaxPlace) return false;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  const std::vector<std::string_view> segments = split(path, '/');
  if (!is_word(segments[0]) || std::ranges::find(kNotPlaces, segments[0]) != kNotPlaces.end()) return false;
  return std::ranges::all_of(segments.begin() + 1, segments.end(), is_name) && find_type(path) == nullptr;
}

bool is_app_path(std::string_view path) {
  return is_app_place(path) || find_app_file(embedded::app_files(), path) != nullptr;
}

std::string_view media_type_of(std::string_view path) {
  const MediaType* known = find_type(path);
  return known != nullptr ? known->type : "application/octet-stream";
}

std::string page_policy(std::string_view nonce, std::string_view origin) {
  // Scripts come from our files only, never from the page's text; the nonce is for the style elements that
  // widgets and the editor make. Not every browser counts the bus as 'self': its origin is ours with ws: for
  // http:, wss: for https:.
  constexpr std::string_view kHttp = "http";
  return fmt::format(
      "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'nonce-{}'; "
      "img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ws{}; manifest-src 'self'; "
      "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
      "require-trusted-types-for 'script'; trusted-types pryx",
      nonce, origin.substr(std::min(origin.size(), kHttp.size())));
}

Encoding choose_encoding(std::string_view accept_encoding, const AppFile& file) {
  const int brotli = file.brotli.empty() ? 0 : preference(accept_encoding, "br");
  const int gzip = file.gzip.empty() ? 0 : preference(accept_encoding, "gzip");
  if (brotli > 0 && brotli >= gzip) return Encoding::kBrotli;
  return gzip > 0 ? Encoding::kGzip : Encoding::kIdentity;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  for (const std::string_view piece : split(if_none_match, ',')) {
    std::string_view given = trim(piece);
    if (given == "*") return true;
    if (given.starts_with("W/")) given.remove_prefix(2);
    if (given == tag) return true;
  }
  return false;
}

Result<net::Response> serve_app(std::span<const AppFile> files, const net::Request& request,
                                std::string_view nonce, std::string_view origin) {
  const bool is_page = request.path == kIndex || is_app_place(request.path);
  const AppFile* file = find_app_file(files, is_page ? kIndex : std::string_view(request.path));
  if (file == nullptr) return fail(ErrorCode::kNotFound, "there is no {}", utf8_prefix(request.path, 200));
  if (is_page) return serve_page(*file, nonce, origin);
  const Encoding encoding = choose_encoding(request.headers.find("Accept-Encoding").value_or(""), *file);
  const std::string tag = fmt::format("\"{}{}\"", file->digest, tag_suffix(encoding));
  net::Response response;
  response.headers.add("Content-Type", std::string(media_type_of(file->path)));
  response.headers.add("Cache-Control",
                       is_hashed(file->path) ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("ETag", tag);
  if (!file->gzip.empty()) response.headers.add("Vary", "Accept-Encoding");
  // A drawing that is opened by itself, and a worker, run under a policy of their own.
  response.headers.add("Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                       "require-trusted-types-for 'script'; trusted-types pryx");
  add_file_headers(response.headers);
  if (names_tag(request.headers.find("If-None-Match").value_or(""), tag)) {
    response.status = 304;
    return response;
  }
  PRYX_TRY(response.body, bytes_of(*file, encoding));
  if (encoding == Encoding::kBrotli) response.headers.add("Content-Encoding", "br");
  if (encoding == Encoding::kGzip) response.headers.add("Content-Encoding", "gzip");
  return response;
}

}  // namespace pryx::server
