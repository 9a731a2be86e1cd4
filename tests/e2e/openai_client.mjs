// SPDX-License-Identifier: MIT
// Judges the OpenAI front with the official client. Prints one JSON object: what the client understood of each call.
import { createRequire } from 'node:module';

const [modules, baseURL, apiKey] = process.argv.slice(2);
const require = createRequire(modules + '/');
const OpenAI = require('openai').OpenAI ?? require('openai');
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 30_000 });

async function attempt(call) {
  try {
    return await call();
  } catch (error) {
    return { error: error.constructor.name, status: error.status, code: error.code, param: error.param, type: error.type, message: error.message };
  }
}

const ask = (more = {}) => ({ model: 'fake/fake', messages: [{ role: 'user', content: 'hello' }], ...more });
const out = {};
out.models = await attempt(async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  return ids;
});
out.plain = await attempt(() => client.chat.completions.create(ask()));
out.stream = await attempt(async () => {
  const chunks = [];
  for await (const chunk of await client.chat.completions.create(ask({ stream: true, stream_options: { include_usage: true } }))) chunks.push(chunk);
  return chunks;
});
out.helper = await attempt(async () => {
  const runner = client.chat.completions.stream(ask({ model: 'fake/fake', messages: [{ role: 'user', content: 'in pieces' }] }));
  let deltas = 0;
  runner.on('content', () => { deltas += 1; });
  const final = await runner.finalChatCompletion();
  return { deltas, content: final.choices[0].message.content, finish: final.choices[0].finish_reason };
});
out.conversation = await attempt(() => client.chat.completions.create(ask({
  messages: [{ role: 'system', content: 'be brief' }, { role: 'user', content: 'first' }, { role: 'assistant', content: 'one' }, { role: 'user', content: 'second' }],
})));
out.parts = await attempt(() => client.chat.completions.create(ask({ messages: [{ role: 'user', content: [{ type: 'text', text: 'hel' }, { type: 'text', text: 'lo' }] }] })));
out.continued = await attempt(async () => {
  const first = await client.chat.completions.create(ask());
  return { first: first.pryx, second: (await client.chat.completions.create(ask({ pryx: { session: first.pryx.session } }))).pryx };
});
for (const [name, value] of Object.entries({ tools: [{ type: 'web_search' }], temperature: 3, n: 2, logprobs: true, response_format: { type: 'grammar' },
  stop: [7], max_tokens: 0, user: 'me' })) {
  out['refused_' + name] = await attempt(() => client.chat.completions.create(ask({ [name]: value })));
}
for (const [name, value] of Object.entries({ n: 1, temperature: 1, user: null })) {
  out['accepted_' + name] = await attempt(() => client.chat.completions.create(ask({ [name]: value })));
}
out.unknown_model = await attempt(() => client.chat.completions.create(ask({ model: 'nothing/here' })));
out.image = await attempt(() => client.chat.completions.create(ask({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }] })));
out.empty = await attempt(() => client.chat.completions.create(ask({ messages: [] })));
out.wrong_key = await attempt(() => new OpenAI({ baseURL, apiKey: 'wrong', maxRetries: 0 }).chat.completions.create(ask()));
out.failing = await attempt(() => client.chat.completions.create(ask({ messages: [{ role: 'user', content: 'fail' }] })));
out.failing_stream = await attempt(async () => {
  const chunks = [];
  for await (const chunk of await client.chat.completions.create(ask({ stream: true, messages: [{ role: 'user', content: 'fail' }] }))) chunks.push(chunk);
  return chunks;
});
console.log(JSON.stringify(out));
