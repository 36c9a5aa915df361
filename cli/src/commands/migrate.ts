import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { print, printJson, talk } from '../output.ts';

/** `friend-sync migrate`: our own tables in the friend database. */
export function addMigrate(program: Command, load: Load): void {
  program
    .command('migrate')
    .description('create or extend our own tables; shows the plan unless --execute')
    .option('--execute', 'run the plan')
    .action(async ({ execute }: { execute?: boolean }) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const plan = await operations.planMigration();
        const statements = [...plan.fixed, ...plan.mirrors];
        if (execute) await operations.executeMigration();
        if (json) return printJson({ statements, executed: execute ?? false });
        for (const statement of statements) print(`${statement.replace(/;?$/, ';')}\n`);
        if (statements.length === 0) talk('nothing to do: every table is as the configuration needs it');
        else talk(execute ? `done: ${statements.length} statements` : 'nothing was changed; add --execute to run this');
      });
    });
}
