// SPDX-License-Identifier: MIT
// Files that a command writes for later, and reads again: sealed with a passphrase when that is wanted. The
// daemon sees neither the passphrase nor the sealed file.
#pragma once
#include <string>

#include "surfaces/cli/context.h"

namespace pryx::cli {

// --encrypt and --passphrase-stdin, for the tables of commands.
[[nodiscard]] std::vector<Flag> sealing_flags();
[[nodiscard]] Flag opening_flag();

// To --output, readable by its owner alone, or to stdout; sealed with --encrypt. Says what was written.
[[nodiscard]] Result<void> write_archive(Context& context, const Invocation& invocation, std::string text,
                                         std::string_view remark);
// A file, or "-" for standard input; asks for the passphrase when it is sealed.
[[nodiscard]] Result<std::string> read_archive(Context& context, const Invocation& invocation,
                                               const std::string& path);

}  // namespace pryx::cli
