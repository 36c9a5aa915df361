import {
  type Configuration,
  type ConnectClient,
  renderSourceConnector,
  type SourceMapping,
  sourceConnectorName,
} from '@friend-sync/connectors';
import { SyncError, toSyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { readTableShape } from '../../infrastructure/mysql/table-shape.ts';

/** An answer is good for so long: a rewind may pass a million messages that lack the same column. */
const ANSWER_MS = 5_000;
const COLUMNS = 'column.include.list';

export interface CapturedColumnsParts {
  readonly configuration: Configuration;
  readonly source: Database;
  readonly connect: ConnectClient;
}

/** Throws `contract_broken`, naming the column, if messages will go on without these columns. */
export type RequireCaptured = (mapping: SourceMapping, columns: readonly string[]) => Promise<void>;

/**
 * A message may lack a mapped column because it is older than the mapping, or than the column. Whether that goes on, the
 * source table and the connector's configuration tell. The registry's newest schema does not: a column that was dropped
 * and added again has the schema of before, which the registry does not count as new.
 */
export function captureCheck({ configuration, source, connect }: CapturedColumnsParts): RequireCaptured {
  const answers = new Map<string, { readonly until: number; readonly gone: readonly string[] }>();

  async function findGone(mapping: SourceMapping): Promise<readonly string[]> {
    const shape = await readTableShape(source, mapping.table).catch((error) => {
      throw new SyncError('user_database_unavailable', toSyncError(error).message);
    });
    const names = new Set(shape?.columns.map(({ name }) => name));
    return mapping.columns.filter((name) => !names.has(name));
  }

  async function requireConnector(mapping: SourceMapping): Promise<void> {
    const running = await connect.config(sourceConnectorName(configuration.settings, mapping)).catch((cause) => {
      throw new SyncError('source_unavailable', 'Kafka Connect does not answer', { cause });
    });
    if (running?.[COLUMNS] !== renderSourceConnector(configuration, mapping)[COLUMNS])
      throw new SyncError('contract_broken', 'the connector captures other columns than the mapping has');
  }

  return async (mapping, columns) => {
    let answer = answers.get(mapping.name);
    if (!answer || answer.until < Date.now()) {
      await requireConnector(mapping);
      answer = { until: Date.now() + ANSWER_MS, gone: await findGone(mapping) };
      answers.set(mapping.name, answer);
    }
    const gone = columns.filter((name) => answer.gone.includes(name));
    if (gone.length === 0) return;
    const { database, table } = mapping.table;
    const problem = `${database}.${table} lacks ${gone.join(', ')}: dropped or renamed, or no SELECT on it any more`;
    throw new SyncError('contract_broken', problem);
  };
}
