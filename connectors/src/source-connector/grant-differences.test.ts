import { expect, test } from 'vitest';
import { compareGrants } from './grant-differences.ts';

const needed = [
  'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `f`@`%`;',
  'GRANT SELECT (`id`, `nick, (name)`) ON `u`.`account` TO `f`@`%`;',
  'GRANT REFERENCES ON `u`.`account` TO `f`@`%`;',
  'GRANT ALL ON `friend\\_sync`.* TO `f`@`%`;',
].map((sql) => ({ server: 'source' as const, sql }));
const ALL = [
  'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `f`@`%`',
  'GRANT ALL PRIVILEGES ON `friend\\_sync`.* TO `f`@`%`',
  'GRANT SELECT (`id`, `nick, (name)`), REFERENCES ON `u`.`account` TO `f`@`%`',
];

test('what SHOW GRANTS says of an account with the printed grants is neither too few nor too many', () => {
  expect(compareGrants(needed, ALL)).toEqual({ missing: [], surplus: [] });
});

test('rights on the whole server, schema or table suffice', () => {
  const root =
    'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `f`@`%` WITH GRANT OPTION';
  expect(compareGrants(needed, [root, 'GRANT BACKUP_ADMIN,ROLE_ADMIN ON *.* TO `f`@`%`'])).toEqual({
    missing: [],
    surplus: [],
  });
  const wide = [...ALL.slice(0, 2), 'GRANT SELECT, REFERENCES ON `u`.* TO `f`@`%`'];
  expect(compareGrants(needed, wide)).toEqual({ missing: [], surplus: [] });
});

test('a column and a table that are no longer mapped are revoked, and what is missing is named', () => {
  const shown = [
    ...ALL.slice(0, 2),
    'GRANT SELECT (`id`, `avatar`), REFERENCES ON `u`.`account` TO `f`@`%`',
    'GRANT UPDATE (`title`) ON `u`.`team` TO `f`@`%`',
  ];
  expect(compareGrants(needed, shown)).toEqual({
    missing: ['GRANT SELECT (`id`, `nick, (name)`) ON `u`.`account` TO `f`@`%`;'],
    surplus: [
      'REVOKE SELECT (`avatar`) ON `u`.`account` FROM `f`@`%`;',
      'REVOKE UPDATE (`title`) ON `u`.`team` FROM `f`@`%`;',
    ],
  });
});

test('of rights by a role nothing is said', () => {
  expect(compareGrants(needed, ['GRANT `reader`@`%` TO `f`@`%`'])).toBe(undefined);
});
