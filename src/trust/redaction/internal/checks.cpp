// SPDX-License-Identifier: MIT
#include "trust/redaction/internal/checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace pryx::redaction {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
int digit(char c) { return c - '0'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Letters and digits only, in capitals.
std::string compact_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const char u = upper(c);
    if (is_digit(u) || (u >= 'A' && u <= 'Z')) out += u;
  }
  return out;
}

// Remainder of a number of any length; letters count as 10 to 35 (ISO 7064).
int remainder_of(std::string_view text, int modulus) {
  int rest = 0;
  for (const char c : text) {
    if (is_digit(c)) {
      rest = (rest * 10 + digit(c)) % modulus;
    } else {
      rest = (rest * 100 + (c - 'A' + 10)) % modulus;
    }
  }
  return rest;
}

int weighted(std::string_view digits, std::initializer_list<int> weights) {
  int sum = 0;
  std::size_t i = 0;
  for (const int weight : weights) sum += weight * digit(digits[i++]);
  return sum;
}

int number_at(std::string_view digits, std::size_t from, std::size_t count) {
  int value = 0;
  for (std::size_t i = from; i < from + count; ++i) value = value * 10 + digit(digits[i]);
  return value;
}

bool is_month_and_day(int month, int day) { return month >= 1 && month <= 12 && day >= 1 && day <= 31; }
bool is_one_digit(std::string_view digits) {
  return std::ranges::all_of(digits, [&](char c) { return c == digits[0]; });
}

struct IbanCountry {
  std::string_view code;
  std::size_t length;
};
constexpr IbanCountry kIbanCountries[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30}};

}  // namespace

std::string digits_of(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (is_digit(c)) out += c;
  return out;
}

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (std::size_t i = digits.size(); i-- > 0; doubled = !doubled) {
    int d = digit(digits[i]);
    if (doubled) d = d > 4 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  return !digits.empty() && sum % 10 == 0;
}

bool is_card_number(std::string_view digits) {
  const std::size_t n = digits.size();
  if (n < 14 || n > 19 || is_one_digit(digits)) return false;
  const int two = number_at(digits, 0, 2);
  const int four = number_at(digits, 0, 4);
  const bool visa = digits[0] == '4' && (n == 16 || n == 19);
  const bool mastercard = n == 16 && ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720));
  const bool amex = n == 15 && (two == 34 || two == 37);
  const bool discover = n == 16 && (four == 6011 || two == 65 || (four >= 6440 && four <= 6499));
  const bool jcb = n == 16 && four >= 3528 && four <= 3589;
  const bool diners = n == 14 && ((four >= 3000 && four <= 3059) || two == 36 || two == 38 || two == 39);
  const bool unionpay = n >= 16 && two == 62;
  const bool maestro = n >= 16 && (four == 5018 || four == 5020 || four == 5038 || four == 5893 ||
                                   four == 6304 || four == 6759 || (four >= 6761 && four <= 6763));
  const bool mir = n == 16 && four >= 2200 && four <= 2204;
  return (visa || mastercard || amex || discover || jcb || diners || unionpay || maestro || mir) &&
         passes_luhn(digits);
}

std::size_t iban_length(std::string_view country) {
  for (const IbanCountry& known : kIbanCountries)
    if (known.code == country) return known.length;
  return 0;
}

bool is_iban(std::string_view compact) {
  if (compact.size() < 15 || iban_length(compact.substr(0, 2)) != compact.size()) return false;
  return remainder_of(std::string(compact.substr(4)) + std::string(compact.substr(0, 4)), 97) == 1;
}

bool is_spanish_id(std::string_view text) {
  std::string c = compact_of(text);
  if (c.size() != 9) return false;
  if (c[0] >= 'X' && c[0] <= 'Z') c[0] = static_cast<char>('0' + (c[0] - 'X'));
  const std::string_view number = std::string_view(c).substr(0, 8);
  if (!std::ranges::all_of(number, is_digit)) return false;
  return c[8] ==
         std::string_view("TRWAGMYFPDXBNJZSQVHLCKE")[static_cast<std::size_t>(number_at(c, 0, 8)) % 23];
}

bool is_french_id(std::string_view text) {
  std::string c = compact_of(text);
  if (c.size() != 15 || (c[0] != '1' && c[0] != '2')) return false;
  // Corsica's departments are letters; they count as 19 and 18.
  if (c[5] == 'A' && c[6] != 'A') return false;
  if (c[6] == 'A' || c[6] == 'B') {
    if (c[5] != '2') return false;
    c[5] = '1';
    c[6] = c[6] == 'A' ? '9' : '8';
  }
  if (!std::ranges::all_of(c, is_digit)) return false;
  const int month = number_at(c, 3, 2);
  if (month == 0 || (month > 12 && month < 20)) return false;
  return 97 - remainder_of(std::string_view(c).substr(0, 13), 97) == number_at(c, 13, 2);
}

bool is_italian_id(std::string_view text) {
  const std::string c = compact_of(text);
  if (c.size() != 16) return false;
  constexpr std::array<int, 26> kOdd = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                        20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const int value = is_digit(c[i]) ? digit(c[i]) : c[i] - 'A';
    sum += i % 2 == 0 ? kOdd[static_cast<std::size_t>(value)] : value;
  }
  return c[15] == 'A' + sum % 26;
}

bool is_dutch_id(std::string_view text) {
  std::string c = digits_of(text);
  if (c.size() == 8) c.insert(0, "0");
  if (c.size() != 9 || is_one_digit(c)) return false;
  return weighted(c, {9, 8, 7, 6, 5, 4, 3, 2, -1}) % 11 == 0;
}

bool is_german_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 11 || c[0] == '0') return false;
  int product = 10;
  for (std::size_t i = 0; i < 10; ++i) {
    int sum = (digit(c[i]) + product) % 10;
    if (sum == 0) sum = 10;
    product = sum * 2 % 11;
  }
  return (11 - product) % 10 == digit(c[10]);
}

bool is_belgian_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 11 || number_at(c, 2, 2) > 12 || number_at(c, 4, 2) > 31) return false;
  const int check = number_at(c, 9, 2);
  const std::string_view number = std::string_view(c).substr(0, 9);
  return 97 - remainder_of(number, 97) == check ||
         97 - remainder_of("2" + std::string(number), 97) == check;  // born from 2000 on
}

bool is_polish_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 11 || !is_month_and_day(number_at(c, 2, 2) % 20, number_at(c, 4, 2))) return false;
  return (10 - weighted(c, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3}) % 10) % 10 == digit(c[10]);
}

bool is_swedish_id(std::string_view text) {
  std::string c = digits_of(text);
  if (c.size() == 12) c.erase(0, 2);
  if (c.size() != 10) return false;
  const int day = number_at(c, 4, 2);
  return is_month_and_day(number_at(c, 2, 2), day > 60 ? day - 60 : day) && passes_luhn(c);
}

bool is_finnish_id(std::string_view text) {
  if (text.size() != 11) return false;
  const std::string number = digits_of(text.substr(0, 6)) + digits_of(text.substr(7, 3));
  if (number.size() != 9 || !is_month_and_day(number_at(number, 2, 2), number_at(number, 0, 2))) return false;
  return upper(text[10]) ==
         std::string_view(
             "0123456789ABCDEFHJKLMNPRSTUVWXY")[static_cast<std::size_t>(number_at(number, 0, 9)) % 31];
}

bool is_norwegian_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 11) return false;
  const int day = number_at(c, 0, 2);
  if (!is_month_and_day(number_at(c, 2, 2), day > 40 ? day - 40 : day)) return false;
  return weighted(c, {3, 7, 6, 1, 8, 9, 4, 5, 2, 1}) % 11 == 0 &&
         weighted(c, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

bool is_swiss_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 13 || !c.starts_with("756")) return false;
  return weighted(c, {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1}) % 10 == 0;
}

bool is_portuguese_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 9 || is_one_digit(c)) return false;
  const int rest = weighted(c, {9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return digit(c[8]) == (rest < 2 ? 0 : 11 - rest);
}

bool is_czech_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 10) return false;
  const int month = number_at(c, 2, 2) % 50;
  return is_month_and_day(month > 20 ? month - 20 : month, number_at(c, 4, 2)) && remainder_of(c, 11) == 0;
}

bool is_brazilian_id(std::string_view text) {
  const std::string c = digits_of(text);
  if ((c.size() != 11 && c.size() != 14) || is_one_digit(c)) return false;
  const auto check = [](int sum) { return sum % 11 < 2 ? 0 : 11 - sum % 11; };
  if (c.size() == 11)
    return check(weighted(c, {10, 9, 8, 7, 6, 5, 4, 3, 2})) == digit(c[9]) &&
           check(weighted(c, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2})) == digit(c[10]);
  return check(weighted(c, {5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})) == digit(c[12]) &&
         check(weighted(c, {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})) == digit(c[13]);
}

bool is_indian_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 12 || c[0] < '2') return false;
  // Verhoeff's scheme: the dihedral group of order ten, and one permutation applied again and again.
  const auto multiply = [](int a, int b) {
    if (a < 5) return b < 5 ? (a + b) % 5 : 5 + (a + b - 5) % 5;
    return b < 5 ? 5 + (a - 5 - b + 5) % 5 : (a - b + 5) % 5;
  };
  constexpr std::array<int, 10> kPermutation = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  int sum = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    int d = digit(c[c.size() - 1 - i]);
    for (std::size_t times = 0; times < i % 8; ++times) d = kPermutation[static_cast<std::size_t>(d)];
    sum = multiply(sum, d);
  }
  return sum == 0;
}

bool is_chinese_id(std::string_view text) {
  const std::string c = compact_of(text);
  if (c.size() != 18 || !std::ranges::all_of(std::string_view(c).substr(0, 17), is_digit)) return false;
  if (!is_month_and_day(number_at(c, 10, 2), number_at(c, 12, 2))) return false;
  const int rest = weighted(c, {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}) % 11;
  return c[17] == std::string_view("10X98765432")[static_cast<std::size_t>(rest)];
}

bool is_canadian_id(std::string_view text) {
  const std::string c = digits_of(text);
  return c.size() == 9 && c[0] != '8' && !is_one_digit(c) && passes_luhn(c);
}

bool is_british_health_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 10 || is_one_digit(c)) return false;
  const int check = 11 - weighted(c, {10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return (check == 11 ? 0 : check) == digit(c[9]);
}

bool is_us_id(std::string_view text) {
  const std::string c = digits_of(text);
  return c.size() == 9 && !c.starts_with("000") && c.substr(3, 2) != "00" && c.substr(5) != "0000";
}

bool is_british_id(std::string_view text) {
  const std::string c = compact_of(text);
  if (c.size() != 9) return false;
  constexpr std::string_view kUnused[] = {"BG", "GB", "NK", "KN", "NT", "TN", "ZZ"};
  if (std::ranges::find(kUnused, std::string_view(c).substr(0, 2)) != std::end(kUnused)) return false;
  return !std::string_view("DFIQUV").contains(c[0]) && !std::string_view("DFIOQUV").contains(c[1]);
}

bool is_turkish_id(std::string_view text) {
  const std::string c = digits_of(text);
  if (c.size() != 11 || c[0] == '0') return false;
  const int odd = weighted(c, {1, 0, 1, 0, 1, 0, 1, 0, 1});
  const int even = weighted(c, {0, 1, 0, 1, 0, 1, 0, 1});
  return ((odd * 7 - even) % 10 + 10) % 10 == digit(c[9]) &&
         weighted(c, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}) % 10 == digit(c[10]);
}

double entropy(std::string_view text) {
  if (text.empty()) return 0;
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<std::uint8_t>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

}  // namespace pryx::redaction
