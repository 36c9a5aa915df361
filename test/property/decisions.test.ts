import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PROPERTY_TIMEOUT_MS, runs } from './runs.ts';
import { KEYS, PARTITIONS, type TopicAction, TopicWorld } from './topic-world.ts';

const key = fc.nat(KEYS - 1);
const partition = fc.nat(PARTITIONS - 1);
const value = fc.constantFrom('a', 'A', '', null, undefined);
const action: fc.Arbitrary<TopicAction> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write'), key, values: fc.tuple(value, value) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read'), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), key }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver'), partition, count: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('repeat'),
      partition,
      from: fc.nat(9),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rewind'), partition, to: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'epoch' }) },
  { weight: 3, arbitrary: fc.constant({ do: 'fan out' }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit'), key }) },
) as fc.Arbitrary<TopicAction>;
const actions = fc.array(action, { maxLength: 60, size: 'max' });

function play(actions: readonly TopicAction[], check: (world: TopicWorld) => void): TopicWorld {
  const world = new TopicWorld();
  for (const each of actions) {
    world.apply(each);
    check(world);
  }
  return world;
}

test(
  'any order of deliveries, repeats, rewinds and epochs leaves the newest delivered change of each key in the mirror',
  () => {
    fc.assert(
      fc.property(actions, (actions) => {
        play(actions, ({ mirror, newest, repeatedWrites }) => {
          expect(repeatedWrites).toBe(0);
          expect([...mirror.keys()].sort()).toEqual([...newest.keys()].sort());
          for (const [key, { kind, values, position }] of newest) {
            const row = mirror.get(key);
            expect(row).toMatchObject({ position, isDeleted: kind === 'delete' });
            if (kind === 'row') expect(row?.values).toEqual(values);
          }
        });
      }),
      runs(500),
    );
  },
  PROPERTY_TIMEOUT_MS,
);

test(
  'a copy that differs from the mirror is marked, unless it was edited by hand',
  () => {
    fc.assert(
      fc.property(actions, (actions) => {
        play(actions, (world) => {
          for (const key of world.mirror.keys())
            if (!world.marks.has(key) && !world.edited.has(key)) expect(world.isEqual(key)).toBe(true);
        });
      }),
      runs(500),
    );
  },
  PROPERTY_TIMEOUT_MS,
);

test(
  'a rewind to the start repairs every copy whose key is in the topic',
  () => {
    fc.assert(
      fc.property(actions, (actions) => {
        const world = play(actions, () => {});
        world.deliverAll();
        for (let i = 0; i < PARTITIONS; i++) world.rewind(i, 0);
        world.deliverAll();
        world.fanOut();
        const keys = new Set(world.partitions.flatMap(({ log }) => log.map(({ key }) => key)));
        for (const key of keys) expect(world.isEqual(key)).toBe(true);
      }),
      runs(500),
    );
  },
  PROPERTY_TIMEOUT_MS,
);
