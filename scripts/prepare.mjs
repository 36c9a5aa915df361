// Makes a fresh clone ready to run: dependencies and build. Plain Node, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.friend-sync-lock`;

const say = (line) => process.stderr.write(`friend-sync: ${line}\n`);

function fail(problem) {
  say(problem);
  process.exit(1);
}

function run(command, args) {
  // Talk goes to stderr: stdout belongs to the command that is prepared.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) fail(`${command} cannot be run: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed; its output is above`);
}

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) fail(`Node ${process.versions.node} is too old; Node 20 or newer is needed (https://nodejs.org)`);

const lock = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  say('installing dependencies (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  mkdirSync(`${root}node_modules`, { recursive: true });
  writeFileSync(stamp, lock);
}
run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b']);
