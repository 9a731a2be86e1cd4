// SPDX-License-Identifier: MIT
#include "note.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "json_text.h"

namespace audit_verify {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";
constexpr std::size_t kMaxNote = 16384;

bool verify_signature(const Hash& key, std::string_view message, std::string_view signature) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!pkey || !context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) != 1)
    return false;
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
}

std::optional<Checkpoint> parse_body(std::string_view body, const Key& key, std::string& why) {
  std::vector<std::string_view> lines;
  for (std::size_t end; (end = body.find('\n')) != std::string_view::npos; body.remove_prefix(end + 1))
    lines.push_back(body.substr(0, end));
  if (!body.empty() || lines.size() != 3) {
    why = "a checkpoint has three lines: origin, size, root";
    return std::nullopt;
  }
  if (lines[0] != key.name) {
    why = "the checkpoint is of another log";
    return std::nullopt;
  }
  const auto size = number_of(lines[1]);
  const auto root = bytes_of_base64(lines[2]);
  if (!size || !root || root->size() != 32) {
    why = "size or root of the checkpoint is malformed";
    return std::nullopt;
  }
  Checkpoint out{.size = *size};
  std::copy(root->begin(), root->end(), out.root.begin());
  return out;
}

}  // namespace

Hash sha256(std::string_view text) {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                                     &EVP_MD_CTX_free);
  Hash out{};
  EVP_DigestInit_ex2(context.get(), kind, nullptr);
  EVP_DigestUpdate(context.get(), text.data(), text.size());
  EVP_DigestFinal_ex(context.get(), out.data(), nullptr);
  return out;
}

std::string hex_of(const Hash& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : hash) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<std::string> bytes_of_hex(std::string_view hex) {
  std::string out;
  const auto value = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  if (hex.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = value(hex[i]), low = value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::optional<std::string> bytes_of_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > kMaxNote) return std::nullopt;
  std::vector<unsigned char> bytes(text.size() / 4 * 3 + 1), again(text.size() + 1);
  const auto* in = reinterpret_cast<const unsigned char*>(text.data());
  int length = EVP_DecodeBlock(bytes.data(), in, static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  length -= text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;  // EVP counts the padding
  EVP_EncodeBlock(again.data(), bytes.data(), length);
  if (text != reinterpret_cast<const char*>(again.data())) return std::nullopt;
  return std::string(bytes.begin(), bytes.begin() + length);
}

std::optional<Key> parse_key(std::string_view text) {
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos || text.size() < first + 10 || text[first + 9] != '+')
    return std::nullopt;
  Key key{.name = std::string(text.substr(0, first))};
  const auto id = bytes_of_hex(text.substr(first + 1, 8));
  const auto bytes = bytes_of_base64(text.substr(first + 10));
  if (!is_name(key.name) || !id || !bytes || bytes->size() != 33 || bytes->front() != 1) return std::nullopt;
  const Hash expected = sha256(key.name + "\n" + *bytes);
  if (!std::equal(id->begin(), id->end(), expected.begin(),
                  [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; }))
    return std::nullopt;
  std::copy_n(expected.begin(), 4, key.id.begin());
  std::copy(bytes->begin() + 1, bytes->end(), key.bytes.begin());
  return key;
}

std::optional<Checkpoint> open_note(std::string_view note, const Key& key, std::string& why) {
  const std::size_t gap = note.rfind("\n\n");
  if (note.size() > kMaxNote || gap == std::string_view::npos || !note.ends_with('\n')) {
    why = "this is no signed note";
    return std::nullopt;
  }
  const std::string_view body = note.substr(0, gap + 1);
  bool is_signed = false;
  std::string_view rest = note.substr(gap + 2);
  if (rest.empty()) why = "the note has no signature";
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const std::size_t blank = line.find(' ', kDash.size());
    if (!line.starts_with(kDash) || blank == std::string_view::npos) {
      why = "a signature line is malformed";
      return std::nullopt;
    }
    const std::string_view name = line.substr(kDash.size(), blank - kDash.size());
    const auto bytes = bytes_of_base64(line.substr(blank + 1));
    if (!is_name(name) || !bytes || bytes->size() < 5) {
      why = "a signature line is malformed";
      return std::nullopt;
    }
    const bool is_ours = name == key.name && std::equal(key.id.begin(), key.id.end(), bytes->begin(),
                                                        [](unsigned char a, char b) {
                                                          return a == static_cast<unsigned char>(b);
                                                        });
    if (!is_ours) continue;
    if (is_signed) {
      why = "the log signed the note twice";
      return std::nullopt;
    }
    if (bytes->size() != 68 || !verify_signature(key.bytes, body, std::string_view(*bytes).substr(4))) {
      why = "the signature is wrong";
      return std::nullopt;
    }
    is_signed = true;
  }
  if (!is_signed) {
    why = "the note is not signed with this key";
    return std::nullopt;
  }
  return parse_body(body, key, why);
}

}  // namespace audit_verify
