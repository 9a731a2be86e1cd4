// SPDX-License-Identifier: MIT
// pryx_sim: runs seeds in worker processes, so that a seed that crashes the program is a failed seed with a
// number. Ends with "N passed, N failed".
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "tests/sim/fail_the_nth.h"
#include "tests/sim/simulation.h"

namespace pryx::sim {
namespace {

constexpr std::uint64_t kTwiceEvery = 10;  // every tenth seed runs twice and must give the same hash

struct Arguments {
  std::uint64_t first = 1, last = 0;
  std::uint64_t jobs = 1;
  bool trace = false;
  bool places = false;
  bool controls = false;
  bool fail_the_nth = false;
  std::string control;
};

struct Totals {
  std::uint64_t passed = 0, failed = 0;
};

struct NamedControl {
  std::string_view name;
  Control control;
};
constexpr NamedControl kControls[] = {{"split-outbox", Control::kSplitOutbox},
                                      {"effect-first", Control::kEffectFirst},
                                      {"synchronous-off", Control::kSynchronousOff},
                                      {"lost-parents", Control::kLostParents},
                                      {"open-slices", Control::kOpenSlices}};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string first_line(const Outcome& outcome) {
  std::string text = outcome.violations.front();
  if (outcome.violations.size() > 1) text += fmt::format(" (and {} more)", outcome.violations.size() - 1);
  return text;
}

// Places that a few hundred seeds must have been in.
constexpr std::string_view kWanted[] = {
    "died while a tool ran",
    "died between effect and outcome",
    "died while a model answered",
    "died while a question was open",
    "died while turns waited in line",
    "died while the disk failed",
    "died after the effect of test.one_shot",
    "died after the effect of test.queryable",
    "died after the effect of test.idempotent",
    "stopped while a tool ran",
    "stopped while a model answered",
    "stopped while a question was open",
    "asked outside: it happened",
    "asked outside: it did not happen",
    "asked outside: nobody knows",
    "settled: retry",
    "settled: treat as done",
    "settled: abandon",
    "question approved",
    "question denied",
    "question expired",
    "question superseded",
    "cancel taken",
    "sent twice",
    "turn completed",
    "turn failed",
    "turn cancelled",
    "turn needs_attention",
    "tool step done",
    "tool step denied",
    "tool step failed",
    "tool step cancelled",
    "tool step unknown",
    "model step done",
    "model step failed",
    "model step took 2 attempts",
    "tool step took 2 attempts",
    "interrupted part",
    "result kept as a file",
    "died while a sub-agent ran",
    "sub-agent completed",
    "sub-agent failed",
    "sub-agent cancelled",
    "sub-agent started by a person",
    "sub-agent cancelled by its parent",
    "sub-agent ended with its parent",
    "sub-agent waited for others",
    "sub-agent failed with what it waited for",
    "sub-agent stopped by its slice",
    "answer of a sub-agent fetched later",
    "answers of several sub-agents collected",
    "spawn refused: too many",
    "spawn refused: too deep",
    "spawn step took 2 attempts",
    "reply pending",
    "reply delivered",
};
constexpr std::uint64_t kSeedsForAll = 300;

// Places that few seeds come to: the daemon must die in one certain commit, or a sub-agent wish for more than
// it got.
constexpr std::string_view kRare[] = {
    "accepted before, never told",
    "sub-agent ended with its parent after a restart",
    "sub-agent met its limit of calls",
};
constexpr std::uint64_t kSeedsForRare = 10'000;

using Reached = std::map<std::string, std::uint64_t>;

// "" when the seed holds.
std::string judge_seed(const FirstImage& image, std::uint64_t seed, Reached& reached) {
  const Outcome outcome = Simulation(image, seed, {}).run();
  reached = outcome.reached;
  if (!outcome.violations.empty()) return first_line(outcome);
  if (seed % kTwiceEvery != 0) return {};
  const Outcome again = Simulation(image, seed, {}).run();
  if (again.hash != outcome.hash)
    return fmt::format("two runs differ: {:016x} and {:016x}", outcome.hash, again.hash);
  return {};
}

struct Worker {
  pid_t pid = 0;
  int pipe = -1;
  std::uint64_t next = 0;  // the seed that it works on
  std::string unread;
};

void write_line(int fd, std::string_view line) {
  const std::string text = std::string(line) + "\n";
  if (::write(fd, text.data(), text.size()) < 0) std::_Exit(1);
}

Worker start_worker(const FirstImage& image, std::uint64_t from, std::uint64_t last, std::uint64_t stride) {
  int ends[2];
  PRYX_CHECK(::pipe(ends) == 0);
  std::fflush(stdout);
  const pid_t pid = ::fork();
  PRYX_CHECK(pid >= 0);
  if (pid == 0) {
    ::close(ends[0]);
    for (std::uint64_t seed = from; seed <= last; seed += stride) {
      Reached reached;
      std::string line = judge_seed(image, seed, reached);
      for (const auto& [place, times] : reached) line += fmt::format("\t{}={}", place, times);
      write_line(ends[1], line);
    }
    std::exit(0);
  }
  ::close(ends[1]);
  return {.pid = pid, .pipe = ends[0], .next = from, .unread = {}};
}

class Crew {
 public:
  Crew(const FirstImage& image, const Arguments& arguments) : image_(image), arguments_(arguments) {}

  Totals work() {
    for (std::uint64_t i = 0; i < arguments_.jobs && arguments_.first + i <= arguments_.last; ++i) {
      workers_.push_back(start_worker(image_, arguments_.first + i, arguments_.last, arguments_.jobs));
    }
    while (!workers_.empty()) {
      std::vector<pollfd> waiting;
      for (const Worker& worker : workers_) waiting.push_back({worker.pipe, POLLIN, 0});
      if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
      for (std::size_t i = waiting.size(); i-- > 0;) {
        if (waiting[i].revents != 0) read_from(i);
      }
    }
    check_places();
    return totals_;
  }

 private:
  void check_places() {
    if (arguments_.places) {
      for (const auto& [place, times] : reached_) fmt::print("{:>9}  {}\n", times, place);
    }
    const std::uint64_t seeds = totals_.passed + totals_.failed;
    if (seeds >= kSeedsForAll) check_reached(kWanted);
    if (seeds >= kSeedsForRare) check_reached(kRare);
  }

  void check_reached(std::span<const std::string_view> places) {
    for (const std::string_view place : places) {
      const bool was_there = reached_.contains(std::string(place));
      ++(was_there ? totals_.passed : totals_.failed);
      if (!was_there) fmt::print("never reached: {}\n", place);
    }
  }

  void read_from(std::size_t index) {
    Worker& worker = workers_[index];
    char buffer[4096];
    const ssize_t n = ::read(worker.pipe, buffer, sizeof buffer);
    if (n > 0) {
      worker.unread.append(buffer, static_cast<std::size_t>(n));
      for (std::size_t end = worker.unread.find('\n'); end != std::string::npos;
           end = worker.unread.find('\n')) {
        const std::vector<std::string_view> fields =
            split(std::string_view(worker.unread).substr(0, end), '\t');
        for (std::size_t i = 1; i < fields.size(); ++i) {
          const std::size_t sign = fields[i].rfind('=');
          reached_[std::string(fields[i].substr(0, sign))] += number(fields[i].substr(sign + 1)).value_or(0);
        }
        note(worker.next, std::string(fields.front()));
        worker.next += arguments_.jobs;
        worker.unread.erase(0, end + 1);
      }
      return;
    }
    int status = 0;
    ::waitpid(worker.pid, &status, 0);
    ::close(worker.pipe);
    const std::uint64_t seed = worker.next;
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
    if (seed > arguments_.last) {
      // A leak that the sanitizer finds at exit shows in the status alone.
      if (status != 0)
        note(seed - arguments_.jobs,
             fmt::format("the worker ended with status {:x} after its last seed", status));
      return;
    }
    note(seed, fmt::format("the program crashed (wait status {:x})", status));
    if (seed + arguments_.jobs <= arguments_.last) {
      workers_.push_back(start_worker(image_, seed + arguments_.jobs, arguments_.last, arguments_.jobs));
    }
  }

  void note(std::uint64_t seed, const std::string& problem) {
    ++(problem.empty() ? totals_.passed : totals_.failed);
    if (problem.empty() || totals_.failed > 40) return;
    fmt::print("seed {}: {}\n  again, with a trace: tests/sim/run --seed {}\n", seed, problem, seed);
    std::fflush(stdout);
  }

  const FirstImage& image_;
  const Arguments& arguments_;
  std::vector<Worker> workers_;
  Reached reached_;
  Totals totals_;
};

// The harness is only worth something if it notices what is broken on purpose.
Totals run_controls(const FirstImage& image, const std::string& only) {
  Totals totals;
  for (const NamedControl& control : kControls) {
    if (!only.empty() && only != control.name) continue;
    std::string noticed;
    for (std::uint64_t seed = 1; seed <= 200 && noticed.empty(); ++seed) {
      const Outcome outcome = Simulation(image, seed, {.control = control.control}).run();
      if (!outcome.violations.empty()) noticed = fmt::format("seed {}: {}", seed, first_line(outcome));
    }
    ++(noticed.empty() ? totals.failed : totals.passed);
    fmt::print("control {}: {}\n", control.name,
               noticed.empty() ? "NOT NOTICED in 200 seeds" : "noticed, " + noticed);
  }
  return totals;
}

Totals run_one(const FirstImage& image, const Arguments& arguments) {
  Control control = Control::kNone;
  for (const NamedControl& named : kControls) {
    if (named.name == arguments.control) control = named.control;
  }
  const Outcome outcome = Simulation(image, arguments.first, {.trace = true, .control = control}).run();
  for (const std::string& violation : outcome.violations)
    fmt::print("seed {}: {}\n", outcome.seed, violation);
  fmt::print("seed {}: {} lives, {} deaths, {} turns, hash {:016x}\n", outcome.seed, outcome.lives,
             outcome.deaths, outcome.turns, outcome.hash);
  return outcome.violations.empty() ? Totals{1, 0} : Totals{0, 1};
}

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const std::string_view value = i + 1 < argc ? std::string_view(argv[i + 1]) : std::string_view();
    if (name == "--controls") {
      arguments.controls = true;
      continue;
    }
    if (name == "--places") {
      arguments.places = true;
      continue;
    }
    if (name == "--fail-the-nth") {
      arguments.fail_the_nth = true;
      continue;
    }
    ++i;
    if (name == "--control") {
      arguments.control = value;
      continue;
    }
    const std::size_t dash = value.find('-');
    const auto low = number(value.substr(0, dash));
    const auto high = dash == std::string_view::npos ? low : number(value.substr(dash + 1));
    if (!low || !high) return std::nullopt;
    if (name == "--jobs") {
      arguments.jobs = std::max<std::uint64_t>(1, *low);
    } else if (name == "--seed" || name == "--seeds") {
      arguments.first = *low;
      arguments.last = *high;
      arguments.trace = name == "--seed";
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

void add(Totals& sum, Totals more) {
  sum.passed += more.passed;
  sum.failed += more.failed;
}

int run(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    fmt::print(stderr,
               "usage: pryx_sim [--seeds A-B [--jobs N] [--places]] [--seed N] [--controls | --control NAME] "
               "[--fail-the-nth]\n");
    return 2;
  }
  log::configure({.json = false, .sink = [trace = arguments->trace](std::string_view line) {
                    if (trace) fmt::print("            {}", line);
                  }});
  const FirstImage image;
  Totals totals;
  if (arguments->trace)
    add(totals, run_one(image, *arguments));
  else if (!arguments->control.empty() || arguments->controls)
    add(totals, run_controls(image, arguments->control));
  else if (arguments->last >= arguments->first)
    add(totals, Crew(image, *arguments).work());
  if (arguments->fail_the_nth) {
    const auto [passed, failed] = fail_the_nth(image);
    add(totals, {passed, failed});
  }
  fmt::print("{} passed, {} failed\n", totals.passed, totals.failed);
  return totals.failed == 0 && totals.passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace pryx::sim

int main(int argc, char** argv) { return pryx::sim::run(argc, argv); }
