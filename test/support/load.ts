import { setTimeout as delay } from 'node:timers/promises';
import type { Pipeline, Servers } from './pipeline.ts';

/** Stops when it is disposed, so that no update goes to a database that a failed test has dropped. */
export interface Load extends AsyncDisposable {
  /** Ends after the update under way; returns how many were made. */
  stop(): Promise<number>;
}

/** Users 1…`users` of the default tables, each with copies in both targets. */
export async function createUsers({ user, friend, userDb, friendDb }: Servers, users: number): Promise<void> {
  const ids = Array.from({ length: users }, (_, i) => i + 1);
  await user.write('users', `INSERT INTO ${userDb}.account VALUES ?`, [ids.map((id) => [id, `user ${id}`, null])]);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES ?`, [
    ids.flatMap((id) => [[id], [id]]),
  ]);
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team_id, user_id) VALUES ?`, [
    ids.map((id) => [id % 7, id]),
  ]);
}

/** One update of one user, different each time. */
export async function update({ user, userDb }: Pipeline, n: number, users: number): Promise<void> {
  await user.write('update', `UPDATE ${userDb}.account SET nick = ?, avatar = ? WHERE id = ?`, [
    `🎈${n}`,
    `${n}.png`,
    (n % users) + 1,
  ]);
}

/** Updates one user after another until it is stopped. */
export function startLoad(pipeline: Pipeline, users: number): Load {
  return repeatUntilStopped((n) => update(pipeline, n, users));
}

/** What is tested beside it is not its speed: the machine has other work. */
const PAUSE_MS = 3;

/** Does it again and again, two hundred times a second at most, with a number that grows, until it is stopped. */
export function repeatUntilStopped(one: (n: number) => Promise<unknown>): Load {
  let isStopped = false;
  let count = 0;
  const running = (async () => {
    while (!isStopped) {
      await one(count++);
      await delay(PAUSE_MS);
    }
  })();
  const stop = async () => {
    isStopped = true;
    await running;
    return count;
  };
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Rows 1 and 2 of both of the two sources, each with a copy. */
export async function createRows({ user, friend, userDb, friendDb }: Servers): Promise<void> {
  await user.write('rows', `INSERT INTO ${userDb}.account VALUES (1,'Ann'),(2,'Bea')`);
  await user.write('rows', `INSERT INTO ${userDb}.team VALUES (1,'Red'),(2,'Blue')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2)`);
  await friend.write('copies', `INSERT INTO ${friendDb}.member (team_id) VALUES (1),(2)`);
}
