import { expect, test } from 'vitest';
import type { PictureColumn, ShapeColumn, TableShape } from '../../domain/table-shape.ts';
import { PictureProof } from './picture-proof.ts';

const shaped = (...names: string[]) =>
  ({
    name: 'd.t',
    kind: 'BASE TABLE',
    createdAt: '',
    columns: names.map((name) => ({ name }) as ShapeColumn),
  }) satisfies TableShape;
const pictured = (...names: string[]) => names.map((name) => ({ name }) as PictureColumn);

/** A server that executes one transaction a look, and a connector that the test lets send them. */
function openProof() {
  const world = { picture: pictured('a'), executed: 0, sent: 0, leftOver: 'all rows' as 'all' | 'all rows' };
  const proof = new PictureProof({
    key: 'id',
    columns: [],
    picture: async () => world.picture,
    executed: async () => String(++world.executed),
    sent: async (gtids) => (Number(gtids) <= world.sent ? world.leftOver : 'not all'),
  });
  return { world, proof, is: async (...names: string[]) => (await proof.look(shaped(...names))).is };
}

test('a picture is right as soon as it is the same', async () => {
  const { is } = openProof();
  expect(await is('a')).toBe('right');
});

test('a picture that is late is not wrong, however long it takes', async () => {
  const { world, is } = openProof();
  expect([await is('b'), await is('b'), await is('b')]).toEqual(['open', 'open', 'open']);
  world.picture = pictured('b');
  expect(await is('b')).toBe('right');
});

test('a picture that stays different when the connector has come past is wrong, until it is the same', async () => {
  const { world, is } = openProof();
  expect(await is('b')).toBe('open');
  world.sent = 1;
  expect([await is('b'), await is('b')]).toEqual(['wrong', 'wrong']);
  world.picture = pictured('b');
  expect(await is('b')).toBe('right');
});

test('what the connector has passed counts for the shape that was there, not for one that came after', async () => {
  const { world, is } = openProof();
  await is('b');
  world.sent = 1;
  expect([await is('c'), await is('c')]).toEqual(['open', 'open']);
  world.sent = 2;
  expect(await is('c')).toBe('wrong');
});

test('a table that changes meanwhile, with the same differences, is looked at anew', async () => {
  const { world, proof } = openProof();
  await proof.look(shaped('b'));
  world.sent = 1;
  expect(await proof.look({ ...shaped('b'), createdAt: 'later' })).toEqual({ is: 'open' });
});

test('a picture that changes meanwhile is looked at anew', async () => {
  const { world, is } = openProof();
  await is('b');
  world.sent = 1;
  world.picture = pictured('c');
  expect(await is('b')).toBe('open');
});

test('a wrong picture of the key counts once the connector has come past the DDL, not while statements are left', async () => {
  const { world, proof } = openProof();
  world.picture = pictured('id', 'a');
  const look = () => proof.look(shaped('a', 'id'));
  await look();
  world.sent = 1;
  expect(await look()).toMatchObject({ is: 'wrong', misreadsKey: false });
  world.leftOver = 'all';
  expect(await look()).toMatchObject({ is: 'wrong', misreadsKey: true });
});
