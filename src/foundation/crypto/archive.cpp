// SPDX-License-Identifier: MIT
#include "foundation/crypto/archive.h"

#include <sodium.h>

#include <charconv>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::crypto {
namespace {

// pryx-archive-1$argon2id$<KiB>$<passes>$<salt>\n, the stream's header, then the pieces.
constexpr std::string_view kFunction = "argon2id";
constexpr std::size_t kMaxLine = 200;
constexpr std::size_t kPiece = 64u << 10;
constexpr std::size_t kSealedPiece = kPiece + crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr std::size_t kHeader = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
static_assert(kKeyBytes == crypto_secretstream_xchacha20poly1305_KEYBYTES);

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

struct Line {
  PassphraseCost cost;
  std::string salt;
  std::string_view text;  // with its line feed: authenticated with every piece
};

std::optional<Line> parse_line(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kMaxLine).find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto fields = split(bytes.substr(0, end), '$');
  if (fields.size() != 5 || fields[0] != kArchiveFormat || fields[1] != kFunction) return std::nullopt;
  const auto kib = parse_number(fields[2]);
  const auto passes = parse_number(fields[3]);
  auto salt = from_base64(fields[4]);
  if (!kib || !passes || !salt || salt->size() != kPassphraseSalt || *kib > UINT32_MAX) return std::nullopt;
  Line line{{*passes, *kib << 10}, std::move(*salt), bytes.substr(0, end + 1)};
  if (!is_bearable(line.cost)) return std::nullopt;
  return line;
}

}  // namespace

bool is_archive(std::string_view bytes) {
  return bytes.starts_with(kArchiveFormat) && bytes.substr(kArchiveFormat.size()).starts_with('$');
}

Result<std::string> seal_archive(const Secret& passphrase, std::string_view plain, Random& random,
                                 PassphraseCost cost) {
  std::string salt(kPassphraseSalt, '\0');
  random.fill(std::span(reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()));
  PRYX_TRY(const Secret key, key_from_passphrase(passphrase, salt, cost));
  std::string out = fmt::format("{}${}${}${}${}\n", kArchiveFormat, kFunction, cost.memory_bytes >> 10,
                                cost.passes, to_base64(salt));
  const std::string line = out;
  crypto_secretstream_xchacha20poly1305_state state;
  std::string header(kHeader, '\0');
  if (::crypto_secretstream_xchacha20poly1305_init_push(&state, bytes_of(header), bytes_of(key.reveal())) !=
      0)
    return fail(ErrorCode::kInternal, "libsodium cannot seal");
  out += header;
  std::string sealed(kSealedPiece, '\0');
  // An empty text is one empty piece: the last one is always marked.
  for (std::size_t at = 0; at == 0 || at < plain.size(); at += kPiece) {
    const std::string_view piece = plain.substr(at, kPiece);
    const bool is_last = at + kPiece >= plain.size();
    unsigned long long size = 0;
    ::crypto_secretstream_xchacha20poly1305_push(&state, bytes_of(sealed), &size, bytes_of(piece),
                                                 piece.size(), bytes_of(line), line.size(),
                                                 is_last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                                         : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
    out.append(sealed, 0, size);
  }
  ::sodium_memzero(&state, sizeof state);
  return out;
}

Result<std::string> open_archive(const Secret& passphrase, std::string_view bytes) {
  const auto line = parse_line(bytes);
  if (!line || bytes.size() < line->text.size() + kHeader)
    return fail(ErrorCode::kCheckFailed, "this is no archive that was sealed with a passphrase");
  PRYX_TRY(const Secret key, key_from_passphrase(passphrase, line->salt, line->cost));
  std::string_view rest = bytes.substr(line->text.size());
  crypto_secretstream_xchacha20poly1305_state state;
  if (::crypto_secretstream_xchacha20poly1305_init_pull(&state, bytes_of(rest), bytes_of(key.reveal())) != 0)
    return fail(ErrorCode::kCheckFailed, "the archive is damaged");
  rest.remove_prefix(kHeader);
  std::string plain;
  std::string piece(kPiece, '\0');
  bool is_whole = false;
  bool is_first = true;
  while (!rest.empty() && !is_whole) {
    const std::string_view sealed = rest.substr(0, kSealedPiece);
    unsigned long long size = 0;
    unsigned char tag = 0;
    const int failed = sealed.size() < crypto_secretstream_xchacha20poly1305_ABYTES
                           ? -1
                           : ::crypto_secretstream_xchacha20poly1305_pull(
                                 &state, bytes_of(piece), &size, &tag, bytes_of(sealed), sealed.size(),
                                 bytes_of(line->text), line->text.size());
    if (failed != 0) {
      wipe(plain);
      if (is_first)
        return fail(ErrorCode::kUnauthenticated,
                    "the passphrase is not the right one, or the archive was changed");
      return fail(ErrorCode::kCheckFailed, "the archive is damaged or was cut off");
    }
    is_first = false;
    plain.append(piece, 0, size);
    rest.remove_prefix(sealed.size());
    is_whole = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  }
  ::sodium_memzero(&state, sizeof state);
  wipe(piece);
  if (!is_whole || !rest.empty()) {
    wipe(plain);
    return fail(ErrorCode::kCheckFailed, "the archive is damaged or was cut off");
  }
  return plain;
}

}  // namespace pryx::crypto
