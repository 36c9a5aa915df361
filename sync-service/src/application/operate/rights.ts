import { accountOf, type Configuration, type Grant, renderGrants, rightsAt } from '@friend-sync/connectors';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { type Right, type Rights, readRights } from '../../infrastructure/mysql/server/rights.ts';
import type { Servers } from './servers.ts';

/** How the rights of a user differ from those that it needs. */
export interface RightDifferences {
  /** As GRANT names it. */
  readonly account: string;
  readonly missing: readonly { readonly rights: string; readonly sql: string }[];
  /** By place. */
  readonly surplus: readonly Surplus[];
  /** It may do what nobody but an administrator may. */
  readonly isAdministrator: boolean;
}

export interface Surplus {
  readonly rights: string;
  readonly place: string;
  readonly sql: string;
  /** GRANTs of narrower rights that it needs, and that may have been left to this one. */
  readonly again: readonly string[];
}

/** What stands for ALL on a schema of ours. */
const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'DROP', 'INDEX'];
/** Nobody but an administrator has it. */
const ADMINISTERS = 'CREATE USER';

/** What the user that logs in there must be granted; both databases may be one server's. */
export function grantsOf(configuration: Configuration, server: Grant['server']): Grant[] {
  const { source, target } = configuration.settings;
  const isOne = source.host === target.host && source.port === target.port;
  const { user } = configuration.settings[server];
  return renderGrants(configuration).filter((grant) => (isOne || grant.server === server) && grant.user === user);
}

/** Compares what the user of these sessions may do with what it must be granted. */
export async function compareRights(server: Database, grants: readonly Grant[]): Promise<RightDifferences> {
  const { user, host, own, hasRole } = await readRights(server);
  const account = accountOf(user, host);
  const needs = grants.flatMap(needsOf);
  const excess = own.filter((has) => !needs.some((need) => covers(need, has)));
  return {
    account,
    // What comes by a role cannot be seen.
    missing: hasRole ? [] : grants.flatMap((grant) => findLacking(own, grant, account)),
    surplus: findSurplus(excess, grants, account),
    isAdministrator: excess.some(({ right }) => right === ADMINISTERS),
  };
}

/** REVOKE of what is beyond a user's needs, each with the GRANTs that may have been left to it; an administrator's rights stay. */
export function revocationsOf({ surplus, isAdministrator }: RightDifferences): string[] {
  return isAdministrator ? [] : surplus.flatMap(({ sql, again }) => [sql, ...again]);
}

/** What the configuration no longer needs of a user's rights. */
export interface Revocations {
  readonly server: Grant['server'];
  readonly account: string;
  readonly isAdministrator: boolean;
  readonly sql: readonly string[];
}

/** Of our two users, who tell of their own rights; of those of `lateCopies.user` an administrator alone is told. */
export function planRevocations(servers: Pick<Servers, 'configuration' | Grant['server']>): Promise<Revocations[]> {
  const looks = (['source', 'target'] as const).map(async (server) => {
    const differences = await compareRights(servers[server], grantsOf(servers.configuration, server));
    const { account, isAdministrator } = differences;
    return { server, account, isAdministrator, sql: revocationsOf(differences) };
  });
  return Promise.all(looks);
}

function findLacking(own: Rights['own'], grant: Grant, account: string): RightDifferences['missing'] {
  const lacks = (right: string, column?: string) =>
    !own.some((has) => covers(has, { ...placeOf(grant), right, ...(column === undefined ? {} : { column }) }));
  const lacking = grant.rights.filter((right) => {
    if (right === 'ALL') return ALL.some((one) => lacks(one));
    return grant.columns ? grant.columns.some((column) => lacks(right, column)) : lacks(right);
  });
  if (lacking.length === 0) return [];
  const rights = rightsAt(lacking, grant);
  return [{ rights, sql: `GRANT ${rights} TO ${account};` }];
}

function findSurplus(excess: readonly Right[], grants: readonly Grant[], account: string): Surplus[] {
  const places = new Map(excess.map((right) => [JSON.stringify([right.database, right.table]), right]));
  return [...places.values()].map(({ database, table }) => {
    const here = excess.filter((right) => right.database === database && right.table === table);
    const rights = [...new Set(here.map(({ right }) => right))].flatMap((right) => listed(right, here)).join(', ');
    const place = database === undefined ? '*.*' : `\`${database}\`.${table === undefined ? '*' : `\`${table}\``}`;
    const again = grants.filter((grant) => needsOf(grant).some((need) => here.some((has) => covers(has, need))));
    return { rights, place, sql: `REVOKE ${rights} ON ${place} FROM ${account};`, again: again.map(({ sql }) => sql) };
  });
}

/** One right as REVOKE takes it: of the whole place, of columns, or both. */
function listed(right: string, here: readonly Right[]): string[] {
  const same = here.filter((one) => one.right === right);
  const columns = same.flatMap(({ column }) => column ?? []);
  const whole = same.length > columns.length ? [right] : [];
  return columns.length === 0 ? whole : [...whole, `${right} (${columns.map((name) => `\`${name}\``).join(', ')})`];
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
