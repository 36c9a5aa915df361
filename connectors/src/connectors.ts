import type { Configuration } from './configuration/configuration.ts';
import type { ConnectClient } from './connect-rest/client.ts';
import { SCHEMA_HISTORY_TOPIC } from './debezium.ts';
import { renderLateCopiesConnector } from './late-copies/render.ts';
import type { PrimaryKeys } from './late-copies/tailed-tables.ts';
import type { SourceMapping } from './mapping.ts';
import { renderSourceConnector, sourceConnectorName } from './source-connector/render.ts';

/** A connector as Kafka Connect is to run it. */
export interface ConnectorDefinition {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  /** Whose changes it sends; undefined: it is that of the late copies. */
  readonly source: SourceMapping | undefined;
}

/**
 * Every connector, in the order in which they are to begin: the target tables are tailed before the first change can
 * arrive, or a copy that is written meanwhile would not be noticed.
 */
export function connectorDefinitions(configuration: Configuration, primaryKeys: PrimaryKeys): ConnectorDefinition[] {
  const { settings, mapping } = configuration;
  const { enabled, connectorName: name } = settings.lateCopies;
  return [
    ...(enabled ? [{ name, config: renderLateCopiesConnector(configuration, primaryKeys), source: undefined }] : []),
    ...mapping.sources.map((source) => sourceConnector(configuration, source)),
  ];
}

export function sourceConnector(configuration: Configuration, source: SourceMapping): ConnectorDefinition {
  const name = sourceConnectorName(configuration.settings, source);
  return { name, config: renderSourceConnector(configuration, source), source };
}

/** The names of {@link connectorDefinitions}, in the same order. */
export function connectorNames({ settings, mapping }: Configuration): string[] {
  const { enabled, connectorName } = settings.lateCopies;
  return [
    ...(enabled ? [connectorName] : []),
    ...mapping.sources.map((source) => sourceConnectorName(settings, source)),
  ];
}

/** Those of the names that a source's connector had, of a source that the mapping no longer has. */
export function formerConnectors(configuration: Configuration, existing: readonly string[]): string[] {
  const { settings } = configuration;
  const known = new Set([settings.lateCopies.connectorName, ...connectorNames(configuration)]);
  const prefix = sourceConnectorName(settings, { name: '' });
  const isSource = (name: string) => name.startsWith(prefix) && /^[a-z][a-z0-9_]*$/.test(name.slice(prefix.length));
  return existing.filter((name) => isSource(name) && !known.has(name));
}

/** Whose connector it is, in its configuration; Connect and Debezium pass over it. One of an earlier version has none. */
const MARK = 'friend.sync.mark';

/** Whether the connector is another system's. */
export function isForeign(config: Readonly<Record<string, string>> | undefined, mark: string): boolean {
  return (config?.[MARK] ?? mark) !== mark;
}

/** The schema history topic that a connector has now; undefined: there is no such connector. */
export async function schemaHistoryOf(connect: ConnectClient, name: string): Promise<string | undefined> {
  return (await connect.config(name))?.[SCHEMA_HISTORY_TOPIC];
}

/** A connector of the system with that mark, with the schema history of one of its beginnings. */
export function withSchemaHistory(connector: ConnectorDefinition, topic: string, mark: string): ConnectorDefinition {
  return { ...connector, config: { ...connector.config, [SCHEMA_HISTORY_TOPIC]: topic, [MARK]: mark } };
}

/** The settings of a connector that only Connect has: each beginning has another schema history, each system a mark. */
const NOT_RENDERED: readonly string[] = ['name', SCHEMA_HISTORY_TOPIC, MARK];

/** What would change if the connector were applied, by the names of its settings. */
export function differencesOf(
  { config: wanted }: ConnectorDefinition,
  current: Readonly<Record<string, string>> = {},
): { name: string; from: string | undefined; to: string | undefined }[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(current)])]
    .filter((name) => !NOT_RENDERED.includes(name) && current[name] !== wanted[name])
    .sort()
    .map((name) => ({ name, from: current[name], to: wanted[name] }));
}
