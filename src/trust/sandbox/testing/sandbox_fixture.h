// SPDX-License-Identifier: MIT
// A home with a project in it, and real sandboxes around short programs. As root the sandbox refuses, so
// there the tests skip, and SandboxAsUser runs all of them once more as an ordinary user. Tests only.
#pragma once
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <string>

#include "foundation/platform/testing/temporary_directory.h"
#include "foundation/platform/user_switch.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::sandbox::testing {

using platform::testing::TemporaryDirectory;
constexpr Duration kLong = std::chrono::seconds(60);

struct Outcome {
  int code = -1;
  std::string output, errors;
  Applied applied;
};

inline std::string drain(platform::UniqueFd& fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    pollfd entry{fd.get(), POLLIN, 0};
    if (::poll(&entry, 1, 0) <= 0) return text;
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (platform::is_root()) GTEST_SKIP() << "runs as an ordinary user in SandboxAsUser";
    std::filesystem::create_directories(home_ / "project");
    make({});
  }
  void make(std::set<std::string> without, std::optional<int> cap = {}) {
    sandbox_ = make_sandbox({.init_program = PRYX_SANDBOX_INIT,
                             .hidden_paths = {home_ / "pryx"},
                             .scratch = scratch_ / "sandbox",
                             .home = home_.path(),
                             .landlock_abi_cap = cap,
                             .without = std::move(without)});
    if (!sandbox_->report().usable) {
      for (const Layer& layer : sandbox_->report().layers) {
        if (!layer.works) GTEST_SKIP() << layer.name << ": " << layer.detail << "; " << layer.fix;
      }
    }
  }
  Request request(const std::string& script) {
    Request r;
    r.program = "sh";
    r.argv = {"sh", "-c", script};
    auto held = platform::HeldDirectory::open(project());
    r.workspace = std::make_shared<const platform::HeldDirectory>(std::move(held.value()));
    return r;
  }
  Outcome run(const std::string& script) { return run(request(script)); }
  Outcome run(const Request& r) {
    Outcome outcome;
    auto started = sandbox_->launch(r);
    if (!started) {
      outcome.errors = started.error().message;
      return outcome;
    }
    auto status = (*started)->process().wait_for(kLong);
    if (status && *status) outcome.code = (*status)->code;
    outcome.output = drain((*started)->process().output());
    outcome.errors = drain((*started)->process().error_output());
    auto applied = (*started)->finish();
    if (applied)
      outcome.applied = *applied;
    else
      outcome.errors += applied.error().message;
    return outcome;
  }
  [[nodiscard]] std::string project() const { return home_ / "project"; }
  [[nodiscard]] std::string get(const std::string& name) const { return home_.get("project/" + name); }
  [[nodiscard]] bool is_there(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(project() + "/" + name));
  }

  TemporaryDirectory home_, scratch_;
  std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace pryx::sandbox::testing
