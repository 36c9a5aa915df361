import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '@friend-sync/connectors';
import avro from 'avsc';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDecoder } from './avro.ts';
import { bigintTypeHook } from './avro-long.ts';

const APICURIO = { kind: 'apicurio', password: new Secret('') } as const;

/** The shape of what Debezium registers, with a default on a bigint column. */
const ENVELOPE = {
  type: 'record',
  name: 'Envelope',
  namespace: 'p.db.t',
  fields: [
    { name: 'before', type: ['null', { type: 'record', name: 'Value', fields: row() }], default: null },
    { name: 'after', type: ['null', 'Value'], default: null },
    { name: 'op', type: 'string' },
    { name: 'ts_ns', type: ['null', 'long'], default: null },
  ],
};

function row() {
  return [
    { name: 'id', type: 'long' },
    { name: 'nick', type: ['null', 'string'], default: null },
    { name: 'level', type: { type: 'long', 'connect.default': 0 }, default: 0 },
    { name: 'flags', type: 'int' },
    { name: 'blob', type: ['null', 'bytes'], default: null },
  ];
}

const type = avro.Type.forSchema(ENVELOPE as never, { typeHook: bigintTypeHook as never });

function message(id: number, value: unknown): Buffer {
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  return Buffer.concat([header, type.toBuffer(value)]);
}

const record = {
  before: null,
  after: { id: 2n ** 63n - 1n, nick: '🍣', level: 0n, flags: 7, blob: Buffer.from([1]) },
  op: 'u',
  ts_ns: 1_763_000_000_000_000_000n,
};

describe('the decoder', () => {
  const requests: string[] = [];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });
  let url: string;

  beforeEach(async () => {
    requests.length = 0;
    answer = (request, response) => {
      const isKnown = ['1', '2'].includes(request.url?.split('/').at(-1) ?? '');
      response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isKnown ? { schema: JSON.stringify(ENVELOPE) } : { error_code: 40403 }));
    };
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('decodes longs as bigint and tells the columns of the writer', async () => {
    const decoded = await createDecoder({ ...APICURIO, url }).decode(message(1, record));
    expect(decoded.value).toEqual(record);
    expect(decoded.schema).toEqual({
      id: 1,
      name: 'p.db.t.Envelope',
      afterFields: new Map([
        ['id', { type: 'long', isNullable: false, byDefault: undefined }],
        ['nick', { type: 'string', isNullable: true, byDefault: undefined }],
        ['level', { type: 'long', isNullable: false, byDefault: 0 }],
        ['flags', { type: 'int', isNullable: false, byDefault: undefined }],
        ['blob', { type: 'bytes', isNullable: true, byDefault: undefined }],
      ]),
    });
    expect(requests).toEqual(['/apis/ccompat/v7/schemas/ids/1']);
  });

  test('asks once for an id, however many messages wait for it', async () => {
    const decoder = createDecoder({ ...APICURIO, url: `${url}/` });
    await Promise.all([1, 2, 3].map(() => decoder.decode(message(1, record))));
    await decoder.decode(message(2, record));
    expect(requests).toHaveLength(2);
  });

  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['one byte', Buffer.from([0])],
    ['another magic byte', Buffer.concat([Buffer.from([1]), message(1, record).subarray(1)])],
    ['JSON', Buffer.from('{"op":"u"}')],
    ['a truncated record', message(1, record).subarray(0, -3)],
    ['trailing bytes', Buffer.concat([message(1, record), Buffer.from([0])])],
  ])('%s: malformed', async (_name, bytes) => {
    await expect(createDecoder({ ...APICURIO, url }).decode(bytes)).rejects.toMatchObject({
      kind: 'message_malformed',
    });
  });

  test('case 24: an unknown id is the message’s fault only after a grace time, and while the registry knows another', async () => {
    const patient = createDecoder({ ...APICURIO, url });
    await patient.decode(message(1, record));
    await expect(patient.decode(message(9, record))).rejects.toMatchObject({ kind: 'schema_unavailable' });

    const decoder = createDecoder({ ...APICURIO, url }, { unknownGraceMs: 0 });
    await expect(decoder.decode(message(9, record))).rejects.toMatchObject({ kind: 'schema_unavailable' });
    await decoder.decode(message(1, record));
    await expect(decoder.decode(message(9, record))).rejects.toMatchObject({ kind: 'message_malformed' });
    const asked = requests.length;
    await expect(decoder.decode(message(9, record))).rejects.toMatchObject({ kind: 'message_malformed' });
    expect(requests).toHaveLength(asked);
  });

  test('case 24: a registry that has lost its storage makes no message malformed, and known ids go on', async () => {
    const decoder = createDecoder({ ...APICURIO, url });
    await decoder.decode(message(1, record));
    answer = (_request, response) => response.writeHead(404).end('{}');
    await expect(decoder.decode(message(2, record))).rejects.toMatchObject({ kind: 'schema_unavailable' });
    await expect(decoder.decode(message(1, record))).resolves.toBeDefined();
  });

  test('case 24: a failing registry is unavailable, asked once, and asked again the next time', async () => {
    const decoder = createDecoder({ ...APICURIO, url });
    const works = answer;
    answer = (_request, response) => response.writeHead(500).end();
    await expect(decoder.decode(message(1, record))).rejects.toMatchObject({ kind: 'schema_unavailable' });
    expect(requests).toHaveLength(1);
    answer = works;
    await expect(decoder.decode(message(1, record))).resolves.toBeDefined();
  });

  test('case 24: an unreachable registry is unavailable', async () => {
    const decoder = createDecoder({ ...APICURIO, url: 'http://127.0.0.1:1' });
    await expect(decoder.decode(message(1, record))).rejects.toMatchObject({ kind: 'schema_unavailable' });
  });

  test('case 24: a registry that never answers is unavailable after the timeout', async () => {
    answer = () => {};
    const decoder = createDecoder({ ...APICURIO, url }, { requestTimeoutMs: 50 });
    await expect(decoder.decode(message(1, record))).rejects.toMatchObject({ kind: 'schema_unavailable' });
  });

  test('a default that its own type cannot hold takes no part in decoding', async () => {
    const column = { name: 'level', type: [{ type: 'long', 'connect.default': 2 ** 64 }, 'null'], default: 2 ** 64 };
    const schema = JSON.stringify(ENVELOPE).replace(JSON.stringify(row()[2]), JSON.stringify(column));
    answer = (_request, response) => response.end(JSON.stringify({ schema }));
    const plain = JSON.parse(schema.replaceAll(/,"default":[^}]*/g, ''));
    const bytes = avro.Type.forSchema(plain, { typeHook: bigintTypeHook as never }).toBuffer(record);
    const decoded = await createDecoder({ ...APICURIO, url }).decode(
      Buffer.concat([message(1, record).subarray(0, 5), bytes]),
    );
    expect(decoded.value).toEqual(record);
    expect(decoded.schema.afterFields?.get('level')).toEqual({ type: 'long', isNullable: true, byDefault: 2 ** 64 });
  });

  test('a schema that cannot be compiled makes its messages malformed, and is asked for once', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ schema: '{"type":"record","name":"1abc","fields":[]}' }));
    };
    const decoder = createDecoder({ ...APICURIO, url });
    for (const _ of [1, 2])
      await expect(decoder.decode(message(1, record))).rejects.toMatchObject({ kind: 'message_malformed' });
    expect(requests).toHaveLength(1);
  });

  test('what is no schema is the registry’s fault', async () => {
    for (const body of ['{}', 'no JSON']) {
      answer = (_request, response) => response.end(body);
      await expect(createDecoder({ ...APICURIO, url }).decode(message(1, record))).rejects.toMatchObject({
        kind: 'schema_unavailable',
      });
    }
  });
});
