import type { Configuration } from './configuration/configuration.ts';
import { renderLateCopiesConnector } from './late-copies/render.ts';
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
export function connectorDefinitions(configuration: Configuration): ConnectorDefinition[] {
  const { connect, lateCopies } = configuration.settings;
  return [
    ...(lateCopies.enabled
      ? [{ name: lateCopies.connectorName, config: renderLateCopiesConnector(configuration) }]
      : []),
    { name: connect.connectorName, config: renderSourceConnector(configuration) },
  ];
}
