import type { Database } from '@friend-sync/sync-service';
import { imageOf, nickOf } from './workload.ts';

/** Gives users the values of these changes of a workload, in one transaction. */
export async function commitChanges(
  user: Database,
  mark: string,
  changes: readonly (readonly [key: number, n: number])[],
): Promise<void> {
  await user.write(
    'changes',
    `INSERT INTO user_db.im_user (id, user_name, password, nick_name, head_img) VALUES ? AS new
     ON DUPLICATE KEY UPDATE nick_name = new.nick_name, head_img = new.head_img`,
    [changes.map(([key, n]) => [key, '', '', nickOf(mark, n), imageOf(mark, n)])],
  );
}
