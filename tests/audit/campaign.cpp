// SPDX-License-Identifier: MIT
// What takes too long for CI: every bit of 256 KiB of an export flipped, and the speed of verifying, as JSON.
//   pryx_audit_campaign bits [BYTES]
//   pryx_audit_campaign speed ENTRIES FOLDER [--within SECONDS MILLISECONDS]
//     leaves FOLDER/log.jsonl, FOLDER/key and FOLDER/now.note; fails when verifying all of it or the worst
//     proof of an entry took longer
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "judge.h"
#include "written_log.h"

namespace {

using namespace pryx;
using namespace pryx::audit;
using namespace pryx::audit::testing;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// A flip inside of an entry is caught by the line alone or not at all, so the tree is not built again for
// each.
int flip_bits(std::size_t bytes) {
  WrittenLog log;
  log.add(40);
  log.erase_first_session();
  while (joined(log.lines()).size() < bytes) log.add(40);
  const auto lines = log.lines();
  std::size_t flips = 0, missed = 0;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    const bool is_entry = line != 0 && line + 1 != lines.size();
    for (std::size_t at = 0; at < lines[line].size() + 1; ++at) {
      for (int bit = 0; bit < 8; ++bit, ++flips) {
        if (is_entry && at < lines[line].size()) {
          std::string forged = lines[line];
          forged[at] = static_cast<char>(forged[at] ^ (1 << bit));
          std::string why;
          const auto entry =
              forged.find('\n') == std::string::npos ? audit_verify::parse_entry(forged, why) : std::nullopt;
          if (entry && entry->index == line) ++missed;
          continue;
        }
        // Head, tail and line ends: the whole text.
        std::string text = joined(lines);
        std::size_t offset = at;
        for (std::size_t before = 0; before < line; ++before) offset += lines[before].size() + 1;
        text[offset] = static_cast<char>(text[offset] ^ (1 << bit));
        if (judge(text, log.key_text()).ok) ++missed;
      }
    }
  }
  std::printf("{\"bytes\":%zu,\"flips\":%zu,\"missed\":%zu}\n", joined(lines).size(), flips, missed);
  return missed == 0 && judge(joined(lines), log.key_text()).ok ? 0 : 1;
}

struct Within {
  double verify_s = 0;
  double proof_ms = 0;
};

int measure(int entries, const std::string& folder, const std::optional<Within>& within) {
  WrittenLog log('b', folder);
  auto begin = std::chrono::steady_clock::now();
  for (int left = entries; left > 0; left -= 10'000) log.add(std::min(left, 10'000));
  const double written = seconds_since(begin);
  begin = std::chrono::steady_clock::now();
  const std::string note = log.note();
  const double signed_in = seconds_since(begin);
  begin = std::chrono::steady_clock::now();
  const auto verdict =
      verify_log(*log.db, {.log = &log.log, .key = &log.signer.public_key(), .outside = {note}});
  const double verified = seconds_since(begin);
  double worst = 0;
  for (int i = 0; i < 200; ++i) {
    begin = std::chrono::steady_clock::now();
    const auto proof = prove_entry(*log.db, 1 + static_cast<std::int64_t>(i) * entries / 200,
                                   static_cast<std::uint64_t>(entries));
    worst = std::max(worst, seconds_since(begin));
    if (!proof) return 1;
  }
  std::FILE* out = std::fopen((folder + "/log.jsonl").c_str(), "wb");
  if (out == nullptr || !verdict || !verdict->ok()) return 1;
  std::fprintf(out, "%s\n",
               export_head(log.signer.public_key().name, static_cast<std::uint64_t>(entries)).c_str());
  const auto walked = log.log.walk(*log.db, 1, entries, [&](const Row& row) {
    std::fprintf(out, "%s\n", export_entry(row).c_str());
    return true;
  });
  std::fprintf(out, "%s\n", export_tail(note).c_str());
  std::fclose(out);
  for (const auto& [name, text] : {std::pair{"key", log.key_text()}, std::pair{"now.note", note}}) {
    std::FILE* file = std::fopen((folder + "/" + name).c_str(), "wb");
    if (file == nullptr) return 1;
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
  std::printf(
      "{\"entries\":%d,\"append_us\":%.2f,\"checkpoint_ms\":%.2f,\"verify_s\":%.2f,\"worst_proof_ms\":%.2f}"
      "\n",
      entries, written / entries * 1e6, signed_in * 1e3, verified, worst * 1e3);
  if (!walked) return 1;
  if (!within || (verified <= within->verify_s && worst * 1e3 <= within->proof_ms)) return 0;
  std::fprintf(stderr, "too slow: %.2f s to verify (limit %.2f), %.2f ms for a proof (limit %.2f)\n",
               verified, within->verify_s, worst * 1e3, within->proof_ms);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "bits") == 0)
    return flip_bits(argc > 2 ? static_cast<std::size_t>(std::atoll(argv[2])) : 256u << 10);
  if (argc == 4 && std::strcmp(argv[1], "speed") == 0) return measure(std::atoi(argv[2]), argv[3], {});
  if (argc == 7 && std::strcmp(argv[1], "speed") == 0 && std::strcmp(argv[4], "--within") == 0)
    return measure(std::atoi(argv[2]), argv[3], Within{std::atof(argv[5]), std::atof(argv[6])});
  std::fputs(
      "usage: pryx_audit_campaign bits [BYTES] | speed ENTRIES FOLDER [--within SECONDS MILLISECONDS]\n",
      stderr);
  return 2;
}
