import { differences, type TablePicture } from '../../domain/picture.ts';
import type { TableShape } from '../../domain/table-shape.ts';

export interface PictureProofParts {
  /** Columns whose values are used. */
  readonly used: readonly string[];
  /** What the connector takes the table for now. */
  readonly picture: () => Promise<TablePicture | undefined>;
  /** The transactions that the table's server has executed. */
  readonly executed: () => Promise<string>;
  /** Whether the connector has sent everything of these transactions. */
  readonly hasSent: (gtids: string) => Promise<boolean>;
}

export type Verdict = { readonly is: 'right' | 'open' } | { readonly is: 'wrong'; readonly differences: string[] };

/**
 * Tells a wrong picture of a table from one that is late. The connector changes its picture when it comes to a DDL in the
 * binary log, so after a DDL it differs rightly until then. It is wrong where the same shape of the table gives the same
 * differences at two looks, and the second one saw what the connector had made of everything that the server had executed
 * at the first.
 */
export class PictureProof {
  readonly #parts: PictureProofParts;
  #suspicion: { readonly shape: string; readonly found: string; readonly executed: string } | undefined;

  constructor(parts: PictureProofParts) {
    this.#parts = parts;
  }

  async look(shape: TableShape): Promise<Verdict> {
    const before = this.#suspicion;
    // In this order: the picture is read after the connector was there, what the server has executed after the shape.
    const isPassed = before !== undefined && (await this.#parts.hasSent(before.executed));
    const found = differences(shape, await this.#parts.picture(), this.#parts.used);
    if (found.length === 0) {
      this.#suspicion = undefined;
      return { is: 'right' };
    }
    const seen = { shape: JSON.stringify(shape), found: found.join('\n') };
    if (before?.shape !== seen.shape || before.found !== seen.found) {
      this.#suspicion = { ...seen, executed: await this.#parts.executed() };
      return { is: 'open' };
    }
    return isPassed ? { is: 'wrong', differences: found } : { is: 'open' };
  }
}
