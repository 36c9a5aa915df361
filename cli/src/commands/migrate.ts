import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, talk } from '../output.ts';

/** `friend-sync migrate`: our own tables in the friend database. */
export function addMigrate(program: Command, load: Load): void {
  program
    .command('migrate')
    .description(
      'create or extend our own tables; shows the plan unless --execute; exit 1 where a target table does not fit the mapping',
    )
    .option('--execute', 'run the plan')
    .action(async ({ execute }: { execute?: boolean }) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const plan = await operations.planMigration();
        const statements = [...plan.fixed, ...plan.mirrors];
        if (execute) await operations.executeMigration();
        const { problems } = plan;
        if (problems.length > 0) process.exitCode = EXIT.failed;
        if (json) return printJson({ statements, executed: execute ?? false, problems });
        for (const statement of statements) print(`${statement.replace(/;?$/, ';')}\n`);
        for (const problem of problems) talk(problem);
        if (problems.length > 0) talk('such copies are held until their tables fit; all others are written');
        if (statements.length === 0) talk('nothing to do: our own tables are as the configuration needs them');
        else talk(execute ? `done: ${statements.length} statements` : 'nothing was changed; add --execute to run this');
      });
    });
}
