// SPDX-License-Identifier: MIT
// For work on the pages: a built application in the place of the one inside `pryx`. Everything else, and every header of a document
// (so the content security policy with its nonce too), is the daemon's own. While the daemon is away nobody answers, as without it.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { extname, join } from 'node:path';

const kTypes = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export function serveDist(dist, target) {
  const { hostname, port } = new URL(target);
  const index = readFileSync(join(dist, 'index.html'), 'utf8');
  const headersFor = (headers) => ({
    ...headers,
    host: `${hostname}:${port}`,
    ...(headers.origin ? { origin: target } : {}),
  });
  const server = createServer((asked, answer) => {
    const path = new URL(asked.url, target).pathname;
    const file = join(dist, path);
    if (extname(path) && !path.startsWith('/api/') && existsSync(file) && statSync(file).isFile()) {
      answer.setHeader('Content-Type', kTypes[extname(path)] ?? 'application/octet-stream');
      answer.end(readFileSync(file));
      return;
    }
    const passed = request({ hostname, port, path: asked.url, method: asked.method, headers: headersFor(asked.headers) }, (from) => {
      if (!from.headers['content-type']?.startsWith('text/html')) {
        answer.writeHead(from.statusCode, from.headers);
        from.pipe(answer);
        return;
      }
      from.resume();
      const policy = String(from.headers['content-security-policy']).replaceAll(`${hostname}:${port}`, asked.headers.host);
      const nonce = policy.match(/'nonce-([^']+)'/)?.[1] ?? '';
      const { 'content-length': _, 'content-encoding': __, etag: ___, ...headers } = from.headers;
      answer.writeHead(from.statusCode, { ...headers, 'content-security-policy': policy });
      answer.end(index.replaceAll('__PRYX_NONCE__', nonce));
    });
    passed.on('error', () => asked.socket.destroy());
    asked.pipe(passed);
  });
  server.on('upgrade', (asked, socket, head) => {
    const out = connect(Number(port), hostname, () => {
      const lines = Object.entries(headersFor(asked.headers)).map(([name, value]) => `${name}: ${value}`);
      out.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      out.write(head);
      out.pipe(socket).pipe(out);
    });
    for (const end of [out, socket]) end.on('error', () => [out, socket].forEach((one) => one.destroy()));
    out.on('close', () => socket.destroy());
    socket.on('close', () => out.destroy());
  });
  return new Promise((done) =>
    server.listen(0, '127.0.0.1', () =>
      done({
        url: `http://127.0.0.1:${server.address().port}`,
        stop: () => {
          server.close();
          server.closeAllConnections();
        },
      }),
    ),
  );
}
