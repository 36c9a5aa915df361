import { APPLICATION, type Guard, MYSQL, mysqlTest } from './guard.ts';

const CONNECTORS = 'connectors/src';
const unitTest = (file: string, name: string): Guard['test'] => ({ project: 'unit', file, name });

/** What keeps names apart, of tables and columns and of systems. */
export const NAMES_GUARDS: readonly Guard[] = [
  {
    guard: 'that a topic is one table’s',
    file: `${CONNECTORS}/configuration/shared-names.ts`,
    replace: [['if (!other) seen', 'if (other || !other) seen']],
    test: unitTest(
      `${CONNECTORS}/configuration/shared-names.test.ts`,
      'case 93: tables that would share a topic are refused, both named: u.im$user and u.im_user',
    ),
  },
  {
    guard: 'that a field is one column’s',
    file: `${CONNECTORS}/source-connector/avro-names.ts`,
    replace: [['new Set(fields).size === fields.length && ', '']],
    test: unitTest(
      `${CONNECTORS}/source-connector/avro-names.test.ts`,
      'case 93: whatever two columns are called, each is a field of its own that Avro allows, or they are refused',
    ),
  },
  {
    guard: 'the look at the server’s spelling of a source',
    file: `${MYSQL}/state/mirror-table.ts`,
    replace: [['if (shape.name !== where)', "if (shape.name === '')"]],
    test: mysqlTest(
      'names.mysql.test.ts',
      'case 93: a table that the server spells otherwise is refused, with its spelling, as a source and as a target',
    ),
  },
  {
    guard: 'the mark of a system',
    file: `${CONNECTORS}/connectors.ts`,
    replace: [['return (config?.[MARK] ?? mark) !== mark;', 'return config === undefined && mark === MARK;']],
    test: unitTest(
      `${APPLICATION}/operate/own-names.test.ts`,
      `case 68: names of another system are refused, with the settings to change: {"mark":"${'2'.repeat(36)}"}`,
    ),
  },
  {
    guard: 'that whatever the names are asked of is waited for at once',
    file: `${APPLICATION}/operate/own-names.ts`,
    replace: [
      [
        `const [connectors, topics, read] = await Promise.all([
    Promise.all(connectorNames(configuration).map(connector)),
    admin.topics(),
    admin.groupTopics(settings.kafka.groupId),
  ]);`,
        `const configs = connectorNames(configuration).map(connector);
  const topics = await admin.topics();
  const read = await admin.groupTopics(settings.kafka.groupId);
  const connectors = await Promise.all(configs);`,
      ],
    ],
    test: unitTest(
      `${APPLICATION}/operate/own-names.test.ts`,
      'case 68: a daemon starts, and lives on, where Connect refuses while Kafka has yet to answer',
    ),
  },
  {
    guard: 'that a beginning which was left half-way is begun once more',
    file: `${APPLICATION}/supervise/connector-watch.ts`,
    replace: [['isBrokenOff ||= (await hopeless?.wasBrokenOff().catch(() => false)) ?? false;', '']],
    test: unitTest(
      `${APPLICATION}/supervise/connector-watch.test.ts`,
      'case 77: one that was left stopped half-way by somebody who is gone is begun once more; one that an operator stopped is left alone',
    ),
  },
];
