import { loadConfiguration, settingsSchema } from '@friend-sync/connectors';
import type { LeftOut, Proposal, ProposedCopy, ProposedPair, ProposedSource } from './propose.ts';

/** Where a database is. */
export interface DatabasePlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/**
 * The proposal as a configuration file, which the loader has accepted; `file` is its name for errors. Undefined where
 * there is nothing to propose.
 */
export function renderProposal(
  proposal: Proposal,
  user: DatabasePlace,
  friend: DatabasePlace,
  file: string,
): string | undefined {
  if (proposal.sources.length === 0) return undefined;
  const text = [
    `# friend-sync: what \`friend-sync init\` takes for copies in ${placeOf(friend)} of columns in ${placeOf(user)}.`,
    '# Read it before you use it: what is listed under set is overwritten with what its source says. Each guess has its reason',
    '# beside it; what was left out, and why, is further below.',
    '',
    'sources:',
    ...proposal.sources.flatMap(sourceLines),
    ...leftOutLines(proposal.leftOut),
    ...settingsLines(user, friend),
    '',
  ].join('\n');
  loadConfiguration({ text, file, env: {} });
  return text;
}

const placeOf = ({ host, port, database }: DatabasePlace) => `${database} at ${host}:${port}`;

function sourceLines({ name, table, key, copies }: ProposedSource): string[] {
  return [
    `  - name: ${name} # our name for it: part of our table names`,
    `    table: ${scalar(`${table.database}.${table.table}`)}`,
    `    key: ${scalar(key)} # its primary key`,
    '    copies:',
    ...copies.flatMap(copyLines),
  ];
}

function copyLines({ table, key, why, set, watch, notes }: ProposedCopy): string[] {
  return [
    `      - table: ${scalar(table)}`,
    `        key: ${scalar(key)} # ${why}`,
    '        set:',
    ...set.map((pair) => `          ${pairOf(pair)} # ${pair.why}`),
    ...(watch.length > 0
      ? [`        watch: [${watch.map(scalar).join(', ')}] # a copy that comes back may be an old one`]
      : []),
    ...notes.map((note) => `        # ${oneLine(note)}`),
  ];
}

function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return [];
  return [
    '',
    '# Considered and left out. To have one of them all the same, add it under its source; init proposes what fits by then.',
    ...leftOut.flatMap(({ source, table, key, set, why }) => [
      `# - of ${source}: { table: ${scalar(table)}, key: ${scalar(key)}, set: { ${set.map(pairOf).join(', ')} } }`,
      `#   ${oneLine(why)}`,
    ]),
  ];
}

function settingsLines(user: DatabasePlace, friend: DatabasePlace): string[] {
  const at = ({ host, port }: DatabasePlace) => `host: ${scalar(host)}, port: ${port}`;
  const { kafka, registry, connect, source, target, lateCopies } = settingsSchema.parse({});
  return [
    '',
    '# Passwords come from the environment or from files, never from here:',
    '#   FRIEND_SYNC_SOURCE__PASSWORD, FRIEND_SYNC_TARGET__PASSWORD (or …_FILE)',
    '# `friend-sync settings` lists all settings with their variables.',
    'settings:',
    `  source: { ${at(user)} } # only read, as ${source.user}; \`friend-sync grants\` prints the SQL that makes the users`,
    `  target: { ${at(friend)}, database: ${scalar(friend.database)} } # as ${target.user}, and ${lateCopies.user} for Kafka Connect`,
    '  # The defaults, for what is elsewhere:',
    `  # kafka: { brokers: [${kafka.brokers.map((broker) => JSON.stringify(broker)).join(', ')}] }`,
    `  # registry: { url: ${JSON.stringify(registry.url)} }`,
    `  # connect: { url: ${JSON.stringify(connect.url)} }`,
  ];
}

const pairOf = ({ column, from }: ProposedPair) => `${scalar(column)}: ${scalar(from)}`;

/** A name as YAML that is nothing else than this text. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z_][\w.-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

/** What a server says may be written in a comment. */
const oneLine = (text: string) => text.replace(/\p{Cc}/gu, ' ');
