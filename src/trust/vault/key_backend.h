// SPDX-License-Identifier: MIT
// A place that can keep the database's key. Keys are 64 hex digits, because a keychain holds text. Blocking;
// start-up only.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/base/secret.h"
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

}  // namespace pryx::vault
