import { differences, misreadsKey, type TablePicture } from '../../domain/picture.ts';
import type { TableShape } from '../../domain/table-shape.ts';

export interface PictureProofParts {
  readonly key: string;
  /** Columns whose values are used. */
  readonly columns: readonly string[];
  /** What the connector takes the table for now. */
  readonly picture: () => Promise<TablePicture | undefined>;
  /** The transactions that the table's server has executed. */
  readonly executed: () => Promise<string>;
  /** What the connector has sent of these transactions. */
  readonly sent: (gtids: string) => Promise<Sent>;
}

/** `all rows`: what is left are statements, which it may not have come to. */
export type Sent = 'all' | 'all rows' | 'not all';

export type Verdict =
  | { readonly is: 'right' | 'open' }
  /** `misreadsKey`: and it has come past the DDL, so that rows which it sends are taken for others. */
  | { readonly is: 'wrong'; readonly differences: readonly string[]; readonly misreadsKey: boolean };

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
    const { key, columns } = this.#parts;
    const sent = before ? await this.#parts.sent(before.executed) : 'not all';
    const picture = await this.#parts.picture();
    const found = differences(shape, picture, [key, ...columns]);
    if (found.length === 0) {
      this.#suspicion = undefined;
      return { is: 'right' };
    }
    const seen = { shape: JSON.stringify(shape), found: found.join('\n') };
    if (before?.shape !== seen.shape || before.found !== seen.found) {
      this.#suspicion = { ...seen, executed: await this.#parts.executed() };
      return { is: 'open' };
    }
    if (sent === 'not all') return { is: 'open' };
    return { is: 'wrong', differences: found, misreadsKey: sent === 'all' && misreadsKey(shape, picture, key) };
  }
}
