import {
  type Configuration,
  ConnectClient,
  type ConnectorDefinition,
  connectorNames,
  formerConnectors,
  renderKafkaConnectors,
} from '@friend-sync/connectors';
import { planConnectors } from '@friend-sync/sync-service';
import { type Command, Option } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, printTable, talk } from '../output.ts';
import { addConnectorOffsets } from './connector-offsets.ts';

const DEADLINE_MS = 60_000;
const RENDER_HELP = `
The addresses are those of the configuration, so that local-stack and Docker differ in their files alone. Strimzi's operator deletes
connectors without a resource where the KafkaConnect resource has strimzi.io/use-connector-resources. These resources are
paused: the operator lets the connectors be, and connectors apply creates and changes them.

Example:
  friend-sync connectors render --for strimzi --cluster my-connect | kubectl apply -f - && friend-sync connectors apply`;

/** `friend-sync connectors …`: the Debezium connectors in Kafka Connect. */
export function addConnectors(program: Command, load: Load): void {
  const group = program.command('connectors').description('the Debezium connectors in Kafka Connect');
  addRender(group, load);
  addValidate(group, load);
  addApply(group, load);
  group
    .command('status')
    .description('state of the connectors and their tasks; exit 1 if one does not run')
    .action(() => showStatus(load));
  addOrder(group, load, 'pause', 'stop reading the binlog, keep the task', (client, name) => client.pause(name));
  addOrder(group, load, 'resume', 'go on after pause or stop', (client, name) => client.resume(name));
  addOrder(group, load, 'stop', 'stop reading the binlog and end the task', (client, name) => client.stop(name));
  addConnectorOffsets(group, load);
  addRestart(group, load);
  addDelete(group, load);
}

function addRender(group: Command, load: Load): void {
  group
    .command('render')
    .description("print the connectors' configurations by name; reads the target tables' primary keys")
    .addOption(
      new Option('--for <reader>', 'connect: JSON for its REST interface; strimzi: KafkaConnector resources')
        .choices(['connect', 'strimzi'])
        .default('connect'),
    )
    .option('--cluster <name>', 'for strimzi: the KafkaConnect resource whose connectors they are')
    .addHelpText('after', RENDER_HELP)
    .action(async (options: { for: string; cluster?: string }, command: Command) => {
      const { cluster } = options;
      if ((options.for === 'strimzi') !== (cluster !== undefined))
        command.error('error: --for strimzi and --cluster go together');
      const definitions = await definitionsOf(load().configuration);
      if (cluster !== undefined) return print(renderKafkaConnectors(definitions, cluster).trimEnd());
      print(JSON.stringify(Object.fromEntries(definitions.map(({ name, config }) => [name, config])), null, 2));
    });
}

function addValidate(group: Command, load: Load): void {
  group
    .command('validate')
    .description('have Kafka Connect check the configurations, without applying them')
    .action(async () => {
      const { configuration, json } = load();
      const problems: { connector: string; key: string; message: string }[] = [];
      for (const { name, config } of await definitionsOf(configuration))
        for (const problem of await clientOf(configuration).validate(config))
          problems.push({ connector: name, ...problem });
      if (json) printJson(problems);
      else for (const { connector, key, message } of problems) print(`${connector}: ${key}: ${message}`);
      if (problems.length) process.exitCode = EXIT.failed;
      else talk('valid');
    });
}

function addApply(group: Command, load: Load): void {
  group
    .command('apply')
    .description('create the topics and the connectors, or bring the connectors up to date')
    .option('--dry-run', 'only show what would change')
    .action(async ({ dryRun }: { dryRun?: boolean }) => {
      const { configuration, json } = load();
      if (dryRun) return showDifferences(configuration, json);
      const applied = await withOperations(configuration, (operations) =>
        operations.applyConnectors(DEADLINE_MS, talk),
      );
      if (json) return printJson(applied);
      printTable(
        ['TOPIC', 'OUTCOME'],
        applied.topics.map(({ topic, outcome }) => [topic, outcome]),
      );
      for (const { name, outcome } of applied.connectors) print(`connector ${name}: ${outcome}, running`);
      for (const name of applied.former)
        talk(`connector ${name}: its source is not in the mapping; friend-sync connectors delete ${name} --execute`);
    });
}

function addRestart(group: Command, load: Load): void {
  group
    .command('restart [name]')
    .description('restart what has failed')
    .option('--all', 'restart what runs, too')
    .action(async (only: string | undefined, { all }: { all?: boolean }, command: Command) => {
      const { configuration } = load();
      for (const name of chosen(configuration, only, command))
        await clientOf(configuration).restart(name, { onlyFailed: !all });
      talk('restarted');
    });
}

function addDelete(group: Command, load: Load): void {
  group
    .command('delete [name]')
    .description('delete the connectors; one that is applied again begins a new epoch')
    .option('--execute', 'really delete them')
    .action(async (only: string | undefined, { execute }: { execute?: boolean }, command: Command) => {
      const { configuration } = load();
      for (const name of chosen(configuration, only, command)) {
        if (execute) await clientOf(configuration).delete(name);
        talk(execute ? `connector ${name} is deleted` : `would delete connector ${name}; add --execute`);
      }
    });
}

function addOrder(
  group: Command,
  load: Load,
  verb: string,
  description: string,
  order: (client: ConnectClient, name: string) => Promise<void>,
): void {
  group
    .command(`${verb} [name]`)
    .description(description)
    .action(async (only: string | undefined, _: object, command: Command) => {
      const { configuration } = load();
      for (const name of chosen(configuration, only, command)) await order(clientOf(configuration), name);
      talk(`${verb}: accepted; friend-sync connectors status shows when it is done`);
    });
}

/** The connector of that name, be it of a source that the mapping no longer has; or all of them. */
function chosen(configuration: Configuration, only: string | undefined, command: Command): string[] {
  const names = connectorNames(configuration);
  if (only === undefined) return names;
  if (![...names, ...formerConnectors(configuration, [only])].includes(only))
    command.error(`error: no connector is named ${only}; there is ${names.join(', ')}`);
  return [only];
}

async function showStatus(load: Load): Promise<void> {
  const { configuration, json } = load();
  const client = clientOf(configuration);
  const all = await Promise.all(
    connectorNames(configuration).map(async (name) => ({ name, status: await client.status(name) })),
  );
  const rows = all.flatMap(({ name, status }) =>
    status
      ? [[name, 'connector', status.state], ...status.tasks.map(({ id, state }) => [name, `task ${id}`, state])]
      : [],
  );
  if (json) printJson(Object.fromEntries(all.map(({ name, status }) => [name, status ?? null])));
  else printTable(['CONNECTOR', 'PART', 'STATE'], rows);
  for (const { name, status } of all) {
    for (const { trace } of status?.tasks ?? []) if (trace) talk(trace);
    if (!status) talk(`there is no connector ${name}; friend-sync connectors apply`);
    if (!status?.tasks.length) process.exitCode = EXIT.failed;
  }
  if (rows.some(([, , state]) => state !== 'RUNNING')) process.exitCode = EXIT.failed;
}

async function showDifferences(configuration: Configuration, json: boolean): Promise<void> {
  const planned = await planConnectors(clientOf(configuration), undefined, await definitionsOf(configuration));
  const differences = planned.map(({ name: connector, ...rest }) => ({ connector, ...rest }));
  if (json) return printJson(differences);
  for (const { connector, outcome, changes } of differences) {
    if (changes.length > 0 && outcome !== 'created')
      printTable(
        ['SETTING', 'FROM', 'TO'],
        changes.map(({ name, from, to }) => [name, from ?? '-', to ?? '-']),
      );
    print(`connector ${connector}: would be ${outcome}`);
  }
}

function definitionsOf(configuration: Configuration): Promise<ConnectorDefinition[]> {
  return withOperations(configuration, (operations) => operations.connectorDefinitions());
}

function clientOf({ settings }: Configuration): ConnectClient {
  return new ConnectClient(settings.connect.url);
}
