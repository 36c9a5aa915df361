import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PartName } from './part.ts';
import type { ProcessId } from './process.ts';

/** What a stack's data folder knows of its processes; survives whoever started them. */
export interface StackState {
  readonly ports: Record<PartName, number>;
  readonly controllerPort: number;
  readonly processes: Partial<Record<PartName, ProcessId>>;
}

const fileIn = (dataDir: string) => join(dataDir, 'stack.json');

export function readState(dataDir: string): StackState | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as StackState;
  } catch {
    return undefined;
  }
}

/** Synchronous: a process that has been started is recorded before anything else happens. */
export function writeState(dataDir: string, state: StackState): void {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(`${fileIn(dataDir)}.new`, JSON.stringify(state, null, 2));
  renameSync(`${fileIn(dataDir)}.new`, fileIn(dataDir));
}
