// SPDX-License-Identifier: MIT
// Where providers get their keys: the vault, as this module needs it.
#pragma once
#include <string>

#include "foundation/async/task.h"
#include "foundation/base/secret.h"

namespace pryx::models {

class KeySource {
 public:
  virtual ~KeySource() = default;
  // `refresh` asks for a value that is newer than any cached one: the provider refused the last.
  [[nodiscard]] virtual async::Task<Result<Secret>> get_key(std::string secret_name, bool refresh) = 0;
};

}  // namespace pryx::models
