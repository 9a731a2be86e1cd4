// SPDX-License-Identifier: MIT
// Check digits and shapes: what tells an identity number from any other number. Pure; any thread. Each takes
// text as it was found, separators included, unless it says digits.
#pragma once
#include <string>
#include <string_view>

namespace pryx::redaction {

[[nodiscard]] std::string digits_of(std::string_view text);
[[nodiscard]] bool passes_luhn(std::string_view digits);
// A number that a card network hands out: prefix, length and check digit.
[[nodiscard]] bool is_card_number(std::string_view digits);
// The length that IBANs of this country have; 0: no such country.
[[nodiscard]] std::size_t iban_length(std::string_view country);
// Letters in capitals, without separators.
[[nodiscard]] bool is_iban(std::string_view compact);

// One for each national number that has a check digit or a shape that little else has.
[[nodiscard]] bool is_spanish_id(std::string_view text);         // DNI, NIE
[[nodiscard]] bool is_french_id(std::string_view text);          // NIR
[[nodiscard]] bool is_italian_id(std::string_view text);         // codice fiscale
[[nodiscard]] bool is_dutch_id(std::string_view text);           // BSN
[[nodiscard]] bool is_german_id(std::string_view text);          // Steuer-IdNr.
[[nodiscard]] bool is_belgian_id(std::string_view text);         // rijksregisternummer
[[nodiscard]] bool is_polish_id(std::string_view text);          // PESEL
[[nodiscard]] bool is_swedish_id(std::string_view text);         // personnummer
[[nodiscard]] bool is_finnish_id(std::string_view text);         // henkilötunnus
[[nodiscard]] bool is_norwegian_id(std::string_view text);       // fødselsnummer
[[nodiscard]] bool is_swiss_id(std::string_view text);           // AHV
[[nodiscard]] bool is_portuguese_id(std::string_view text);      // NIF
[[nodiscard]] bool is_czech_id(std::string_view text);           // rodné číslo
[[nodiscard]] bool is_brazilian_id(std::string_view text);       // CPF, CNPJ
[[nodiscard]] bool is_indian_id(std::string_view text);          // Aadhaar
[[nodiscard]] bool is_chinese_id(std::string_view text);         // resident identity card
[[nodiscard]] bool is_canadian_id(std::string_view text);        // SIN
[[nodiscard]] bool is_british_health_id(std::string_view text);  // NHS number
[[nodiscard]] bool is_us_id(std::string_view text);              // SSN: no check digit, but unused ranges
[[nodiscard]] bool is_british_id(std::string_view text);         // NINO: no check digit, but unused prefixes
[[nodiscard]] bool is_turkish_id(std::string_view text);         // kimlik numarası

// Bits per character, by the characters' own frequencies.
[[nodiscard]] double entropy(std::string_view text);

}  // namespace pryx::redaction
