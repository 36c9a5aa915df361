import { expect, test } from 'vitest';
import { loadConfiguration } from '../configuration/load.ts';
import { renderGrants } from './grants.ts';

test('each user has the least that it needs', () => {
  const configuration = loadConfiguration({
    text: `sources:
  - name: user
    table: user_db.im_user
    key: id
    copies:
      - { table: im_friend, key: friend_id, set: { nick: nick_name }, preserve: [updated_at] }
      - { table: im_friend, key: user_id, set: { own_nick: nick_name, own_id: id } }
settings: { target: { database: friend_db }, source: { user: "o'hara" } }`,
    file: 'f.yaml',
    env: {},
  });
  expect(renderGrants(configuration).map(({ server, sql }) => `${server}: ${sql}`)).toEqual([
    "source: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'o''hara'@'%';",
    "source: GRANT SELECT (`id`, `nick_name`) ON `user_db`.`im_user` TO 'o''hara'@'%';",
    "source: GRANT REFERENCES ON `user_db`.`im_user` TO 'o''hara'@'%';",
    "target: GRANT ALL ON `friend\\_sync`.* TO 'friend_sync'@'%';",
    "target: GRANT SELECT ON `friend_db`.`im_friend` TO 'friend_sync'@'%';",
    "target: GRANT UPDATE (`nick`, `updated_at`, `own_nick`, `own_id`) ON `friend_db`.`im_friend` TO 'friend_sync'@'%';",
    "target: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'friend_sync_late_copies'@'%';",
    "target: GRANT REFERENCES ON `friend_db`.`im_friend` TO 'friend_sync_late_copies'@'%';",
  ]);
});
