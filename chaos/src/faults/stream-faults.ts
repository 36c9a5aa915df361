import { setTimeout as delay } from 'node:timers/promises';
import { sourceConnectorName } from '@friend-sync/connectors';
import type { Operations } from '@friend-sync/sync-service';
import type { Random } from '../random.ts';
import { MASK_CHARS } from '../version.ts';
import type { Fault } from './fault.ts';
import { OPERATOR_MS, persevere } from './persevere.ts';

const CONNECT = 'org.apache.kafka.connect.transforms';

/** The stream lies: it hides values, loses changes, or loses its place; and operators begin it anew. */
export function streamFaults(operate: () => Operations): Fault[] {
  const subjects = ['stream'];
  return [
    { kind: 'stream hides values', subjects, inflict: (random) => lie(operate, random, hideValues) },
    { kind: 'stream loses changes', subjects, inflict: (random) => lie(operate, random, loseChanges) },
    {
      kind: 'position deleted, epoch new',
      subjects,
      async inflict(random) {
        const at = random.between(0, 1);
        await insist(operate, async ({ connect, configuration }) => {
          const name = sourcesOf(configuration)[at] ?? '';
          await connect.stop(name);
          await connect.waitUntilStopped(name, OPERATOR_MS);
          await connect.deleteOffsets(name);
          await connect.resume(name);
        });
        await delay(random.between(0, 8_000));
        await beginAnew(operate);
      },
    },
    { kind: 'epoch new', subjects, inflict: () => beginAnew(operate) },
  ];
}

type ConnectorConfig = Readonly<Record<string, string>>;

/** The connector of one source gets another configuration for some seconds. */
async function lie(
  operate: () => Operations,
  random: Random,
  change: (config: ConnectorConfig, topic: string) => ConnectorConfig,
): Promise<void> {
  let honest: ConnectorConfig | undefined;
  const at = random.between(0, 1);
  await insist(operate, async ({ connect, configuration, topics }) => {
    const name = sourcesOf(configuration)[at] ?? '';
    honest ??= await connect.config(name);
    if (!honest) throw new Error(`no connector ${name}`);
    await connect.apply(name, change(honest, topics[at] ?? ''));
  });
  await delay(random.between(3_000, 12_000));
  await insist(operate, async ({ connect, configuration }) => {
    await connect.apply(sourcesOf(configuration)[at] ?? '', honest ?? {});
  });
}

/** Every text is asterisks. */
function hideValues(config: ConnectorConfig): ConnectorConfig {
  const columns = config['column.include.list'] ?? '';
  const others = Object.entries(config).filter(([name]) => !name.startsWith('column.truncate.'));
  return { ...Object.fromEntries(others), [`column.mask.with.${MASK_CHARS}.chars`]: columns };
}

/** The messages of the table go nowhere, as if they had been sent. */
function loseChanges(config: ConnectorConfig, topic: string): ConnectorConfig {
  return {
    ...config,
    transforms: `${config.transforms},lose`,
    'transforms.lose.type': `${CONNECT}.Filter`,
    'transforms.lose.predicate': 'isChange',
    predicates: 'isChange',
    'predicates.isChange.type': `${CONNECT}.predicates.TopicNameMatches`,
    // Its dots match any character, which no other topic makes use of.
    'predicates.isChange.pattern': topic,
  };
}

function sourcesOf({ settings, mapping }: Operations['configuration']): string[] {
  return mapping.sources.map((source) => sourceConnectorName(settings, source));
}

async function beginAnew(operate: () => Operations): Promise<void> {
  await insist(operate, (operations) => operations.beginEpoch(operations.configuration.mapping.sources));
}

/** An operator repeats a command until it works, each time with new connections. */
function insist(operate: () => Operations, command: (operations: Operations) => Promise<void>): Promise<void> {
  return persevere(async () => {
    await using operations = operate();
    await command(operations);
  });
}
