// SPDX-License-Identifier: MIT
// Which vendor a key of a .env file is for, by its name. Vendors are those the daemon knows; only how each calls its variable is said here. Pure.
import type { Schemas } from '@/api/client';

type Preset = Schemas['ProviderPreset'];
export type VendorKey = { secret: string; preset: Preset };

// Beside NAME_API_KEY and NAME_KEY, the best known first.
const kAlso: Record<string, string[]> = {
  anthropic: ['CLAUDE_API_KEY'],
  cohere: ['CO_API_KEY'],
  glm: ['ZAI_API_KEY', 'Z_AI_API_KEY', 'ZHIPUAI_API_KEY', 'BIGMODEL_API_KEY'],
  google: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY', 'GOOGLE_AI_API_KEY'],
  moonshot: ['KIMI_API_KEY'],
  'ollama-cloud': ['OLLAMA_API_KEY'],
  together: ['TOGETHERAI_API_KEY', 'TOGETHER_AI_API_KEY'],
  xai: ['GROK_API_KEY'],
};

function variablesOf(preset: Preset): string[] {
  const name = preset.name.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return [...(kAlso[preset.name] ?? []), `${name}_API_KEY`, `${name}_KEY`, `${name}_TOKEN`];
}

// One key for each vendor that needs one; of several names the first of its list counts.
export function vendorKeys(secrets: string[], presets: Preset[]): VendorKey[] {
  return presets
    .filter((preset) => preset.needs_key)
    .flatMap((preset) => {
      const secret = variablesOf(preset)
        .map((variable) => secrets.find((name) => name.toUpperCase() === variable))
        .find(Boolean);
      return secret ? [{ secret, preset }] : [];
    });
}
