import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ROOT, textOf } from './compose-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'friend-sync-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(`${ROOT}docker`, folder, { recursive: true });
  // What comes after our entrypoints, telling what it was given.
  for (const program of ['java', 'docker-entrypoint.sh']) {
    writeFileSync(
      join(folder, program),
      '#!/bin/sh\nprintf "%s|" "$@" "$FRIEND_SYNC_SOURCE__PASSWORD" "$FRIEND_SYNC_USERS_SQL"\n',
    );
    chmodSync(join(folder, program), 0o755);
  }
});

const secret = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

/** Runs an entrypoint as its container would, with a PATH on which our folder comes first. */
function enter(entrypoint: 'connect' | 'mysql', env: Record<string, string>, ...args: string[]) {
  const file = join(folder, `${entrypoint}-entrypoint.sh`);
  writeFileSync(file, textOf(`docker/${entrypoint}-entrypoint.sh`).replaceAll('/opt/connect/read', `${folder}/read`));
  return spawnSync('bash', [file, ...args], { env: { PATH: `${folder}:/usr/bin:/bin`, ...env }, encoding: 'utf8' });
}

test.each([
  ['empty', () => secret('password', ''), /^friend-sync: \S+\/password is empty: write the password into it\n$/],
  ['only a newline', () => secret('password', '\r\n'), /\/password is empty/],
  ['not readable', () => folder, /^friend-sync: \S+ cannot be read by user \d+: let everybody read the file/],
])('a secret that is %s ends its container with a sentence that names the file', (_, make, sentence) => {
  const file = make();
  const mysql = { FRIEND_SYNC_USERS: `a=${file.slice(folder.length + 1) || '.'}` };
  for (const { status, stdout, stderr } of [
    enter('connect', { FRIEND_SYNC_SOURCE__PASSWORD_FILE: file }),
    enter('connect', { FRIEND_SYNC_LATE_COPIES_PASSWORD_FILE: file }),
    enter('mysql', { ...mysql, MYSQL_ROOT_PASSWORD_FILE: file }),
    enter('mysql', { ...mysql, MYSQL_ROOT_PASSWORD_FILE: secret('root', 'x') }),
  ]) {
    expect(stderr).toMatch(sentence);
    expect({ status, stdout }).toEqual({ status: 78, stdout: '' });
  }
});

test('newlines at the end of a secret do not belong to it, and every other character does', () => {
  const FRIEND_SYNC_SOURCE__PASSWORD_FILE = secret('password', `a'b"c\\d $x\`y &\r\n`);
  expect(enter('connect', { FRIEND_SYNC_SOURCE__PASSWORD_FILE }).stdout).toContain(`|a'b"c\\d $x\`y &|`);
});

test('a password is quoted for SQL, and the server gets its options', () => {
  secret('password', `a'b"c\\d $x\`y &\n`);
  const env = { MYSQL_ROOT_PASSWORD_FILE: secret('root', 'x\n'), FRIEND_SYNC_USERS: 'a=password b=root' };
  const { stdout, stderr } = enter('mysql', env, '--server-id=1');
  expect({ stdout, stderr }).toEqual({
    stdout: `--server-id=1||CREATE USER 'a'@'%' IDENTIFIED BY 'a''b"c\\\\d $x\`y &';CREATE USER 'b'@'%' IDENTIFIED BY 'x';|`,
    stderr: '',
  });
});

test.each(["a'b", 'a"b', 'a\\b', 'a\nb'])(
  "what the image cannot quote in root's password is refused: %j",
  (password) => {
    const { status, stderr } = enter('mysql', {
      MYSQL_ROOT_PASSWORD_FILE: secret('root', password),
      FRIEND_SYNC_USERS: '',
    });
    expect(stderr).toMatch(/^friend-sync: \S+\/root holds a quote, a backslash or a newline/);
    expect(stderr).not.toContain(password);
    expect(status).toBe(78);
  },
);
