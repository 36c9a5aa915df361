import {
  type ConnectClient,
  type ConnectorDefinition,
  newSchemaHistory,
  type Settings,
  withSchemaHistory,
} from '@friend-sync/connectors';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Step } from './steps.ts';

/** The connector stops, runs and tells its position within so long. */
const CONNECTOR_MS = 60_000;

export interface BeginningParts {
  readonly settings: Settings;
  readonly admin: KafkaAdmin;
  readonly connect: ConnectClient;
  readonly store: Pick<Store, 'mark'>;
}

/** Steps after which a connector is at its server's present, whatever state it was in, and whether or not there was one. */
export interface Beginning {
  /** After these it is stopped, and knows nothing of before. */
  readonly stop: readonly Step[];
  /** After these it runs, and everything that is committed from then on will be sent. */
  readonly run: readonly Step[];
}

/**
 * A connector begins anew. What it had stored of its position is deleted, and it gets a schema history that is empty: one
 * that exists may be what it stands still for, or belong to another position.
 */
export function beginning(
  { settings, admin, connect, store }: BeginningParts,
  connector: ConnectorDefinition,
): Beginning {
  const history = newSchemaHistory(connector.config, settings, new Date());
  const { name, config } = withSchemaHistory(connector, history.topic, store.mark);
  return {
    stop: [
      {
        name: `stopping the connector ${name}`,
        async run() {
          if (await connect.config(name)) await connect.stop(name);
          else await connect.createStopped(name, config);
          await connect.waitUntilStopped(name, CONNECTOR_MS);
        },
      },
      { name: 'deleting its offsets', run: () => connect.deleteOffsets(name) },
      {
        name: 'giving it a new schema history',
        async run() {
          await admin.ensureTopics([history]);
          await connect.apply(name, config);
        },
      },
    ],
    run: [
      {
        name: `starting the connector ${name}`,
        async run() {
          await connect.resume(name);
          await connect.waitUntilRunning(name, CONNECTOR_MS);
        },
      },
      { name: 'waiting for its position', run: () => connect.waitUntilPositioned(name, CONNECTOR_MS) },
    ],
  };
}
