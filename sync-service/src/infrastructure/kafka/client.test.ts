import { Writable } from 'node:stream';
import { type Settings, settingsSchema } from '@friend-sync/connectors';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createKafka } from './client.ts';

const settings: Settings['kafka'] = settingsSchema.parse({}).kafka;

test('kafkajs logs to pino, one step quieter, with known fields only', () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = createKafka(settings, pino({ level: 'info', base: null, timestamp: false }, stream)).logger();
  logger.error('connection lost', { broker: 'b:1', topic: 't', payload: 'Alice', error: 'ECONNRESET', stack: 'Alice' });
  logger.warn('slow', { error: new Error('Alice') });
  logger.info('not shown at info');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 40, topic: 't', broker: 'b:1', error: 'ECONNRESET', msg: 'connection lost' },
    { level: 30, msg: 'slow' },
  ]);
});

test('a client with TLS and SASL is created without connecting', () => {
  const sasl = { mechanism: 'scram-sha-512', username: 'u', password: 'p' };
  const { kafka } = settingsSchema.parse({ kafka: { tls: true, sasl } });
  expect(() => createKafka(kafka, pino({ level: 'silent' }))).not.toThrow();
});
