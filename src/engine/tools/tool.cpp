// SPDX-License-Identifier: MIT
#include "engine/tools/tool.h"

namespace pryx::tools {

std::string_view to_text(EffectClass effect) {
  switch (effect) {
    case EffectClass::kPure:
      return "pure";
    case EffectClass::kIdempotent:
      return "idempotent";
    case EffectClass::kQueryable:
      return "queryable";
    case EffectClass::kOneShot:
      return "one_shot";
  }
  return "one_shot";
}

std::string_view to_text(Risk risk) {
  switch (risk) {
    case Risk::kLow:
      return "low";
    case Risk::kMedium:
      return "medium";
    case Risk::kHigh:
      return "high";
  }
  return "high";
}

std::optional<EffectClass> effect_class_from_text(std::string_view text) {
  for (const EffectClass effect :
       {EffectClass::kPure, EffectClass::kIdempotent, EffectClass::kQueryable, EffectClass::kOneShot}) {
    if (to_text(effect) == text) return effect;
  }
  return std::nullopt;
}

EffectClass Tool::effect(const json::object&) const { return description().effect; }

async::Task<Result<Binding>> Tool::bind(json::object, ToolContext) { co_return Binding{}; }

async::Task<PastEffect> Tool::query(json::object, ToolContext) { co_return PastEffect::kUnknown; }

}  // namespace pryx::tools
