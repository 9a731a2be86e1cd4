// SPDX-License-Identifier: MIT
// Redaction of any bytes: what was taken out is not found again, stored secrets are gone, JSON stays JSON.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "trust/redaction/redactor.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  redaction::Options options;
  options.canaries.emplace_back("canary-7f3a");
  const auto findings = redaction::find_sensitive(text, options);
  std::size_t last = 0;
  for (const redaction::Finding& finding : findings) {
    require(finding.begin >= last && finding.begin < finding.end && finding.end <= size,
            "findings are in order and apart");
    last = finding.end;
  }
  redaction::Redactor redactor(options);
  const std::string out = redactor.text(text);
  require(!out.contains("canary-7f3a"), "a stored secret is gone");
  if (findings.empty()) require(out == text, "what has no finding stays");
  redaction::Redactor watched(options);
  std::size_t told = 0;
  std::string rebuilt;
  watched.on_replacement([&](const redaction::Replacement& r) {
    require(r.begin >= told && r.length <= size && r.begin <= size - r.length,
            "changes are in order and apart");
    rebuilt += text.substr(told, r.begin - told);
    rebuilt += r.placeholder;
    told = r.begin + r.length;
    require(!r.before.contains("canary-7f3a"), "what is shown of a change is masked");
  });
  require(watched.text(text) == out, "looking on changes nothing");
  rebuilt += text.substr(told);
  require(rebuilt == out, "the changes make the result");
  if (const auto document = json::parse(text)) {
    const json::value redacted = redaction::Redactor(options).value(*document);
    require(redacted.kind() == document->kind() || document->is_number(), "a document keeps its shape");
    require(json::parse(json::to_text(redacted), json::kOwnText).has_value(), "a document stays one");
  }
  return 0;
}
