import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range that the kernel gives to outgoing connections, so that none of them takes a port before its part binds it. */
const LOWEST = 18_000;
const HIGHEST = 32_000;

/** So many free ports of 127.0.0.1, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
