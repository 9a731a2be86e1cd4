// SPDX-License-Identifier: MIT
#include "trust/telemetry/otlp_codec.h"

#include <gtest/gtest.h>

#include "foundation/base/text.h"
#include "trust/telemetry/otlp_exporter.h"

namespace pryx::telemetry {
namespace {
using namespace std::chrono_literals;

trace::Span span() {
  trace::Span out;
  out.trace_id = std::string(32, 'a');
  out.span_id = std::string(16, 'b');
  out.kind = trace::SpanKind::kModel;
  out.name = "chat m";
  out.start_ns = 1;
  out.end_ns = 2;
  out.attributes = {{"n", 300}};
  return out;
}

TEST(OtlpCodec, ProtobufHasTheNumbersOfTheProtocol) {
  const std::string hex = to_hex(std::string_view(to_protobuf({span()}, {"1", "b"})));
  EXPECT_TRUE(hex.contains("0a10" + std::string(32, 'a'))) << "trace_id is field 1, 16 bytes: " << hex;
  EXPECT_TRUE(hex.contains("1208" + std::string(16, 'b'))) << "span_id is field 2, 8 bytes";
  EXPECT_TRUE(hex.contains("2a06" + to_hex(std::string_view("chat m")))) << "name is field 5";
  EXPECT_TRUE(
      hex.contains("3003"
                   "390100000000000000"
                   "410200000000000000"))
      << "kind, start and end";
  EXPECT_TRUE(
      hex.contains("4a08"
                   "0a016e"
                   "1203"
                   "18ac02"))
      << "an attribute of 300";
  EXPECT_TRUE(hex.ends_with("7a021801")) << "status is field 15, code field 3";
}

TEST(OtlpCodec, WhateverAsksSomebodyElseIsAClient) {
  using enum trace::SpanKind;
  const auto is_client = [](trace::SpanKind kind) {
    trace::Span one = span();
    one.kind = kind;
    return to_otlp_json({one}, {"1", "b"}).contains(R"("kind":3)");
  };
  for (const auto kind : {kModel, kCompaction, kRequest})
    EXPECT_TRUE(is_client(kind)) << trace::to_text(kind);
  for (const auto kind : {kTool, kTurn, kQueue}) EXPECT_FALSE(is_client(kind)) << trace::to_text(kind);
}

TEST(OtlpCodec, JsonHasItsOwnForms) {
  const std::string text = to_otlp_json({span()}, {"1", "b"});
  EXPECT_TRUE(text.contains(R"("startTimeUnixNano":"1")")) << text;
  EXPECT_TRUE(text.contains(R"("kind":3)"));
  EXPECT_TRUE(text.contains(R"({"key":"n","value":{"intValue":"300"}})"));
}

TEST(OtlpCodec, HeadersAreNamesAndReferences) {
  const auto headers = parse_headers(" Authorization=keychain:otlp , x-a=${A}");
  ASSERT_TRUE(headers);
  EXPECT_EQ(headers->at("Authorization"), "keychain:otlp");
  EXPECT_EQ(headers->at("x-a"), "${A}");
  for (const char* wrong : {"Authorization", "=x", "a b=c", "a=", "a\r\nb=c"})
    EXPECT_FALSE(parse_headers(wrong)) << wrong;
  EXPECT_EQ(parse_headers("x-a=${A},")->size(), 1u);
  EXPECT_TRUE(parse_headers("x-a=${A}, nothing").error().message.starts_with("value 2 is no header"));
}

TEST(OtlpCodec, RetriesWhatMayBeOver) {
  EXPECT_EQ(retry_delay(503, 1, std::nullopt), 2s);
  EXPECT_EQ(retry_delay(0, 3, std::nullopt), 8s);
  EXPECT_EQ(retry_delay(429, 1, 30s), 30s);
  EXPECT_EQ(retry_delay(429, 50, std::nullopt), 5min);
  EXPECT_EQ(retry_delay(503, 1, 24h), 5min);
  EXPECT_EQ(retry_delay(400, 1, std::nullopt), std::nullopt);
}

TEST(OtlpCodec, TheEndpointIsWhereTracesGo) {
  EXPECT_EQ(traces_url("http://127.0.0.1:4318")->text(), "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(traces_url("https://c.example/otlp/")->text(), "https://c.example/otlp/v1/traces");
  EXPECT_EQ(traces_url("https://c.example/v1/traces")->text(), "https://c.example/v1/traces");
  EXPECT_FALSE(traces_url("ftp://c.example"));
  EXPECT_FALSE(traces_url("https://a:b@c.example"));
}

}  // namespace
}  // namespace pryx::telemetry
