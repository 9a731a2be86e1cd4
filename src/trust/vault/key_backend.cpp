// SPDX-License-Identifier: MIT
#include "trust/vault/key_backend.h"

#include <sys/stat.h>
#include <unistd.h>

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/files.h"

namespace pryx::vault {
namespace {

constexpr std::size_t kKeyDigits = 64;
constexpr std::size_t kMaxKeyFile = 4096;

bool is_key(std::string_view text) { return text.size() == kKeyDigits && from_hex(text).has_value(); }

// A file that only its owner may read; one that was left open is closed first. Nothing when there is none.
Result<std::optional<std::string>> read_private_line(const std::string& path) {
  const auto facts = platform::file_facts(path);
  if (!facts && facts.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!facts) return std::unexpected(facts.error());
  const uid_t me = ::geteuid();
  if (!facts->is_regular || (facts->uid != me && me != 0)) {
    return fail(ErrorCode::kUnauthenticated, "key file {} is no regular file of user {}; make it so", path,
                me);
  }
  if ((facts->mode & 0077) != 0) {
    log::warn("vault.key_file_was_open", {{"path", path}, {"mode", fmt::format("{:o}", facts->mode)}});
    if (::chmod(path.c_str(), 0600) != 0)
      return std::unexpected(platform::system_error(fmt::format("make {} private", path), errno));
  }
  PRYX_TRY(std::string text, platform::read_file(path, kMaxKeyFile));
  return std::optional(std::move(text));
}

}  // namespace

Result<std::optional<Secret>> SecretServiceBackend::load(const std::string& key_id) {
  PRYX_TRY(auto key, service_.lookup(key_id));
  if (key && !is_key(key->reveal())) {
    return fail(ErrorCode::kUnauthenticated,
                "the keychain's entry {} is no database key; restore the keychain from a backup", key_id);
  }
  return std::move(key);
}

Result<void> SecretServiceBackend::store(const std::string& key_id, const Secret& key) {
  return service_.store(key_id, "Pryx database key", key);
}

std::string SecretServiceBackend::how_to_unlock() const {
  return "unlock the desktop keychain (log in to the desktop, or run 'gnome-keyring-daemon --unlock') and "
         "start Pryx again";
}

Result<std::optional<FileBackend::Content>> FileBackend::read() const {
  PRYX_TRY(auto text, read_private_line(path_));
  if (!text) return std::nullopt;
  const auto words = split(trim(*text), ' ');
  std::optional<Content> content;
  if (words.size() == 2 && !words[0].empty() && is_key(words[1])) {
    content = Content{std::string(words[0]), Secret(std::string(words[1]))};
  }
  wipe(*text);
  if (!content) {
    return fail(ErrorCode::kUnauthenticated, "key file {} holds no key; restore it from a backup", path_);
  }
  return content;
}

Result<std::optional<Secret>> FileBackend::load(const std::string& key_id) {
  PRYX_TRY(auto content, read());
  if (!content || content->key_id != key_id) return std::nullopt;
  return std::move(content->key);
}

Result<void> FileBackend::store(const std::string& key_id, const Secret& key) {
  PRYX_TRY(const auto old, read());
  if (old && old->key_id == key_id && old->key.equals(key.reveal())) return {};
  if (old) return fail(ErrorCode::kConflict, "key file {} holds another key; move it away first", path_);
  std::string line = fmt::format("{} {}\n", key_id, key.reveal());
  const auto written = platform::atomic_write_file(path_, line, 0600);
  wipe(line);
  return written;
}

std::string FileBackend::how_to_unlock() const {
  return fmt::format(
      "restore the key file {} from a backup, owned by you with mode 0600, and start Pryx again", path_);
}

Result<std::optional<std::string>> FileBackend::find_key_id() const {
  PRYX_TRY(const auto content, read());
  if (!content) return std::nullopt;
  return content->key_id;
}

Result<std::optional<std::string>> CredentialBackend::find_key_id() const {
  if (!credential_) return std::nullopt;
  if (!is_key(trim(credential_->reveal())))
    return fail(
        ErrorCode::kUnauthenticated,
        "the credential pryx.master-key does not hold 64 hex digits; make it with 'openssl rand -hex 32'");
  const crypto::Digest digest = crypto::blake2b(trim(credential_->reveal()), "pryx/credential/id");
  return "key_" + to_hex(std::span(digest).first(16));
}

Result<std::optional<Secret>> CredentialBackend::load(const std::string& key_id) {
  PRYX_TRY(const auto own, find_key_id());
  if (own != key_id) return std::nullopt;
  return Secret(std::string(trim(credential_->reveal())));
}

Result<void> CredentialBackend::store(const std::string& key_id, const Secret&) {
  return fail(ErrorCode::kUnsupported, "key {} cannot be put into a credential of systemd from here", key_id);
}

std::string CredentialBackend::how_to_unlock() const {
  return "start Pryx as the service whose unit has LoadCredentialEncrypted=pryx.master-key:…, with the "
         "credential that this "
         "database was made with";
}

Result<std::optional<SealedFileBackend::Content>> SealedFileBackend::read() const {
  PRYX_TRY(const auto text, read_private_line(path_));
  if (!text) return std::nullopt;
  const auto words = split(trim(*text), ' ');
  if (words.size() != 2 || words[0].empty() || words[1].empty())
    return fail(ErrorCode::kUnauthenticated, "key file {} holds no sealed key; restore it from a backup",
                path_);
  return Content{std::string(words[0]), std::string(words[1])};
}

Result<std::optional<std::string>> SealedFileBackend::find_key_id() const {
  PRYX_TRY(const auto content, read());
  if (!content) return std::nullopt;
  return content->key_id;
}

Result<std::optional<Secret>> SealedFileBackend::load(const std::string& key_id) {
  PRYX_TRY(const auto content, read());
  if (!content || content->key_id != key_id) return std::nullopt;
  if (!passphrase_)
    return fail(ErrorCode::kUnauthenticated, "its file {} is sealed with a passphrase", path_);
  PRYX_TRY(Secret key, crypto::open_with_passphrase(*passphrase_, content->sealed, key_id));
  if (!is_key(key.reveal()))
    return fail(ErrorCode::kUnauthenticated, "key file {} holds no key; restore it from a backup", path_);
  return std::optional(std::move(key));
}

Result<void> SealedFileBackend::store(const std::string& key_id, const Secret& key) {
  PRYX_TRY(const auto old, read());
  if (old) return fail(ErrorCode::kConflict, "key file {} holds a key already; move it away first", path_);
  if (!passphrase_) return fail(ErrorCode::kUnauthenticated, "a sealed key file needs a passphrase");
  PRYX_TRY_VOID(crypto::check_new_passphrase(*passphrase_));
  PRYX_TRY(const std::string sealed, crypto::seal_with_passphrase(*passphrase_, key, key_id, random_, cost_));
  return platform::atomic_write_file(path_, fmt::format("{} {}\n", key_id, sealed), 0600);
}

std::string SealedFileBackend::how_to_unlock() const {
  return "run 'pryx daemon start' in a terminal and type the passphrase ('pryx daemon start "
         "--passphrase-stdin' reads it), or "
         "give the service a credential pryx.passphrase";
}

}  // namespace pryx::vault
