import {
  type Configuration,
  type ConnectorDefinition,
  connectorDefinitions,
  sourceConnector,
} from '@friend-sync/connectors';
import { readPrimaryKeys } from '../../infrastructure/mysql/copies/target-table.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';

/**
 * Every connector as it should be; the friend database is asked for its tables' primary keys, which that of the late copies
 * names. Without the friend database, those of the sources alone.
 */
export async function readDefinitions(
  configuration: Configuration,
  target: Database | undefined,
): Promise<ConnectorDefinition[]> {
  const { mapping, settings } = configuration;
  if (!settings.lateCopies.enabled) return connectorDefinitions(configuration, () => []);
  if (!target) return mapping.sources.map((source) => sourceConnector(configuration, source));
  return connectorDefinitions(configuration, await readPrimaryKeys(target, mapping));
}
