// SPDX-License-Identifier: MIT
// A daemon for tests of the command line: a process that answers on the socket of a home with what a script
// says. Each connection is a process of its own; what was asked is written to a file that the test reads.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "foundation/config/places.h"

namespace pryx::cli::testing {

// One answer. The first whose method and path prefix fit is taken.
struct FakeAnswer {
  std::string method;
  std::string path_prefix;
  int status = 200;
  std::string body;                 // JSON; with `events` unused
  std::vector<std::string> events;  // server-sent events as text; "WAIT path" waits until that path was asked
                                    // for, "CUT" drops the connection
  std::string only_with;            // the request must hold this text, in its head or body
};

class FakeDaemon {
 public:
  FakeDaemon(const config::Places& places, std::vector<FakeAnswer> answers,
             std::string version = PRYX_VERSION);
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  // "POST /api/v1/… {body}" of every request so far.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] bool was_asked(std::string_view part) const;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  [[noreturn]] void serve(int listener);
  void answer(int connection);
  [[nodiscard]] std::string log_path() const { return places_.state + "/requests"; }
  config::Places places_;
  std::vector<FakeAnswer> answers_;
  pid_t pid_ = -1;
};

// "event: NAME\nid: N\ndata: {envelope}\n\n"
[[nodiscard]] std::string sse(int version, const std::string& name, const std::string& payload);

}  // namespace pryx::cli::testing
