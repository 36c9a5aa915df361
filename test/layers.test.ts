import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { contentOf, repositoryFiles } from './support/repository.ts';

const SERVICE = 'sync-service/src/';

/** What runs, but for tests and measurements, each with what it imports: a file's path, or a library's name. */
const modules = new Map(
  repositoryFiles
    .filter((file) => /\/src\/.*\.ts$/.test(file) && !/\.test\.ts$|^bench\//.test(file))
    .map((file) => [file, importsOf(file)] as const),
);

function importsOf(file: string): { name: string; isType: boolean }[] {
  const found = contentOf(file).matchAll(
    /(?:^|\n)(?:import|export) (type )?[^;']*?from '([^']+)'|import\('([^']+)'\)/g,
  );
  return [...found].map(([, type, from, lazily]) => {
    const name = from ?? lazily ?? '';
    return { name: name.startsWith('.') ? join(dirname(file), name) : name, isType: type !== undefined };
  });
}

/** `importer imports imported` of each import that is not allowed. */
function imports(from: RegExp, of: RegExp, unless = /^$/): string[] {
  return [...modules].flatMap(([file, imported]) =>
    from.test(file) && !unless.test(file)
      ? imported.filter(({ name }) => of.test(name)).map(({ name }) => `${file} imports ${name}`)
      : [],
  );
}

test.each([
  ['kafkajs', /^(kafkajs|@kafkajs\/.*|avsc)$/, /infrastructure\/kafka\//],
  ['mysql2', /^(mysql2|drizzle-orm)(\/|$)/, /infrastructure\/mysql\/|^local-stack\//],
  ['fastify', /^fastify$/, /infrastructure\/http\//],
  ['commander', /^commander$/, /^cli\/src\//],
])('%s is known in one place', (_, library, place) => {
  expect(modules.size).toBeGreaterThan(200);
  expect(imports(/./, library, place)).toEqual([]);
});

test.each([
  [
    'the domain knows itself and the mapping',
    `${SERVICE}domain/`,
    /^(?!sync-service\/src\/(domain|errors)|@friend-sync\/connectors$)/,
  ],
  [
    'infrastructure knows nothing of what is done with it',
    `${SERVICE}infrastructure/`,
    /src\/(application|service|operations)/,
  ],
  [
    'the application does not know who puts it together',
    `${SERVICE}application/`,
    /src\/(service|operations|index|doctor)\.ts/,
  ],
  ['connectors know no other workspace', 'connectors/src/', /^@friend-sync\//],
  ['the service knows connectors alone', SERVICE, /^@friend-sync\/(?!connectors$)/],
  [
    'the command line knows the public face of the others',
    'cli/src/',
    /^@friend-sync\/(?!connectors$|sync-service(\/daemon)?$)/,
  ],
])('%s', (_, importers, imported) => {
  expect(imports(new RegExp(`^${importers}`), imported)).toEqual([]);
});

test('no module needs itself', () => {
  const done = new Set<string>();
  const circleFrom = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    const needed = modules.get(file)?.filter(({ isType }) => !isType) ?? [];
    const circle = needed.map(({ name }) => circleFrom(name, [...path, file])).find((found) => found !== undefined);
    done.add(file);
    return circle;
  };
  expect([...modules.keys()].map((file) => circleFrom(file, [])).filter((circle) => circle !== undefined)).toEqual([]);
});
