// SPDX-License-Identifier: MIT
#include "foundation/base/log.h"

#include <unistd.h>

#include <mutex>

#include "foundation/base/json.h"
#include "foundation/base/text.h"

namespace pryx::log {
namespace {

constexpr std::size_t kMaxFieldBytes = 2048;  // one hostile value cannot flood the log

struct State {
  std::mutex mutex;
  Options options;
};
// The one piece of process-wide state: every layer logs, and passing a logger through each call would hide
// the real parameters.
State& state() {
  static State instance;
  return instance;
}

constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};

json::value to_json(const Field::Value& v) {
  return std::visit(
      [](const auto& x) -> json::value {
        if constexpr (std::is_same_v<std::decay_t<decltype(x)>, std::string>) {
          return json::value(to_valid_utf8(utf8_prefix(x, kMaxFieldBytes)));
        } else {
          return json::value(x);
        }
      },
      v);
}

std::string json_line(const Options& options, Level level, std::string_view event,
                      std::initializer_list<Field> fields) {
  json::object line;
  if (options.clock != nullptr) line["time"] = to_rfc3339(options.clock->wall());
  line["level"] = kNames[static_cast<std::size_t>(level)];
  line["event"] = event;
  for (const Field& field : fields) line[field.key] = to_json(field.value);
  return json::to_text(line) + "\n";
}

// JSON's own escaping leaves nothing in the value that a terminal would act on, but DEL and C1 controls:
// those are replaced.
std::string text_line(const Options& options, Level level, std::string_view event,
                      std::initializer_list<Field> fields) {
  std::string line;
  if (options.clock != nullptr) line = to_rfc3339(options.clock->wall()).substr(11, 12) + " ";
  line += fmt::format("{:<5} {}", kNames[static_cast<std::size_t>(level)], event);
  for (const Field& field : fields) {
    const std::string text = json::to_text(to_json(field.value));
    line += fmt::format(" {}=", field.key);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
      if (c == 0x7F || c1)
        line += '?';
      else
        line += text[i];
      if (c1) ++i;
    }
  }
  return line + "\n";
}

void write_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, line.data(), line.size());
    if (n <= 0) return;  // a closed stderr must not stop the daemon
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

void configure(Options options) {
  const std::lock_guard lock(state().mutex);
  state().options = std::move(options);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  const std::lock_guard lock(state().mutex);
  const Options& options = state().options;
  if (level < options.level) return;
  const std::string line =
      options.json ? json_line(options, level, event, fields) : text_line(options, level, event, fields);
  if (options.sink)
    options.sink(line);
  else
    write_stderr(line);
}

}  // namespace pryx::log
