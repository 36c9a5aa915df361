import { execSync, spawn } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { pino } from 'pino';
import { Partitioners } from 'kafkajs';
import { createKafka } from './client.ts';
import { openKafkaAdmin } from './admin.ts';
import { createChangeConsumer } from './consumer.ts';
const S = { brokers: ['127.0.0.1:19092'], clientId: 'x', groupId: 'u', tls: false, topicPrefix: 't', partitions: 1, replicationFactor: 1, sessionTimeoutMs: 6000 };
const log = pino({ level: process.env.LVL ?? 'silent' });
const kafka = createKafka(S, log); const admin = openKafkaAdmin(kafka);
const start = async (topic: string, next = new Map<number, bigint>()) => {
  const seen: bigint[] = []; const states: any[] = []; let stores = 0, passes = 0;
  const mv = (p: number, e: bigint, n: bigint) => { if ((next.get(p) ?? 0n) !== e) return { kind: 'moved' as const, nextOffset: next.get(p) ?? 0n }; next.set(p, n); return { kind: 'stored' as const }; };
  const c = createChangeConsumer({ kafka, groupId: 'g-' + topic, sessionTimeoutMs: 6000, topics: [topic], partitionsConcurrently: 3, batchMessages: 500, log,
    events: { onState: (s, d) => { states.push(s); if (d?.error) console.log(s, String(d.error)); } },
    handler: { assigned: async (_t, p) => next.get(p) ?? 0n,
      store: async (b) => { stores++; const r = mv(b.partition, b.expectedOffset, b.nextOffset); if (r.kind === 'stored') seen.push(...b.messages.map((m) => m.offset)); return r; },
      passed: async (_t, p, e, n) => { passes++; return mv(p, e, n); } } });
  await c.start(); return { c, next, seen, states, count: () => ({ stores, passes }) };
};
test('codecs', async () => {
  for (const type of ['snappy', 'lz4', 'zstd', 'gzip']) {
    const topic = `c-${type}-${Date.now()}`;
    await admin.ensureTopics([{ topic, partitions: 1, replicationFactor: 1, config: { 'compression.type': type } }]);
    const p = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner }); await p.connect();
    await p.send({ topic, messages: Array.from({ length: 2000 }, (_, i) => ({ key: 'k' + i, value: 'hello world '.repeat(20) + i })) }); await p.disconnect();
    const s = await start(topic);
    await vi.waitFor(() => expect(s.seen.length).toBe(2000), { timeout: 20000 });
    await s.c.stop(); console.log(type, 'ok');
  }
}, 120000);
test('compaction with transactions', async () => {
  const topic = `z-${Date.now()}`;
  await admin.ensureTopics([{ topic, partitions: 1, replicationFactor: 1, config: { 'cleanup.policy': 'compact', 'segment.ms': '300', 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': '100', 'max.compaction.lag.ms':'500' } }]);
  const p = kafka.producer({ transactionalId: 'tx' + topic, idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner }); await p.connect();
  for (let r = 0; r < 25; r++) { const t = await p.transaction(); await t.send({ topic, messages: Array.from({ length: 40 }, (_, i) => ({ key: 'k' + (i % 7), value: 'v'.repeat(50) + r })) }); await t.commit(); await new Promise((x) => setTimeout(x, 250)); }
  await p.disconnect(); await new Promise((x) => setTimeout(x, 8000));
  const [o] = await admin.partitionOffsets(topic); console.log(o);
  const s = await start(topic); const t0 = Date.now();
  await vi.waitFor(() => expect(s.next.get(0)).toBe(o!.high), { timeout: 30000 }).catch((e) => console.log('STUCK at', s.next, s.count()));
  console.log('messages', s.seen.length, s.count(), Date.now() - t0, 'ms', s.states);
  expect(s.next.get(0)).toBe(o!.high);
  for (const from of [1n, 33n, 100n, 477n, 801n]) { const m = await start(topic, new Map([[0, from]])); await s.c.stop(); void m; await vi.waitFor(() => expect(m.next.get(0)).toBe(o!.high), { timeout: 20000 }); console.log('from', from, m.seen.length, m.count()); await m.c.stop(); }
}, 120000);
test('restart of the broker', async () => {
  const topic = `r-${Date.now()}`;
  await admin.ensureTopics([{ topic, partitions: 3, replicationFactor: 1, config: {} }]);
  const s = await start(topic);
  await vi.waitFor(() => expect(s.c.assignment().length).toBe(3), { timeout: 20000 });
  for (const stopMs of [0, 8000]) {
    execSync("kill -9 $(cat /tmp/kfk/kpid)"); await new Promise((x) => setTimeout(x, stopMs));
    spawn('/tmp/kfk/run.sh', { detached: true, stdio: 'ignore' }).unref();
    const up = Date.now(); 
    for (;;) { try { await admin.send(topic, 'k', 'v' + stopMs); break; } catch (e) { console.log(Date.now()-up, (e as any).kind); } }
    console.log('up after', Date.now() - up); const sent = Date.now();
    const want = stopMs === 0 ? 1 : 2;
    await vi.waitFor(() => expect(s.seen.length).toBe(want), { timeout: 60000 });
    console.log('recovered', Date.now() - sent, s.states.slice(-6));
  }
  const t = Date.now(); await s.c.stop(); console.log('stopped in', Date.now() - t);
}, 180000);
test('frozen broker, stop in time; start without a broker', async () => {
  const topic = `f-${Date.now()}`;
  await admin.ensureTopics([{ topic, partitions: 3, replicationFactor: 1, config: {} }]);
  const s = await start(topic);
  await vi.waitFor(() => expect(s.c.assignment().length).toBe(3), { timeout: 20000 });
  execSync("kill -STOP $(cat /tmp/kfk/kpid)"); await new Promise((x) => setTimeout(x, 1500));
  const t = Date.now(); await s.c.stop(); console.log('stopped (frozen) in', Date.now() - t);
  const m = await start(topic); await new Promise((x) => setTimeout(x, 8000)); console.log(m.states);
  execSync("kill -CONT $(cat /tmp/kfk/kpid)");
  const u = Date.now(); await vi.waitFor(() => expect(m.c.assignment().length).toBe(3), { timeout: 60000 }); console.log('joined', Date.now() - u, m.states); await m.c.stop();
}, 180000);
