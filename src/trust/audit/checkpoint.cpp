// SPDX-License-Identifier: MIT
#include "trust/audit/checkpoint.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "foundation/base/text.h"

namespace pryx::audit {
namespace {

constexpr std::size_t kMaxNoteBytes = 16u << 10;
constexpr std::size_t kMaxSignatures = 16;
constexpr char kEd25519 = 1;                                  // the algorithm byte of signed-note
constexpr std::string_view kSignatureMark = "\xE2\x80\x94 ";  // an em dash and a blank

std::string_view view_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Only the one text that encoding gives back: no stray bits, no blanks, padding as it must be.
std::optional<std::string> strict_base64(std::string_view text) {
  auto bytes = from_base64(text);
  if (!bytes || to_base64(*bytes) != text) return std::nullopt;
  return bytes;
}

std::uint32_t key_id(std::string_view name, const Digest& key) {
  std::string text(name);
  text += '\n';
  text += kEd25519;
  text += view_of(key);
  const Digest hash = crypto::sha256(text);
  return (std::uint32_t{hash[0]} << 24) | (std::uint32_t{hash[1]} << 16) | (std::uint32_t{hash[2]} << 8) |
         hash[3];
}

std::string big_endian(std::uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
          static_cast<char>(n)};
}

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
}

struct SignatureLine {
  std::string_view name;
  std::string bytes;  // key id and signature
};

struct Note {
  std::string_view text;  // with its last newline
  std::vector<SignatureLine> signatures;
};

Result<Note> split_note(std::string_view note) {
  const auto malformed = [](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, "this is no checkpoint: {}", why);
  };
  if (note.size() > kMaxNoteBytes) return malformed("it is too long");
  if (!note.ends_with('\n')) return malformed("it is cut off");
  const std::size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos) return malformed("it has no signature");
  Note out{.text = note.substr(0, gap + 1), .signatures = {}};
  for (std::string_view rest = note.substr(gap + 2); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!line.starts_with(kSignatureMark)) return malformed("a signature line is malformed");
    line.remove_prefix(kSignatureMark.size());
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos || !is_key_name(line.substr(0, blank)))
      return malformed("a signature line has no key name");
    auto bytes = strict_base64(line.substr(blank + 1));
    if (!bytes || bytes->size() < 5) return malformed("a signature is no base64");
    if (out.signatures.size() == kMaxSignatures) return malformed("it has too many signatures");
    out.signatures.push_back({line.substr(0, blank), std::move(*bytes)});
  }
  if (out.signatures.empty()) return malformed("it has no signature");
  return out;
}

Result<Checkpoint> parse_text(std::string_view text) {
  const auto malformed = [](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, "this is no checkpoint: {}", why);
  };
  const std::vector<std::string_view> lines = split(text.substr(0, text.size() - 1), '\n');
  if (lines.size() != 3) return malformed("origin, size and root are expected");
  if (!is_key_name(lines[0])) return malformed("the origin is malformed");
  Checkpoint out{.origin = std::string(lines[0])};
  const std::string_view digits = lines[1];
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.size);
  const bool is_one_form = digits == "0" || (!digits.empty() && digits[0] >= '1' && digits[0] <= '9');
  if (error != std::errc() || end != digits.data() + digits.size() || !is_one_form || out.size > (1ULL << 62))
    return malformed("the size is no number");
  const auto root = strict_base64(lines[2]);
  if (!root || root->size() != out.root.size()) return malformed("the root is no hash");
  std::ranges::copy(*root, out.root.begin());
  return out;
}

}  // namespace

std::string PublicKey::to_text() const {
  std::string key(1, kEd25519);
  key += view_of(bytes);
  return fmt::format("{}+{:08x}+{}", name, id, to_base64(key));
}

Result<PublicKey> PublicKey::parse(std::string_view text) {
  const auto malformed = [] {
    return fail(ErrorCode::kInvalidArgument,
                "this is no public key of an audit log; `pryx audit checkpoint --key` prints one");
  };
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return malformed();
  PublicKey key{.name = std::string(text.substr(0, first))};
  const auto raw = strict_base64(text.substr(second + 1));
  if (!is_key_name(key.name) || !raw || raw->size() != 33 || raw->front() != kEd25519) return malformed();
  std::copy(raw->begin() + 1, raw->end(), key.bytes.begin());
  key.id = key_id(key.name, key.bytes);
  if (text.substr(first + 1, second - first - 1) != fmt::format("{:08x}", key.id)) return malformed();
  return key;
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, to_base64(view_of(checkpoint.root)));
}

Result<Checkpoint> parse_note(std::string_view note) {
  PRYX_TRY(const Note parts, split_note(note));
  return parse_text(parts.text);
}

Result<Checkpoint> open_note(std::string_view note, const PublicKey& key) {
  PRYX_TRY(const Note parts, split_note(note));
  PRYX_TRY(Checkpoint checkpoint, parse_text(parts.text));
  const std::string id = big_endian(key.id);
  bool is_signed = false;
  for (const SignatureLine& line : parts.signatures) {
    if (line.name != key.name || !line.bytes.starts_with(id)) continue;  // a witness's, or somebody else's
    if (is_signed) return fail(ErrorCode::kCheckFailed, "the checkpoint has the log's signature twice");
    if (line.bytes.size() != 4 + crypto_sign_BYTES ||
        crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(line.bytes.data()) + 4,
                                    reinterpret_cast<const unsigned char*>(parts.text.data()),
                                    parts.text.size(), key.bytes.data()) != 0)
      return fail(ErrorCode::kCheckFailed, "the signature under the checkpoint of {} entries is wrong",
                  checkpoint.size);
    is_signed = true;
  }
  if (!is_signed)
    return fail(ErrorCode::kCheckFailed, "the checkpoint of {} entries is not signed by {}", checkpoint.size,
                key.name);
  if (checkpoint.origin != key.name)
    return fail(ErrorCode::kCheckFailed, "the checkpoint is of the log {}, not of {}", checkpoint.origin,
                key.name);
  return checkpoint;
}

Signer::Signer(const Secret& seed) {
  PRYX_CHECK(seed.reveal().size() == crypto_sign_SEEDBYTES);
  (void)crypto::sha256(std::string_view());  // libsodium is set up by its first user
  std::string secret(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_seed_keypair(public_.bytes.data(), reinterpret_cast<unsigned char*>(secret.data()),
                           reinterpret_cast<const unsigned char*>(seed.reveal().data()));
  secret_ = Secret(secret);
  wipe(secret);
  // Two logs never share a name, so a checkpoint of one says nothing about the other.
  public_.name = "pryx.local/audit/" + to_hex(crypto::sha256(view_of(public_.bytes))).substr(0, 16);
  public_.id = key_id(public_.name, public_.bytes);
}

std::string Signer::sign(std::uint64_t size, const Digest& root) const {
  const std::string text = checkpoint_text({.origin = public_.name, .size = size, .root = root});
  std::string bytes = big_endian(public_.id);
  bytes.resize(4 + crypto_sign_BYTES);
  crypto_sign_detached(reinterpret_cast<unsigned char*>(bytes.data()) + 4, nullptr,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       reinterpret_cast<const unsigned char*>(secret_.reveal().data()));
  return fmt::format("{}\n{}{} {}\n", text, kSignatureMark, public_.name, to_base64(bytes));
}

}  // namespace pryx::audit
