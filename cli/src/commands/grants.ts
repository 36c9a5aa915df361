import { accountOf, type Configuration, renderGrants } from '@friend-sync/connectors';
import { planRevocations, type Revocations } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { type Context, type Load, withOperations } from '../context.ts';
import { print, printJson, talk } from '../output.ts';

const TITLES = {
  source: 'user database: only read, never locked',
  target: 'friend database: our own schema and the mapped columns; its binary log, for late copies',
};
const REVOKE_HELP = `
With --revoke our two users log in and tell what they have: it needs the servers, and no administrator. Nothing is revoked by
the command; an administrator runs the SQL.`;

/** `friend-sync grants`: the least rights that suffice, as SQL. */
export function addGrants(program: Command, load: Load): void {
  program
    .command('grants')
    .description('print the SQL that gives our users the least rights that suffice; no server is needed')
    .option('--revoke', 'print the SQL that takes what they have beyond those instead; asks the servers')
    .addHelpText('after', REVOKE_HELP)
    .action(({ revoke }: { revoke?: boolean }) => {
      const context = load();
      if (revoke) return printRevocations(context);
      const { configuration, json } = context;
      const grants = renderGrants(configuration);
      if (json) return printJson(grants);
      for (const server of ['source', 'target'] as const) {
        print(`-- ${TITLES[server]}`);
        for (const user of usersOn(server, configuration))
          print(`-- CREATE USER ${accountOf(user)} IDENTIFIED BY '…';`);
        for (const { sql } of grants.filter((grant) => grant.server === server)) print(sql);
        print('');
      }
    });
}

async function printRevocations({ configuration, json }: Context): Promise<void> {
  const found = await withOperations(configuration, (operations) => planRevocations(operations.servers));
  if (json) return printJson(found);
  for (const { server, account, isAdministrator, sql } of found) {
    print(`-- ${TITLES[server]}`);
    print(`-- ${sentenceOf(account, isAdministrator, sql)}`);
    for (const statement of sql) print(statement);
    print('');
  }
  const { enabled, user } = configuration.settings.lateCopies;
  if (enabled) talk(`the rights of ${user} only an administrator can see: compare SHOW GRANTS FOR ${accountOf(user)}`);
}

function sentenceOf(account: string, isAdministrator: boolean, sql: Revocations['sql']): string {
  if (isAdministrator) return `${account} is an administrator, whose rights are left to it: make a user of its own`;
  return sql.length === 0 ? `${account} has no right too many` : `${account} has more than it needs:`;
}

function usersOn(server: 'source' | 'target', { settings }: Configuration): string[] {
  const { lateCopies } = settings;
  return [settings[server].user, ...(server === 'target' && lateCopies.enabled ? [lateCopies.user] : [])];
}
