import type { Pipeline } from './pipeline.ts';

/** From here on every version that a copy of the first target ever has is kept, by a trigger. */
export async function keepVersions({ friend, friendDb }: Pipeline): Promise<void> {
  await friend.write(
    'versions',
    `CREATE TABLE ${friendDb}.version (n BIGINT AUTO_INCREMENT PRIMARY KEY, id BIGINT NOT NULL, nick VARCHAR(64))`,
  );
  await friend.write(
    'versions',
    `CREATE TRIGGER ${friendDb}.keeping AFTER UPDATE ON ${friendDb}.friend FOR EACH ROW
       INSERT INTO ${friendDb}.version (id, nick) VALUES (NEW.id, NEW.nick)`,
  );
}

/** Copies that had a version with a smaller number after one with a larger; versions are numbered in their text. */
export async function stepsBack({ friend, friendDb }: Pipeline): Promise<unknown> {
  const [row] = await friend.rows(
    'versions',
    `SELECT COUNT(*) AS n FROM (SELECT CAST(REGEXP_SUBSTR(nick, '[0-9]+') AS SIGNED) AS v,
       MAX(CAST(REGEXP_SUBSTR(nick, '[0-9]+') AS SIGNED)) OVER (PARTITION BY id ORDER BY n) AS newest FROM ${friendDb}.version) AS some WHERE v < newest`,
  );
  return row?.n;
}
