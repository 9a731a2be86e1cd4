// SPDX-License-Identifier: MIT
// pryx-audit-verify: says whether an exported audit log is the one that was signed. Needs the public key and
// nothing else of Pryx; run it on another machine than the one in doubt.
#include <cstdio>
#include <cstring>
#include <string>

#include "export_reader.h"
#include "verifier.h"

namespace {

using namespace audit_verify;

constexpr int kOk = 0, kFailure = 1, kUsage = 2, kBad = 3;
constexpr std::size_t kMaxNotes = 64u << 20;

constexpr const char* kHelp =
    "usage: pryx-audit-verify --key KEY [--against FILE]... [--proof] FILE\n"
    "\n"
    "  FILE            pryx audit export --format jsonl ('-': stdin); with --proof the body of GET "
    "/audit/proof\n"
    "  --key KEY       the public key, or a file that holds it: pryx audit checkpoint --key\n"
    "  --against FILE  checkpoints that were kept elsewhere: a note, or checkpoints.jsonl\n"
    "\n"
    "Keep old checkpoints where the machine in doubt cannot write. Without one, a log that was cut short or\n"
    "rewritten together with its key is not told from a true one.\n"
    "Exits 0 when all holds, 3 when not (also for a proof without its entry), 2 for wrong usage, 1 when a "
    "file cannot be read.\n";

struct Options {
  std::string key, file;
  std::vector<std::string> against;
  bool proof = false;
};

bool read_all(const std::string& path, std::string& out, std::size_t most) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  char buffer[65536];
  std::size_t n = 0;
  while (out.size() <= most && (n = std::fread(buffer, 1, sizeof buffer, file)) > 0) out.append(buffer, n);
  const bool ok = std::ferror(file) == 0 && out.size() <= most;
  if (file != stdin) std::fclose(file);
  return ok;
}

bool parse_options(int argc, char** argv, Options& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--key" && has_value)
      out.key = argv[++i];
    else if (word == "--against" && has_value)
      out.against.emplace_back(argv[++i]);
    else if (word == "--proof")
      out.proof = true;
    else if ((word == "-" || !word.starts_with('-')) && out.file.empty())
      out.file = word;
    else
      return false;
  }
  return !out.key.empty() && !out.file.empty();
}

int fail(int code, const std::string& text) {
  std::fprintf(stderr, "pryx-audit-verify: %s\n", text.c_str());
  return code;
}

int print(const Report& report) {
  const std::string index = report.first_bad_index ? std::to_string(*report.first_bad_index) : "null";
  std::string reason;
  for (const char c : report.reason)
    if (c >= ' ' && c != '"' && c != '\\') reason += c;
  std::printf(
      "{\"ok\":%s,\"entries\":%llu,\"erased\":%llu,\"kept_checkpoints\":%llu,\"first_bad_index\":%s,"
      "\"reason\":%s,\"root\":\"%s\"}\n",
      report.ok ? "true" : "false", static_cast<unsigned long long>(report.entries),
      static_cast<unsigned long long>(report.erased), static_cast<unsigned long long>(report.pinned),
      index.c_str(), reason.empty() ? "null" : ("\"" + reason + "\"").c_str(), hex_of(report.root).c_str());
  return report.ok ? kOk : kBad;
}

// Lines as they come, without holding the file.
bool feed(Verifier& verifier, const std::string& path, bool& is_cut) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  std::string pending, buffer(1u << 20, '\0');
  std::size_t n = 0;
  while (!verifier.is_over() && (n = std::fread(buffer.data(), 1, buffer.size(), file)) > 0) {
    std::string_view rest(buffer.data(), n);
    for (const void* end; (end = std::memchr(rest.data(), '\n', rest.size())) != nullptr;) {
      const std::size_t length = static_cast<std::size_t>(static_cast<const char*>(end) - rest.data());
      if (pending.empty()) {
        verifier.take_line(rest.substr(0, length));
      } else {
        pending.append(rest.substr(0, length));
        verifier.take_line(pending);
        pending.clear();
      }
      rest.remove_prefix(length + 1);
      if (rest.empty()) break;
    }
    pending.append(rest);
    if (pending.size() > kMaxLine) break;
  }
  is_cut = !pending.empty();
  const bool ok = std::ferror(file) == 0;
  if (file != stdin) std::fclose(file);
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) return std::fputs(kHelp, stdout) < 0 ? kFailure : kOk;
  if (!parse_options(argc, argv, options)) return std::fputs(kHelp, stderr), kUsage;
  std::string key_text = options.key;
  if (!parse_key(key_text)) {
    key_text.clear();
    if (!read_all(options.key, key_text, 4096)) return fail(kFailure, "cannot read the key " + options.key);
    while (key_text.ends_with('\n')) key_text.pop_back();
  }
  const auto key = parse_key(key_text);
  if (!key) return fail(kUsage, options.key + " is no public key of an audit log");
  std::vector<std::string> kept;
  for (const std::string& path : options.against) {
    std::string text;
    if (!read_all(path, text, kMaxNotes)) return fail(kFailure, "cannot read " + path);
    auto notes = notes_in(text);
    if (!notes) return fail(kBad, path + " holds no checkpoints");
    kept.insert(kept.end(), notes->begin(), notes->end());
  }
  if (options.proof) {
    std::string json;
    if (!read_all(options.file, json, kMaxLine)) return fail(kFailure, "cannot read " + options.file);
    return print(verify_proof(*key, json, kept));
  }
  Verifier verifier(*key, kept);
  bool is_cut = false;
  if (!feed(verifier, options.file, is_cut)) return fail(kFailure, "cannot read " + options.file);
  return print(verifier.finish(is_cut));
}
