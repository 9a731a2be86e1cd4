// SPDX-License-Identifier: MIT
// pryx-worker: reads one job, closes itself in, does it, writes the answer.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "charset.h"
#include "confine.h"
#include "job.h"

namespace {

constexpr std::size_t kMaxInput = 32u << 20;

bool read_all(std::string& input) {
  char buffer[64 << 10];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got == 0) return true;
    if (got < 0 || input.size() + static_cast<std::size_t>(got) > kMaxInput) return false;
    input.append(buffer, static_cast<std::size_t>(got));
  }
}

bool write_all(const std::string& output) {
  std::size_t done = 0;
  while (done < output.size()) {
    const ssize_t put = ::write(STDOUT_FILENO, output.data() + done, output.size() - done);
    if (put <= 0) return false;
    done += static_cast<std::size_t>(put);
  }
  return true;
}

// Without anything that a library does at the end. Not [[noreturn]]: the address sanitizer does work of its
// own before such calls, and that is beyond the walls.
int leave(int code) { return static_cast<int>(::syscall(SYS_exit_group, code)); }

}  // namespace

int main() {
  using namespace pryx::worker;
  std::string input;
  if (!read_all(input)) return 3;
  const auto job = read_job(input);
  if (!job) return 2;
  // Opening an encoder may load a table from disk, so it comes before the walls; running it comes after.
  Decoder decoder(detect_charset(job->charset, job->document, job->kind == "html"));
  if (!confine()) return 4;
  if (job->kind == "attempt") return leave(::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 5);
  const std::string utf8 = decoder.to_utf8(job->document);
  return leave(write_all(run_job(*job, utf8)) ? 0 : 6);
}
