import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Chunks that one direction of a connection holds before it stops reading. */
const MOST_HELD = 64;

/** A TCP proxy on 127.0.0.1 that can behave like a bad network. Every fault but {@link silence} lasts until {@link heal}. */
export class TcpProxy implements AsyncDisposable {
  /** Where new connections lead: a port of 127.0.0.1. Set later than the proxy is opened if the server must know the proxy first. */
  target: number;
  readonly #server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  readonly #sockets = new Set<Socket>();
  readonly #silent = new WeakSet<Socket>();
  #isCut = false;
  #latencyMs = 0;
  #passable: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  private constructor(target: number) {
    this.target = target;
  }

  /** Listens at any free port, unless one is named. */
  static async open(target = 0, port = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets every connection, and each new one. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  /** Takes connections and bytes but delivers nothing, and closes nothing. */
  stall(): void {
    this.#open();
    this.#passable = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Delivers nothing more on the connections that there are, for good, and closes none of them; new ones are sound. */
  silence(): void {
    for (const socket of this.#sockets) this.#silent.add(socket);
  }

  /** Delivers each byte so many milliseconds later, in each direction. */
  slow(latencyMs: number): void {
    this.#latencyMs = latencyMs;
  }

  /** Is a good network again; what was held is delivered. */
  heal(): void {
    this.#isCut = false;
    this.#latencyMs = 0;
    this.#open();
  }

  /** Resets the connections that there are, and nothing else. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    this.#server.close();
    this.reset();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true });
    this.#carry(client, server);
    this.#carry(server, client);
  }

  /** What one side does reaches the other in that order, each thing at its time, while the proxy is passable. */
  #carry(from: Socket, to: Socket): void {
    let held = 0;
    let order = Promise.resolve();
    const inOrder = (deliver: () => void): void => {
      const due = performance.now() + this.#latencyMs;
      order = order.then(async () => {
        const wait = due - performance.now();
        if (wait > 0) await delay(wait);
        await this.#passable;
        if (!this.#silent.has(from)) deliver();
      });
    };
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (++held >= MOST_HELD) from.pause();
      inOrder(() => {
        if (to.writable) to.write(chunk);
        if (--held < MOST_HELD) from.resume();
      });
    });
    from.on('end', () => inOrder(() => to.end()));
    // 'close' follows, and says that there was one.
    from.on('error', () => {});
    from.on('close', (hadError) => {
      this.#sockets.delete(from);
      inOrder(() => (hadError ? to.resetAndDestroy() : to.destroySoon()));
    });
  }
}
