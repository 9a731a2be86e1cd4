// SPDX-License-Identifier: MIT
// Takes out of text what must not leave with it: who a person is, where they are reached, and what opens
// doors. Pure, in time linear in the text; a Redactor belongs to one document and one thread.
#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/secret.h"

namespace pryx::redaction {

// In the order of precedence: where findings overlap, the first of these names them.
enum class Kind : std::uint8_t {
  kStoredSecret,  // the value of a secret that Pryx keeps, wherever it turns up
  kPrivateKey,    // PEM and its relatives
  kJwt,
  kToken,        // of a vendor, told by its prefix; headers that carry one
  kCredentials,  // user and password in a URL or a connection string
  kPassword,     // what is assigned to a name that says so
  kEmail,
  kIban,
  kCard,
  kNationalId,
  kPhone,
  kMac,
  kIp,
  kUser,  // the name in the path of a home folder
};
inline constexpr std::size_t kKinds = 14;
// "email" of "[email-1]".
[[nodiscard]] std::string_view to_text(Kind kind);

struct Finding {
  std::size_t begin = 0;
  std::size_t end = 0;
  Kind kind = Kind::kEmail;
  bool operator==(const Finding&) const = default;
};

struct Options {
  // Exact values that must not appear, also percent-encoded, in base64, in hex or JSON-escaped. Shorter than
  // kMinCanaryBytes they are looked for as whole words only.
  std::vector<Secret> canaries;
  // Tests turn detectors off to see that they are missed.
  std::array<bool, kKinds> off{};
};
inline constexpr std::size_t kMinCanaryBytes = 6;

// What is sensitive in the text: in order, without overlaps.
[[nodiscard]] std::vector<Finding> find_sensitive(std::string_view text, const Options& options = {});

// One place that was changed, for a person who looks before a document leaves. Holds no sensitive value: what
// was there is masked, and what stands around it is shown as it will be.
struct Replacement {
  Kind kind = Kind::kEmail;
  std::string placeholder;
  std::string where;  // a JSON pointer; it goes on into a text that is JSON itself; empty: text() was used
  std::size_t begin = 0;   // in the string as it was, in bytes
  std::size_t length = 0;  // of what was taken out
  std::string before;      // one line
  std::string after;
};
// "a•••••om"; of what opens doors nothing but dots.
[[nodiscard]] std::string masked(Kind kind, std::string_view value);

// Replaces findings by "[email-1]": the same value has the same number in the whole document.
class Redactor {
 public:
  explicit Redactor(Options options = {});
  [[nodiscard]] std::string text(std::string_view text);
  // Every string of a document, keys included. A string that is JSON itself is read as such, and what a key
  // like "password" holds is taken out whatever it looks like.
  [[nodiscard]] json::value value(const json::value& document);
  // Called for each place that is changed from here on, in the order of the document.
  void on_replacement(std::function<void(Replacement)> tell) { tell_ = std::move(tell); }
  // How many different values of each kind were taken out.
  [[nodiscard]] const std::map<std::string, std::size_t, std::less<>>& counts() const { return counts_; }

 private:
  [[nodiscard]] std::string placeholder(Kind kind, std::string_view value);
  [[nodiscard]] std::string pass(std::string_view text, const std::vector<Finding>& findings);
  [[nodiscard]] json::value value_at(const json::value& document, std::size_t depth);
  [[nodiscard]] std::string text_or_document(std::string_view text, std::size_t depth);
  [[nodiscard]] std::string whole(Kind kind, std::string_view value);
  [[nodiscard]] json::object object_at(const json::object& object, std::size_t depth);
  std::function<void(Replacement)> tell_;
  std::string where_;
  Options options_;
  std::map<std::string, std::string, std::less<>> known_;  // kind and value -> placeholder
  std::map<std::string, std::size_t, std::less<>> counts_;
};

// A text that is a placeholder of ours and nothing else.
[[nodiscard]] bool is_placeholder(std::string_view text);

}  // namespace pryx::redaction
