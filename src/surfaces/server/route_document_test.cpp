// SPDX-License-Identifier: MIT
// Holds the router and api/openapi.yaml against each other: routes, auth rules, query and body fields, and
// the fields of what the encoders write. Also holds the encoders against api/examples/*.json, so that a
// change of the wire shows in review. With PRYX_WRITE_EXAMPLES set, the examples are written anew. What the
// encoders write is in testing/samples_of_*.cpp.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "foundation/base/text.h"
#include "surfaces/server/embedded.h"
#include "surfaces/server/route.h"
#include "surfaces/server/testing/wire_samples.h"

namespace pryx::server {
namespace {

using Names = std::set<std::string>;

const std::string kSource = PRYX_SOURCE_DIR;

struct Operation {
  std::string auth;
  Names query;
  Names body;
  Names refused;  // body fields marked x-pryx-unsupported
  std::string response_schema;
};

std::string schema_name(const YAML::Node& reference) {
  const std::string text = reference["$ref"] ? reference["$ref"].as<std::string>() : "";
  return text.substr(text.rfind('/') + 1);
}

class Document : public ::testing::Test {
 protected:
  Document() : root_(YAML::LoadFile(kSource + "/api/openapi.yaml")) {
    for (const auto& path : root_["paths"]) {
      for (const auto& operation : path.second)
        operations_[{upper(operation.first.as<std::string>()), path.first.as<std::string>()}] =
            read(operation.second);
    }
  }
  static std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    return text;
  }
  YAML::Node schema(const std::string& name) const {
    const YAML::Node found = root_["components"]["schemas"][name];
    return found ? found : YAML::Node(YAML::NodeType::Map);
  }
  Names properties(const std::string& name) const {
    Names names;
    for (const auto& property : schema(name)["properties"]) names.insert(property.first.as<std::string>());
    return names;
  }
  Operation read(const YAML::Node& node) const {
    Operation operation;
    operation.auth = node["x-pryx-auth"] ? node["x-pryx-auth"].as<std::string>() : "missing";
    for (const auto& parameter : node["parameters"]) {
      if (parameter["in"].as<std::string>() == "query")
        operation.query.insert(parameter["name"].as<std::string>());
    }
    if (node["requestBody"]) {
      const std::string name = schema_name(node["requestBody"]["content"]["application/json"]["schema"]);
      operation.body = properties(name);
      for (const auto& property : schema(name)["properties"]) {
        if (property.second["x-pryx-unsupported"]) operation.refused.insert(property.first.as<std::string>());
      }
    }
    for (const auto& response : node["responses"]) {
      const YAML::Node content = response.second["content"];
      if (!content || !content["application/json"] || !response.first.as<std::string>().starts_with("2"))
        continue;
      operation.response_schema = schema_name(content["application/json"]["schema"]);
    }
    return operation;
  }

  YAML::Node root_;
  std::map<std::pair<std::string, std::string>, Operation> operations_;
};

TEST_F(Document, EveryRouteIsDescribedAndEveryDescriptionIsRouted) {
  Names routed;
  for (const Route& route : route_table()) {
    const auto found = operations_.find({std::string(route.method), std::string(route.pattern)});
    const std::string name = fmt::format("{} {}", route.method, route.pattern);
    EXPECT_TRUE(routed.insert(name).second) << name << " is routed twice";
    ASSERT_NE(found, operations_.end()) << name << " is not in api/openapi.yaml";
    EXPECT_EQ(found->second.auth, route.auth.to_text()) << name;
    EXPECT_EQ(found->second.query, Names(route.query.begin(), route.query.end())) << name;
    Names body;
    Names refused;
    for (const BodyField& field : route.body) {
      body.emplace(field.name);
      if (!field.exists) refused.emplace(field.name);
    }
    EXPECT_EQ(found->second.body, body) << name;
    EXPECT_EQ(found->second.refused, refused) << name;
  }
  for (const auto& [key, operation] : operations_) {
    EXPECT_TRUE(routed.contains(key.first + " " + key.second))
        << key.first << ' ' << key.second << " is not routed";
  }
}

TEST_F(Document, PathParametersAreDeclared) {
  for (const Route& route : route_table()) {
    if (route.pattern.find('{') == std::string_view::npos) continue;
    const YAML::Node node = root_["paths"][std::string(route.pattern)][lower_ascii(route.method)];
    bool declared = false;
    for (const auto& parameter : node["parameters"]) {
      const bool is_path = parameter["in"].as<std::string>() == "path";
      declared = declared || (is_path && route.pattern.find("{" + parameter["name"].as<std::string>() +
                                                            "}") != std::string_view::npos);
    }
    EXPECT_TRUE(declared) << route.method << ' ' << route.pattern;
  }
}

TEST_F(Document, ReferencesLeadSomewhere) {
  std::ifstream in(kSource + "/api/openapi.yaml");
  std::string line;
  const std::string mark = "\"#/components/";
  while (std::getline(in, line)) {
    for (std::size_t at = line.find(mark); at != std::string::npos; at = line.find(mark, at + 1)) {
      const std::string path = line.substr(at + mark.size(), line.find('"', at + 1) - at - mark.size());
      const std::size_t slash = path.find('/');
      EXPECT_TRUE(root_["components"][path.substr(0, slash)][path.substr(slash + 1)]) << path;
    }
  }
}

TEST_F(Document, ItIsServedAsJson) {
  const auto served = json::parse_object(embedded::openapi_json());
  ASSERT_TRUE(served.has_value());
  EXPECT_EQ(json::string_or(*served, "openapi"), "3.1.0");
  EXPECT_EQ(served->at("paths").as_object().size(), root_["paths"].size());
}

// --- fields
// ---------------------------------------------------------------------------------------------------------------------------

testing::WireSamples samples() {
  testing::WireSamples all = testing::samples_of_work();
  testing::WireSamples more = testing::samples_of_owner();
  all.merge(more);
  PRYX_CHECK(more.empty());  // a schema has one sample
  return all;
}

class Fields : public Document {
 protected:
  // Follows $ref, arrays and anyOf; every object of ours must have exactly the fields the schema names.
  void compare(const std::string& where, const YAML::Node& node, const json::value& value) {
    if (node["$ref"]) return compare(where, schema(schema_name(node)), value);
    if (node["anyOf"]) {
      if (!value.is_null()) compare(where, node["anyOf"][0], value);
      return;
    }
    if (node["enum"]) check_enum(where, node["enum"], value);
    if (node["type"]) check_type(where, node["type"], value);
    if (value.is_array() && node["items"]) {
      EXPECT_FALSE(value.get_array().empty()) << where << ": the sample should have an item";
      for (const json::value& item : value.get_array()) compare(where + "[]", node["items"], item);
    }
    if (!value.is_object() || !node["properties"]) return;
    Names given;
    for (const auto& member : value.get_object()) given.emplace(member.key());
    Names known;
    for (const auto& property : node["properties"]) {
      const std::string key = property.first.as<std::string>();
      known.insert(key);
      if (value.get_object().contains(key))
        compare(where + "." + key, property.second, value.get_object().at(key));
    }
    EXPECT_EQ(given, known) << where;
  }
  static void check_enum(const std::string& where, const YAML::Node& allowed, const json::value& value) {
    for (const auto& item : allowed) {
      if (value.is_string() && item.as<std::string>() == value.get_string()) return;
    }
    ADD_FAILURE() << where << ": " << json::to_text(value) << " is not among the values of the document";
  }
  static void check_type(const std::string& where, const YAML::Node& type, const json::value& value) {
    const auto fits = [&](const std::string& name) {
      return (name == "string" && value.is_string()) ||
             (name == "integer" && (value.is_int64() || value.is_uint64())) ||
             (name == "boolean" && value.is_bool()) || (name == "object" && value.is_object()) ||
             (name == "array" && value.is_array()) || (name == "null" && value.is_null());
    };
    bool any = false;
    if (type.IsSequence()) {
      for (const auto& name : type) any = any || fits(name.as<std::string>());
    } else {
      any = fits(type.as<std::string>());
    }
    EXPECT_TRUE(any) << where << ": " << json::to_text(value);
  }
};

TEST_F(Fields, EncodersWriteWhatTheDocumentSays) {
  for (const auto& [name, sample] : samples()) {
    ASSERT_GT(schema(name).size(), 0u) << name;
    compare(name, schema(name), sample);
  }
}

TEST_F(Fields, EveryResponseHasASample) {
  const auto known = samples();
  for (const auto& [key, operation] : operations_) {
    std::string name = operation.response_schema;
    if (name.empty() || name == "AnyObject") continue;
    const YAML::Node fields = schema(name)["properties"];
    ASSERT_TRUE(fields) << name;
    const YAML::Node list = fields["items"];
    if (list) {
      EXPECT_TRUE(properties(name).contains("next_cursor")) << name;
      name = schema_name(list["items"]);
    }
    EXPECT_TRUE(known.contains(name)) << key.first << ' ' << key.second << " answers " << name;
  }
}

// Two spaces, keys in their order: what a person reads in a diff.
std::string pretty(const json::value& value, int depth = 0) {
  const std::string pad(static_cast<std::size_t>(depth) * 2 + 2, ' ');
  std::string out;
  if (value.is_object() && !value.get_object().empty()) {
    for (const auto& member : value.get_object()) {
      out += (out.empty() ? "{\n" : ",\n") + pad + json::to_text(json::value(member.key())) + ": " +
             pretty(member.value(), depth + 1);
    }
    return out + "\n" + pad.substr(2) + "}";
  }
  if (value.is_array() && !value.get_array().empty()) {
    for (const json::value& item : value.get_array())
      out += (out.empty() ? "[\n" : ",\n") + pad + pretty(item, depth + 1);
    return out + "\n" + pad.substr(2) + "]";
  }
  return json::to_text(value);
}

TEST_F(Fields, TheWireIsWhatItWas) {
  const bool writes = std::getenv("PRYX_WRITE_EXAMPLES") != nullptr;
  const std::filesystem::path folder = kSource + "/api/examples";
  Names files;
  for (const auto& [name, sample] : samples()) {
    const std::filesystem::path path = folder / (name + ".json");
    const std::string text = pretty(sample) + "\n";
    files.insert(path.filename());
    if (writes) std::ofstream(path, std::ios::binary) << text;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream kept;
    kept << in.rdbuf();
    EXPECT_EQ(kept.str(), text) << path
                                << ": if the change is meant, run this test with PRYX_WRITE_EXAMPLES=1";
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    EXPECT_TRUE(files.contains(entry.path().filename())) << entry.path() << " has no encoder";
}

}  // namespace
}  // namespace pryx::server
