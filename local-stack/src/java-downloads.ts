import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';
import { java, maven } from './environment.ts';
import { MissingProgramError, outputOf, run } from './program.ts';

const POM = fileURLToPath(new URL('../../pom.xml', import.meta.url));
const PROFILES = ['kafka', 'connect-plugins', 'registry'] as const;

export type JavaFolders = Readonly<Record<(typeof PROFILES)[number], string>>;

/** The folders with the jars of Kafka and Connect, of Connect's plugins, and of the registry, as pom.xml pins them. */
export async function prepareJavaParts(onProgress: (line: string) => void): Promise<JavaFolders> {
  const folder = await download('java', PROFILES, onProgress);
  return Object.fromEntries(PROFILES.map((profile) => [profile, `${folder}/${profile}`])) as JavaFolders;
}

/** The folder with Debezium's JDBC sink connector, for `morePlugins` of a stack. */
export async function prepareJdbcSink(onProgress: (line: string) => void): Promise<string> {
  return `${await download('jdbc-sink', ['jdbc-sink'], onProgress)}/jdbc-sink`;
}

async function download(
  name: string,
  profiles: readonly string[],
  onProgress: (line: string) => void,
): Promise<string> {
  await requireJava();
  const hash = createHash('sha256')
    .update(await readFile(POM))
    .digest('hex')
    .slice(0, 12);
  return cached(`${name}-${hash}`, async (output) => {
    await requireMaven();
    for (const profile of profiles) {
      onProgress(`downloading ${profile} (Maven)`);
      const args = ['-B', '-q', '-f', POM, `-P${profile}`, 'package', `-Dstack.output=${output}`];
      await run(maven, args);
    }
  });
}

async function requireJava(): Promise<void> {
  const version = await outputOf(java, ['-version']);
  const major = Number(version?.match(/version "(\d+)/)?.[1]);
  if (major >= 17) return;
  const problem = version
    ? `${java} is version ${major}, Kafka needs Java 17 or newer`
    : `Java was not found (${java})`;
  throw new MissingProgramError(problem, 'install it: apt-get install openjdk-17-jre-headless, or set JAVA_HOME');
}

async function requireMaven(): Promise<void> {
  if (await outputOf(maven, ['-v'])) return;
  throw new MissingProgramError(
    `Maven was not found (${maven})`,
    'install it: apt-get install maven, or set FRIEND_SYNC_MVN',
  );
}
