import { ConnectClient, connectorNames, sourceConnectorName, storedPlace } from '@friend-sync/connectors';
import type { Command } from 'commander';
import type { Load } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printJson, printTable, talk } from '../output.ts';
import { beginEpochs } from './epoch.ts';

/** `friend-sync connectors offsets …`: where the connectors stand in the binary logs. */
export function addConnectorOffsets(connectors: Command, load: Load): void {
  const group = connectors.command('offsets').description("where the connectors stand in their servers' binary logs");

  group
    .command('show')
    .description('what each connector has stored of its position; exit 1 if one has stored none')
    .action(async () => {
      const { configuration, json } = load();
      const client = new ConnectClient(configuration.settings.connect.url);
      const places = await Promise.all(
        connectorNames(configuration).map(async (connector) => {
          const place = (await client.config(connector)) && storedPlace(await client.offsets(connector));
          const eventAt = place?.eventAtMs === undefined ? null : new Date(place.eventAtMs).toISOString();
          return { connector, file: place?.file, position: place?.pos, eventAt, gtids: place?.gtids };
        }),
      );
      if (json) printJson(places);
      else
        printTable(
          ['CONNECTOR', 'FILE', 'POSITION', 'EVENT-AT', 'GTIDS'],
          places.map((p) => [p.connector, p.file ?? '-', p.position ?? '-', p.eventAt ?? '-', p.gtids ?? '-']),
        );
      const without = places.filter(({ gtids }) => gtids === undefined).map(({ connector }) => connector);
      for (const name of without) talk(`${name} has stored no position; friend-sync connectors status`);
      if (without.length > 0) process.exitCode = EXIT.failed;
    });

  group
    .command('reset [name]')
    .description(
      "have a source's connector, or all of them, begin at the present: a new epoch, as of epoch new. No binary log is read again, every row is",
    )
    .option('--execute', 'do it; without, only show it')
    .action(async (name: string | undefined, { execute = false }: { execute?: boolean }, command: Command) => {
      const context = load();
      const { mapping, settings } = context.configuration;
      const named = mapping.sources.map((source) => ({ source, connector: sourceConnectorName(settings, source) }));
      const chosen = named.filter(({ connector }) => name === undefined || connector === name);
      if (chosen.length === 0)
        command.error(
          `error: ${name} is no source's connector; there is ${named.map(({ connector }) => connector).join(', ')}`,
        );
      await beginEpochs(
        context,
        chosen.map(({ source }) => source),
        execute,
      );
    });
}
