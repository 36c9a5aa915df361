import type { Grant } from '@friend-sync/connectors';
import { compareRights } from '../rights.ts';
import type { Finding } from './findings.ts';
import type { Server } from './servers.ts';

/** Rights that our user lacks there, and those that it has beyond what it needs. */
export async function lookAtRights({ database, name }: Server, grants: readonly Grant[]): Promise<Finding[]> {
  const { account, missing, surplus, isAdministrator } = await compareRights(database, grants);
  const part = `${name}, user ${account}`;
  const lacking = missing.map(({ rights, sql }): Finding => {
    const why = 'the least rights are those that suffice: without one of them something stands still';
    return { severity: 'error', part, what: `lacks ${rights}`, why, mend: sql, fix: { kind: 'grants' } };
  });
  const why = 'whoever learns its password, or makes it do so, may do the same';
  if (isAdministrator) {
    const mend = 'make a user of its own by what friend-sync grants prints, and name it in the settings';
    return [...lacking, { severity: 'warning', part, what: 'is an administrator', why, mend }];
  }
  const excess = surplus.map(({ rights, place, sql, again }): Finding => {
    const what = `has ${rights} on ${place}, which nothing of the mapping needs`;
    const narrower = again.length > 0 ? ' then run once more what friend-sync grants prints' : '';
    return { severity: 'warning', part, what, why, mend: sql + narrower };
  });
  return [...lacking, ...excess];
}
