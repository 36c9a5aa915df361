import { expect, test } from 'vitest';
import { openPipeline } from '../support/pipeline.ts';

test('inserts, updates and deletes at the source arrive in every copy', async () => {
  await using pipeline = await openPipeline();
  const { user, friend, userDb, friendDb } = pipeline;
  await user.write('users', `INSERT INTO ${userDb}.account VALUES (1,'Ann','a.png'),(2,'Bea',NULL)`);
  await friend.write(
    'copies',
    `INSERT INTO ${friendDb}.friend (friend_id, nick) VALUES (1,'?'),(1,'?'),(2,'?'),(3,'?')`,
  );
  await friend.write('copies', `INSERT INTO ${friendDb}.member VALUES (7,1,'?'),(7,2,'?')`);
  await pipeline.startDaemon();
  expect(await pipeline.settled()).toMatchObject({ copies: 5, mismatches: 0, orphans: 1 });

  await user.write('update', `UPDATE ${userDb}.account SET nick = 'Änn 🍣' WHERE id = 1`);
  await user.write('insert', `INSERT INTO ${userDb}.account VALUES (3,'','c.png')`);
  expect(await pipeline.settled()).toMatchObject({ copies: 6, mismatches: 0, orphans: 0 });

  await user.write('delete', `DELETE FROM ${userDb}.account WHERE id = 2`);
  expect(await pipeline.settled()).toMatchObject({ copies: 4, mismatches: 0, orphans: 2 });
  expect(await friend.rows('reading', `SELECT nick FROM ${friendDb}.friend WHERE friend_id = 2`)).toEqual([
    { nick: 'Bea' },
  ]);
});
