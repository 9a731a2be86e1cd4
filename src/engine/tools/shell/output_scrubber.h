// SPDX-License-Identifier: MIT
// Takes the secrets that a command was given out of one stream of its output, however the pieces are cut. A
// beginning of a secret at the end of a piece waits for the next. Pure; one owner.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tools/shell/output_stream.h"
#include "foundation/base/secret.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::tools::shell {

class OutputScrubber {
 public:
  explicit OutputScrubber(const std::vector<Secret>& secrets);
  ~OutputScrubber() { wipe(waiting_); }
  OutputScrubber(const OutputScrubber&) = delete;
  OutputScrubber& operator=(const OutputScrubber&) = delete;

  // What may go on.
  [[nodiscard]] std::string add(std::string_view bytes);
  // The rest, at the end of the stream.
  [[nodiscard]] std::string finish();
  [[nodiscard]] std::uint64_t removed() const { return removed_; }

 private:
  enum class End : bool { kNotYet, kReached };
  [[nodiscard]] std::string take(End end);

  std::vector<Secret> forms_;  // longest first
  std::array<bool, 256> begins_{};
  std::string waiting_;
  std::uint64_t removed_ = 0;
};

// Both streams of one command. Without secrets everything passes as it comes.
class SecretScrubbers {
 public:
  explicit SecretScrubbers(const std::vector<sandbox::SecretFile>& secrets);

  template <class Sink>
  void add(OutputStream stream, std::string_view bytes, const Sink& sink) {
    if (is_idle_) return sink(stream, bytes);
    const std::string clean = streams_[static_cast<std::size_t>(stream)].add(bytes);
    if (!clean.empty()) sink(stream, clean);
  }
  // At the end of the command.
  template <class Sink>
  void finish(const Sink& sink) {
    for (const OutputStream stream : {OutputStream::kOutput, OutputStream::kErrorOutput}) {
      const std::string rest = streams_[static_cast<std::size_t>(stream)].finish();
      if (!rest.empty()) sink(stream, rest);
    }
  }

 private:
  bool is_idle_;
  std::array<OutputScrubber, 2> streams_;
};

}  // namespace pryx::tools::shell
