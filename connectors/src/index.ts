export type { Configuration } from './configuration/configuration.ts';
export { describeSettings, type SettingDescription } from './configuration/describe.ts';
export { type ExplainedSetting, explainSettings } from './configuration/explain.ts';
export { ConfigurationError, type ConfigurationIssue } from './configuration/issue.ts';
export { type ConfigurationInput, loadConfiguration, readConfiguration } from './configuration/load.ts';
export type { Environment, RawSettings } from './configuration/overlay.ts';
export { ConnectClient, ConnectError } from './connect-rest/client.ts';
export { metIncompleteRow } from './connect-rest/incomplete-row.ts';
export {
  absenceOf,
  type ConnectorStatus,
  failureOf,
  isHeld,
  isRunning,
  problemOf,
  remedyOf,
  statesOf,
} from './connect-rest/status.ts';
export { type ConnectorOffset, storedGtids, storedPlace } from './connect-rest/stored-position.ts';
export {
  type ConnectorDefinition,
  connectorDefinitions,
  connectorNames,
  differencesOf,
  formerConnectors,
  isForeign,
  schemaHistoryOf,
  sourceConnector,
  withSchemaHistory,
} from './connectors.ts';
export { connectsAgain, SCHEMA_HISTORY_TOPIC } from './debezium.ts';
export { type PrimaryKeys, type TailedTable, tailedTables } from './late-copies/tailed-tables.ts';
export * from './mapping.ts';
export { Secret } from './secret.ts';
export { type Settings, settingsSchema } from './settings.ts';
export { avroFullName, fieldName } from './source-connector/avro-names.ts';
export { LONGEST_TEXT } from './source-connector/cut.ts';
export { accountOf, type Grant, renderGrants, rightsAt } from './source-connector/grants.ts';
export { registryApi } from './source-connector/registry.ts';
export { FIELD_NAMING, sourceConnectorName } from './source-connector/render.ts';
export {
  changeTopic,
  deadLetterTopic,
  heartbeatTopic,
  lateCopiesTopic,
  markOf,
  markTopics,
  newSchemaHistory,
  schemaHistoryTopic,
  type TopicDefinition,
  topicDefinitions,
  topicPrefixes,
} from './source-connector/topics.ts';
export { renderKafkaConnectors } from './strimzi.ts';
