import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import { parseKey } from '../../domain/source-schema.ts';
import { toAfter } from '../../infrastructure/mysql/state/round-store.ts';
import { lookAfter, lookAt, observe, type Suspect } from './look.ts';
import { type RoundCourse, SOME_KEYS } from './round-course.ts';

/** Before it is known how large the rows are. */
const FIRST_ROWS = 100;
/** The next page has at most so many times as many rows; one that fails is tried with so many times less. */
const GROWTH = 4;
/** A page has about so many bytes at most. */
const PAGE_BYTES = 2 * 1024 * 1024;
/** One with more is read once more with fewer rows: so much is not to be held for each page. */
const MOST_BYTES = 8 * PAGE_BYTES;
/** Reading stops while so many suspects, or pages, wait for their barrier. */
const MOST_HELD = 50_000;
const MOST_PAGES = 40;

interface Page {
  readonly end: Key;
  readonly rows: number;
  readonly settled: Promise<void>;
  isSettled: boolean;
}

/** Compares every row of the source after a key with the mirror, page by page. */
export async function compareSource(course: RoundCourse, after: readonly string[]): Promise<void> {
  const { parts, readFrom, settler, run, events } = course.options;
  const [cursor] = after;
  let from = cursor === undefined ? undefined : await run(async () => parseKey(cursor, parts.source.schema.keyKind));
  let limit = Math.min(FIRST_ROWS, course.mostRows);
  const pages: Page[] = [];
  for (let isLast = false; !isLast; ) {
    const began = performance.now();
    const looked = await run(async () => {
      const observation = await course.observe();
      return lookAfter(parts, from, limit, observation, readFrom).catch((error) => {
        // The rows may be larger than those before them, and take longer than a statement may.
        limit = Math.ceil(limit / GROWTH);
        throw error;
      });
    });
    const asked = limit;
    limit = Math.min(course.mostRows, nextLimit(limit, looked.rows.length, looked.bytes));
    if (looked.bytes > MOST_BYTES && looked.rows.length > 1) continue;
    isLast = looked.rows.length < asked;
    from = looked.rows.at(-1)?.key ?? from;
    events.onRead(parts, course.purpose, looked.rows.length);
    if (from !== undefined) {
      const page = { end: from, rows: looked.rows.length, isSettled: false, settled: settle(course, looked.suspects) };
      pages.push(page);
      // What it fails with shows where it is awaited.
      page.settled.then(
        () => {
          page.isSettled = true;
        },
        () => {},
      );
    }
    while (pages.length > MOST_PAGES || settler.held(course.purpose) > MOST_HELD || (isLast && pages.length > 0)) {
      await course.keep(Promise.resolve(pages[0]?.settled));
      await pass(course, pages);
    }
    await pass(course, pages);
    await course.slowDown(looked.rows.length, began);
  }
}

/** Stores the place behind the pages that are settled, from the first one on. */
async function pass(course: RoundCourse, pages: Page[]): Promise<void> {
  let end: Key | undefined;
  for (let page = pages[0]; page?.isSettled; page = pages[0]) {
    end = page.end;
    course.rowCount += page.rows;
    pages.shift();
  }
  if (end !== undefined) await course.goOn({ leg: 'source', after: toAfter(end) });
}

/** What cannot be settled now stays due. */
async function settle(course: RoundCourse, suspects: readonly Suspect[]): Promise<void> {
  const { parts, settler, run } = course.options;
  const options = { marksNew: !course.round.isAsked, purpose: course.purpose };
  const settled = await settler.settle(await confirmed(course, suspects), options);
  course.tell(settled);
  const left = settled.filter(({ outcome }) => outcome === 'taken' || outcome === 'given up');
  if (left.length === 0) return;
  const keys = left.map(({ suspect }) => suspect.read.key);
  await run(() => parts.source.due.mark(parts.store.database, keys));
}

/** A replica may lack what was filtered, skipped or injected: what it says is read once more at the server that is followed. */
async function confirmed(course: RoundCourse, suspects: readonly Suspect[]): Promise<readonly Suspect[]> {
  const { parts, readFrom, run } = course.options;
  if (readFrom === parts.database || suspects.length === 0) return suspects;
  const keys = suspects.map(({ read: { key } }) => key);
  const found: Suspect[] = [];
  for (const some of inPages(keys, SOME_KEYS)) {
    found.push(...(await run(async () => lookAt(parts, some, await observe(parts)))).suspects);
  }
  return found;
}

function nextLimit(limit: number, rows: number, bytes: number): number {
  const fits = rows === 0 ? limit : Math.floor((PAGE_BYTES / Math.max(1, bytes)) * rows);
  return Math.max(1, Math.min(fits, limit * GROWTH));
}
