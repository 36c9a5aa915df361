import { expect, test } from 'vitest';
import { sumFigures } from '../../domain/figures.ts';
import { RecentWork } from './recent-work.ts';

test('rates and times of the last minute are told, and older ones forgotten', () => {
  let ms = 0;
  const work = new RecentWork(() => ms);
  expect(work.figures()).toEqual({ changesPerSecond: 0, copiesPerSecond: 0 });
  for (let n = 0; n < 20; n++) {
    work.ingested(50);
    work.wrote(300);
    for (let i = 0; i < 50; i++) work.applied(n === 19 ? 900 : 30);
    ms += 1_000;
  }
  const { appliedMs, ...rates } = work.figures();
  expect(rates).toEqual({ changesPerSecond: 50, copiesPerSecond: 300 });
  // To about a twentieth.
  expect(appliedMs?.p50).toBeGreaterThan(28);
  expect(appliedMs?.p50).toBeLessThan(32);
  expect(appliedMs?.p99).toBeGreaterThan(850);
  expect(appliedMs?.p99).toBeLessThan(950);
  ms = 40_000;
  expect(work.figures().changesPerSecond).toBe(25);
  ms = 80_000;
  expect(work.figures()).toEqual({ changesPerSecond: 0, copiesPerSecond: 0 });
});

test('of several daemons rates are summed, and times are those of the slowest; one of an older version says none', () => {
  const one = { changesPerSecond: 10, copiesPerSecond: 20, appliedMs: { p50: 3, p99: 9 } };
  const other = { changesPerSecond: 1, copiesPerSecond: 2, appliedMs: { p50: 2, p99: 40 } };
  expect(sumFigures([one, undefined, other])).toEqual({
    changesPerSecond: 11,
    copiesPerSecond: 22,
    appliedMs: { p50: 3, p99: 40 },
  });
  expect(sumFigures([undefined])).toEqual({ changesPerSecond: 0, copiesPerSecond: 0 });
});
