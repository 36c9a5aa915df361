import type { CopyMapping } from '@friend-sync/connectors';
import type { Database } from '../server/database.ts';
import type { CopyStore } from './copy-store.ts';
import type { CopySweep } from './copy-sweep.ts';
import { noteTarget, readTargetTable, type TargetTable } from './target-table.ts';

/** What writes a copy and what compares it, made for its table as it was at one look. */
export interface FitCopy {
  readonly store: CopyStore;
  readonly sweep: CopySweep;
  /** What is allowed and may surprise. */
  readonly notes: readonly string[];
}

export interface CopyRules {
  /** Why a table of this definition may not be written, each with its remedy. */
  readonly problems: (table: TargetTable) => readonly string[];
  readonly make: (table: TargetTable) => Omit<FitCopy, 'notes'>;
}

/** One copy of the mapping as its table was at the last look: fit, or held while the table is not what our SQL assumes. */
export class MappedCopy {
  readonly mapping: CopyMapping;
  readonly #rules: CopyRules;
  #definition = '';
  #fit: FitCopy | undefined;
  #problem = '';

  constructor(mapping: CopyMapping, rules: CopyRules) {
    this.mapping = mapping;
    this.#rules = rules;
  }

  get id(): string {
    return this.mapping.id;
  }

  /** Undefined while it is held: then it is neither written nor compared. */
  get fit(): FitCopy | undefined {
    return this.#fit;
  }

  /** All that is wrong with its table, each with its remedy; empty: it is fit. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * Reads its table. Returns undefined where that is as it was; else whether it is fit now, and what makes that hold here.
   * Statements that are under way, and those of other daemons, may still take it for what it was.
   */
  async look(database: Database): Promise<{ readonly isFit: boolean; readonly adopt: () => void } | undefined> {
    const table = await readTargetTable(database, this.mapping);
    const definition = JSON.stringify({ ...table, columns: [...table.columns] });
    if (definition === this.#definition) return undefined;
    const problem = this.#rules.problems(table).join('\n');
    return {
      isFit: !problem,
      adopt: () => {
        this.#definition = definition;
        this.#problem = problem;
        this.#fit = problem ? undefined : { ...this.#rules.make(table), notes: noteTarget(table) };
      },
    };
  }
}
