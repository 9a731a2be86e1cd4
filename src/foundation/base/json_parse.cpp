// SPDX-License-Identifier: MIT
// Text to values. Boost.JSON keeps the last of two equal keys, and then two readers could see two documents
// in one text; its own front reports nothing of it. Hence this handler around Boost's parser: it counts the
// keys that it sees, and a value that holds fewer has lost a twin. No key is stored or compared for that.
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/text.h"

namespace pryx::json {
namespace {

using boost::json::string_view;
using Failure = boost::system::error_code;

struct ValueBuilder {
  static constexpr std::size_t max_object_size = object::max_size();
  static constexpr std::size_t max_array_size = array::max_size();
  static constexpr std::size_t max_key_size = boost::json::string::max_size();
  static constexpr std::size_t max_string_size = boost::json::string::max_size();

  ValueBuilder(unsigned char* buffer, std::size_t size) : stack({}, buffer, size) { stack.reset(); }

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_object_begin(Failure&) { return true; }
  bool on_object_end(std::size_t size, Failure&) {
    stack.push_object(size);
    keys += size;
    return true;
  }
  bool on_array_begin(Failure&) { return true; }
  bool on_array_end(std::size_t size, Failure&) {
    stack.push_array(size);
    return true;
  }
  bool on_key_part(string_view part, std::size_t, Failure&) {
    stack.push_chars(part);
    return true;
  }
  bool on_key(string_view last, std::size_t, Failure&) {
    stack.push_key(last);
    return true;
  }
  bool on_string_part(string_view part, std::size_t, Failure&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(string_view last, std::size_t, Failure&) {
    stack.push_string(last);
    return true;
  }
  bool on_number_part(string_view, Failure&) { return true; }
  bool on_int64(std::int64_t number, string_view, Failure&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, string_view, Failure&) {
    stack.push_uint64(number);
    return true;
  }
  // 1e999 would become an infinity, which has no JSON form: what is read must be writable again.
  bool on_double(double number, string_view, Failure& error) {
    if (!std::isfinite(number)) {
      error = boost::json::error::exponent_overflow;
      return false;
    }
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool truth, Failure&) {
    stack.push_bool(truth);
    return true;
  }
  bool on_null(Failure&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(string_view, Failure&) { return true; }
  bool on_comment(string_view, Failure&) { return true; }

  boost::json::value_stack stack;
  std::size_t keys = 0;
};

// As deep as the parser allowed.
std::size_t count_keys(const value& v) {
  std::size_t count = 0;
  if (const array* items = v.if_array()) {
    for (const value& item : *items) {
      if (item.is_structured()) count += count_keys(item);
    }
  } else if (const object* members = v.if_object()) {
    count = members->size();
    for (const auto& member : *members) {
      if (member.value().is_structured()) count += count_keys(member.value());
    }
  }
  return count;
}

std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at;
}

std::string unescape(std::string_view quoted) {
  Failure error;
  const value v = boost::json::parse(quoted, error);
  return error || !v.is_string() ? std::string(quoted) : std::string(v.get_string());
}

// Names the first twin in a valid text that has one, for the message only.
std::string find_twin(std::string_view text) {
  std::vector<std::vector<std::string>> open;  // the keys of each enclosing object; nothing for an array
  std::vector<char> kinds;
  bool expects_key = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '{':
      case '[':
        kinds.push_back(text[i]);
        open.emplace_back();
        expects_key = text[i] == '{';
        break;
      case '}':
      case ']': {
        std::vector<std::string>& keys = open.back();
        std::sort(keys.begin(), keys.end());
        const auto twin = std::adjacent_find(keys.begin(), keys.end());
        if (twin != keys.end()) return *twin;
        open.pop_back();
        kinds.pop_back();
        expects_key = false;
        break;
      }
      case ',':
        expects_key = kinds.back() == '{';
        break;
      case '"': {
        const std::size_t end = skip_string(text, i);
        if (expects_key) open.back().push_back(unescape(text.substr(i, end - i + 1)));
        expects_key = false;
        i = end;
        break;
      }
      default:
        break;
    }
  }
  return {};
}

}  // namespace

Result<value> parse(std::string_view text, ParseLimits limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorCode::kTooLarge, "JSON of {} bytes is over the limit of {}", text.size(),
                limits.max_bytes);
  }
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  options.numbers =
      boost::json::number_precision::precise;  // the default parser is off by one unit in the last place
  Failure error;
  unsigned char buffer[4096];  // most documents are built without the heap
  boost::json::basic_parser<ValueBuilder> parser(options, buffer, sizeof buffer);
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = boost::json::error::extra_data;
  if (error)
    return fail(ErrorCode::kInvalidArgument, "not valid JSON near byte {}: {}", used, error.message());
  ValueBuilder& built = parser.handler();
  value v = built.stack.release();
  if (limits.twins == Twins::kRefused && count_keys(v) != built.keys) {
    return fail(ErrorCode::kInvalidArgument, "not valid JSON: the key '{}' appears twice in one object",
                utf8_prefix(find_twin(text), 64));
  }
  return v;
}

Result<object> parse_object(std::string_view text, ParseLimits limits) {
  PRYX_TRY(value v, parse(text, limits));
  if (!v.is_object()) return fail(ErrorCode::kInvalidArgument, "expected a JSON object");
  return std::move(v.get_object());
}

}  // namespace pryx::json
