import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range that the kernel gives to outgoing connections, so that none of them takes a port before its part binds it. */
const LOWEST = 18_000;
const HIGHEST = 32_000;

/** Free ports that this process has given out: whoever asked may not have bound them yet. */
const given = new Set<number>();

/** So many free ports of 127.0.0.1, none of which this process has given out before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(LOWEST, HIGHEST);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
