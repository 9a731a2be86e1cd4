// SPDX-License-Identifier: MIT
// Structured log: one event name and typed fields, never free text that was put together from data. JSON
// lines when stderr is no terminal, one aligned line for people otherwise. Secret has no overload here on
// purpose: it cannot be logged.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "foundation/base/clock.h"
#include "foundation/base/secret.h"

namespace pryx::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };

struct Field {
  using Value = std::variant<std::string, std::int64_t, double, bool>;
  std::string_view key;
  Value value;
  Field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view k, const Secret&) = delete;
};

struct Options {
  Level level = Level::kInfo;
  bool json = true;
  // Where finished lines go; called under the log's lock, from any thread. Default: one write(2) to stderr.
  std::function<void(std::string_view line)> sink;
  const Clock* clock = nullptr;  // must outlive the log; without one, lines carry no time
};

// Set once at start, before other threads exist.
void configure(Options options);
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kWarn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kError, event, fields);
}

}  // namespace pryx::log
