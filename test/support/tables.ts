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

/** The sources of {@link TWO_SOURCES}, by name, as YAML. */
export const SOURCES = {
  account: `
  - { name: account, table: USER.account, key: id, copies: [{ table: friend, key: friend_id, set: { nick: nick } }] }`,
  team: `
  - { name: team, table: USER.team, key: id, copies: [{ table: member, key: team_id, set: { title: title } }] }`,
};

/** Two sources, each with a target of its own. */
export const TWO_SOURCES = {
  userTables: [
    'CREATE TABLE account (id BIGINT PRIMARY KEY, nick MEDIUMTEXT)',
    'CREATE TABLE team (id BIGINT PRIMARY KEY, title VARCHAR(64))',
  ],
  friendTables: [
    'CREATE TABLE friend (n INT AUTO_INCREMENT PRIMARY KEY, friend_id BIGINT, nick MEDIUMTEXT, KEY (friend_id))',
    'CREATE TABLE member (n INT AUTO_INCREMENT PRIMARY KEY, team_id BIGINT, title VARCHAR(64), KEY (team_id))',
  ],
  sources: SOURCES.account + SOURCES.team,
};
