// SPDX-License-Identifier: MIT
// A real log in a database of its own, with an erased session in it, and its exports.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/testing/manual_clock.h"
#include "foundation/crypto/system_random.h"
#include "trust/audit/audit_log.h"
#include "trust/audit/audit_tree.h"
#include "trust/audit/export_lines.h"

namespace pryx::audit::testing {

class WrittenLog {
 public:
  explicit WrittenLog(char key = 's', std::string folder = {});
  ~WrittenLog();
  void add(int count);
  void erase_first_session();
  [[nodiscard]] std::string note() const;                     // of all entries
  [[nodiscard]] std::vector<std::string> lines() const;       // head, entries, tail
  [[nodiscard]] std::string entry(std::int64_t index) const;  // the text that its leaf is the hash of
  [[nodiscard]] std::string key_text() const { return signer.public_key().to_text(); }

  pryx::testing::ManualClock clock;
  crypto::SystemRandom random;
  AuditLog log;
  Signer signer;
  std::string path;
  std::unique_ptr<db::Connection> db;

 private:
  int next_ = 0;
};

[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

}  // namespace pryx::audit::testing
