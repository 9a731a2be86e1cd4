// SPDX-License-Identifier: MIT
#include "engine/tools/shell/output_scrubber.h"

#include <algorithm>

#include "engine/tools/secret_forms.h"

namespace pryx::tools::shell {

namespace {

std::vector<Secret> values_of(const std::vector<sandbox::SecretFile>& files) {
  std::vector<Secret> out;
  for (const sandbox::SecretFile& file : files) out.push_back(file.value);
  return out;
}

}  // namespace

SecretScrubbers::SecretScrubbers(const std::vector<sandbox::SecretFile>& secrets)
    : is_idle_(secrets.empty()),
      streams_{OutputScrubber(values_of(secrets)), OutputScrubber(values_of(secrets))} {}

OutputScrubber::OutputScrubber(const std::vector<Secret>& secrets) {
  for (const Secret& secret : secrets) {
    for (Secret& form : secret_forms(secret)) forms_.push_back(std::move(form));
  }
  std::ranges::sort(forms_,
                    [](const Secret& a, const Secret& b) { return a.reveal().size() > b.reveal().size(); });
  for (const Secret& form : forms_) begins_[static_cast<unsigned char>(form.reveal().front())] = true;
}

std::string OutputScrubber::add(std::string_view bytes) {
  if (forms_.empty()) return std::string(bytes);
  waiting_ += bytes;
  return take(End::kNotYet);
}

std::string OutputScrubber::finish() { return take(End::kReached); }

std::string OutputScrubber::take(End end) {
  std::string out;
  const std::string_view text = waiting_;
  std::size_t at = 0;
  while (at < text.size()) {
    if (!begins_[static_cast<unsigned char>(text[at])]) {
      out += text[at++];
      continue;
    }
    const std::string_view rest = text.substr(at);
    std::size_t found = 0;
    bool may_go_on = false;
    // The longest decides, so that one secret that begins like another one does not leave its end behind.
    for (const Secret& form : forms_) {
      const std::string& value = form.reveal();
      if (rest.starts_with(value)) {
        found = value.size();
        break;
      }
      may_go_on = may_go_on || (end == End::kNotYet && value.starts_with(rest));
      if (may_go_on) break;
    }
    if (may_go_on) break;
    if (found == 0) {
      out += text[at++];
      continue;
    }
    out += kSecretRemoved;
    ++removed_;
    at += found;
  }
  std::string left = waiting_.substr(at);
  wipe(waiting_);
  waiting_ = std::move(left);
  return out;
}

}  // namespace pryx::tools::shell
