export type { Configuration } from './configuration/configuration.ts';
export { describeSettings, type SettingDescription } from './configuration/describe.ts';
export { type ExplainedSetting, explainSettings } from './configuration/explain.ts';
export { ConfigurationError, type ConfigurationIssue } from './configuration/issue.ts';
export {
  type ConfigurationInput,
  loadConfiguration,
  readConfiguration,
  readConfigurationInput,
} from './configuration/load.ts';
export type { Environment, RawSettings } from './configuration/overlay.ts';
export {
  ConnectClient,
  ConnectError,
  type ConnectorOffset,
  type ConnectorStatus,
  storedGtids,
  storedPlace,
} from './connect-rest/client.ts';
export { metIncompleteRow } from './connect-rest/incomplete-row.ts';
export { topicOfTruncate } from './connect-rest/rejected-truncate.ts';
export { type ConnectorDefinition, connectorDefinitions, connectorNames } from './connectors.ts';
export { renderLateCopiesConnector } from './late-copies/render.ts';
export { type PrimaryKeys, type TailedTable, tailedTables } from './late-copies/tailed-tables.ts';
export * from './mapping.ts';
export { Secret } from './secret.ts';
export { type Settings, settingsSchema } from './settings.ts';
export { backfillSignals, type SignalMessage } from './source-connector/backfill-signal.ts';
export { LONGEST_TEXT } from './source-connector/cut.ts';
export { type Grant, renderGrants } from './source-connector/grants.ts';
export { renderSourceConnector } from './source-connector/render.ts';
export {
  changeTopic,
  deadLetterTopic,
  lateCopiesTopic,
  type TopicDefinition,
  topicDefinitions,
  topicNames,
} from './source-connector/topics.ts';
