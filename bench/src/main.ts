import { measureLatency } from './latency.ts';

const USAGE = 'npm run bench -- latency     commit → copy visible, beside a bare consumer of the same topic';

const talk = (line: string) => process.stderr.write(`${line}\n`);

const [name] = process.argv.slice(2);
if (name === 'latency') {
  process.stdout.write(`${JSON.stringify(await measureLatency((line) => talk(`  ${line}`)), null, 2)}\n`);
  process.exit(0);
}
talk(USAGE);
process.exit(2);
