// SPDX-License-Identifier: MIT
#include "trust/vault/key_backend.h"

#include <sys/stat.h>
#include <unistd.h>

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/platform/files.h"

namespace pryx::vault {
namespace {

constexpr std::size_t kKeyDigits = 64;
constexpr std::size_t kMaxKeyFile = 4096;

bool is_key(std::string_view text) { return text.size() == kKeyDigits && from_hex(text).has_value(); }

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
  const auto facts = platform::file_facts(path_);
  if (!facts && facts.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!facts) return std::unexpected(facts.error());
  const uid_t me = ::geteuid();
  if (!facts->is_regular || (facts->uid != me && me != 0)) {
    return fail(ErrorCode::kUnauthenticated, "key file {} is no regular file of user {}; make it so", path_,
                me);
  }
  if ((facts->mode & 0077) != 0) {
    log::warn("vault.key_file_was_open", {{"path", path_}, {"mode", fmt::format("{:o}", facts->mode)}});
    if (::chmod(path_.c_str(), 0600) != 0)
      return std::unexpected(platform::system_error(fmt::format("make {} private", path_), errno));
  }
  PRYX_TRY(std::string text, platform::read_file(path_, kMaxKeyFile));
  const auto words = split(trim(text), ' ');
  std::optional<Content> content;
  if (words.size() == 2 && !words[0].empty() && is_key(words[1])) {
    content = Content{std::string(words[0]), Secret(std::string(words[1]))};
  }
  wipe(text);
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

}  // namespace pryx::vault
