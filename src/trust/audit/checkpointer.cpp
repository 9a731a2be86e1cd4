// SPDX-License-Identifier: MIT
#include "trust/audit/checkpointer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "foundation/platform/files.h"

namespace pryx::audit {
namespace {

constexpr std::size_t kTailBytes = 64u << 10;  // about two hundred checkpoints

std::string line_of(const StoredCheckpoint& checkpoint) {
  return json::canonical(json::object{
             {"at", to_rfc3339(checkpoint.at)}, {"note", checkpoint.note}, {"size", checkpoint.size}}) +
         "\n";
}

// Durable before it returns. A line that a crash cut short is closed first, so that it spoils no other.
Result<void> append_line(const std::string& path, const std::string& line) {
  const platform::UniqueFd fd(
      ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail(platform::system_error(fmt::format("open {}", path), errno));
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  char last = '\n';
  if (end > 0 && ::pread(fd.get(), &last, 1, end - 1) != 1)
    return fail(platform::system_error(fmt::format("read {}", path), errno));
  PRYX_TRY_VOID(platform::write_all(fd.get(), last == '\n' ? line : "\n" + line, path));
  if (::fsync(fd.get()) != 0) return fail(platform::system_error(fmt::format("sync {}", path), errno));
  return {};
}

}  // namespace

Result<std::vector<std::string>> notes_of(std::string_view text) {
  if (!text.starts_with('{')) {
    PRYX_TRY_VOID(parse_note(text));
    return std::vector<std::string>{std::string(text)};
  }
  std::vector<std::string> notes;
  const auto lines = split(text, '\n');
  for (const std::string_view line : lines) {
    if (trim(line).empty()) continue;
    const auto object = json::parse_object(line);
    if (!object) {
      // Cut by a crash while it was written; what it would say is in the database and in the next line.
      if (line.data() + line.size() == text.data() + text.size() || !line.ends_with('}')) continue;
      return fail(ErrorCode::kInvalidArgument, "line {} is no checkpoint", notes.size() + 1);
    }
    PRYX_TRY(std::string note, json::get_string(*object, "note"));
    notes.push_back(std::move(note));
  }
  return notes;
}

Result<std::vector<std::string>> read_last_notes(const std::string& path) {
  const platform::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return std::vector<std::string>();
  if (!fd) return fail(platform::system_error(fmt::format("open {}", path), errno));
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  if (end < 0) return fail(platform::system_error(fmt::format("read {}", path), errno));
  const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(kTailBytes));
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got =
        ::pread(fd.get(), text.data() + have, text.size() - have, begin + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(platform::system_error(fmt::format("read {}", path), errno));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  std::string_view rest = text;
  // The first line of what was read is most likely the end of one.
  if (begin > 0) rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  if (trim(rest).empty()) return std::vector<std::string>();
  return notes_of(rest);
}

Checkpointer::Checkpointer(async::EventLoop& loop, async::WorkerPool& pool, db::Database& database,
                           AuditLog& log, const Secret& seed, CheckpointerOptions options)
    : loop_(loop),
      pool_(pool),
      database_(database),
      log_(log),
      signer_(seed),
      options_(std::move(options)),
      group_(loop, "audit") {
  log_.on_growth([this](std::int64_t size) { note_growth(size); });
}

// The last signed root must be the root of the same entries today. Reads three tiles, whatever the log's
// size.
Result<StoredCheckpoint> Checkpointer::make_in(db::Transaction& transaction) const {
  db::Connection& c = transaction.db();
  PRYX_TRY(const std::int64_t size, AuditLog::size(c));
  PRYX_TRY(auto last, last_checkpoint(c));
  if (last) {
    PRYX_TRY(const Checkpoint before, open_note(last->note, signer_.public_key()));
    if (before.size > static_cast<std::uint64_t>(size))
      return fail(ErrorCode::kCheckFailed, "the audit log has {} entries, its last checkpoint {}", size,
                  before.size);
    PRYX_TRY(const Digest root, root_at(c, before.size));
    if (root != before.root)
      return fail(ErrorCode::kCheckFailed, "the first {} audit entries are not those that were signed",
                  before.size);
    if (before.size == static_cast<std::uint64_t>(size)) return std::move(*last);
  }
  PRYX_TRY(const Digest root, root_at(c, static_cast<std::uint64_t>(size)));
  StoredCheckpoint made{.size = static_cast<std::uint64_t>(size),
                        .at = loop_.clock().wall(),
                        .note = signer_.sign(static_cast<std::uint64_t>(size), root)};
  PRYX_TRY_VOID(put_checkpoint(c, made));
  return made;
}

async::Task<Result<void>> Checkpointer::start() {
  const auto completed = co_await database_.write([](db::Transaction& t) { return complete_tiles(t.db()); });
  if (!completed) co_return completed;
  const std::string folder = options_.file.substr(0, options_.file.rfind('/'));
  const auto outside = co_await pool_.run([&](const std::stop_token&) -> Result<std::vector<std::string>> {
    PRYX_TRY_VOID(platform::ensure_private_directory(folder));
    return read_last_notes(options_.file);
  });
  if (!outside) {
    problem_ = outside.error().message;
  } else if (!outside->empty()) {
    const auto held = co_await database_.read([&](db::Connection& c) -> Result<void> {
      PRYX_TRY(const Checkpoint kept, open_note(outside->back(), signer_.public_key()));
      PRYX_TRY(const std::int64_t size, AuditLog::size(c));
      if (kept.size > static_cast<std::uint64_t>(size))
        return fail(ErrorCode::kCheckFailed,
                    "the audit log has {} entries, but {} holds a checkpoint of {}: the database is older "
                    "than that, or entries were removed",
                    size, options_.file, kept.size);
      PRYX_TRY(const Digest root, root_at(c, kept.size));
      if (root != kept.root)
        return fail(ErrorCode::kCheckFailed,
                    "the first {} audit entries are not those of the checkpoint in {}", kept.size,
                    options_.file);
      return {};
    });
    if (!held) problem_ = held.error().message;
  }
  if (!problem_.empty()) log::error("audit.not_as_signed", {{"problem", problem_}});
  if (problem_.empty()) (void)co_await make();
  co_return Result<void>{};
}

void Checkpointer::note_verified(Verdict verdict, std::string by) {
  verified_ = Verified{.verdict = std::move(verdict), .at = loop_.clock().wall(), .by = std::move(by)};
}

async::Task<void> Checkpointer::stop() {
  if (std::exchange(stopped_, true)) co_return;
  if (timer_) loop_.cancel_timer(*timer_);
  timer_.reset();
  const auto last = co_await make();
  if (!last) log::error("audit.checkpoint_failed", {{"error", last.error().message}});
  co_await group_.stop();
}

void Checkpointer::note_growth(std::int64_t size) {
  size_ = size;
  if (stopped_ || is_making_) return;
  if (size_ - signed_size_ >= options_.entries) {
    if (timer_) loop_.cancel_timer(*timer_);
    timer_.reset();
    is_making_ = true;
    group_.spawn("checkpoint", make_in_background());
  } else if (!timer_ && options_.interval > Duration::zero()) {
    timer_ = loop_.call_after(options_.interval, [this] {
      timer_.reset();
      if (stopped_ || is_making_) return;
      is_making_ = true;
      group_.spawn("checkpoint", make_in_background());
    });
  }
}

async::Task<void> Checkpointer::make_in_background() {
  const auto made = co_await make();
  if (!made) log::error("audit.checkpoint_failed", {{"error", made.error().message}});
  is_making_ = false;
  if (made && size_ > signed_size_) note_growth(size_);
}

async::Task<Result<StoredCheckpoint>> Checkpointer::make() {
  // A log that is not as it was signed once gets no signature until somebody looked into it.
  if (!problem_.empty()) co_return fail(ErrorCode::kCheckFailed, "{}", problem_);
  auto made = co_await database_.write([this](db::Transaction& t) { return make_in(t); });
  if (!made) {
    if (made.error().code == ErrorCode::kCheckFailed) problem_ = made.error().message;
    co_return made;
  }
  if (static_cast<std::int64_t>(made->size) == signed_size_) co_return made;
  signed_size_ = static_cast<std::int64_t>(made->size);
  const auto copied = co_await copy_out(*made);
  if (!copied) log::error("audit.checkpoint_not_copied", {{"error", copied.error().message}});
  co_return made;
}

async::Task<Result<void>> Checkpointer::copy_out(StoredCheckpoint checkpoint) {
  std::string name = signer_.public_key().name;
  const std::string copy = copy_directory_.empty() ? std::string()
                                                   : fmt::format("{}/pryx-audit-{}.jsonl", copy_directory_,
                                                                 name.substr(name.rfind('/') + 1));
  co_return co_await pool_.run_to_end([&](const std::stop_token&) -> Result<void> {
    const std::string line = line_of(checkpoint);
    const Result<void> own = append_line(options_.file, line);
    if (!copy.empty()) PRYX_TRY_VOID(append_line(copy, line));
    return own;
  });
}

std::string Checkpointer::copies() const {
  return copy_directory_.empty() ? options_.file : fmt::format("{} and {}", options_.file, copy_directory_);
}

}  // namespace pryx::audit
