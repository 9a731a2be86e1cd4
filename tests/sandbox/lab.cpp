// SPDX-License-Identifier: MIT
// Runs commands in the product's own sandbox for tests/sandbox/run and bench/run: one JSON object a line in,
// one out.
//   pryx_sandbox_lab --init FILE --scratch DIR --home DIR [--hide PATH]… [--without LAYER]… [--abi N]
//   {"argv":[…],"workspace":"DIR","cwd":"","env":{},"egress":"SOCKET","writable":true}
//   → {"code":0,"output":"…","errors":"…","refusal":"…","changed":[…],"quarantined":[…],"direct":"why",
//      "start_us":N}
// The first line out is the report.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>

#include "foundation/async/job_thread.h"
#include "foundation/base/json.h"
#include "foundation/base/text.h"
#include "trust/sandbox/sandbox.h"

namespace {

using namespace pryx;

constexpr auto kLimit = std::chrono::seconds(60);

std::string text_of(const json::object& row, const char* key) {
  const json::value* value = row.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

void drain(platform::UniqueFd& fd, std::string& into) {
  char buffer[16384];
  while (fd) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got > 0 && into.size() < (1u << 20)) into.append(buffer, static_cast<std::size_t>(got));
    if (got == 0) fd.reset();
    if (got <= 0) return;
  }
}

json::array strings(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& text : list) out.emplace_back(to_valid_utf8(text));
  return out;
}

json::object run(sandbox::Sandbox& box, const json::object& row) {
  sandbox::Request request;
  for (const json::value& word : row.at("argv").as_array()) request.argv.emplace_back(word.as_string());
  request.program = request.argv.at(0);
  request.cwd = text_of(row, "cwd");
  request.egress_socket = text_of(row, "egress");
  if (const json::value* writable = row.if_contains("writable"))
    request.workspace_writable = writable->as_bool();
  if (const json::value* env = row.if_contains("env")) {
    for (const auto& [name, value] : env->as_object())
      request.env[std::string(name)] = std::string(value.as_string());
  }
  if (const std::string workspace = text_of(row, "workspace"); !workspace.empty()) {
    auto held = platform::HeldDirectory::open(workspace);
    if (!held) return {{"code", -1}, {"refusal", held.error().message}};
    request.workspace = std::make_shared<const platform::HeldDirectory>(std::move(*held));
  }
  const auto begin = std::chrono::steady_clock::now();
  auto started = box.launch(request);
  const auto start = std::chrono::steady_clock::now() - begin;
  if (!started) return {{"code", -1}, {"refusal", started.error().message}};
  platform::Subprocess& child = (*started)->process();
  std::string output, errors;
  for (;;) {
    pollfd entries[] = {{child.pidfd(), POLLIN, 0},
                        {child.output().get(), POLLIN, 0},
                        {child.error_output().get(), POLLIN, 0}};
    if (::poll(entries, 3, static_cast<int>(std::chrono::milliseconds(kLimit).count())) == 0) break;
    drain(child.output(), output);
    drain(child.error_output(), errors);
    if (entries[0].revents != 0) break;
  }
  json::object out;
  const auto status = child.wait_for(Duration::zero());
  out["code"] = status && *status ? (*status)->code : -2;
  const auto applied = (*started)->finish();
  drain(child.output(), output);
  drain(child.error_output(), errors);
  out["output"] = to_valid_utf8(output);
  out["errors"] = to_valid_utf8(errors);
  out["refusal"] = applied ? "" : applied.error().message;
  out["changed"] = applied ? strings(applied->changed) : json::array{};
  out["quarantined"] = applied ? strings(applied->quarantined) : json::array{};
  out["direct"] = applied ? applied->written_directly : "";
  out["start_us"] = std::chrono::duration_cast<std::chrono::microseconds>(start).count();
  started->reset();
  out["total_us"] =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

// The same program without any wall, for the difference.
json::object run_plain(const json::object& row) {
  platform::SpawnOptions options;
  for (const json::value& word : row.at("argv").as_array()) options.argv.emplace_back(word.as_string());
  options.executable = options.argv.at(0);
  options.standard_output = platform::Stream::kPipe;
  options.standard_error = platform::Stream::kPipe;
  const auto begin = std::chrono::steady_clock::now();
  auto child = platform::Subprocess::spawn(options);
  const auto start = std::chrono::steady_clock::now() - begin;
  if (!child) return {{"code", -1}, {"refusal", child.error().message}};
  const auto status = child->wait_for(kLimit);
  const auto total = std::chrono::steady_clock::now() - begin;
  return {{"code", status && *status ? (*status)->code : -2},
          {"start_us", std::chrono::duration_cast<std::chrono::microseconds>(start).count()},
          {"total_us", std::chrono::duration_cast<std::chrono::microseconds>(total).count()}};
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  sandbox::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--init") options.init_program = value;
    if (flag == "--scratch") options.scratch = value;
    if (flag == "--home") options.home = value;
    if (flag == "--hide") options.hidden_paths.push_back(value);
    if (flag == "--without") options.without.insert(value);
    if (flag == "--abi") options.landlock_abi_cap = std::stoi(value);
  }
  async::JobThread cleaner;
  options.later = [&cleaner](std::function<void()> job) { return cleaner.add(std::move(job)); };
  const auto box = sandbox::make_sandbox(options);
  json::array layers;
  for (const sandbox::Layer& layer : box->report().layers)
    layers.push_back(json::object{
        {"name", layer.name}, {"works", layer.works}, {"detail", layer.detail}, {"fix", layer.fix}});
  std::cout << json::to_text(json::object{{"usable", box->report().usable}, {"layers", std::move(layers)}})
            << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto parsed = json::parse(line);
    if (!parsed || !parsed->is_object()) return 2;
    const json::object& row = parsed->as_object();
    std::cout << json::to_text(row.contains("plain") ? run_plain(row) : run(*box, row)) << std::endl;
  }
  return 0;
}
