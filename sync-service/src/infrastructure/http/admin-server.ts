import { ConfigurationError } from '@friend-sync/connectors';
import fastify from 'fastify';
import type { Condition } from '../../domain/trouble.ts';
import type { Metrics } from '../../metrics.ts';

/** No progress of any kind for so long means that the process is stuck: a restart may help. */
const STUCK_MS = 5 * 60_000;

export interface AdminServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * `/livez`: the process makes progress or knows why not (an outage elsewhere is no reason to restart it).
 * `/readyz`: it consumes and nothing is in trouble; otherwise 503 with every trouble and its remedy. `/metrics`: Prometheus.
 */
export async function openAdminServer(
  address: { host: string; port: number },
  health: Condition & { readonly isReady: boolean },
  metrics: Metrics,
  lastProgressAt: () => number,
): Promise<AdminServer> {
  const server = fastify({ forceCloseConnections: true });
  server.get('/livez', (_, reply) => {
    const isStuck = health.troubles.length === 0 && Date.now() - lastProgressAt() > STUCK_MS;
    return reply
      .code(isStuck ? 503 : 200)
      .send({ state: health.state, lastProgress: new Date(lastProgressAt()).toISOString() });
  });
  server.get('/readyz', (_, reply) =>
    reply
      .code(health.isReady ? 200 : 503)
      .send({ ready: health.isReady, state: health.state, troubles: health.troubles }),
  );
  server.get('/metrics', async (_, reply) => {
    metrics.ready.set(health.isReady ? 1 : 0);
    metrics.trouble.reset();
    for (const { kind } of health.troubles) metrics.trouble.inc({ kind });
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  // fastify writes into what it is given, and settings are frozen.
  await server.listen({ ...address }).catch((error: NodeJS.ErrnoException) => {
    const place = { file: 'settings', line: 0, column: 0, path: 'admin' };
    const problem = `cannot listen at ${address.host}:${address.port} (${error.code})`;
    throw new ConfigurationError([{ ...place, problem, remedy: 'set another admin.port (0: any free one)' }]);
  });
  const bound = server.server.address();
  return {
    port: typeof bound === 'object' && bound ? bound.port : address.port,
    [Symbol.asyncDispose]: async () => server.close(),
  };
}
