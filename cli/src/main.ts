#!/usr/bin/env node
import { readConfiguration } from '@friend-sync/connectors';
import { createLogger, createSyncService } from '@friend-sync/sync-service';
import { Command } from 'commander';

// biome-ignore lint/style/noProcessEnv: the one place of the CLI that reads the environment
const env = process.env;

const program = new Command('friend-sync').option(
  '--config <file>',
  'configuration file',
  env.FRIEND_SYNC_CONFIG ?? './friend-sync.yaml',
);

program.command('start').action(async () => {
  const configuration = readConfiguration(program.opts<{ config: string }>().config, env);
  const log = createLogger(configuration.settings.log.level);
  const service = createSyncService({ configuration, log });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void service.stop().then(() => process.exit(0)));
  await service.start();
  log.info({ port: service.adminPort }, 'started');
});

await program.parseAsync();
