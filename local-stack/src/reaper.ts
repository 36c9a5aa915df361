// Ends a stack's processes when the process that owns it is gone, however it went: the owner holds our stdin open.
import { PART_NAMES } from './part.ts';
import { end } from './process.ts';
import { readState } from './state-file.ts';

const [dataDir = ''] = process.argv.slice(2);

process.stdin.resume();
process.stdin.once('end', async () => {
  const processes = readState(dataDir)?.processes ?? {};
  await Promise.all(PART_NAMES.map((name) => processes[name]).map((id) => id && end(id, 'SIGTERM', 5_000)));
  process.exit(0);
});
// A signal that ends the owner's whole group must not end its reaper.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});
