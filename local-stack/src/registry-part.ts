import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { java } from './environment.ts';
import type { JavaFolders } from './java-downloads.ts';
import { SMALL_JVM } from './kafka-part.ts';
import type { Part } from './part.ts';

/**
 * The Apicurio registry. Its schemas are kept in a file, written before the answer (`WRITE_DELAY`; H2's default is half a
 * second later): a registry that forgets ids makes every message unreadable.
 */
export function registryPart(folders: JavaFolders): Part {
  return {
    name: 'registry',
    stopSignal: 'SIGTERM',

    async prepare({ dir, ports }) {
      await mkdir(dir, { recursive: true });
      const [jar] = (await readdir(folders.registry)).filter((name) => name.endsWith('-runner.jar'));
      const settings = {
        'quarkus.http.host': '127.0.0.1',
        'quarkus.http.port': String(ports.registry),
        'apicurio.storage.kind': 'sql',
        'apicurio.storage.sql.kind': 'h2',
        'apicurio.datasource.url': `jdbc:h2:file:${join(dir, 'schemas')};DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0`,
        'apicurio.datasource.username': 'sa',
        'apicurio.datasource.password': 'sa',
      };
      const properties = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
      return {
        command: java,
        args: [...SMALL_JVM, '-Xms64m', '-Xmx256m', ...properties, '-jar', join(folders.registry, jar ?? '')],
      };
    },

    isReady: ({ ports }) => answers(`http://127.0.0.1:${ports.registry}/apis/ccompat/v7/subjects`),
  };
}

/** Whether a GET succeeds now. */
export async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
