import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TcpProxy } from './proxy.ts';

let server: Server;
let proxy: TcpProxy;
let accepted: Socket[];
/** What each accepted connection received. */
let received: Map<Socket, string>;

/** Answers each byte with its upper case. */
beforeEach(async () => {
  accepted = [];
  received = new Map();
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received.set(socket, (received.get(socket) ?? '') + chunk);
      socket.write(String(chunk).toUpperCase());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await TcpProxy.open((server.address() as AddressInfo).port);
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  for (const socket of accepted) socket.destroy();
  server.close();
});

function open(port = proxy.port): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  // The proxy resets it at the end of the test at the latest.
  socket.on('error', () => {});
  return socket;
}

async function answer(socket: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += (await once(socket, 'data'))[0];
  return text;
}

const failure = async (socket: Socket) => ((await once(socket, 'error'))[0] as NodeJS.ErrnoException).code;

test('bytes pass both ways, and the end of one side is the end of the other', async () => {
  const socket = open();
  socket.end('hello');
  expect(await answer(socket, 5)).toBe('HELLO');
  await once(socket, 'end');
});

test('bytes of a slow link keep their order when the link becomes fast', async () => {
  const socket = open();
  const text = 'abcdefghij';
  proxy.slow(20);
  for (const [i, letter] of [...text].entries()) {
    if (i === 5) proxy.heal();
    socket.write(letter);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await answer(socket, text.length)).toBe(text.toUpperCase());
});

test('a cut link resets what is open and what is opened, until it is healed', async () => {
  const socket = open();
  socket.write('a');
  await answer(socket, 1);
  proxy.cut();
  expect(await failure(socket)).toBe('ECONNRESET');
  expect(await failure(open())).toBe('ECONNRESET');
  proxy.heal();
  const next = open();
  next.write('b');
  expect(await answer(next, 1)).toBe('B');
});

test('a half-open link takes bytes and delivers them when it is healed', async () => {
  const socket = open();
  socket.write('a');
  await answer(socket, 1);
  proxy.stall();
  socket.write('b');
  const direct = open(proxy.target);
  direct.write('later');
  await answer(direct, 5);
  expect([...received.values()]).toEqual(['a', 'later']);
  proxy.heal();
  expect(await answer(socket, 1)).toBe('B');
});

test('a half-open link hides that the other side is gone', async () => {
  const socket = open();
  socket.write('a');
  await answer(socket, 1);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  proxy.stall();
  accepted[0]?.resetAndDestroy();
  const direct = open(proxy.target);
  direct.write('later');
  await answer(direct, 5);
  expect(socket.closed).toBe(false);
  proxy.heal();
  await closed;
});

test('a link that falls silent delivers nothing on what is open, not even its end, and everything on what is opened', async () => {
  const socket = open();
  socket.write('a');
  await answer(socket, 1);
  proxy.silence();
  socket.write('b');
  accepted[0]?.end();
  const next = open();
  next.write('c');
  expect(await answer(next, 1)).toBe('C');
  proxy.heal();
  next.write('d');
  expect(await answer(next, 1)).toBe('D');
  expect([...received.values()]).toEqual(['a', 'cd']);
  expect(socket.readableEnded).toBe(false);
});

test('a server that is not there is a reset', async () => {
  server.close();
  await once(server, 'close');
  expect(await failure(open())).toBe('ECONNRESET');
});
