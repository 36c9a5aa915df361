import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret, type Settings } from '@friend-sync/connectors';
import { openStack } from '@friend-sync/local-stack';
import avro from 'avsc';
import { expect, test } from 'vitest';
import { ownStack } from '../../../../test/support/own-stack.ts';
import { createDecoder } from './avro.ts';
import { requireRegistry } from './registry-probe.ts';

const [USER, PASSWORD] = ['reader', 'a: b'];
const SCHEMA = {
  type: 'record',
  name: 'Envelope',
  namespace: 'p.db.t',
  fields: [{ name: 'op', type: ['null', 'string'], default: null }],
};

/** The Confluent-compatible API of an Apicurio registry at the paths that Confluent's has, for who logs in. */
async function openAsConfluent(apicurio: string): Promise<Server & AsyncDisposable> {
  const login = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== login) return response.writeHead(401).end('{"error_code":40101}');
    const answer = await fetch(`${apicurio}/apis/ccompat/v7${request.url}`);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(await answer.text());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** Registers the schema as Connect's converter does, and returns the id that the converter writes into messages. */
async function register(apicurio: string, schema: object): Promise<number> {
  const artifacts = `${apicurio}/apis/registry/v2/groups/default/artifacts`;
  const headers = {
    'content-type': 'application/json',
    'X-Registry-ArtifactId': `t-${randomUUID()}-value`,
    'X-Registry-ArtifactType': 'AVRO',
  };
  const answer = await fetch(artifacts, { method: 'POST', headers, body: JSON.stringify(schema) });
  const { contentId } = (await answer.json()) as { contentId: number };
  return contentId;
}

test('case 24: the reader of Confluent’s kind reads from Apicurio’s API as if it were one; a login that is refused is told', async () => {
  const { registryUrl } = await openStack({ ...ownStack(), detached: true });
  // From here on the registry's two kinds of ids differ.
  for (const _ of ['once', 'twice']) await register(registryUrl, { ...SCHEMA, name: 'Other' });
  const id = await register(registryUrl, SCHEMA);
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  const message = Buffer.concat([header, avro.Type.forSchema(SCHEMA as never).toBuffer({ op: 'c' })]);

  await using server = await openAsConfluent(registryUrl);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry: Settings['registry'] = { kind: 'confluent', url, user: USER, password: new Secret(PASSWORD) };
  await requireRegistry(registry);
  const decoded = await createDecoder(registry).decode(message);
  expect(decoded).toMatchObject({ schema: { id, name: 'p.db.t.Envelope' }, value: { op: 'c' } });

  const refused = { ...registry, password: new Secret('another') };
  const told = {
    kind: 'schema_unavailable',
    policy: { hint: expect.stringContaining('FRIEND_SYNC_REGISTRY__PASSWORD') },
  };
  await expect(requireRegistry(refused)).rejects.toMatchObject(told);
  await expect(createDecoder(refused).decode(message)).rejects.toMatchObject(told);
});
