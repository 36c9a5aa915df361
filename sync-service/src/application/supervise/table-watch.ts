import type { SourceMapping } from '@friend-sync/connectors';
import type { TablePicture } from '../../domain/picture.ts';
import { changedColumns, type TableShape } from '../../domain/table-shape.ts';
import { POLICY, SyncError, toSyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { sourceProblems } from '../../infrastructure/mysql/server/source-fit.ts';
import { readTableShape } from '../../infrastructure/mysql/server/table-shape.ts';
import { readMirrorColumns } from '../../infrastructure/mysql/state/mirror-table.ts';
import { readHistory } from '../../infrastructure/mysql/state/server-state.ts';
import type { Logger } from '../../log.ts';
import type { Health } from './health.ts';
import { PictureProof, type Sent, type Verdict } from './picture-proof.ts';
import { repeat } from './repeat.ts';

const INTERVAL_MS = 3_000;

export interface TableWatchEvents {
  /**
   * The source's table is another than at the last look. These columns came, went, moved or are described otherwise; none:
   * it was rebuilt, or another table of the same shape took its place, and its rows may be others without a message. Told
   * again at the next look where it fails.
   */
  onChange(source: string, columns: readonly string[]): Promise<void>;
  /** Whether what the connector takes the table for is right, or wrong for certain; never that it is open. */
  onPicture(source: string, verdict: Verdict): void;
}

export interface TableWatchParts {
  readonly source: Database;
  readonly target: Database;
  readonly stateDatabase: string;
  readonly mappings: readonly SourceMapping[];
  /** What the source's connector takes the table for now; undefined: it knows no such table. */
  readonly picture: (mapping: SourceMapping) => Promise<TablePicture | undefined>;
  /** What the source's connector has sent of these transactions. */
  readonly sent: (mapping: SourceMapping, gtids: string) => Promise<Sent>;
  readonly events: TableWatchEvents;
  readonly health: Health;
  readonly log: Logger;
}

export interface TableWatch extends AsyncDisposable {
  /** Throws `contract_broken` while the source's table is not what the mapping and the mirror assume. */
  check(source: string): void;
}

/**
 * Looks at each source's table every few seconds, and at what its connector takes it for. What does not fit the mapping
 * holds that source, and lets it go on when the cause is gone. Ends after its first look; what cannot be looked at is
 * another part's trouble.
 */
export async function watchTables(parts: TableWatchParts): Promise<TableWatch> {
  const tables = new Map(parts.mappings.map((mapping) => [mapping.name, new WatchedTable(parts, mapping)]));
  const look = async () => {
    await Promise.all([...tables.values()].map((table) => table.look()));
  };
  await look();
  const looking = repeat(INTERVAL_MS, look);
  return {
    check(source) {
      const held = tables.get(source)?.held;
      if (held) throw held;
    },
    [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
  };
}

class WatchedTable {
  held: SyncError | undefined;
  readonly #parts: TableWatchParts;
  readonly #mapping: SourceMapping;
  readonly #proof: PictureProof;
  #mirror: ReadonlyMap<string, string> | undefined;
  #shape: TableShape | undefined;
  #isBlind = false;

  constructor(parts: TableWatchParts, mapping: SourceMapping) {
    this.#parts = parts;
    this.#mapping = mapping;
    this.#proof = new PictureProof({
      key: mapping.key,
      columns: mapping.columns,
      picture: () => parts.picture(mapping),
      executed: async () => (await readHistory(parts.source)).executed,
      sent: (gtids) => parts.sent(mapping, gtids),
    });
  }

  async look(): Promise<void> {
    try {
      const shape = await this.#lookAtTable();
      if (shape) await this.#lookAtPicture(shape);
      this.#isBlind = false;
    } catch (error) {
      const { kind, message } = toSyncError(error);
      const fields = { source: this.#mapping.name, kind, problem: message };
      this.#parts.log[this.#isBlind ? 'debug' : 'warn'](fields, 'table or picture was not looked at');
      this.#isBlind = true;
    }
  }

  async #lookAtTable(): Promise<TableShape | undefined> {
    const { source, target, stateDatabase, events } = this.#parts;
    const { name, table } = this.#mapping;
    this.#mirror ??= await readMirrorColumns(target, stateDatabase, name);
    const shape = await readTableShape(source, table);
    this.#hold(sourceProblems(this.#mapping, shape, this.#mirror));
    if (!shape) return undefined;
    const columns = this.#shape ? changedColumns(this.#shape, shape) : [];
    if (columns.length > 0 || (this.#shape && this.#shape.createdAt !== shape.createdAt))
      await events.onChange(name, columns);
    this.#shape = shape;
    return shape;
  }

  #hold(problems: readonly string[]): void {
    const { health, log } = this.#parts;
    const part = `table of ${this.#mapping.name}`;
    const problem = problems.join('\n');
    if (this.held?.message !== problem && problem)
      log.error({ part, kind: 'contract_broken', problem, hint: POLICY.contract_broken.hint }, 'the source is held');
    if (this.held && !problem) log.info({ part }, 'the source goes on');
    this.held = problem ? new SyncError('contract_broken', problem) : undefined;
    if (this.held) health.report(part, this.held);
    else health.clear(part);
  }

  async #lookAtPicture(shape: TableShape): Promise<void> {
    const { events } = this.#parts;
    const verdict = await this.#proof.look(shape);
    if (verdict.is !== 'open') events.onPicture(this.#mapping.name, verdict);
  }
}
