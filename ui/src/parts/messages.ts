// SPDX-License-Identifier: MIT
export const partsMessages = {
  'local.lead': 'Servers found on this machine. Nothing is added by looking.',
  'local.memory': 'This machine has {total} of memory, {free} of it free. Nothing is added by looking.',
  'local.scan': 'Look again',
  'local.error': 'The look around failed',
  'local.empty': 'No model server runs on this machine',
  'local.empty.why':
    'Ports {ports} were asked. Ollama, LM Studio, llama.cpp and vLLM are found there; the starter model works without any.',
  'local.nomodels': 'It has no models yet.',
  'local.add': 'Add {name}',
  'local.known': 'added as {provider}',
  'local.use': 'Use',
  'local.use.model': 'Use {model}',
  'local.elsewhere': 'runs on another machine',
  'local.fit.fits': 'fits this machine',
  'local.fit.tight': 'tight on this machine',
  'local.fit.too_big': 'too big for this machine',
  'local.fit.unknown': 'fit unknown',
  'local.context': '{count} tokens of context',
  'env.hint':
    'Paste the lines. Names that end in _KEY, _TOKEN, _SECRET or _PASSWORD or start with SECRET are taken; values go to the vault.',
  'env.preview': 'Would be stored',
  'env.none': 'No key is in this text yet.',
  'env.import': 'Store {count, plural, one {# secret} other {# secrets}}',
  'env.import.over': 'Store {count, plural, one {# secret} other {# secrets}} and replace {names}',
  'env.replaces': 'replaces the one in the vault',
  'env.failed': 'Not stored, or not all of it',
};
