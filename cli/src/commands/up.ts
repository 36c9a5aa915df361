import { type Environment, Secret } from '@friend-sync/connectors';
import { createLogger, runDoctor, setUp } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { deadlineOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { talk, tellWait } from '../output.ts';
import { asking, showSteps } from '../steps.ts';
import { progressBar } from './backfill.ts';
import { tellFindings } from './doctor.ts';
import { FORM, givenLogin, VARIABLES } from './init.ts';
import { planOf } from './plan.ts';
import { tellVerification } from './verification.ts';

interface UpOptions {
  readonly userUrl?: string;
  readonly friendUrl?: string;
  readonly yes?: boolean;
  readonly deadline: string;
}

/** `friend-sync up`: from a configuration file to copies that are verified. */
export function addUp(program: Command, load: Load, env: Environment): void {
  program
    .command('up')
    .description(
      'make a system of what the configuration says, from nothing to verified: each step is shown before, what is there already is passed over, and what is for somebody else is printed and awaited',
    )
    .option(
      '--user-url <url>',
      `an administrator of the user server, ${FORM}, for users and rights (${VARIABLES.user})`,
    )
    .option('--friend-url <url>', `an administrator of the friend server, likewise (${VARIABLES.friend})`)
    .option('--yes', 'do every step; without, ask before each')
    .option('--deadline <seconds>', 'give up waiting, for each thing that is awaited, after so long', '3600')
    .action(async (options: UpOptions, command: Command) => {
      const deadlineMs = deadlineOf(options, command);
      const password = env.FRIEND_SYNC_LATE_COPIES_PASSWORD;
      const administrators = {
        source: givenLogin('user', options.userUrl, env, command),
        target: givenLogin('friend', options.friendUrl, env, command),
        lateCopiesPassword: password === undefined ? undefined : new Secret(password),
      };
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const examine = () => runDoctor(configuration, createLogger('fatal'));
        const looks = { examine, plan: () => planOf(operations), administrators };
        const { verification, left } = await setUp(operations, looks, deadlineMs, {
          onStep: showSteps(json),
          mayDo: asking(options.yes ?? false),
          onFindings: (findings) => tellFindings(findings, json),
          onProgress: progressBar(),
          onPart: talk,
          onWait: tellWait,
        });
        if (left.some(({ kind }) => kind === 'tables')) process.exitCode = EXIT.failed;
        tellVerification(verification, 0, { against: 'source', gone: 0 }, json);
        if (left.length > 0) talk('done, but for what is left to you above');
      });
    });
}
