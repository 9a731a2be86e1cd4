// SPDX-License-Identifier: MIT
// A model server that speaks OpenAI's Chat Completions and says what a journey wants. Loopback only.
import { createServer } from 'node:http';

function listen(server) {
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
}

// So slowly that each piece is told to the page by itself: the daemon gathers what comes within 33 ms.
const kPieceMs = 40;

// `answers` maps a word of the last question to the text of the answer, or to what else there is: { tool, arguments, text } is a call and
// what is said after it, { reasoning, pieces } are thoughts and then a text that comes piece by piece, with `endless` it never ends, and
// { refusal } is why there is no answer. It begins when the promise `after` is kept.
export async function startModel(answers, name = 'fake') {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', async () => {
      if (request.url.endsWith('/models')) {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ object: 'list', data: [{ id: name, object: 'model' }] }));
        return;
      }
      const { messages, tools = [] } = JSON.parse(body);
      const asked = JSON.stringify(messages.findLast((message) => message.role === 'user').content);
      const answer = [...answers].find(([word]) => asked.includes(word))?.[1] ?? 'nothing to say';
      await answer.after;
      if (answer.refusal) {
        response.writeHead(400, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ error: { message: answer.refusal, type: 'invalid_request_error' } }));
        return;
      }
      const plain = (tool) => tool.replace(/[^a-z]/g, '');
      const called =
        answer.tool && messages.at(-1).role !== 'tool' && tools.find((one) => plain(one.function.name) === plain(answer.tool));
      const text = called ? '' : typeof answer === 'string' ? answer : (answer.text ?? '');
      response.setHeader('Content-Type', 'text/event-stream');
      const chunk = (delta, end = null) =>
        response.write(`data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: end }] })}\n\n`);
      if (answer.reasoning) chunk({ reasoning_content: answer.reasoning });
      for (const piece of answer.pieces ?? []) {
        chunk({ content: piece });
        await new Promise((done) => setTimeout(done, kPieceMs));
      }
      // Whoever has had enough goes away.
      if (answer.endless) return;
      for (let at = 0; at < text.length; at += 40) chunk({ content: text.slice(at, at + 40) });
      if (called) {
        const call = { name: called.function.name, arguments: JSON.stringify(answer.arguments) };
        chunk({ tool_calls: [{ index: 0, id: `call_${messages.length}`, type: 'function', function: call }] });
      }
      chunk({}, called ? 'tool_calls' : 'stop');
      response.end('data: [DONE]\n\n');
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}/v1`, stop: () => server.close() };
}

// Notes everything that asks it, and answers with a picture.
export async function startTrap() {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push(request.url);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Content-Type', 'image/svg+xml');
    response.end('<svg xmlns="http://www.w3.org/2000/svg"/>');
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, seen, stop: () => server.close() };
}
