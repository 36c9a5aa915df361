import { stringify } from 'yaml';
import { ConfigurationError } from './configuration/issue.ts';
import type { ConnectorDefinition } from './connectors.ts';

/** What Kubernetes takes for the name of a resource. */
const RESOURCE_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/**
 * Strimzi's KafkaConnector resources, by which its operator knows the connectors of a Connect cluster: it deletes those that
 * have none. They are paused, so that it leaves the connectors themselves to `connectors apply` and to the daemon, which give a
 * connector that begins anew another schema history, and must not find it taken back.
 */
export function renderKafkaConnectors(definitions: readonly ConnectorDefinition[], cluster: string): string {
  return definitions.map((definition) => stringify(resourceOf(definition, cluster), { lineWidth: 0 })).join('---\n');
}

function resourceOf({ name, config }: ConnectorDefinition, cluster: string) {
  // Strimzi calls the connector as the resource.
  if (!RESOURCE_NAME.test(name))
    throw new ConfigurationError([
      {
        file: 'configuration',
        line: 0,
        column: 0,
        path: `connector ${name}`,
        problem: 'has a name that no resource of Kubernetes may have',
        remedy: 'give its source, or settings.connect.connectorName, one of lower-case letters, digits, - and . alone',
      },
    ]);
  const { 'connector.class': connectorClass, 'tasks.max': tasksMax, ...others } = config;
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaConnector',
    metadata: {
      name,
      labels: { 'strimzi.io/cluster': cluster },
      annotations: { 'strimzi.io/pause-reconciliation': 'true' },
    },
    spec: { class: connectorClass, tasksMax: Number(tasksMax), config: others },
  };
}
