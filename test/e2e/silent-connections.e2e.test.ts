import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TcpProxy } from '../../chaos/src/proxy.ts';
import { createUsers, update } from '../support/load.ts';
import { ownStack } from '../support/own-stack.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

const USERS = 20;
const PATIENCE_MS = 120_000;
/** So that whatever looks at a server now and then has asked it in vain. */
const SILENT_MS = 4_000;
const STOP_MS = 10_000;

type Part = 'user-mysql' | 'friend-mysql' | 'kafka' | 'registry' | 'connect';
interface Way {
  readonly link: TcpProxy;
  /** Has a daemon go this way. */
  readonly env: Readonly<Record<string, string>>;
}

let pipeline: Pipeline;
const ways = new Map<Part, Way>();

beforeAll(async () => {
  pipeline = await openPipeline();
  const { stack } = pipeline;
  const portOf = (url: string) => Number(new URL(url).port);
  const open = async (part: Part, setting: string, port: number, value: (port: number) => string, at = 0) => {
    const link = await TcpProxy.open(port, at);
    ways.set(part, { link, env: { [`FRIEND_SYNC_${setting}`]: value(link.port) } });
  };
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const { port, advertised } = ownStack().proxiedKafka;
  await open('user-mysql', 'SOURCE__PORT', stack.userMysql.port, String);
  await open('friend-mysql', 'TARGET__PORT', stack.friendMysql.port, String);
  await open('kafka', 'KAFKA__BROKERS', port, (own) => `127.0.0.1:${own}`, advertised);
  await open('registry', 'REGISTRY__URL', portOf(stack.registryUrl), url);
  await open('connect', 'CONNECT__URL', portOf(stack.connectUrl), url);
  await createUsers(pipeline, USERS);
});
afterAll(async () => {
  await pipeline?.[Symbol.asyncDispose]();
  for (const { link } of ways.values()) await link[Symbol.asyncDispose]();
});

const silenceAll = () => {
  for (const { link } of ways.values()) link.silence();
};

test('case 70: where the connections to every server fall silent for good, changes arrive again without a restart', async () => {
  const { user, userDb, friend, friendDb } = pipeline;
  const daemon = await pipeline.startDaemon(Object.assign({}, ...[...ways.values()].map(({ env }) => env)));
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  silenceAll();
  // With a default the messages have another schema, which the registry must be asked for.
  await user.write('altering', `ALTER TABLE ${userDb}.account ALTER COLUMN avatar SET DEFAULT 'none'`);
  await user.write('a change', `UPDATE ${userDb}.account SET nick = 'after all' WHERE id = 1`);
  const nicks = async () => {
    const rows = await friend.rows('looking', `SELECT nick FROM ${friendDb}.friend WHERE friend_id = 1`);
    expect(await daemon.liveness()).toBe(200);
    return rows.map(({ nick }) => nick);
  };
  await expect.poll(nicks, { timeout: PATIENCE_MS, interval: 500 }).toEqual(['after all', 'after all']);
  await daemon.ready();
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  await daemon.kill();
});

test('case 70: a daemon that is told to stop while its connections to a server are silent ends in order, in time', async () => {
  const started = [...ways].map(async ([part, { env }]) => ({ part, daemon: await pipeline.startDaemon(env) }));
  const daemons = await Promise.all(started);
  expect(await pipeline.settled()).toMatchObject({ mismatches: 0 });
  silenceAll();
  for (let n = 0; n < USERS; n++) await update(pipeline, n, USERS);
  await delay(SILENT_MS); // the length of the fault is what is tested
  const stopped = daemons.map(async ({ part, daemon }) => {
    const code = await Promise.race([daemon.kill('SIGTERM'), delay(STOP_MS, 'too long', { ref: false })]);
    return [part, code];
  });
  expect(await Promise.all(stopped)).toEqual([...ways.keys()].map((part) => [part, 0]));
});
