// SPDX-License-Identifier: MIT
#include "surfaces/cli/edit_text.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "foundation/platform/files.h"
#include "foundation/platform/subprocess.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxText = 1u << 20;

// A private directory that goes with its file.
class ScratchFile {
 public:
  static Result<ScratchFile> make(const std::string& name, std::string_view text) {
    std::string pattern = "/tmp/pryx-edit-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      return fail(platform::system_error("make a directory below /tmp", errno));
    ScratchFile file;
    file.directory_ = pattern;
    file.path_ = pattern + "/" + name;
    PRYX_TRY_VOID(platform::atomic_write_file(file.path_, text, 0600));
    return file;
  }
  ScratchFile(ScratchFile&& other) noexcept
      : directory_(std::exchange(other.directory_, {})), path_(std::move(other.path_)) {}
  ScratchFile& operator=(ScratchFile&&) = delete;
  ~ScratchFile() {
    if (directory_.empty()) return;
    ::unlink(path_.c_str());
    ::rmdir(directory_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  // The person's work is kept when it could not be saved.
  void keep() { directory_.clear(); }

 private:
  ScratchFile() = default;
  std::string directory_, path_;
};

// The editor belongs to the terminal's foreground, so it stays in our session, unlike the children of the
// daemon.
Result<void> run_editor(const std::string& editor, const std::string& path) {
  const pid_t child = ::fork();
  if (child < 0) return fail(platform::system_error("start the editor", errno));
  if (child == 0) {
    // $EDITOR may hold arguments, as in "code --wait"; the path is an argument of its own.
    const std::string command = editor + " \"$1\"";
    ::execl("/bin/sh", "sh", "-c", command.c_str(), "sh", path.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(platform::system_error("wait for the editor", errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::kCancelled, "the editor '{}' ended without saving; set EDITOR to one that works",
              editor);
}

int report(Context& context, const EditableText& what, bool was_saved, std::string_view hash) {
  if (context.wants_json())
    context.console().print_json({{"saved", was_saved}, {"file", what.file_name}, {"hash", hash}});
  else
    context.console().note(was_saved ? "saved" : "nothing changed");
  return 0;
}

}  // namespace

Result<int> edit_over_api(Context& context, const EditableText& what) {
  Console& console = context.console();
  if (console.options().no_input || !console.options().in_is_tty) {
    return fail(ErrorCode::kInvalidArgument, "an editor needs a terminal; put the text in place with PUT {}",
                what.target);
  }
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply now, api->get(what.target));
  const std::string hash = json::string_or(now.json, "hash");
  std::string before = json::string_or(now.json, "text");
  if (before.empty() && !what.fallback_field.empty()) before = json::string_or(now.json, what.fallback_field);
  PRYX_TRY(ScratchFile file, ScratchFile::make(what.file_name, before));
  const std::string editor =
      context.environment().get_or("VISUAL", context.environment().get_or("EDITOR", "vi"));
  while (true) {
    PRYX_TRY_VOID(run_editor(editor, file.path()));
    PRYX_TRY(std::string after, platform::read_file(file.path(), kMaxText));
    if (after == before) {
      return report(context, what, false, hash);
    }
    const auto checked = what.check != nullptr ? what.check(after) : Result<void>{};
    if (!checked) {
      console.print_error(checked.error());
      PRYX_TRY(const bool again, console.confirm("Edit again?"));
      if (again && !console.options().assume_yes) continue;
      file.keep();
      return fail(ErrorCode::kCheckFailed, "nothing was saved; your text is in {}", file.path());
    }
    client::Call call{"PUT", what.target, json::object{{"text", std::move(after)}}, {}, {}};
    call.headers.add("If-Match", "\"" + hash + "\"");
    auto saved = api->call(std::move(call));
    if (!saved) {
      file.keep();
      console.note(fmt::format("your text is in {}", file.path()));
      return fail(std::move(saved.error()));
    }
    return report(context, what, true, json::string_or(saved->json, "hash"));
  }
}

}  // namespace pryx::cli
