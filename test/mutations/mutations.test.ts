import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSharedServers, SERVERS_VARIABLE } from '../support/mysql-setup.ts';
import { repositoryFiles } from '../support/repository.ts';
import type { Guard } from './guard.ts';
import { GUARDS } from './guards.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Every copy of the tree, and those that no mutation is being made in. */
const copies: string[] = [];
const free: string[] = [];
let shared: Awaited<ReturnType<typeof openSharedServers>>;

beforeAll(async () => {
  shared = await openSharedServers();
});

afterAll(async () => {
  await shared.close();
  await Promise.all(copies.map((copy) => rm(copy, { recursive: true, force: true })));
});

/** The tree as it is, without history and builds; the installed libraries are shared. */
async function copyTree(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'friend-sync-mutations-'));
  copies.push(copy);
  for (const file of repositoryFiles) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await cp(join(ROOT, file), join(copy, file));
  }
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

test.concurrent.each(GUARDS)(
  'without $guard, “$test.name” fails',
  async ({ file, replace, test: { project, file: testFile, name } }) => {
    const copy = free.pop() ?? (await copyTree());
    const path = join(copy, file);
    const original = await readFile(path, 'utf8');
    try {
      await writeFile(path, mutated(original, file, replace));
      expect(await statusOf(copy, project, testFile, name)).toBe('failed');
    } finally {
      await writeFile(path, original);
      free.push(copy);
    }
  },
);

function mutated(text: string, file: string, replace: Guard['replace']): string {
  return replace.reduce((before, [from, to]) => {
    // A guard that was rewritten needs its mutation rewritten, too.
    expect(before.split(from), `${file} holds exactly once: ${from}`).toHaveLength(2);
    return before.replace(from, () => to);
  }, text);
}

/** How that test alone ends in the mutated copy; undefined if it was not even found. */
async function statusOf(copy: string, project: string, file: string, name: string): Promise<string | undefined> {
  const report = join(copy, 'report.json');
  await rm(report, { force: true });
  const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const args = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    project,
    '--testTimeout=60000',
    '--reporter=json',
    `--outputFile=${report}`,
    '-t',
    pattern,
    file,
  ];
  // biome-ignore lint/style/noProcessEnv: a child inherits the environment
  const env = { ...process.env, [SERVERS_VARIABLE]: JSON.stringify(shared.servers) };
  const child = spawn(process.execPath, args, { cwd: copy, env, stdio: 'ignore' });
  await once(child, 'exit');
  const { testResults } = JSON.parse(await readFile(report, 'utf8')) as {
    testResults: { assertionResults: { title: string; status: string }[] }[];
  };
  return testResults.flatMap(({ assertionResults }) => assertionResults).find(({ title }) => title === name)?.status;
}
