// SPDX-License-Identifier: MIT
// Where a machine is in a network, and whose home a path lies in.
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "foundation/base/text.h"
#include "trust/redaction/internal/pattern.h"

namespace pryx::redaction {
namespace {

// The word in front, without the space or sign between.
std::string word_before(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end > 0 && at - end < 3 && std::string_view(" :=/-").contains(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && end - begin < 16 && is_letter(text[begin - 1])) --begin;
  return std::string(text.substr(begin, end - begin));
}

// Numbers of versions, sections and objects have the same shape.
bool is_counted(std::string_view text, std::size_t at) {
  static constexpr std::string_view kWords[] = {
      "version",  "versions",        "ver",         "release", "rev",    "build", "v",
      "section",  "chapter",         "clause",      "oid",     "figure", "table", "driver",
      "firmware", "assemblyversion", "fileversion", "rfc",     "upgrade"};
  const std::string word = lower_ascii(word_before(text, at));
  return std::ranges::find(kWords, std::string_view(word)) != std::end(kWords);
}

bool is_public_ip(const Candidate& c) {
  std::array<int, 4> parts{};
  std::size_t i = 0;
  for (const std::string_view part : split(c.value(), '.')) {
    if (part.size() > 1 && part[0] == '0') return false;
    int value = 0;
    for (const char d : part) value = value * 10 + (d - '0');
    if (value > 255) return false;
    parts[i++] = value;
  }
  // This host, netmasks and versions that begin with nothing identify nobody.
  if (parts[0] == 0 || parts[0] == 127 || (parts[0] == 255 && parts[1] == 255)) return false;
  const char before = char_before(c.text, c.begin);
  const char after = char_at(c.text, c.end);
  const char earlier = c.begin >= 2 ? c.text[c.begin - 2] : '\0';
  if (before == '.' || before == '_' || (after == '.' && is_digit(char_at(c.text, c.end + 1)))) return false;
  if (before == '-' && is_letter(earlier)) return lower_ascii(word_before(c.text, c.begin)) == "ip";
  if (before == '=' && std::string_view("=<>~!").contains(earlier) && earlier != '\0') return false;
  if (before == '^' || before == '~') return false;
  if (before == '/' && is_letter(earlier)) {
    const std::string word = word_before(c.text, c.begin);
    if (!word.empty() && is_upper(word[0])) return false;  // Chrome/99.0.48.51
  }
  return !is_counted(c.text, c.begin);
}

bool is_hardware(const Candidate& c) {
  const char sign = c.value()[2];
  const char before = char_before(c.text, c.begin);
  const char after = char_at(c.text, c.end);
  if ((before == sign && c.begin >= 2 && is_hex(c.text[c.begin - 2])) ||
      (after == sign && is_hex(char_at(c.text, c.end + 1))))
    return false;
  if (is_word(before) || is_word(after)) return false;
  if (sign == '-' && std::ranges::none_of(c.value(), is_letter)) return false;
  const std::string lower = lower_ascii(c.value());
  return lower.find_first_not_of("0:-") != lower.npos && lower.find_first_not_of("f:-") != lower.npos;
}
bool is_dotted_hardware(const Candidate& c) {
  return std::ranges::any_of(c.value(), is_letter) && char_before(c.text, c.begin) != '.' &&
         char_at(c.text, c.end) != '.';
}

// Colons in a run of hex digits; the run is judged whole.
void scan_ipv6(Scan& scan) {
  const std::string_view text = scan.plain();
  constexpr std::size_t kLongest = 45;
  const auto belongs = [](char c) { return is_hex(c) || c == ':' || c == '.'; };
  for (std::size_t at = text.find("::") == text.npos && std::ranges::count(text, ':') < 7 ? text.npos
                                                                                          : text.find(':');
       at != text.npos;) {
    std::size_t begin = at;
    while (begin > 0 && belongs(text[begin - 1]) && at - begin <= kLongest) --begin;
    std::size_t end = at;
    while (end < text.size() && belongs(text[end])) ++end;
    const std::size_t next = text.find(':', end);
    std::size_t last = end;
    while (last > begin && (text[last - 1] == '.' ||
                            (text[last - 1] == ':' && !text.substr(begin, last - begin).ends_with("::"))))
      --last;
    const std::string run(text.substr(begin, std::min(last - begin, kLongest + 1)));
    in6_addr address{};
    const bool is_address = run.size() <= kLongest && !is_word(char_before(text, begin)) &&
                            !is_word(char_at(text, end)) && ::inet_pton(AF_INET6, run.c_str(), &address) == 1;
    const std::string_view first = std::string_view(run).substr(0, run.find(':'));
    const bool is_named = first.size() == 4 && std::ranges::any_of(first, is_digit);
    if (is_address && (is_named || run.starts_with("::ffff:") || run.starts_with("::FFFF:") ||
                       run.starts_with("64:ff9b") || std::ranges::count(run, ':') == 7)) {
      if (char_at(text, last) == '%')
        while (last + 1 < text.size() && is_alnum(text[last + 1])) ++last;
      scan.add(begin, char_at(text, last) == '%' || last > end ? last + (last > end ? 1 : 0) : last,
               Kind::kIp);
    }
    at = next;
  }
}

bool is_person(const Candidate& c) {
  static constexpr std::string_view kNobody[] = {
      "user",      "users",       "username",  "ubuntu",        "debian",
      "runner",    "runneradmin", "root",      "node",          "app",
      "pryx",      "public",      "shared",    "default",       "vagrant",
      "linuxbrew", "circleci",    "you",       "name",          "me",
      "yourname",  "your-name",   "your_name", "all users",     "default user",
      "nobody",    "guest",       "admin",     "administrator", "work",
      "index",     "docs",        "settings",  "lost+found",    "coder",
      "vscode",    "git",         "builder",   "deploy",        "jenkins",
      "www-data",  "ec2-user",    "pi",        "nonroot",       "containeradministrator",
      "..."};
  const std::string lower = lower_ascii(c.value());
  if (std::ranges::find(kNobody, std::string_view(lower)) != std::end(kNobody)) return false;
  return !is_placeholder(c.value()) &&
         !std::ranges::all_of(c.value(), [](char d) { return d == '.' || d == '*'; }) &&
         !lower.ends_with(".html") && !lower.ends_with(".php");
}
bool is_home(const Candidate& c) {
  // The folder in front has to be at the root, not that of a site or of another folder.
  const std::size_t slash = c.text.rfind("/home/", c.begin);
  const std::size_t other = c.text.rfind("/Users/", c.begin);
  const std::size_t start = slash != c.text.npos && slash + 6 == c.begin ? slash : other;
  if (start == c.text.npos) return false;
  const char before = char_before(c.text, start);
  const std::string_view front =
      c.text.substr(start - std::min<std::size_t>(start, 6), std::min<std::size_t>(start, 6));
  const bool is_mounted = front.ends_with("/mnt/c") || front.ends_with("/var") || front.ends_with("/export");
  return (!is_word(before) && before != '.' && before != '-' && before != '}') || is_mounted ||
                 (is_letter(before) && front.ends_with("/c"))
             ? is_person(c)
             : false;
}

constexpr PatternText kAddresses[] = {
    {Kind::kIp, ".", R"(\b[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\b)", is_public_ip},
    {Kind::kMac, ":", R"([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})", is_hardware},
    {Kind::kMac, "-", R"([0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5})", is_hardware},
    {Kind::kMac, ".", R"((?i)\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b)", is_dotted_hardware},
};
// Read in the text as it is: the backslashes of these paths are no escapes.
constexpr PatternText kHomes[] = {
    {Kind::kUser, "/home/", R"(/home/([^/\\\s:"'<>|*?$%{}()\[\],;`&#=]{1,64}))", is_home},
    {Kind::kUser, "/Users/", R"(/Users/([^/\\\s:"'<>|*?$%{}()\[\],;`&#=]{1,64}))", is_home},
    {Kind::kUser, "sers", R"((?i)\b[a-z]:[\\/]{1,4}users[\\/]{1,4}([^/\\:*?"<>|\r\n%${}]{1,64})[\\/])",
     is_person},
    {Kind::kUser, "sers", R"((?i)\b[a-z]:[\\/]{1,4}users[\\/]{1,4}([^/\\\s:*?"'<>|%${}\[\](),;`]{1,64}))",
     is_person},
};

}  // namespace

void scan_places(Scan& scan) {
  static const Patterns addresses(kAddresses);
  static const Patterns homes(kHomes);
  addresses.scan(scan, scan.plain());
  if (scan.wants(Kind::kIp)) scan_ipv6(scan);
  homes.scan(scan, scan.text());
}

}  // namespace pryx::redaction
