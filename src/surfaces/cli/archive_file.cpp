// SPDX-License-Identifier: MIT
#include "surfaces/cli/archive_file.h"

#include <fcntl.h>

#include "foundation/crypto/archive.h"
#include "foundation/crypto/system_random.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/read_secret.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxArchive = 80u << 20;

Result<Secret> ask_new(Context& context, bool from_stdin) {
  if (from_stdin || !context.console().options().in_is_tty) return read_secret(context, "passphrase", true);
  PRYX_TRY(Secret first, context.console().ask_secret("passphrase for the file"));
  PRYX_TRY(const Secret again, context.console().ask_secret("once more"));
  if (!first.equals(again.reveal())) return fail(ErrorCode::kInvalidArgument, "the two passphrases differ");
  return first;
}

}  // namespace

std::vector<Flag> sealing_flags() {
  return {{"--encrypt", "", "seal the file with a passphrase, which is asked for"},
          {"--passphrase-stdin", "", "read the passphrase from standard input"},
          {"-o,--output", "FILE", "else stdout"}};
}

Flag opening_flag() {
  return {"--passphrase-stdin", "", "read a sealed file's passphrase from standard input"};
}

Result<void> write_archive(Context& context, const Invocation& invocation, std::string text,
                           std::string_view remark) {
  if (invocation.has("passphrase-stdin") && !invocation.has("encrypt"))
    return fail(ErrorCode::kInvalidArgument, "--passphrase-stdin goes with --encrypt");
  const std::string path = invocation.value_or("output", "");
  if (invocation.has("encrypt")) {
    if (path.empty() && context.console().options().out_is_tty)
      return fail(ErrorCode::kInvalidArgument,
                  "a sealed file is no text for a terminal; name a file with -o");
    PRYX_TRY(const Secret passphrase, ask_new(context, invocation.has("passphrase-stdin")));
    PRYX_TRY_VOID(crypto::check_new_passphrase(passphrase));
    crypto::SystemRandom random;
    PRYX_TRY(text, crypto::seal_archive(passphrase, text, random));
  }
  if (path.empty()) return platform::write_all(1, text, "stdout");
  platform::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return fail(platform::system_error(fmt::format("write {}", path), errno));
  PRYX_TRY_VOID(platform::write_all(file.get(), text, path));
  context.console().report_written(
      path, text.size(),
      fmt::format("{}{}", remark, invocation.has("encrypt") ? ", sealed with the passphrase" : ""));
  return {};
}

Result<std::string> read_archive(Context& context, const Invocation& invocation, const std::string& path) {
  const bool from_stdin = path == "-";
  PRYX_TRY(std::string bytes, platform::read_file(from_stdin ? "/dev/stdin" : path, kMaxArchive));
  if (!crypto::is_archive(bytes)) return bytes;
  if (from_stdin)
    return fail(ErrorCode::kInvalidArgument,
                "a sealed file is named: standard input cannot also ask its passphrase");
  PRYX_TRY(const Secret passphrase,
           read_secret(context, "passphrase of the file", invocation.has("passphrase-stdin")));
  return crypto::open_archive(passphrase, bytes);
}

}  // namespace pryx::cli
