import { type Grant, rightsAt } from '@friend-sync/connectors';
import { type Right, type Rights, readRights } from '../../../infrastructure/mysql/rights.ts';
import type { Finding } from './findings.ts';
import type { Server } from './servers.ts';

/** What stands for ALL on a schema of ours. */
const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'DROP', 'INDEX'];
/** Nobody but an administrator has it. */
const ADMINISTERS = 'CREATE USER';

/** Rights that our user lacks there, and those that it has beyond what it needs. */
export async function lookAtRights(
  { database, name }: Pick<Server, 'database' | 'name'>,
  grants: readonly Grant[],
): Promise<Finding[]> {
  return compareRights(await readRights(database), name, grants);
}

export function compareRights(rights: Rights, server: string, grants: readonly Grant[]): Finding[] {
  const account = `'${rights.user.replaceAll("'", "''")}'@'${rights.host}'`;
  const part = `${server}, user ${account}`;
  // What comes by a role cannot be seen.
  const lacking = rights.hasRole ? [] : grants.flatMap((grant) => findLacking(rights.own, grant, account, part));
  return [...lacking, ...findExcess(rights.own, grants, account, part)];
}

function findLacking(own: readonly Right[], grant: Grant, account: string, part: string): Finding[] {
  const lacks = (right: string, column?: string) =>
    !own.some((has) => covers(has, { ...placeOf(grant), right, ...(column === undefined ? {} : { column }) }));
  const rights = grant.rights.filter((right) => {
    if (right === 'ALL') return ALL.some((one) => lacks(one));
    return grant.columns ? grant.columns.some((column) => lacks(right, column)) : lacks(right);
  });
  if (rights.length === 0) return [];
  const needed = rightsAt(rights, grant);
  const why = 'the least rights are those that suffice: without one of them something stands still';
  return [{ severity: 'error', part, what: `lacks ${needed}`, why, mend: `GRANT ${needed} TO ${account};` }];
}

/** One finding for each place. */
function findExcess(own: readonly Right[], grants: readonly Grant[], account: string, part: string): Finding[] {
  const needs = grants.flatMap((grant) => needsOf(grant));
  const excess = own.filter((has) => !needs.some((need) => covers(need, has)));
  const why = 'whoever learns its password, or makes it do so, may do the same';
  if (excess.some(({ right }) => right === ADMINISTERS)) {
    const mend = 'make a user of its own by what friend-sync grants prints, and name it in the settings';
    return [{ severity: 'warning', part, what: 'is an administrator', why, mend }];
  }
  const places = new Map(excess.map((right) => [JSON.stringify([right.database, right.table]), right]));
  return [...places.values()].map(({ database, table }) => {
    const here = excess.filter((right) => right.database === database && right.table === table);
    const list = [...new Set(here.map(({ right }) => right))].flatMap((right) => {
      const same = here.filter((one) => one.right === right);
      const columns = same.flatMap(({ column }) => column ?? []);
      const whole = same.length > columns.length ? [right] : [];
      return columns.length === 0 ? whole : [...whole, `${right} (${columns.map((name) => `\`${name}\``).join(', ')})`];
    });
    const place = database === undefined ? '*.*' : `\`${database}\`.${table === undefined ? '*' : `\`${table}\``}`;
    const narrower = needs.some((need) => here.some((has) => covers(has, need)))
      ? ' then run once more what friend-sync grants prints'
      : '';
    const what = `has ${list.join(', ')} on ${place}, which nothing of the mapping needs`;
    return {
      severity: 'warning' as const,
      part,
      what,
      why,
      mend: `REVOKE ${list.join(', ')} ON ${place} FROM ${account};${narrower}`,
    };
  });
}

function needsOf(grant: Grant): Right[] {
  const place = placeOf(grant);
  return grant.rights.flatMap((right) =>
    (grant.columns ?? [undefined]).map((column) => ({ ...place, right, ...(column === undefined ? {} : { column }) })),
  );
}

/** A schema is granted by a pattern. */
function placeOf({ database, table }: Grant): Omit<Right, 'right' | 'column'> {
  if (database === undefined) return {};
  return table === undefined ? { database: database.replaceAll('_', '\\_') } : { database, table };
}

/** Whether who has the one has the other. */
function covers(wide: Right, narrow: Right): boolean {
  if (wide.right !== narrow.right && wide.right !== 'ALL') return false;
  if (wide.database === undefined) return true;
  if (narrow.database === undefined) return false;
  if (wide.table === undefined)
    return matches(wide.database, narrow.table === undefined ? plain(narrow.database) : narrow.database);
  return (
    wide.database === narrow.database &&
    wide.table === narrow.table &&
    (wide.column === undefined || wide.column === narrow.column)
  );
}

const plain = (pattern: string) => pattern.replaceAll('\\_', '_').replaceAll('\\%', '%');

function matches(pattern: string, name: string): boolean {
  const parts = pattern.match(/\\.|[^\\]/gs) ?? [];
  const wild: Record<string, string> = { _: '.', '%': '.*' };
  const expression = parts.map((part) => wild[part] ?? (part.at(-1) ?? '').replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'));
  return new RegExp(`^${expression.join('')}$`, 's').test(name);
}
