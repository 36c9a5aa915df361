import { type Configuration, renderGrants } from '@friend-sync/connectors';
import type { Command } from 'commander';
import type { Load } from '../context.ts';
import { print, printJson } from '../output.ts';

const TITLES = {
  source: 'user database: only read, never locked',
  target: 'friend database: our own schema and the mapped columns; its binary log, for late copies',
};

/** `friend-sync grants`: the least rights that suffice, as SQL. */
export function addGrants(program: Command, load: Load): void {
  program
    .command('grants')
    .description('print the SQL that gives our users the least rights that suffice; no server is needed')
    .action(() => {
      const { configuration, json } = load();
      const grants = renderGrants(configuration);
      if (json) return printJson(grants);
      for (const server of ['source', 'target'] as const) {
        print(`-- ${TITLES[server]}`);
        for (const user of usersOn(server, configuration)) print(`-- CREATE USER '${user}'@'%' IDENTIFIED BY '…';`);
        for (const { sql } of grants.filter((grant) => grant.server === server)) print(sql);
        print('');
      }
    });
}

function usersOn(server: 'source' | 'target', { settings }: Configuration): string[] {
  const { lateCopies } = settings;
  return [settings[server].user, ...(server === 'target' && lateCopies.enabled ? [lateCopies.user] : [])];
}
