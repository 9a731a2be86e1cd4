// SPDX-License-Identifier: MIT
// The desktop keychain (freedesktop Secret Service) through libsecret, which is loaded when first needed. A
// keychain may prompt, hang or be gone, so every call runs on a helper thread and gives up at the limit.
// Blocking; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"
#include "foundation/platform/environment.h"

namespace pryx::platform {

class SecretService {
 public:
  static constexpr Duration kLimit =
      std::chrono::seconds(5);  // contract: a start waits no longer for its key

  // The environment only tells whether there is a session bus at all; without one nothing is loaded and no
  // bus is started.
  explicit SecretService(const Environment& environment, Duration limit = kLimit);

  // kUnavailable: no library, no bus, no service, no answer in time. kUnauthenticated: the keychain is locked
  // and stays so.
  [[nodiscard]] Result<void> store(const std::string& key_id, const std::string& label, const Secret& value);
  [[nodiscard]] Result<std::optional<Secret>> lookup(const std::string& key_id);
  [[nodiscard]] Result<void> remove(const std::string& key_id);  // an absent entry is fine

 private:
  bool has_bus_ = false;
  Duration limit_;
};

}  // namespace pryx::platform
