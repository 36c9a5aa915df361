/** A source with two targets, one by a surrogate and one by a composite primary key. */
export const TABLES = {
  userTables: ['CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64), avatar VARCHAR(255))'],
  friendTables: [
    `CREATE TABLE friend (id BIGINT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT NOT NULL, nick VARCHAR(64), avatar VARCHAR(255), remark VARCHAR(64),
       KEY (friend_id))`,
    'CREATE TABLE member (team_id INT, user_id BIGINT, nick VARCHAR(64), PRIMARY KEY (team_id, user_id), KEY (user_id))',
  ],
  sources: `
  - name: account
    table: USER.account
    key: id
    copies:
      - { table: friend, key: friend_id, set: { nick: nick, avatar: avatar } }
      - { table: member, key: user_id, set: { nick: nick } }`,
};
