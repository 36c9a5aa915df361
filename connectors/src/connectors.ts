import type { Configuration } from './configuration/configuration.ts';
import { renderLateCopiesConnector } from './late-copies/render.ts';
import type { PrimaryKeys } from './late-copies/tailed-tables.ts';
import { renderSourceConnector } from './source-connector/render.ts';

/** A connector as Kafka Connect is to run it. */
export interface ConnectorDefinition {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * Every connector, in the order in which they are to begin: the target tables are tailed before the first change can
 * arrive, or a copy that is written meanwhile would not be noticed.
 */
export function connectorDefinitions(configuration: Configuration, primaryKeys: PrimaryKeys): ConnectorDefinition[] {
  const { connect, lateCopies } = configuration.settings;
  return [
    ...(lateCopies.enabled
      ? [{ name: lateCopies.connectorName, config: renderLateCopiesConnector(configuration, primaryKeys) }]
      : []),
    { name: connect.connectorName, config: renderSourceConnector(configuration) },
  ];
}

/** The names of {@link connectorDefinitions}, in the same order. */
export function connectorNames({ settings }: Configuration): string[] {
  const { connect, lateCopies } = settings;
  return [...(lateCopies.enabled ? [lateCopies.connectorName] : []), connect.connectorName];
}
