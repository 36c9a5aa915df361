import { type Configuration, ConnectClient, renderSourceConnector } from '@friend-sync/connectors';
import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, printTable, talk } from '../output.ts';

const DEADLINE_MS = 60_000;

/** `friend-sync connectors …`: the Debezium connector in Kafka Connect. */
export function addConnectors(program: Command, load: Load): void {
  const group = program.command('connectors').description('the Debezium connector in Kafka Connect');

  group
    .command('render')
    .description("print the connector's configuration; no server is needed")
    .action(() => print(JSON.stringify(renderSourceConnector(load().configuration), null, 2)));

  group
    .command('validate')
    .description('have Kafka Connect check the configuration, without applying it')
    .action(async () => {
      const { configuration, json } = load();
      const problems = await clientOf(configuration).validate(renderSourceConnector(configuration));
      if (json) printJson(problems);
      else for (const { key, message } of problems) print(`${key}: ${message}`);
      if (problems.length) process.exitCode = EXIT.failed;
      else talk('valid');
    });

  group
    .command('apply')
    .description('create the topics and the connector, or bring the connector up to date')
    .option('--dry-run', 'only show what would change')
    .action(async ({ dryRun }: { dryRun?: boolean }) => {
      const { configuration, json } = load();
      if (dryRun) return showDifference(configuration, json);
      const applied = await withOperations(configuration, (operations) => operations.applyConnectors(DEADLINE_MS));
      if (json) return printJson(applied);
      printTable(
        ['TOPIC', 'OUTCOME'],
        applied.topics.map(({ topic, outcome }) => [topic, outcome]),
      );
      print(`connector ${applied.connector}: ${applied.outcome}, running`);
    });

  group
    .command('status')
    .description('state of the connector and its tasks; exit 1 if one does not run')
    .action(async () => {
      const { configuration, json } = load();
      const name = nameOf(configuration);
      const status = await clientOf(configuration).status(name);
      const states = status
        ? [['connector', status.state], ...status.tasks.map(({ id, state }) => [`task ${id}`, state])]
        : [];
      if (json) printJson(status ?? null);
      else printTable(['PART', 'STATE'], states);
      for (const { trace } of status?.tasks ?? []) if (trace) talk(trace);
      if (!status) talk(`there is no connector ${name}; friend-sync connectors apply`);
      if (states.length < 2 || states.some(([, state]) => state !== 'RUNNING')) process.exitCode = EXIT.failed;
    });

  addOrder(group, load, 'pause', 'stop reading the binlog, keep the task', (client, name) => client.pause(name));
  addOrder(group, load, 'resume', 'go on after pause or stop', (client, name) => client.resume(name));
  addOrder(group, load, 'stop', 'stop reading the binlog and end the task', (client, name) => client.stop(name));

  group
    .command('restart')
    .description('restart what has failed')
    .option('--all', 'restart what runs, too')
    .action(async ({ all }: { all?: boolean }) => {
      const { configuration } = load();
      await clientOf(configuration).restart(nameOf(configuration), { onlyFailed: !all });
      talk('restarted');
    });

  group
    .command('delete')
    .description('delete the connector; topics and its stored position stay')
    .option('--execute', 'really delete it')
    .action(async ({ execute }: { execute?: boolean }) => {
      const { configuration } = load();
      const name = nameOf(configuration);
      if (execute) await clientOf(configuration).delete(name);
      talk(execute ? `connector ${name} is deleted` : `would delete connector ${name}; add --execute`);
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
    .command(verb)
    .description(description)
    .action(async () => {
      const { configuration } = load();
      await order(clientOf(configuration), nameOf(configuration));
      talk(`${verb}: accepted; friend-sync connectors status shows when it is done`);
    });
}

async function showDifference(configuration: Configuration, json: boolean): Promise<void> {
  const wanted: Record<string, string> = renderSourceConnector(configuration);
  const current = await clientOf(configuration).config(nameOf(configuration));
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(current ?? {})])]
    .filter((name) => name !== 'name')
    .sort();
  const changes = names
    .filter((name) => current?.[name] !== wanted[name])
    .map((name) => ({ name, from: current?.[name], to: wanted[name] }));
  const outcome = !current ? 'created' : changes.length ? 'updated' : 'unchanged';
  if (json) return printJson({ connector: nameOf(configuration), outcome, changes });
  if (current)
    printTable(
      ['SETTING', 'FROM', 'TO'],
      changes.map(({ name, from, to }) => [name, from ?? '-', to ?? '-']),
    );
  print(`connector ${nameOf(configuration)}: would be ${outcome}`);
}

function clientOf({ settings }: Configuration): ConnectClient {
  return new ConnectClient(settings.connect.url);
}

function nameOf({ settings }: Configuration): string {
  return settings.connect.connectorName;
}
