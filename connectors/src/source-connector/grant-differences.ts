import type { Grant } from './grants.ts';

/** What an account lacks of the grants that it needs, and what it has beyond them on tables. */
export interface GrantDifferences {
  /** Of those that are needed. */
  readonly missing: readonly string[];
  /** REVOKE statements, of rights on single tables and columns. */
  readonly surplus: readonly string[];
}

interface Right {
  readonly privilege: string;
  /** As MySQL quotes it. */
  readonly object: string;
  /** Undefined: of the whole object. */
  readonly column: string | undefined;
  readonly account: string;
}

/**
 * Compares the grants that one account needs with what SHOW GRANTS says of it. Undefined: it has rights by a role, of which
 * that tells nothing.
 */
export function compareGrants(needed: readonly Grant[], shown: readonly string[]): GrantDifferences | undefined {
  if (shown.some((sql) => !/ ON /.test(sql))) return undefined;
  const has = shown.flatMap(rightsOf);
  const wanted = needed.map(({ sql }) => ({ sql, rights: rightsOf(sql).flatMap(parted) }));
  const every = wanted.flatMap(({ rights }) => rights);
  return {
    missing: wanted
      .filter(({ rights }) => !rights.every((right) => has.some((one) => covers(one, right))))
      .map(({ sql }) => sql),
    surplus: has.filter((one) => isOfTable(one) && !every.some((right) => covers(right, one))).map(revoke),
  };
}

/** Of what ALL means, as much as our own schema takes. */
const OF_ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX'];
const parted = (right: Right): Right[] =>
  right.privilege === ALL ? OF_ALL.map((privilege) => ({ ...right, privilege })) : [right];

const ALL = 'ALL PRIVILEGES';
const GRANT = /^GRANT (.+) ON (?:TABLE )?(\S.*?) TO (\S+)/s;
const PRIVILEGE = /([A-Z][A-Z_ ]*[A-Z])(?: \(((?:`[^`]*`(?:, ?)?)+)\))?/g;

function rightsOf(sql: string): Right[] {
  const [, privileges = '', object = '', account = ''] = sql.match(GRANT) ?? [];
  return [...privileges.matchAll(PRIVILEGE)].flatMap(([, name = '', columns]): Right[] => {
    const privilege = name === 'ALL' ? ALL : name;
    const right = { privilege, object: object.replaceAll('\\', ''), account: account.replace(/;$/, '') };
    const named = columns?.match(/`[^`]*`/g);
    return named ? named.map((column) => ({ ...right, column })) : [{ ...right, column: undefined }];
  });
}

function covers(one: Right, other: Right): boolean {
  if (one.privilege !== ALL && one.privilege !== other.privilege) return false;
  if (one.object === '*.*') return true;
  if (one.object === other.object) return one.column === undefined || one.column === other.column;
  return one.object === `${databaseOf(other.object)}.*`;
}

const databaseOf = (object: string) => object.match(/^`[^`]*`/)?.[0] ?? '';
const isOfTable = ({ object, privilege }: Right) =>
  !object.endsWith('.*') && privilege !== 'PROXY' && object.includes('.');

function revoke({ privilege, column, object, account }: Right): string {
  return `REVOKE ${privilege}${column === undefined ? '' : ` (${column})`} ON ${object} FROM ${account};`;
}
