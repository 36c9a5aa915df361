import { tailedTables } from '../late-copies/tailed-tables.ts';
import { fieldNaming } from '../source-connector/avro-names.ts';
import { changeTopic, lateCopiesTopic } from '../source-connector/topics.ts';
import type { Configuration } from './configuration.ts';
import type { ConfigurationIssue } from './issue.ts';
import { qualified } from './shared-columns.ts';
import type { Path, SourceFile } from './source-file.ts';

/**
 * A topic is one table's and a field one column's, whatever Kafka and Avro make of their names: two that became one would
 * tell of each other's rows.
 */
export function reportSharedNames(
  { mapping, settings }: Configuration,
  file: SourceFile,
  issues: ConfigurationIssue[],
): void {
  const seen = new Map<string, { topic: string; of: string }>();
  const claim = (topic: string, of: string, path: Path, remedy: string) => {
    const other = seen.get(asKafka(topic));
    if (!other) seen.set(asKafka(topic), { topic, of });
    else
      issues.push(
        file.issue(path, `the topic ${topic} of ${of} cannot be beside ${other.topic} of ${other.of}`, remedy),
      );
  };
  for (const [s, source] of mapping.sources.entries()) {
    const at = ['sources', s];
    const remedy = 'map one of the two tables in a system of its own, with another settings.kafka.topicPrefix';
    claim(changeTopic(settings, source), qualified(source.table), [...at, 'table'], remedy);
    if (fieldNaming(source) === undefined)
      issues.push(
        file.issue(
          at,
          `of ${[source.key, ...source.columns].join(', ')} two cannot be told apart in Avro`,
          'leave one of them out of the mapping',
        ),
      );
  }
  if (!settings.lateCopies.enabled) return;
  for (const { table } of tailedTables(mapping)) {
    const s = mapping.sources.findIndex(({ copies }) =>
      copies.some((copy) => qualified(copy.table) === qualified(table)),
    );
    const remedy = 'give settings.lateCopies.topicPrefix another value, or set settings.lateCopies.enabled to false';
    claim(lateCopiesTopic(settings, table), qualified(table), ['sources', s, 'copies'], remedy);
  }
}

/** Kafka refuses a topic that differs from another by `.` and `_` alone, and Debezium reads its lists of tables in whichever case. */
function asKafka(topic: string): string {
  return topic.replaceAll('.', '_').toLowerCase();
}
