import {
  ConfigurationError,
  type ConfigurationIssue,
  loadConfiguration,
  settingsSchema,
} from '@friend-sync/connectors';
import type { LeftOut, Proposal, ProposedCopy, ProposedPair, ProposedSource } from './propose.ts';

/** Where a database is. */
export interface DatabasePlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** What is elsewhere than the defaults say. */
export interface OtherPlaces {
  readonly brokers?: readonly string[] | undefined;
  readonly registryUrl?: string | undefined;
  readonly connectUrl?: string | undefined;
}

/**
 * The proposal as a configuration file that the loader accepts; `file` is its name for errors. What the loader refuses is
 * left out, with what it says. `text` is undefined where nothing is left to propose.
 */
export function renderProposal(
  proposed: Proposal,
  user: DatabasePlace,
  friend: DatabasePlace,
  file: string,
  places: OtherPlaces = {},
): { readonly proposal: Proposal; readonly text: string | undefined } {
  let proposal = proposed;
  while (proposal.sources.length > 0) {
    const text = textOf(proposal, user, friend, places);
    try {
      loadConfiguration({ text, file, env: {} });
      return { proposal, text };
    } catch (error) {
      const [issue] = error instanceof ConfigurationError ? error.issues : [];
      const rest = issue && without(proposal, issue);
      if (!rest) throw error;
      proposal = rest;
    }
  }
  return { proposal, text: undefined };
}

/** The proposal without the source, or the copy of it, that an issue is about; undefined: it is about none. */
function without({ sources, leftOut }: Proposal, { path, problem, remedy }: ConfigurationIssue): Proposal | undefined {
  const [, s, c] = /^sources\[(\d+)\](?:\.copies\[(\d+)\])?/.exec(path) ?? [];
  const refused = sources[Number(s)];
  if (!refused) return undefined;
  const isRefused = (_: unknown, i: number) => c === undefined || i === Number(c);
  const copies = refused.copies.filter((copy, i) => !isRefused(copy, i));
  const { database, table } = refused.table;
  const why = `${problem}; ${remedy}`;
  return {
    sources: sources.flatMap((one) => (one !== refused ? one : copies.length > 0 ? { ...one, copies } : [])),
    leftOut: [
      ...leftOut,
      ...refused.copies.filter(isRefused).map((copy) => ({ ...copy, source: `${database}.${table}`, why })),
    ],
  };
}

function textOf(proposal: Proposal, user: DatabasePlace, friend: DatabasePlace, places: OtherPlaces): string {
  return [
    `# friend-sync: what \`friend-sync init\` takes for copies in ${placeOf(friend)} of columns in ${placeOf(user)}.`,
    '# Read it before you use it: what is listed under set is overwritten with what its source says. Each guess has its reason',
    '# beside it; what was left out, and why, is further below.',
    '',
    'sources:',
    ...proposal.sources.flatMap(sourceLines),
    ...leftOutLines(proposal.leftOut),
    ...settingsLines(user, friend, places),
    '',
  ].join('\n');
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

function settingsLines(user: DatabasePlace, friend: DatabasePlace, places: OtherPlaces): string[] {
  const at = ({ host, port }: DatabasePlace) => `host: ${scalar(host)}, port: ${port}`;
  const { kafka, registry, connect, source, target, lateCopies } = settingsSchema.parse({});
  const { brokers, registryUrl, connectUrl } = places;
  const line = (text: string, given: unknown) => `  ${given === undefined ? '# ' : ''}${text}`;
  return [
    '',
    '# Passwords come from the environment or from files, never from here:',
    '#   FRIEND_SYNC_SOURCE__PASSWORD, FRIEND_SYNC_TARGET__PASSWORD (or …_FILE)',
    '# Kafka Connect has the first of them, and FRIEND_SYNC_LATE_COPIES_PASSWORD, in its own environment.',
    '# `friend-sync settings` lists all settings with their variables.',
    'settings:',
    `  source: { ${at(user)} } # only read, as ${source.user}; \`friend-sync grants\` prints the SQL that makes the users`,
    `  target: { ${at(friend)}, database: ${scalar(friend.database)} } # as ${target.user}, and ${lateCopies.user} for Kafka Connect`,
    '  # Those behind a # are the defaults, for what is elsewhere:',
    line(`kafka: { brokers: [${(brokers ?? kafka.brokers).map((one) => JSON.stringify(one)).join(', ')}] }`, brokers),
    line(`registry: { url: ${JSON.stringify(registryUrl ?? registry.url)} }`, registryUrl),
    line(`connect: { url: ${JSON.stringify(connectUrl ?? connect.url)} }`, connectUrl),
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
