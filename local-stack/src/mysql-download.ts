import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, exists } from './cache.ts';
import { givenMysqld } from './environment.ts';
import { MissingProgramError, outputOf, run } from './program.ts';

const PACKAGES = ['mysql-server-core', 'mysql-client-core'];
const OLDEST = [8, 0, 19];

/** How programs of one MySQL installation are run. */
export interface MysqlPrograms {
  readonly version: string;
  /** Command line of a program (`mysqld`, `mysql`, `mysqlbinlog`) up to its own arguments. */
  program(name: string): { command: string; args: string[] };
  /** Arguments that mysqld needs to find its own files. */
  readonly serverArgs: readonly string[];
}

/**
 * The MySQL to run: the one that FRIEND_SYNC_MYSQLD names, one on the PATH that is new enough, or Debian's packages
 * unpacked into the cache (nothing is installed on the system).
 */
export async function prepareMysql(onProgress: (line: string) => void): Promise<MysqlPrograms> {
  if (givenMysqld) {
    const version = await versionOf(givenMysqld, []);
    if (!isNewEnough(version)) {
      throw new MissingProgramError(
        `FRIEND_SYNC_MYSQLD=${givenMysqld} is not MySQL ${OLDEST.join('.')} or newer`,
        'name another mysqld, or unset it',
      );
    }
    return installed(givenMysqld, version as string);
  }
  const onPath = await versionOf('mysqld', []);
  if (isNewEnough(onPath)) return installed('mysqld', onPath as string);
  const root = await cached('mysql-debian', (folder, work) => unpackDebian(folder, work, onProgress));
  return unpacked(root);
}

function installed(mysqld: string, version: string): MysqlPrograms {
  const folder = mysqld.includes('/') ? mysqld.slice(0, mysqld.lastIndexOf('/') + 1) : '';
  return {
    version,
    serverArgs: [],
    program: (name) => ({ command: name === 'mysqld' ? mysqld : `${folder}${name}`, args: [] }),
  };
}

/** Its libc is newer than the system's, so its programs are started by its own loader. */
async function unpacked(root: string): Promise<MysqlPrograms> {
  const [triplet] = (await readdir(join(root, 'usr/lib'))).filter((name) => name.endsWith('-linux-gnu'));
  const libraries = join(root, 'usr/lib', triplet ?? '');
  const [loader] = (await readdir(libraries)).filter((name) => /^ld-linux.*\.so\.\d$/.test(name));
  const search = `${libraries}:${join(root, 'usr/lib/mysql/private')}`;
  const program = (name: string) => ({
    command: join(libraries, loader ?? ''),
    args: ['--library-path', search, join(root, 'usr', name === 'mysqld' ? 'sbin' : 'bin', name)],
  });
  const { command, args } = program('mysqld');
  const serverArgs = [`--basedir=${join(root, 'usr')}`, `--lc-messages-dir=${join(root, 'usr/share/mysql')}`];
  return { version: (await versionOf(command, args)) ?? 'unknown', program, serverArgs };
}

async function versionOf(command: string, args: readonly string[]): Promise<string | undefined> {
  const text = await outputOf(command, [...args, '--no-defaults', '--version']);
  return text && !/mariadb/i.test(text) ? text.match(/Ver (\d+\.\d+\.\d+)/)?.[1] : undefined;
}

function isNewEnough(version: string | undefined): boolean {
  const parts = version?.split('.').map(Number) ?? [];
  for (const [i, oldest] of OLDEST.entries()) if ((parts[i] ?? -1) !== oldest) return (parts[i] ?? -1) > oldest;
  return true;
}

async function unpackDebian(folder: string, work: string, onProgress: (line: string) => void): Promise<void> {
  if (!(await outputOf('apt-get', ['--version']))) {
    throw new MissingProgramError(
      'MySQL was not found, and this is no Debian to fetch it from',
      'install MySQL 8.0.19 or newer, or set FRIEND_SYNC_MYSQLD',
    );
  }
  const at = (name: string) => join(work, name);
  for (const name of ['lists/partial', 'cache/archives/partial']) await mkdir(at(name), { recursive: true });
  await writeFile(at('status'), '');
  await writeFile(at('sources.list'), await sidSource());
  const options = [
    `Dir::Etc::SourceList=${at('sources.list')}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${at('lists')}`,
    `Dir::Cache=${at('cache')}`,
    `Dir::State::status=${at('status')}`,
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
  ].flatMap((option) => ['-o', option]);
  onProgress("downloading MySQL (Debian's packages, 66 MB)");
  await run('apt-get', [...options, 'update']);
  await run('apt-get', [...options, '-y', '--download-only', 'install', ...PACKAGES]);
  const archives = (await readdir(at('cache/archives'))).filter((name) => name.endsWith('.deb'));
  onProgress(`unpacking MySQL (${archives.length} packages)`);
  for (const archive of archives) await run('dpkg', ['-x', at(`cache/archives/${archive}`), folder]);
}

/** Debian 12 itself has no MySQL: sid, from the mirror that this system uses. */
async function sidSource(): Promise<string> {
  const deb822 = '/etc/apt/sources.list.d/debian.sources';
  const classic = '/etc/apt/sources.list';
  const text = (await exists(deb822))
    ? await readFile(deb822, 'utf8')
    : await readFile(classic, 'utf8').catch(() => '');
  const uri = text.match(/^URIs:\s*(\S+)/m)?.[1] ?? text.match(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/m)?.[1];
  if (!uri)
    throw new MissingProgramError(
      `No Debian mirror was found in ${deb822} or ${classic}`,
      'install MySQL 8.0.19 or newer, or set FRIEND_SYNC_MYSQLD',
    );
  return `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri} sid main\n`;
}
