/** What makes the service right, how it looks when it is missing, and the test that tells. */
export interface Guard {
  readonly guard: string;
  readonly file: string;
  /** Text that occurs once, and what stands there without the guard. */
  readonly replace: readonly (readonly [from: string, to: string])[];
  readonly test: { readonly project: 'unit' | 'mysql'; readonly file: string; readonly name: string };
}

export const MYSQL = 'sync-service/src/infrastructure/mysql';
export const APPLICATION = 'sync-service/src/application';

export const mysqlTest = (file: string, name: string): Guard['test'] => ({
  project: 'mysql',
  file: `test/store/${file}`,
  name,
});
