import { createHash } from 'node:crypto';
import {
  type Configuration,
  type CopyMapping,
  changeTopic,
  problemOf,
  type SourceMapping,
  sourceConnectorName,
} from '@friend-sync/connectors';
import { equalValues, type Key, type Value } from '../../domain/change.ts';
import { kindOf } from '../../domain/column-types.ts';
import type { MirrorRow } from '../../domain/decide.ts';
import type { CopyFacts, FlowFacts, KeyFacts, MirrorFacts, Summary, Unanswered } from '../../domain/key-facts.ts';
import { agrees, type ReadRow } from '../../domain/read.ts';
import { parseKey, type SourceSchema } from '../../domain/source-schema.ts';
import { sumUp } from '../../domain/sum-up.ts';
import { type Trouble, troublesOf } from '../../domain/trouble.ts';
import { SyncError, toSyncError } from '../../errors.ts';
import type { MappedCopy } from '../../infrastructure/mysql/copies/mapped-copy.ts';
import { SourceRows } from '../../infrastructure/mysql/server/source-rows.ts';
import { readTableShape } from '../../infrastructure/mysql/server/table-shape.ts';
import { keyKindOf, planMirror } from '../../infrastructure/mysql/state/mirror-table.ts';
import { openStore, type SourceStore, type Store } from '../../infrastructure/mysql/store.ts';
import { inTime } from '../../within.ts';
import { findBehind } from '../proof/caught-up.ts';
import { compareCopies } from '../proof/compare.ts';
import { sourceStreams } from '../proof/streams.ts';
import { listDeadLetters } from './dead-letters.ts';
import type { Servers } from './servers.ts';

export interface Explanation extends Summary {
  readonly facts: KeyFacts;
}

/** A server that does not answer hides nothing of the others for longer. */
const ANSWER_MS = 10_000;
/** No more copies are looked at for locks. */
const MOST_LOCKED = 1_000;

/**
 * Why the copies of one key are as they are: asks every server that has to do with it, changes nothing, and says what it
 * comes to. What is not told by a server is in the facts. Throws a RangeError where the text is no key of the source.
 */
export async function explainKey(parts: Servers, mapping: SourceMapping, text: string): Promise<Explanation> {
  const facts = await new Inquiry(parts, mapping).gather(text);
  return { ...sumUp(facts), facts };
}

/** Asks; what has no answer is noted, and is undefined. */
class Inquiry {
  readonly #parts: Servers;
  readonly #mapping: SourceMapping;
  /** Of this source alone: what others lack is none of its business. */
  readonly #configuration: Configuration;
  readonly #unanswered: Unanswered[] = [];

  constructor(parts: Servers, mapping: SourceMapping) {
    this.#parts = parts;
    this.#mapping = mapping;
    this.#configuration = { ...parts.configuration, mapping: { sources: [mapping] } };
  }

  async gather(text: string): Promise<KeyFacts> {
    const { name, table, onDelete, copies } = this.#mapping;
    const store = await this.#ask('our tables', () => openStore(this.#configuration, this.#parts.target));
    const own = store?.sources.get(name);
    const schema = own?.schema ?? (await this.#ask('the table of the source', () => this.#readSchema()));
    const nothing: KeyFacts = {
      source: name,
      table: `${table.database}.${table.table}`,
      key: text,
      onDelete: onDelete.kind,
      row: undefined,
      mirror: undefined,
      isChanging: false,
      pending: undefined,
      due: undefined,
      copies: [],
      flow: undefined,
      deadLetters: [],
      unanswered: this.#unanswered,
    };
    if (!schema) return nothing;
    const key = parseKey(text, schema.keyKind);
    const before = await this.#look(schema, key, store, own);
    // In this order: what waits now may be written while the copies are compared, and not the other way round.
    const waits = store && own ? await this.#waits(store, own, key) : {};
    const held = own ? own.mapped : [];
    const copyFacts = await Promise.all(
      copies.map((copy) =>
        this.#copy(
          copy,
          key,
          held.find(({ id }) => id === copy.id),
          store,
          own,
        ),
      ),
    );
    const isStale = before.mirror?.isEqual === false || (before.mirror === null && before.row !== null);
    const flow = store && own ? await this.#flow(store, own, isStale) : undefined;
    const deadLetters = isStale ? await this.#deadLetters(schema, key) : [];
    const after = await this.#look(schema, key, store, own);
    const isChanging = JSON.stringify(moving(before)) !== JSON.stringify(moving(after));
    return { ...nothing, ...after, ...waits, isChanging, copies: copyFacts, flow, deadLetters };
  }

  async #ask<T>(about: string, question: () => Promise<T>): Promise<T | undefined> {
    const late = () => new SyncError('pipeline_stuck', `${about}: no answer within ${ANSWER_MS / 1000} s`);
    try {
      return await inTime(ANSWER_MS, question(), late);
    } catch (caught) {
      const { message, policy } = toSyncError(caught);
      const problem = policy.hint ? `${message}; ${policy.hint}` : message;
      if (!this.#unanswered.some((one) => one.problem === problem))
        this.#unanswered.push({ about, problem, isAway: policy.directive === 'retry' });
      return undefined;
    }
  }

  /** As `migrate` would make the mirror: without the friend database nobody else tells how keys are read. */
  async #readSchema(): Promise<SourceSchema> {
    const mapping = this.#mapping;
    const { key, types, problems } = planMirror(mapping, await readTableShape(this.#parts.source, mapping.table));
    if (key === undefined || problems.length > 0) throw new SyncError('contract_broken', problems.join('\n'));
    const columns = [...types].flatMap(([name, type]) => {
      const kind = kindOf(type);
      return kind ? [{ name, kind }] : [];
    });
    return { mapping, keyKind: keyKindOf(key), columns };
  }

  async #look(schema: SourceSchema, key: Key, store: Store | undefined, own: SourceStore | undefined) {
    const rows = new SourceRows(schema);
    const read = await this.#ask('the row of the source', () => rows.ofKeys(this.#parts.source, [key], ''));
    const row = read?.rows[0];
    const mirrored =
      store &&
      own &&
      (await this.#ask('the mirror', async () => ({ row: (await own.mirror.read(store.database, [key])).get(key) })));
    return {
      row: row && (row.values ? { hash: hashOf(row.values) } : null),
      mirror: mirrored && (mirrored.row ? mirrorFacts(this.#mapping, mirrored.row, row) : null),
    };
  }

  async #waits({ database }: Store, { pending, due }: SourceStore, key: Key) {
    const find = async () => ({
      pending: (await pending.find(database, key)) ?? null,
      due: (await due.find(database, key)) ?? null,
    });
    return (await this.#ask('what waits', find)) ?? {};
  }

  async #copy(
    copy: CopyMapping,
    key: Key,
    mapped: MappedCopy | undefined,
    store: Store | undefined,
    own: SourceStore | undefined,
  ): Promise<CopyFacts> {
    const { source, target } = this.#parts;
    const { id, table } = copy;
    const alone = { ...this.#configuration, mapping: { sources: [{ ...this.#mapping, copies: [copy] }] } };
    const name = `${table.database}.${table.table}`;
    const held = mapped?.problem || undefined;
    const among = new Map([[this.#mapping.name, new Set([key])]]);
    const compared = held
      ? undefined
      : await this.#ask(`copies in ${name}`, () => compareCopies(alone, source, target, { among }));
    const fit = mapped?.fit?.store;
    const standing =
      fit && store && (await this.#ask(`copies in ${name}`, () => fit.standing(store.database, key, MOST_LOCKED)));
    const marks = store && own && (await this.#ask('missed copies', () => own.missed.marks(store.database)));
    return {
      copy: id,
      table: name,
      held,
      isMissed: marks?.has(id) ?? false,
      copies: compared && compared.copies + compared.orphans + compared.misspelt,
      differing: compared?.mismatches,
      unsettled: compared && (compared.orphaned.get(this.#mapping.name)?.size ? compared.orphans : 0),
      misspelt: compared?.misspelt,
      differFromMirror: standing?.differing,
      columns: standing?.columns ?? [],
      locked: standing?.locked,
    };
  }

  /** `isStale`: the mirror is to catch up, which is asked of Kafka and Connect. */
  async #flow(store: Store, own: SourceStore, isStale: boolean): Promise<FlowFacts | undefined> {
    const { database, daemons, pause, serverState } = store;
    const { settings } = this.#configuration;
    const { connect, admin, source } = this.#parts;
    const { name } = this.#mapping;
    const connectorName = sourceConnectorName(settings, this.#mapping);
    const status = isStale
      ? await this.#ask('Kafka Connect', async () => ({
          problem: problemOf(connectorName, await connect.status(connectorName)),
        }))
      : undefined;
    const streams = [...sourceStreams(this.#configuration, source, connect).values()];
    const behind = isStale ? await this.#ask('Kafka', () => findBehind({ store, admin }, streams)) : undefined;
    return this.#ask('what daemons do', async () => {
      const running = await daemons.running(database);
      const round = await own.round.report(database);
      return {
        daemons: running.map((one) => one?.state ?? 'older version'),
        troubles: troublesOf(running).filter((one) => this.#mayConcern(one)),
        pausedSince: await pause.since(database),
        historyLost: (await serverState.read(database, name))?.lost?.reason,
        connector: status?.problem,
        distrust: (await own.reads.distrust(database)).map(({ since, reason }) => `since ${since} UTC: ${reason}`),
        behind: behind?.get(name),
        isLoaded: round.lastEndedAt !== undefined,
        goneKeys: round.goneKeys,
      };
    });
  }

  /** Not one of another source. */
  #mayConcern({ part }: Trouble): boolean {
    const { mapping, settings } = this.#parts.configuration;
    const isOf = (one: SourceMapping) =>
      part.endsWith(` of ${one.name}`) ||
      part.endsWith(`source ${one.name}`) ||
      part.endsWith(` ${sourceConnectorName(settings, one)}`) ||
      part.includes(` ${changeTopic(settings, one)}/`);
    return isOf(this.#mapping) || !mapping.sources.some(isOf);
  }

  async #deadLetters(schema: SourceSchema, key: Key): Promise<KeyFacts['deadLetters']> {
    const { settings } = this.#configuration;
    const list = () => listDeadLetters(settings, this.#mapping, schema, this.#parts.readTopic);
    const letters = (await this.#ask('dead letters', list)) ?? [];
    return letters
      .filter((letter) => letter.key === key)
      .map(({ partition, offset, reason }) => ({ partition, offset, reason }));
  }
}

function mirrorFacts({ columns }: SourceMapping, row: MirrorRow, read: ReadRow | undefined): MirrorFacts {
  const { position, values, isDeleted, committedAtMs, readNumber } = row;
  const told = read?.values;
  const differs = (_: string, i: number) => values[i] !== undefined && !equalValues(values[i], told?.[i]);
  return {
    hash: hashOf(values),
    ...position,
    committedAtMs,
    isDeleted,
    readNumber,
    unknown: columns.filter((_, i) => values[i] === undefined),
    differing: read && (told && !isDeleted ? columns.filter(differs) : []),
    isEqual: read && agrees(read, row),
  };
}

/** What is other once a change has come. */
const moving = ({ row, mirror }: Pick<KeyFacts, 'row' | 'mirror'>) => [
  row?.hash,
  mirror && [mirror.hash, mirror.epoch, String(mirror.offset), String(mirror.readNumber), mirror.isDeleted],
];

/** By which rows may be told from one another, and no value told. */
function hashOf(values: readonly (Value | undefined)[]): string {
  const hash = createHash('sha256');
  for (const value of values) {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
    hash.update(`${value === null || value === undefined ? String(value) : 'value'} ${bytes.length} `).update(bytes);
  }
  return hash.digest('hex').slice(0, 8);
}
