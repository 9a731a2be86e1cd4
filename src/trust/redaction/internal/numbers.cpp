// SPDX-License-Identifier: MIT
// Numbers that name an account, a card, a person or a telephone.
#include <algorithm>

#include "trust/redaction/internal/checks.h"
#include "trust/redaction/internal/pattern.h"

namespace pryx::redaction {
namespace {

void scan_ibans(Scan& scan) {
  const std::string_view text = scan.plain();
  for (std::size_t at = 0; at + 15 <= text.size(); ++at) {
    if (!is_letter(text[at]) || !is_letter(text[at + 1]) || !is_digit(text[at + 2]) ||
        !is_digit(text[at + 3]) || is_word(char_before(text, at)))
      continue;
    std::string compact;
    const auto capital = [](char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; };
    const std::string country = {capital(text[at]), capital(text[at + 1])};
    const std::size_t length = iban_length(country);
    std::size_t end = at;
    while (compact.size() < length && end < text.size()) {
      if (is_alnum(text[end])) {
        compact += capital(text[end++]);
      } else if ((text[end] == ' ' || text[end] == '-' || text[end] == '.') &&
                 is_alnum(char_at(text, end + 1))) {
        ++end;
      } else {
        break;
      }
    }
    if (!is_iban(compact) || is_alnum(char_at(text, end))) continue;
    scan.add(at, end, Kind::kIban);
    at = end - 1;
  }
}

// Digits in groups, with one separator between two of them.
struct Group {
  std::size_t begin;
  std::size_t end;
};

// Reads groups from `at` on; at most so many digits, then it stops before the group that is too much.
std::vector<Group> read_groups(std::string_view text, std::size_t at, std::string_view separators,
                               std::size_t most) {
  std::vector<Group> groups;
  std::size_t digits = 0;
  while (is_digit(char_at(text, at))) {
    std::size_t end = at;
    while (is_digit(char_at(text, end)) && end - at <= most) ++end;
    digits += end - at;
    if (digits > most) break;
    groups.push_back({at, end});
    at = end;
    // Two separators in a row: ") " and " (" of area codes.
    for (int i = 0; i < 3 && at < text.size() && separators.contains(text[at]); ++i) ++at;
    if (at == end) break;
  }
  return groups;
}

// Windows over whole groups, so that a number beside another one is found too.
void scan_cards(Scan& scan) {
  const std::string_view text = scan.plain();
  constexpr std::size_t kLongest = 19;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]) || is_word(char_before(text, at))) continue;
    const bool after_point = char_before(text, at) == '.' && at >= 2 && is_digit(text[at - 2]);
    std::vector<Group> groups;
    std::size_t run = at;
    while (is_digit(char_at(text, run))) ++run;
    if (!after_point && run - at <= kLongest) groups = read_groups(text, at, " -", kLongest);
    for (std::size_t count = groups.size(); count > 0; --count) {
      const std::size_t end = groups[count - 1].end;
      const bool even = std::ranges::all_of(std::span(groups).first(count),
                                            [](const Group& g) { return g.end - g.begin >= 3; });
      if (!even || is_word(char_at(text, end)) || !is_card_number(digits_of(text.substr(at, end - at))))
        continue;
      scan.add(at, end, Kind::kCard);
      run = end;
      break;
    }
    at = run - 1;
  }
}

std::size_t digits_in(std::string_view text, const std::vector<Group>& groups) {
  (void)text;
  std::size_t count = 0;
  for (const Group& group : groups) count += group.end - group.begin;
  return count;
}

constexpr std::string_view kPhoneSeparators = " .-/()";

// The plus sign, a country code, and what follows of at most 15 digits (E.164).
void scan_international(Scan& scan) {
  const std::string_view text = scan.plain();
  for (std::size_t at = text.find('+'); at != text.npos; at = text.find('+', at + 1)) {
    const char before = char_before(text, at);
    if (is_word(before) || before == '+' || before == ')') continue;
    std::size_t from = at + 1;
    if (char_at(text, from) == '(') ++from;
    if (!is_digit(char_at(text, from)) || text[from] == '0') continue;
    const auto groups = read_groups(text, from, kPhoneSeparators, 15);
    if (groups.empty() || digits_in(text, groups) < 8) continue;
    const std::size_t end = groups.back().end;
    if (!is_word(char_at(text, end))) scan.add(at, end, Kind::kPhone);
  }
}

void scan_phones_by_name(Scan& scan) {
  static const auto expression = compile(
      R"((?i)\b(?:tel|phone|telephone|mobile|cell ?phone|fax|whatsapp|sms|telefon|telefono|telefone|t(?:é|e)l(?:é|e)phone|tél|telefonnummer|handy|m(?:o|ó)vil|tel(?:e|é)fono|rufnummer|mob|call (?:me |us |her |him |them )?(?:at|on|under)|ring me on)(?:_?(?:number|no|num|nr|home|work))?(?:\b|\.)["'.]{0,2}[ \t]{0,2}[:=#]?[ \t]{0,2}["'(+]{0,2})");
  const std::string_view text = scan.plain();
  const re2::StringPiece piece(text.data(), text.size());
  re2::StringPiece found;
  std::size_t from = 0;
  while (expression->Match(piece, from, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
    from = static_cast<std::size_t>(found.data() - text.data()) + found.size();
    const auto groups = read_groups(text, from, kPhoneSeparators, 15);
    if (digits_in(text, groups) < 7 || is_word(char_at(text, groups.back().end))) continue;
    scan.add(groups.front().begin, groups.back().end, Kind::kPhone);
  }
}

// Not a part of a longer thing with the same separators.
bool is_whole(const Candidate& c) {
  const char before = char_before(c.text, c.begin);
  const char after = char_at(c.text, c.end);
  const bool joins_before = std::string_view("-./:+=_").contains(before) && before != '\0' && c.begin >= 2 &&
                            is_alnum(c.text[c.begin - 2]) && before != ':' && before != '=';
  const bool joins_after = (after == '-' || after == '.' || after == '/' || after == ':' || after == '_') &&
                           is_alnum(char_at(c.text, c.end + 1));
  return !is_word(before) && !is_word(after) && !joins_before && !joins_after;
}
bool is_national_phone(const Candidate& c) {
  const std::size_t digits = digits_of(c.value()).size();
  const char after = char_at(c.text, c.end);
  const bool goes_on = (after == ' ' && is_digit(char_at(c.text, c.end + 1)));
  const bool began_before =
      char_before(c.text, c.begin) == ' ' && c.begin >= 2 && is_digit(c.text[c.begin - 2]);
  return is_whole(c) && digits >= 9 && digits <= 13 && !goes_on && !began_before;
}
bool is_american_phone(const Candidate& c) {
  const char before = char_before(c.text, c.begin);
  return is_whole(c) && !(before == ' ' && c.begin >= 2 && is_digit(c.text[c.begin - 2]) &&
                          c.value()[0] != '(' && c.value()[0] != '1');
}

template <bool (*check)(std::string_view)>
bool checked(const Candidate& c) {
  return is_whole(c) && check(c.value());
}

constexpr PatternText kNumbers[] = {
    {Kind::kNationalId, "", R"(\b(?:[0-9]{8}|[XYZ][0-9]{7})[ -]?[A-Z]\b)", checked<is_spanish_id>},
    {Kind::kNationalId, "",
     R"(\b[12] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}\b)",
     checked<is_french_id>},
    {Kind::kNationalId, "",
     R"((?i)\b[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]\b)",
     checked<is_italian_id>},
    {Kind::kNationalId, "",
     R"((?i)\b(?:bsn|burgerservicenummer|sofinummer)[^0-9\n]{0,16}\b([0-9]{8,9}|[0-9]{4}[. ][0-9]{2}[. ][0-9]{3}|[0-9]{3}[. ][0-9]{3}[. ][0-9]{3})\b)",
     checked<is_dutch_id>},
    {Kind::kNationalId, "",
     R"((?i)\b(?:steuer[- ]?id|steuer-?idnr|steueridentifikationsnummer|idnr|steuernummer|tax ?id|tin)[^0-9\n]{0,16}\b([0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3})\b)",
     checked<is_german_id>},
    {Kind::kNationalId, "", R"(\b[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}[.-][0-9]{2}\b)",
     checked<is_belgian_id>},
    {Kind::kNationalId, "", R"((?i)\bpesel[^0-9\n]{0,16}\b([0-9]{11})\b)", checked<is_polish_id>},
    {Kind::kNationalId, "", R"(\b(?:19|20)?[0-9]{6}[-+][0-9]{4}\b)", checked<is_swedish_id>},
    {Kind::kNationalId, "", R"(\b[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]\b)", checked<is_finnish_id>},
    {Kind::kNationalId, "", R"(\b[0-9]{6} ?[0-9]{5}\b)", checked<is_norwegian_id>},
    {Kind::kNationalId, "756", R"(\b756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}\b)", checked<is_swiss_id>},
    {Kind::kNationalId, "", R"((?i)\b(?:nif|contribuinte)[^0-9\n]{0,16}\b([0-9]{3} ?[0-9]{3} ?[0-9]{3})\b)",
     checked<is_portuguese_id>},
    {Kind::kNationalId, "/", R"(\b[0-9]{6}/[0-9]{4}\b)", checked<is_czech_id>},
    {Kind::kNationalId, "", R"(\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b)", checked<is_brazilian_id>},
    {Kind::kNationalId, "", R"(\b[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}\b)",
     checked<is_brazilian_id>},
    {Kind::kNationalId, "", R"((?i)\b(?:cpf|cnpj)[^0-9\n]{0,16}\b([0-9]{14}|[0-9]{11})\b)",
     checked<is_brazilian_id>},
    {Kind::kNationalId, "", R"(\b[2-9][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}\b)", checked<is_indian_id>},
    {Kind::kNationalId, "", R"((?i)\baadhaar[^0-9\n]{0,16}\b([2-9][0-9]{11})\b)", checked<is_indian_id>},
    {Kind::kNationalId, "", R"(\b[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx]\b)", checked<is_chinese_id>},
    {Kind::kNationalId, "", R"(\b[0-9]{3}-[0-9]{3}-[0-9]{3}\b)", checked<is_canadian_id>},
    {Kind::kNationalId, "",
     R"((?i)\b(?:sin|social insurance(?: number)?|nas)[^0-9\n]{0,16}\b([0-9]{3} ?[0-9]{3} ?[0-9]{3})\b)",
     checked<is_canadian_id>},
    {Kind::kNationalId, "", R"((?i)\bnhs[^0-9\n]{0,16}\b([0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4})\b)",
     checked<is_british_health_id>},
    {Kind::kNationalId, "", R"(\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b)", checked<is_us_id>},
    {Kind::kNationalId, "",
     R"((?i)\b(?:ssn|social security(?: number)?)[^0-9\n]{0,16}\b([0-9]{3}[ ]?[0-9]{2}[ ]?[0-9]{4})\b)",
     checked<is_us_id>},
    {Kind::kNationalId, "", R"(\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\b)",
     checked<is_british_id>},
    {Kind::kNationalId, "",
     R"((?i)\b(?:tckn|t\.?c\.? kimlik(?: no)?|kimlik no)[^0-9\n]{0,16}\b([1-9][0-9]{10})\b)",
     checked<is_turkish_id>},

    {Kind::kPhone, "", R"((?:\b1[ .-])?(?:\([2-9][0-9]{2}\) ?|\b[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}\b)",
     is_american_phone},
    {Kind::kPhone, "0", R"(\b0[1-9](?:[ .-][0-9]{2}){4}\b)", is_national_phone},
    {Kind::kPhone, "0", R"(\(?\b0[0-9]{1,5}\)?[ /-]{1,2}[0-9]{3,8}(?:[ -][0-9]{2,6}){0,3}\b)",
     is_national_phone},
    {Kind::kPhone, "00", R"(\b00[1-9][0-9]{0,2}[ ./-]\(?[0-9]{1,5}\)?(?:[ ./-][0-9]{2,8}){1,4}\b)", is_whole},
};

}  // namespace

void scan_numbers(Scan& scan) {
  static const Patterns patterns(kNumbers);
  if (scan.wants(Kind::kIban)) scan_ibans(scan);
  if (scan.wants(Kind::kCard)) scan_cards(scan);
  patterns.scan(scan, scan.plain());
  if (!scan.wants(Kind::kPhone)) return;
  scan_international(scan);
  scan_phones_by_name(scan);
}

}  // namespace pryx::redaction
