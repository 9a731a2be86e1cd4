// SPDX-License-Identifier: MIT
// Simulation: one seed, one run. The daemon lives several times over one disk, each life ends in a death or a
// stop that the seed chose, the last one runs without trouble until nothing is left to do; then the
// invariants are checked on what the disk holds.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/clients.h"

namespace pryx::sim {

// A variation that breaks a promise on purpose. The harness must notice each of them.
enum class Control : std::uint8_t {
  kNone,
  kSplitOutbox,
  kEffectFirst,
  kSynchronousOff,
  kLostParents,
  kOpenSlices
};

struct Options {
  bool trace = false;
  Control control = Control::kNone;
  std::uint64_t disk_seed = 0;  // another disk under the same people
};

struct Outcome {
  std::uint64_t seed = 0;
  std::uint64_t hash = 0;  // of everything that happened
  int lives = 0;
  int deaths = 0;
  std::uint64_t turns = 0;
  std::uint64_t steps = 0;  // of run_failing(): operations that the fault could have happened to
  std::vector<std::string> violations;
  std::map<std::string, std::uint64_t> reached;
};

// A disk with an empty, migrated store and a few sessions: every run starts from a copy of it.
class FirstImage {
 public:
  FirstImage();
  [[nodiscard]] const db::testing::SimulatedDisk& disk() const { return disk_; }
  [[nodiscard]] const std::vector<SessionId>& sessions() const { return sessions_; }

 private:
  db::testing::SimulatedDisk disk_{1};
  std::vector<SessionId> sessions_;
};

class Simulation {
 public:
  Simulation(const FirstImage& image, std::uint64_t seed, Options options);
  [[nodiscard]] Outcome run();

  // One conversation without other trouble than this: `length` operations fail from the nth on, counting
  // those that the fault can happen to, or the disk is full from there on for a while. `reached`: it
  // happened.
  struct Failing {
    db::testing::DiskFault fault = db::testing::DiskFault::kNone;
    std::uint64_t nth = 0;
    std::uint64_t length = 1;
    Duration full_for{};
  };
  [[nodiscard]] Outcome run_failing(const Failing& failing, bool& reached);

 private:
  struct Plan;
  [[nodiscard]] Plan throw_plan();
  void note_circumstances();
  void put_faults_on_disk(std::uint64_t kind);
  void live(const Plan& plan);
  void live_last();
  [[nodiscard]] bool open_daemon(DaemonSetting setting);
  void close_daemon(bool graceful);
  // Runs what is ready and then timers, until the condition holds. False when the limit passed or nothing is
  // left that could happen.
  bool run_until(const std::function<bool()>& done, Duration limit);
  [[nodiscard]] bool is_quiet();
  void check_everything();

  std::uint64_t seed_;
  Options options_;
  async::testing::VirtualLoop loop_;
  Trace trace_;
  db::testing::SimulatedDisk disk_;
  OutsideWorld world_;
  FakeModel model_;
  Dice dice_, tool_dice_, store_dice_, id_dice_;
  std::unique_ptr<Clients> clients_;
  async::TaskGroup harness_;
  std::unique_ptr<Daemon> daemon_;
  Outcome outcome_;
};

}  // namespace pryx::sim
