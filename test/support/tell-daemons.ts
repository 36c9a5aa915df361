import { afterEach } from 'vitest';
import { daemons } from './daemon.ts';

const LINES = 40;
const WIDTH = 400;

/** Where a test has failed, what its daemons complained of last: on another machine it cannot be asked again. */
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const daemon of daemons) {
    const lines = daemon.output().split('\n');
    const complaints = lines
      .filter((line) => /"level":"(warn|error|fatal)"|"msg":"a new epoch"/.test(line))
      .slice(-LINES);
    process.stderr.write(
      `daemon ${daemon.process.pid}:\n${complaints.map((line) => line.slice(0, WIDTH)).join('\n')}\n`,
    );
  }
});
