import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { ConnectClient, ConnectError } from './client.ts';
import { storedGtids } from './stored-position.ts';

interface Request {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

type Answer = { readonly status?: number; readonly body?: unknown } | 'hang up' | 'say nothing';

const NOT_FOUND = { error_code: 404, message: 'not found' };
const closers: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const close of closers.splice(0)) close();
});

/** A fake Kafka Connect; `answer` gets each request and how many came before it. */
async function openConnect(answer: (request: Request, earlier: number) => Answer) {
  const requests: Request[] = [];
  const server = createServer(async (message, response) => {
    const request = { method: message.method ?? '', url: message.url ?? '', body: await bodyOf(message) };
    const given = answer(request, requests.length);
    requests.push(request);
    if (given === 'hang up') return response.destroy();
    if (given === 'say nothing') return;
    const { status = 200, body } = given;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { requests, url, client: new ConnectClient(`${url}/`) };
}

async function bodyOf(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text ? JSON.parse(text) : undefined;
}

async function errorOf(promise: Promise<unknown>): Promise<ConnectError> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error;
}

const status = (state: string, ...tasks: { state: string; trace?: string }[]) => ({
  body: { connector: { state }, tasks: tasks.map((task, id) => ({ id, ...task })) },
});

test('validate gives the errors by key', async () => {
  const { client, requests } = await openConnect(() => ({
    body: {
      configs: [
        { value: { name: 'a', errors: ['bad', 'worse'] } },
        { value: null },
        { value: { name: 'b', errors: [] } },
      ],
    },
  }));
  expect(await client.validate({ 'connector.class': 'x.Y' })).toEqual([
    { key: 'a', message: 'bad' },
    { key: 'a', message: 'worse' },
  ]);
  expect(requests[0]).toMatchObject({ method: 'PUT', url: '/connector-plugins/x.Y/config/validate' });
});

test.each([
  ['created', undefined],
  ['updated', { a: '2', name: 'n' }],
  ['unchanged', { a: '1', name: 'n' }],
])('apply: %s', async (outcome, current) => {
  const { client, requests } = await openConnect(({ method }) =>
    method === 'GET' && !current ? { status: 404, body: NOT_FOUND } : { body: current ?? {} },
  );
  expect(await client.apply('n', { a: '1' })).toBe(outcome);
  expect(requests.filter(({ method }) => method === 'PUT')).toEqual(
    outcome === 'unchanged' ? [] : [{ method: 'PUT', url: '/connectors/n/config', body: { a: '1' } }],
  );
});

test('a rebalance is waited for', async () => {
  const { client, requests } = await openConnect((_, earlier) => (earlier < 2 ? { status: 409 } : { status: 202 }));
  await client.pause('n');
  expect(requests).toHaveLength(3);
});

test('each verb is its request', async () => {
  const { client, requests } = await openConnect(() => ({ status: 204 }));
  await client.restart('a b', { onlyFailed: true });
  await client.pause('n');
  await client.resume('n');
  await client.stop('n');
  await client.deleteOffsets('n');
  await client.delete('n');
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /connectors/a%20b/restart?includeTasks=true&onlyFailed=true',
    'PUT /connectors/n/pause',
    'PUT /connectors/n/resume',
    'PUT /connectors/n/stop',
    'DELETE /connectors/n/offsets',
    'DELETE /connectors/n',
  ]);
});

test('a connector that does not exist has no status, and deleting it is fine', async () => {
  const { client } = await openConnect(() => ({ status: 404, body: NOT_FOUND }));
  expect(await client.status('n')).toBeUndefined();
  await client.delete('n');
});

test.each(['', '<html>404 Not Found</html>', { status: '404', message: 'Not Found' }])(
  'a worker that starts, and knows no path yet, does not pass for one that lacks the connector',
  async (body) => {
    const { client } = await openConnect(() => ({ status: 404, body }));
    for (const asked of [() => client.status('n'), () => client.delete('n'), () => client.names()]) {
      const error = await errorOf(asked());
      expect(error.message).toContain('it is starting, or settings.connect.url is that of another server');
      expect(error.status).toBeUndefined();
    }
  },
);

test('a refusal says what, where and why', async () => {
  const { client, url } = await openConnect(() => ({ status: 400, body: { message: 'not stopped' } }));
  const error = await errorOf(client.deleteOffsets('n'));
  expect(error.message).toBe(`Kafka Connect at ${url} answers 400 to DELETE /connectors/n/offsets: not stopped`);
  expect(error.status).toBe(400);
});

test('an error of any other form is a ConnectError, too, and holds nothing of the configuration', async () => {
  const { client } = await openConnect(({ method }) =>
    method === 'GET' ? { status: 404, body: NOT_FOUND } : { status: 500, body: '<html>' },
  );
  const error = await errorOf(client.apply('n', { 'database.password': 'hunter2' }));
  expect(error.message).not.toContain('hunter2');
});

test('an answer that is not JSON is a ConnectError', async () => {
  const { client, url } = await openConnect(() => ({ body: '<html>' }));
  expect((await errorOf(client.status('n'))).message).toContain(`${url} answers GET /connectors/n/status with no JSON`);
});

test.each(['hang up', { status: 200 }] as const)('no answer names the setting to look at', async (answer) => {
  const { client, url } = await openConnect(() => answer);
  if (answer !== 'hang up') for (const close of closers.splice(0)) close();
  const { message, status } = await errorOf(client.status('n'));
  expect(message).toBe(`Kafka Connect at ${url} does not answer; check that it runs and settings.connect.url`);
  expect(status).toBeUndefined();
});

test('waiting ends when the connector and its tasks run', async () => {
  const answers = [
    status('RUNNING'),
    status('RUNNING', { state: 'UNASSIGNED' }),
    status('RUNNING', { state: 'RUNNING' }),
  ];
  const { client, requests } = await openConnect((_, earlier) => answers[earlier] ?? {});
  await client.waitUntilRunning('n', 5_000);
  expect(requests).toHaveLength(3);
});

test('waiting fails with the cause of a failed task', async () => {
  const trace = 'org.A: wrapped\n\tat x\nCaused by: org.B: no privilege\n\tat y';
  const { client } = await openConnect(() => status('RUNNING', { state: 'FAILED', trace }));
  expect((await errorOf(client.waitUntilRunning('n', 200))).message).toBe(
    'task 0 of connector n has failed: org.B: no privilege',
  );
});

test('waiting fails with the cause where the connector itself has failed', async () => {
  const { client } = await openConnect(() => ({
    body: { connector: { state: 'FAILED', trace: 'org.A: wrong config\n\tat x' }, tasks: [] },
  }));
  expect((await errorOf(client.waitUntilRunning('n', 200))).message).toBe(
    'connector n has failed: org.A: wrong config',
  );
});

test('a failure that a restart is about to end is not the outcome', async () => {
  const answers = [status('FAILED'), status('RUNNING', { state: 'FAILED' }), status('RUNNING', { state: 'RUNNING' })];
  const { client } = await openConnect((_, earlier) => answers[earlier] ?? {});
  await client.waitUntilRunning('n', 5_000);
});

test('waiting has a deadline', async () => {
  const { client } = await openConnect(() => status('PAUSED', { state: 'PAUSED' }));
  expect((await errorOf(client.waitUntilRunning('n', 50))).message).toContain('does not run after 50 ms (PAUSED)');
});

test('the stored GTID set is the offset’s', async () => {
  const offsets = [{ partition: { server: 'p' }, offset: { gtids: 'a:1-5', file: 'b', pos: 4 } }];
  const { client } = await openConnect(() => ({ body: { offsets } }));
  expect(storedGtids(await client.offsets('n'))).toBe('a:1-5');
  expect(storedGtids([])).toBeUndefined();
  expect(storedGtids([{ partition: {}, offset: {} }])).toBeUndefined();
});

test('case 76: an answer that does not come is given up; once the signal is aborted, at once, and so is every wait', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { client, requests, url } = await openConnect(() => 'say nothing');
  const late = errorOf(client.names());
  await vi.waitFor(() => expect(requests).toHaveLength(1));
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await late).toMatchObject({ message: expect.stringContaining('has not answered GET'), isStopping: false });
  vi.useRealTimers();

  const stopping = new AbortController();
  const stopped = new ConnectClient(url, stopping.signal);
  const asked = errorOf(stopped.names());
  await vi.waitFor(() => expect(requests).toHaveLength(2));
  stopping.abort();
  expect(await asked).toMatchObject({ isStopping: true });
  expect(await errorOf(stopped.waitUntilRunning('some', 60_000))).toMatchObject({ isStopping: true });
});
