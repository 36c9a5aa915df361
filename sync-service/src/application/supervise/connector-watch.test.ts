import type { ConnectClient } from '@friend-sync/connectors';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger } from '../../log.ts';
import { type ConnectorWatchOptions, watchConnector } from './connector-watch.ts';
import { Health } from './health.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A connector whose task is in a state that the test sets; a restart shows it as running for one look. */
function watch(options: Partial<ConnectorWatchOptions> = {}) {
  const connector = { state: 'RUNNING', restarts: 0, flickers: 0, isSilent: false, isOfNow: true };
  let beats = 0n;
  const heartbeats = async () => (connector.isSilent ? beats : ++beats);
  const connect = {
    async status() {
      if (connector.state === 'MISSING') return undefined;
      const state = connector.flickers > 0 ? 'RUNNING' : connector.state;
      connector.flickers = Math.max(0, connector.flickers - 1);
      return { state: 'RUNNING', tasks: [{ id: 0, state }] };
    },
    config: async () => ({ 'connect.keep.alive': connector.isOfNow ? 'false' : 'true' }),
    async restart() {
      connector.restarts++;
      connector.flickers = 1;
    },
  } as unknown as ConnectClient;
  const health = new Health();
  const watching = watchConnector(connect, 'c', health, createLogger('fatal'), {
    part: 'connector',
    heartbeats,
    ...options,
  });
  return { connector, health, watching };
}

const wasBrokenOff = async () => false;
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

test('one that runs is left alone; one that fails is named and restarted, later and later', async () => {
  const { connector, health } = watch();
  await pass(20);
  expect(connector.restarts).toBe(0);
  connector.state = 'FAILED';
  await pass(2);
  expect(health.troubles).toMatchObject([{ part: 'connector', kind: 'connector_failed' }]);
  await pass(58);
  expect(connector.restarts).toBeGreaterThan(3);
  expect(connector.restarts).toBeLessThan(8);
});

test.each([
  ['STOPPED', /connectors resume/],
  ['PAUSED', /connectors resume/],
  ['MISSING', /connectors apply/],
  ['FAILED', /is restarted/],
])('of one that is %s is told what brings it back', async (state, hint) => {
  const { connector, health } = watch();
  connector.state = state;
  await pass(3);
  expect(health.troubles).toMatchObject([{ kind: 'connector_failed', hint: expect.stringMatching(hint) }]);
});

test('what follows a recovery is done once it runs steadily, and again until it succeeds', async () => {
  const recoveries = vi.fn(async () => {});
  recoveries.mockRejectedValueOnce(new Error('not yet'));
  const { connector, health } = watch({ onRecovered: recoveries });
  await pass(20);
  expect(recoveries).not.toHaveBeenCalled();
  connector.state = 'PAUSED';
  await pass(10);
  connector.state = 'RUNNING';
  await pass(3);
  expect(health.troubles).toEqual([]);
  expect(recoveries).not.toHaveBeenCalled();
  await pass(30);
  expect(recoveries).toHaveBeenCalledTimes(2);
});

test('after so many restarts that did not help, something else is tried', async () => {
  const act = vi.fn(async () => {});
  const { connector } = watch({ hopeless: { restarts: 2, act, wasBrokenOff } });
  connector.state = 'FAILED';
  await pass(30);
  expect(connector.restarts).toBe(2);
  expect(act).toHaveBeenCalled();
});

test('what was tried instead and broke off, which leaves the connector stopped, is tried again; one that somebody stops is left alone', async () => {
  const act = vi.fn(async () => {});
  const { connector } = watch({ hopeless: { restarts: 0, act, wasBrokenOff } });
  act.mockImplementationOnce(async () => {
    connector.state = 'STOPPED';
    throw new Error('broken off');
  });
  connector.state = 'FAILED';
  await pass(10);
  expect(act).toHaveBeenCalledTimes(2);
  await pass(60);
  expect(act).toHaveBeenCalledTimes(2);
});

test('case 77: one that was left stopped half-way by somebody who is gone is begun once more; one that an operator stopped is left alone', async () => {
  const state = { isBrokenOff: false };
  const act = vi.fn(async () => {});
  const { connector, health } = watch({ hopeless: { restarts: 3, act, wasBrokenOff: async () => state.isBrokenOff } });
  connector.state = 'STOPPED';
  await pass(60);
  expect(act).not.toHaveBeenCalled();
  state.isBrokenOff = true;
  act.mockImplementationOnce(async () => {
    throw new Error('broken off once more');
  });
  act.mockImplementationOnce(async () => {
    Object.assign(state, { isBrokenOff: false });
    connector.state = 'RUNNING';
  });
  await pass(20);
  expect(act).toHaveBeenCalledTimes(2);
  expect(connector.restarts).toBe(0);
  expect(health.troubles).toEqual([]);
});

test('one that runs and is silent is named and restarted, later and later, and never given up', async () => {
  const act = vi.fn(async () => {});
  const { connector, health, watching } = watch({ hopeless: { restarts: 0, act, wasBrokenOff } });
  await pass(20);
  connector.isSilent = true;
  await pass(13);
  expect(connector.restarts).toBe(1);
  expect(health.troubles).toMatchObject([{ part: 'connector', kind: 'connector_failed' }]);
  await pass(38);
  expect(connector.restarts).toBe(1);
  await pass(10);
  expect(connector.restarts).toBe(2);
  expect(act).not.toHaveBeenCalled();
  expect(watching.failingSince()).toBe(undefined);
  connector.isSilent = false;
  await pass(10);
  expect(health.troubles).toEqual([]);
});

test('one whose restart is heard for a moment only is given time to fail', async () => {
  const { connector } = watch();
  await pass(10);
  connector.isSilent = true;
  await pass(13);
  expect(connector.restarts).toBe(1);
  connector.isSilent = false;
  await pass(4);
  connector.isSilent = true;
  await pass(36);
  expect(connector.restarts).toBe(1);
});

test('one that is not heard because Kafka does not answer, or that does not run, is not restarted for its silence', async () => {
  const heartbeats = vi.fn(async () => 1n);
  heartbeats.mockRejectedValue(new Error('Kafka is away'));
  const { connector } = watch({ heartbeats });
  await pass(60);
  expect(connector.restarts).toBe(0);
  heartbeats.mockResolvedValue(1n);
  connector.state = 'PAUSED';
  await pass(60);
  expect(connector.restarts).toBe(0);
});

test('one that begins is given longer; one with the configuration of another version is not restarted', async () => {
  const { connector } = watch();
  connector.isSilent = true;
  await pass(38);
  expect(connector.restarts).toBe(0);
  await pass(8);
  expect(connector.restarts).toBe(1);
  const { connector: other, health } = watch();
  Object.assign(other, { isSilent: true, isOfNow: false });
  await pass(60);
  expect(other.restarts).toBe(0);
  expect(health.troubles).toMatchObject([{ problem: expect.stringContaining('connectors apply') }]);
});

test('one that is silent is not restarted while its server is not what it was', async () => {
  const beforeRestart = vi.fn(async () => {});
  beforeRestart.mockRejectedValue(new Error('the server is away'));
  const { connector, health } = watch({ beforeRestart });
  await pass(10);
  connector.isSilent = true;
  await pass(30);
  expect(connector.restarts).toBe(0);
  expect(health.troubles).toMatchObject([{ part: 'connector', kind: 'connector_failed' }]);
});
