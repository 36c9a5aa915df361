import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareMysql } from '@friend-sync/local-stack';

const FOLDER = fileURLToPath(new URL('../results', import.meta.url));
const POM = fileURLToPath(new URL('../../pom.xml', import.meta.url));

/** Where, when and with what something was measured. */
export interface Circumstances {
  readonly day: string;
  readonly machine: string;
  readonly versions: string;
}

export async function readCircumstances(): Promise<Circumstances> {
  const pom = await readFile(POM, 'utf8');
  const versionOf = (part: string) => pom.match(`<${part}\\.version>(.+)<`)?.[1] ?? 'unknown';
  const { version } = await prepareMysql(() => {});
  return {
    day: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: `Node ${process.version}, MySQL ${version}, Kafka ${versionOf('kafka')}, Debezium ${versionOf('debezium')}, JDBC sink ${versionOf('jdbc.sink')}`,
  };
}

/** Writes what was measured into bench/results: as JSON, as Markdown, as a plot. */
export async function writeResults(
  name: string,
  { json, markdown, svg }: { readonly json: unknown; readonly markdown: string; readonly svg: string },
): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const write = (extension: string, text: string) => writeFile(join(FOLDER, `${name}.${extension}`), `${text}\n`);
  await write('json', JSON.stringify(json, null, 2));
  await write('md', markdown);
  await write('svg', svg);
}
