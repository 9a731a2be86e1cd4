// SPDX-License-Identifier: MIT
// Spans as an OTLP ExportTraceServiceRequest, in its two encodings of HTTP. Pure; any thread.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "trust/trace/span.h"

namespace pryx::telemetry {

struct Resource {
  std::string service_version;
  std::string instance_id;  // of this life of the daemon; names no machine and no person
};

[[nodiscard]] std::string to_protobuf(const std::vector<trace::Span>& spans, const Resource& resource);
// Ids as hex, enumerations as numbers, 64-bit numbers as strings.
[[nodiscard]] std::string to_otlp_json(const std::vector<trace::Span>& spans, const Resource& resource);

// "a=b,c=d" of telemetry.otlp.headers: names and what stands for their values.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_headers(std::string_view text);

// How long after so many failures in a row; nullopt for an answer that another try would not change.
[[nodiscard]] std::optional<Duration> retry_delay(int status, int failures,
                                                  std::optional<Duration> retry_after);

}  // namespace pryx::telemetry
