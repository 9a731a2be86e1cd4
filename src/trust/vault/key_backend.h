// SPDX-License-Identifier: MIT
// A place that can keep the database's key. Keys are 64 hex digits, because a keychain holds text. Blocking;
// start-up only.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/base/secret.h"
#include "foundation/crypto/passphrase.h"
#include "foundation/platform/secret_service.h"

namespace pryx::vault {

class KeyBackend {
 public:
  virtual ~KeyBackend() = default;
  // The word in key.json.
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Nothing when the backend answers and has no such key. kUnavailable or kUnauthenticated when it cannot
  // answer.
  [[nodiscard]] virtual Result<std::optional<Secret>> load(const std::string& key_id) = 0;
  [[nodiscard]] virtual Result<void> store(const std::string& key_id, const Secret& key) = 0;
  // What a person does so that load() works again.
  [[nodiscard]] virtual std::string how_to_unlock() const = 0;
};

class SecretServiceBackend final : public KeyBackend {
 public:
  explicit SecretServiceBackend(platform::SecretService service) : service_(service) {}
  [[nodiscard]] std::string_view name() const override { return "secret_service"; }
  [[nodiscard]] Result<std::optional<Secret>> load(const std::string& key_id) override;
  [[nodiscard]] Result<void> store(const std::string& key_id, const Secret& key) override;
  [[nodiscard]] std::string how_to_unlock() const override;

 private:
  platform::SecretService service_;
};

// One line, "<key id> <64 hex digits>", in a file that only its owner can read.
class FileBackend final : public KeyBackend {
 public:
  explicit FileBackend(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::string_view name() const override { return "file"; }
  [[nodiscard]] Result<std::optional<Secret>> load(const std::string& key_id) override;
  // kConflict when the file holds another key: it is never overwritten.
  [[nodiscard]] Result<void> store(const std::string& key_id, const Secret& key) override;
  [[nodiscard]] std::string how_to_unlock() const override;
  // The id of the key in the file, if there is one: a start that was cut between the key and its record goes
  // on with it.
  [[nodiscard]] Result<std::optional<std::string>> find_key_id() const;

 private:
  struct Content {
    std::string key_id;
    Secret key;
  };
  [[nodiscard]] Result<std::optional<Content>> read() const;
  std::string path_;
};

// A credential that the service manager handed to this start ($CREDENTIALS_DIRECTORY/pryx.master-key): 64 hex
// digits, kept by systemd (encrypted, bound to the machine's TPM where there is one). Read only; its id is
// made of the key itself.
class CredentialBackend final : public KeyBackend {
 public:
  explicit CredentialBackend(std::optional<Secret> credential) : credential_(std::move(credential)) {}
  [[nodiscard]] std::string_view name() const override { return "systemd_credential"; }
  [[nodiscard]] Result<std::optional<Secret>> load(const std::string& key_id) override;
  [[nodiscard]] Result<void> store(const std::string& key_id, const Secret& key) override;
  [[nodiscard]] std::string how_to_unlock() const override;
  // Nothing when there is no credential; kUnauthenticated when it is no key.
  [[nodiscard]] Result<std::optional<std::string>> find_key_id() const;

 private:
  std::optional<Secret> credential_;
};

// One line, "<key id> <sealed text>" (foundation/crypto/passphrase.h), in a file that only its owner can
// read: for machines without a keychain whose disk others may get hold of.
class SealedFileBackend final : public KeyBackend {
 public:
  // Without a passphrase load() says how to give one.
  SealedFileBackend(std::string path, std::optional<Secret> passphrase, Random& random,
                    crypto::PassphraseCost cost = {})
      : path_(std::move(path)), passphrase_(std::move(passphrase)), random_(random), cost_(cost) {}
  [[nodiscard]] std::string_view name() const override { return "sealed_file"; }
  [[nodiscard]] Result<std::optional<Secret>> load(const std::string& key_id) override;
  [[nodiscard]] Result<void> store(const std::string& key_id, const Secret& key) override;
  [[nodiscard]] std::string how_to_unlock() const override;
  [[nodiscard]] Result<std::optional<std::string>> find_key_id() const;
  [[nodiscard]] bool has_passphrase() const { return passphrase_.has_value(); }

 private:
  struct Content {
    std::string key_id;
    std::string sealed;
  };
  [[nodiscard]] Result<std::optional<Content>> read() const;
  std::string path_;
  std::optional<Secret> passphrase_;
  Random& random_;
  crypto::PassphraseCost cost_;
};

}  // namespace pryx::vault
