// SPDX-License-Identifier: MIT
#include "foundation/crypto/passphrase.h"

#include <sodium.h>

#include <charconv>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::crypto {
namespace {

// pryx-sealed-1$argon2id$<KiB>$<passes>$<salt>$<sealed>
constexpr std::string_view kFormat = "pryx-sealed-1";
constexpr std::string_view kFunction = "argon2id";
constexpr std::size_t kSalt = kPassphraseSalt;
static_assert(kSalt == crypto_pwhash_argon2id_SALTBYTES);
constexpr std::size_t kMaxText = 256u << 10;
// What a reader spends at most: a sealed text is a file that somebody may have planted.
constexpr std::uint64_t kMinMemory = 8u << 20;
constexpr std::uint64_t kMaxMemory = 1u << 30;
constexpr std::uint64_t kMaxPasses = 16;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

struct Parts {
  PassphraseCost cost;
  std::string salt;
  std::string sealed;
};

std::optional<Parts> parse(std::string_view text) {
  const auto fields = split(text, '$');
  if (text.size() > kMaxText || fields.size() != 6 || fields[0] != kFormat || fields[1] != kFunction)
    return std::nullopt;
  const auto kib = parse_number(fields[2]);
  const auto passes = parse_number(fields[3]);
  auto salt = from_base64(fields[4]);
  auto sealed = from_base64(fields[5]);
  if (!kib || !passes || !salt || !sealed || salt->size() != kSalt) return std::nullopt;
  if (*kib > kMaxMemory >> 10 || !is_bearable({*passes, *kib << 10})) return std::nullopt;
  return Parts{{*passes, *kib << 10}, std::move(*salt), std::move(*sealed)};
}

// The cost is authenticated with the rest: a cheaper one cannot be written into a stolen file.
std::string place(std::string_view bound, const PassphraseCost& cost) {
  return fmt::format("{}{}{}{}{}{}", kFormat, '\0', bound, '\0', cost.memory_bytes, cost.passes);
}

}  // namespace

bool is_bearable(const PassphraseCost& cost) {
  return cost.memory_bytes >= kMinMemory && cost.memory_bytes <= kMaxMemory && cost.passes >= 1 &&
         cost.passes <= kMaxPasses;
}

Result<Secret> key_from_passphrase(const Secret& passphrase, std::string_view salt,
                                   const PassphraseCost& cost) {
  if (salt.size() != kSalt) return fail(ErrorCode::kInternal, "a salt has {} bytes", kSalt);
  if (::sodium_init() < 0) return fail(ErrorCode::kInternal, "libsodium cannot be used on this machine");
  std::string key(kKeyBytes, '\0');
  const int failed = ::crypto_pwhash_argon2id(
      reinterpret_cast<unsigned char*>(key.data()), key.size(), passphrase.reveal().data(),
      passphrase.reveal().size(), reinterpret_cast<const unsigned char*>(salt.data()), cost.passes,
      cost.memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13);
  Secret secret(key);
  wipe(key);
  if (failed != 0)
    return fail(ErrorCode::kUnavailable, "Argon2id could not get the {} MiB of memory that it needs",
                cost.memory_bytes >> 20);
  return secret;
}

Result<void> check_new_passphrase(const Secret& passphrase) {
  const std::size_t size = passphrase.reveal().size();
  if (size >= kMinPassphrase && size <= kMaxPassphrase) return {};
  return fail(ErrorCode::kInvalidArgument,
              "a passphrase has {} to {} bytes; several words are easier to keep than one odd one",
              kMinPassphrase, kMaxPassphrase);
}

Result<std::string> seal_with_passphrase(const Secret& passphrase, const Secret& plain,
                                         std::string_view bound, Random& random, PassphraseCost cost) {
  cost.memory_bytes = std::clamp(cost.memory_bytes, kMinMemory, kMaxMemory) >> 10 << 10;
  cost.passes = std::clamp<std::uint64_t>(cost.passes, 1, kMaxPasses);
  std::string salt(kSalt, '\0');
  random.fill(std::span(reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()));
  PRYX_TRY(const Secret key, key_from_passphrase(passphrase, salt, cost));
  return fmt::format("{}${}${}${}${}${}", kFormat, kFunction, cost.memory_bytes >> 10, cost.passes,
                     to_base64(salt), to_base64(seal(key, plain, place(bound, cost), random)));
}

Result<Secret> open_with_passphrase(const Secret& passphrase, std::string_view sealed,
                                    std::string_view bound) {
  const auto parts = parse(trim(sealed));
  if (!parts) return fail(ErrorCode::kCheckFailed, "this is no text that was sealed with a passphrase");
  PRYX_TRY(const Secret key, key_from_passphrase(passphrase, parts->salt, parts->cost));
  auto plain = open_sealed(key, parts->sealed, place(bound, parts->cost));
  if (!plain) return fail(ErrorCode::kUnauthenticated, "the passphrase is not the right one; type it again");
  return plain;
}

}  // namespace pryx::crypto
