// SPDX-License-Identifier: MIT
// Shows our recorded answers to the vendors' own clients: what a client understands of one must be what the JSON beside it says, which is also
// what the daemon's codecs are held against. Prints what differs; exits 1 when something does.
import { createServer } from 'node:http';
import { readFileSync, readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';

const folder = process.argv[2];
const seen = [];
let body = '';
const server = createServer((request, response) => {
  seen.push({ url: request.url, headers: request.headers });
  request.resume();
  request.on('end', () => { response.writeHead(200, { 'content-type': 'text/event-stream' }); response.end(body); });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const baseURL = `http://127.0.0.1:${server.address().port}`;

const stops = { end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', tool_use: 'tool_calls', refusal: 'content_filter' };
async function anthropic() {
  const client = new Anthropic({ apiKey: 'k', baseURL, maxRetries: 0 });
  const stream = client.messages.stream({ model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] });
  let message;
  try {
    message = await stream.finalMessage();
  } catch (error) {
    return { error: String(error.message).includes('overloaded_error') ? 'overloaded' : String(error) };
  }
  const of = (type) => message.content.filter((block) => block.type === type);
  const usage = message.usage;
  return {
    text: of('text').map((block) => block.text).join(''), reasoning: of('thinking').map((block) => block.thinking).join(''),
    calls: of('tool_use').map((block) => ({ id: block.id, name: block.name, arguments: block.input })), finish: stops[message.stop_reason], model: message.model,
    usage: { input: usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens, cached: usage.cache_read_input_tokens,
      cache_write: usage.cache_creation_input_tokens, output: usage.output_tokens, reasoning: usage.output_tokens_details?.thinking_tokens ?? 0 },
  };
}

async function google() {
  const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: baseURL } });
  const out = { text: '', reasoning: '', calls: [], finish: '', model: '', usage: {} };
  for await (const chunk of await client.models.generateContentStream({ model: 'm', contents: 'hi' })) {
    const candidate = chunk.candidates?.[0];
    for (const part of candidate?.content?.parts ?? []) {
      if (part.functionCall) out.calls.push({ id: part.functionCall.id, name: part.functionCall.name, arguments: part.functionCall.args });
      else if (part.thought) out.reasoning += part.text;
      else out.text += part.text ?? '';
    }
    const reason = candidate?.finishReason;
    if (reason) out.finish = reason === 'STOP' ? (out.calls.length ? 'tool_calls' : 'stop') : 'content_filter';
    if (chunk.promptFeedback?.blockReason) out.finish = 'content_filter';
    out.model = chunk.modelVersion;
    const usage = chunk.usageMetadata;
    if (usage) {
      const reasoning = usage.thoughtsTokenCount ?? 0;
      out.usage = { input: usage.promptTokenCount, cached: usage.cachedContentTokenCount ?? 0, cache_write: 0, output: (usage.candidatesTokenCount ?? 0) + reasoning, reasoning };
    }
  }
  return out;
}

let wrong = 0;
for (const [vendor, ask] of Object.entries({ anthropic, google })) {
  for (const file of readdirSync(`${folder}/${vendor}`).filter((name) => name.endsWith('.sse')).sort()) {
    body = readFileSync(`${folder}/${vendor}/${file}`);
    const expected = JSON.parse(readFileSync(`${folder}/${vendor}/${file.replace('.sse', '.json')}`, 'utf8'));
    const understood = JSON.parse(JSON.stringify(await ask()));
    if (isDeepStrictEqual(understood, expected)) continue;
    wrong += 1;
    console.log(`${vendor}/${file}: the client understood ${JSON.stringify(understood)}`);
  }
}
// Where the clients ask. Ours speak versions that the vendors keep: 2023-06-01 with x-api-key, and v1beta.
const where = new Set(seen.map(({ url, headers }) => `${url} ${headers.authorization ?? headers['x-goog-api-key']}`));
const expected = ['/v1/messages Bearer k', '/v1/models/m:streamGenerateContent?alt=sse k'];
if (!isDeepStrictEqual([...where].sort(), expected)) {
  wrong += 1;
  console.log(`the clients asked at ${[...where].join(', ')}`);
}
console.log(`${seen.length} answers, ${wrong} wrong`);
server.close();
process.exit(wrong ? 1 : 0);
