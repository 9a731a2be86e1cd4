// SPDX-License-Identifier: MIT
// Tool results that are too long for a row, sealed under a key derived from the database's and named by the
// hash of their text.
#pragma once
#include <string>

#include "engine/agent/turn_engine.h"
#include "foundation/async/worker_pool.h"
#include "foundation/base/secret.h"

namespace pryx::app {

class SealedResultFiles final : public agent::ResultFiles {
 public:
  SealedResultFiles(async::WorkerPool& pool, std::string directory, Secret key, Random& random);
  [[nodiscard]] async::Task<Result<std::string>> put(std::string text) override;
  [[nodiscard]] async::Task<Result<std::string>> get(std::string ref) override;
  // One that nobody refers to. False: it was put a short while ago, and its row may be about to be written.
  [[nodiscard]] async::Task<Result<bool>> remove(std::string ref);

 private:
  async::WorkerPool& pool_;
  std::string directory_;
  Secret key_;
  Random& random_;
};

}  // namespace pryx::app
