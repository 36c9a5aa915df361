import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPart } from '../../local-stack/src/connect-part.ts';
import { kafkaPart } from '../../local-stack/src/kafka-part.ts';
import { mysqlPart } from '../../local-stack/src/mysql-part.ts';
import type { Launch, Part, PartPlace } from '../../local-stack/src/part.ts';
import { registryPart } from '../../local-stack/src/registry-part.ts';

type Properties = Readonly<Record<string, string>>;

/** What local-stack's parts are given at ports of ours. No server is started. */
export interface LocalParts {
  readonly dir: string;
  readonly connect: Properties;
  readonly connectLogging: string;
  readonly kafka: Properties;
  readonly registry: Properties;
  readonly mysql: Readonly<Record<'user-mysql' | 'friend-mysql', readonly string[]>>;
}

export async function renderLocalParts(ports: PartPlace['ports'], controllerPort: number): Promise<LocalParts> {
  const dir = await mkdtemp(join(tmpdir(), 'friend-sync-parts-'));
  try {
    // What a part finds of an earlier start, so that it has nothing to download or to initialise.
    const folders = { kafka: join(dir, 'jars'), 'connect-plugins': join(dir, 'plugins'), registry: join(dir, 'jars') };
    await mkdir(join(dir, 'kafka', 'data'), { recursive: true });
    await mkdir(folders.registry);
    await writeFile(join(dir, 'kafka', 'data', 'meta.properties'), '');
    await writeFile(join(folders.registry, 'x-runner.jar'), '');
    for (const name of ['user-mysql', 'friend-mysql']) await mkdir(join(dir, name, 'data'), { recursive: true });
    const programs = { version: '0.0.0', serverArgs: [], program: (name: string) => ({ command: name, args: [] }) };

    const prepare = (part: Part): Promise<Launch> =>
      part.prepare({
        dir: join(dir, part.name),
        ports,
        controllerPort,
        connectEnv: {},
        exactlyOnceSource: true,
        performanceSchema: false,
      });
    await prepare(connectPart(folders));
    await prepare(kafkaPart(folders));
    const registry = await prepare(registryPart(folders));
    const text = (...path: string[]) => readFile(join(dir, ...path), 'utf8');
    return {
      dir,
      connect: propertiesOf(await text('connect', 'connect.properties')),
      connectLogging: await text('connect', 'log4j2.properties'),
      kafka: propertiesOf(await text('kafka', 'server.properties')),
      registry: propertiesOf(
        registry.args.flatMap((arg) => arg.match(/^-D((?:apicurio|quarkus).*)/)?.slice(1) ?? []).join('\n'),
      ),
      mysql: {
        'user-mysql': (await prepare(mysqlPart('user-mysql', programs))).args,
        'friend-mysql': (await prepare(mysqlPart('friend-mysql', programs))).args,
      },
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}

export function propertiesOf(text: string): Properties {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
