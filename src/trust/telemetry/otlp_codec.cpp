// SPDX-License-Identifier: MIT
#include "trust/telemetry/otlp_codec.h"

#include <algorithm>
#include <bit>

#include "foundation/base/text.h"

namespace pryx::telemetry {
namespace {

constexpr std::string_view kScope = "pryx";
constexpr int kMostDepth = 8;  // of attribute values

// --- protobuf: tags, varints, fixed 64-bit numbers and length-delimited fields are all that OTLP traces need
class Writer {
 public:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void number(int field, std::uint64_t value) {
    tag(field, 0);
    varint(value);
  }
  void fixed64(int field, std::uint64_t value) {
    tag(field, 1);
    for (int i = 0; i < 8; ++i) out_ += static_cast<char>(value >> (8 * i));
  }
  void bytes(int field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    out_ += value;
  }
  void message(int field, const Writer& inner) { bytes(field, inner.out_); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void tag(int field, int wire) {
    varint(static_cast<std::uint64_t>(field) << 3 | static_cast<unsigned>(wire));
  }
  std::string out_;
};

enum AnyValueField { kString = 1, kBool = 2, kInt = 3, kDouble = 4, kArray = 5, kList = 6 };

Writer any_value(const json::value& value, int depth);

Writer key_value(std::string_view key, const json::value& value, int depth) {
  Writer out;
  out.bytes(1, key);
  out.message(2, any_value(value, depth));
  return out;
}

Writer any_value(const json::value& value, int depth) {
  Writer out;
  if (value.is_bool()) {
    out.number(kBool, value.get_bool() ? 1 : 0);
  } else if (value.is_int64()) {
    out.number(kInt, static_cast<std::uint64_t>(value.get_int64()));
  } else if (value.is_uint64()) {
    out.number(kInt, value.get_uint64());
  } else if (value.is_double()) {
    out.fixed64(kDouble, std::bit_cast<std::uint64_t>(value.get_double()));
  } else if (value.is_string()) {
    out.bytes(kString, value.get_string());
  } else if (value.is_array() && depth < kMostDepth) {
    Writer items;
    for (const json::value& item : value.get_array()) items.message(1, any_value(item, depth + 1));
    out.message(kArray, items);
  } else if (value.is_object() && depth < kMostDepth) {
    Writer items;
    for (const auto& [key, item] : value.get_object()) items.message(1, key_value(key, item, depth + 1));
    out.message(kList, items);
  }
  return out;
}

json::value json_any_value(const json::value& value, int depth) {
  if (value.is_bool()) return json::object{{"boolValue", value}};
  if (value.is_int64() || value.is_uint64()) return json::object{{"intValue", json::to_text(value)}};
  if (value.is_double()) return json::object{{"doubleValue", value}};
  if (value.is_string()) return json::object{{"stringValue", value}};
  if (value.is_array() && depth < kMostDepth) {
    json::array items;
    for (const json::value& item : value.get_array()) items.push_back(json_any_value(item, depth + 1));
    return json::object{{"arrayValue", json::object{{"values", std::move(items)}}}};
  }
  if (value.is_object() && depth < kMostDepth) {
    json::array items;
    for (const auto& [key, item] : value.get_object())
      items.push_back(json::object{{"key", key}, {"value", json_any_value(item, depth + 1)}});
    return json::object{{"kvlistValue", json::object{{"values", std::move(items)}}}};
  }
  return json::object{};
}

json::object resource_attributes(const Resource& resource) {
  return {{"service.name", "pryx"},
          {"service.version", resource.service_version},
          {"service.instance.id", resource.instance_id}};
}

// SPAN_KIND_CLIENT for what goes to a model, SPAN_KIND_INTERNAL for the rest.
int kind_of(const trace::Span& span) {
  const bool is_client = span.kind == trace::SpanKind::kModel || span.kind == trace::SpanKind::kCompaction ||
                         span.kind == trace::SpanKind::kRequest;
  return is_client ? 3 : 1;
}
// STATUS_CODE_UNSET, _OK, _ERROR. A refusal by a person or the policy is no error of the program.
int status_of(const trace::Span& span) {
  switch (span.status) {
    case trace::SpanStatus::kOk:
      return 1;
    case trace::SpanStatus::kError:
    case trace::SpanStatus::kInterrupted:
      return 2;
    default:
      return 0;
  }
}

json::object attributes_of(const trace::Span& span) {
  json::object out = span.attributes;
  out["pryx.span.kind"] = trace::to_text(span.kind);
  out["pryx.span.status"] = trace::to_text(span.status);
  return out;
}

Writer span_message(const trace::Span& span) {
  Writer out;
  out.bytes(1, from_hex(span.trace_id).value_or(""));
  out.bytes(2, from_hex(span.span_id).value_or(""));
  if (!span.parent_id.empty()) out.bytes(4, from_hex(span.parent_id).value_or(""));
  out.bytes(5, span.name);
  out.number(6, static_cast<std::uint64_t>(kind_of(span)));
  out.fixed64(7, static_cast<std::uint64_t>(std::max<std::int64_t>(0, span.start_ns)));
  out.fixed64(8, static_cast<std::uint64_t>(std::max<std::int64_t>(0, span.end_ns)));
  for (const auto& [key, value] : attributes_of(span)) out.message(9, key_value(key, value, 0));
  Writer status;
  if (!span.message.empty()) status.bytes(2, span.message);
  status.number(3, static_cast<std::uint64_t>(status_of(span)));
  out.message(15, status);
  return out;
}

json::array json_attributes(const json::object& attributes) {
  json::array out;
  for (const auto& [key, value] : attributes)
    out.push_back(json::object{{"key", key}, {"value", json_any_value(value, 0)}});
  return out;
}

json::object json_span(const trace::Span& span) {
  return {{"traceId", span.trace_id},
          {"spanId", span.span_id},
          {"parentSpanId", span.parent_id},
          {"name", span.name},
          {"kind", kind_of(span)},
          {"startTimeUnixNano", std::to_string(std::max<std::int64_t>(0, span.start_ns))},
          {"endTimeUnixNano", std::to_string(std::max<std::int64_t>(0, span.end_ns))},
          {"attributes", json_attributes(attributes_of(span))},
          {"status", json::object{{"message", span.message}, {"code", status_of(span)}}}};
}

}  // namespace

std::string to_protobuf(const std::vector<trace::Span>& spans, const Resource& resource) {
  Writer described;
  for (const auto& [key, value] : resource_attributes(resource))
    described.message(1, key_value(key, value, 0));
  Writer scope;
  scope.bytes(1, kScope);
  scope.bytes(2, resource.service_version);
  Writer of_scope;
  of_scope.message(1, scope);
  for (const trace::Span& span : spans) of_scope.message(2, span_message(span));
  Writer of_resource;
  of_resource.message(1, described);
  of_resource.message(2, of_scope);
  Writer request;
  request.message(1, of_resource);
  return request.take();
}

std::string to_otlp_json(const std::vector<trace::Span>& spans, const Resource& resource) {
  json::array list;
  for (const trace::Span& span : spans) list.push_back(json_span(span));
  const json::object of_scope{
      {"scope", json::object{{"name", kScope}, {"version", resource.service_version}}},
      {"spans", std::move(list)}};
  const json::object of_resource{
      {"resource", json::object{{"attributes", json_attributes(resource_attributes(resource))}}},
      {"scopeSpans", json::array{of_scope}}};
  return json::canonical(json::object{{"resourceSpans", json::array{of_resource}}});
}

Result<std::map<std::string, std::string>> parse_headers(std::string_view text) {
  std::map<std::string, std::string> out;
  std::size_t place = 0;
  for (const std::string_view entry : split(text, ',')) {
    ++place;
    if (trim(entry).empty()) continue;
    const std::size_t sign = entry.find('=');
    const std::string name(trim(entry.substr(0, sign)));
    const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
             c == '_';
    });
    const std::string value = sign == entry.npos ? "" : std::string(trim(entry.substr(sign + 1)));
    // The text is not repeated: somebody may have written the secret itself.
    if (!is_name || value.empty())
      return fail(
          ErrorCode::kInvalidArgument,
          "value {} is no header; write NAME=keychain:SECRET or NAME=${{VARIABLE}}, with commas between",
          place);
    out[name] = value;
  }
  return out;
}

std::optional<Duration> retry_delay(int status, int failures, std::optional<Duration> retry_after) {
  constexpr Duration kFirst = std::chrono::seconds(2);
  constexpr Duration kCeiling = std::chrono::minutes(5);  // a collector that is back is noticed within this
  if (status != 0 && status != 429 && status != 502 && status != 503 && status != 504) return std::nullopt;
  const Duration usual = kFirst * (1 << std::clamp(failures - 1, 0, 8));
  return std::min(kCeiling, std::max(usual, retry_after.value_or(Duration{})));
}

}  // namespace pryx::telemetry
