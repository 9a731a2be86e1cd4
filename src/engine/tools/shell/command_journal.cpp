// SPDX-License-Identifier: MIT
#include "engine/tools/shell/command_journal.h"

#include <algorithm>
#include <future>
#include <utility>

#include "engine/tools/undo/link_state.h"

namespace pryx::tools::shell {
namespace {

constexpr auto kLook =
    std::chrono::milliseconds(20);  // how often a waiting run looks whether it is abandoned

std::optional<FileState> state_of(const std::optional<sandbox::ComingChange::Side>& side) {
  using Kind = sandbox::ComingChange::Kind;
  if (!side) return std::nullopt;
  FileState out{.digest = side->digest, .mode = side->mode, .size = side->size};
  if (side->kind == Kind::kFolder) return FileState{.digest = {}, .mode = side->mode, .size = 0};
  if (side->kind == Kind::kOther && !side->digest.empty()) {
    out.digest = std::string(kLinkDigest) + side->digest;
  } else if (side->kind == Kind::kOther) {
    // Never the state of a file, so never restored as one.
    out.digest = kOtherDigest;
    out.size = std::max<std::uint64_t>(1, side->size);
  }
  return out;
}

Change to_change(sandbox::ComingChange&& coming) {
  const auto& side = coming.before ? coming.before : coming.after;
  Change out;
  out.kind = side->kind == sandbox::ComingChange::Kind::kFolder ? EntryKind::kFolder : EntryKind::kFile;
  out.path = std::move(coming.path);
  out.before = state_of(coming.before);
  out.after = state_of(coming.after);
  out.keeps_content = coming.has_content;
  out.independent = true;
  out.content = std::move(coming.content);
  return out;
}

}  // namespace

struct CommandJournal::Core {
  Core(async::EventLoop& l, UndoJournal& j) : loop(l), journal(j), group(l, "undo data of commands") {}
  async::EventLoop& loop;
  UndoJournal& journal;
  async::TaskGroup group;
};

namespace {

struct Wait {
  std::promise<Result<void>> promise;
  bool settled = false;  // I/O thread
  void settle(Result<void> result) {
    if (!std::exchange(settled, true)) promise.set_value(std::move(result));
  }
};

async::Task<void> note(UndoJournal& journal, ChangeOwner owner, std::vector<Change> changes,
                       std::shared_ptr<Wait> wait) {
  Result<void> noted = co_await journal.note_changes(std::move(owner), std::move(changes));
  wait->settle(std::move(noted));
}

}  // namespace

class CommandJournal::Recorder final : public RunRecorder {
 public:
  Recorder(const std::shared_ptr<Core>& core, ChangeOwner owner)
      : loop_(core->loop), core_(core), owner_(std::move(owner)) {}

  void abandon() override { abandoned_ = true; }

  Result<void> record(std::vector<sandbox::ComingChange> coming) override {
    std::vector<Change> changes;
    changes.reserve(coming.size());
    for (sandbox::ComingChange& one : coming) changes.push_back(to_change(std::move(one)));
    return hand_over(std::move(changes));
  }

  Result<void> record_unknown(std::optional<std::uint64_t> names) override {
    Change marker;
    marker.before = FileState{.digest = {}, .mode = names ? 0u : 1u, .size = names.value_or(0)};
    marker.independent = true;
    std::vector<Change> changes;
    changes.push_back(std::move(marker));
    return hand_over(std::move(changes));
  }

 private:
  // On the run's thread.
  Result<void> hand_over(std::vector<Change> changes) {
    auto wait = std::make_shared<Wait>();
    std::future<Result<void>> done = wait->promise.get_future();
    loop_.post([core = core_, owner = owner_, changes = std::move(changes), wait]() mutable {
      const auto alive = core.lock();
      const bool started = alive && alive->group.spawn("note changes", note(alive->journal, std::move(owner),
                                                                            std::move(changes), wait)) != 0;
      if (!started) wait->settle(fail(ErrorCode::kUnavailable, "the daemon is stopping"));
    });
    while (done.wait_for(kLook) != std::future_status::ready) {
      if (abandoned_) return fail(ErrorCode::kUnavailable, "the daemon is stopping");
    }
    return done.get();
  }

  async::EventLoop& loop_;
  std::weak_ptr<Core> core_;
  ChangeOwner owner_;
  std::atomic<bool> abandoned_ = false;
};

CommandJournal::CommandJournal(async::EventLoop& loop, UndoJournal& journal)
    : core_(std::make_shared<Core>(loop, journal)) {}

CommandJournal::~CommandJournal() = default;

std::shared_ptr<RunRecorder> CommandJournal::make_recorder(ChangeOwner owner) {
  return std::make_shared<Recorder>(core_, std::move(owner));
}

async::Task<void> CommandJournal::stop() { co_await core_->group.wait_until_empty(); }

}  // namespace pryx::tools::shell
