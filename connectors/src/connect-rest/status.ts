/** How Kafka Connect says that a connector is. */
export interface ConnectorStatus {
  readonly state: string;
  /** Why the connector itself has failed; its tasks have their own. */
  readonly trace?: string;
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[];
}

/** Why a connector sends nothing, in the words of an operator, the cause of a failure left out; undefined where it and its task run. */
export function problemOf(name: string, status: ConnectorStatus | undefined | Error): string | undefined {
  if (status instanceof Error) return status.message;
  if (!status) return absenceOf(name);
  const idle = statesOf(status).find((state) => state !== 'RUNNING');
  return idle && `connector ${name} or its task is ${idle}`;
}

/** What an operator reads where there is no such connector. */
export const absenceOf = (name: string) => `there is no connector ${name}; friend-sync connectors apply`;

/** Somebody has stopped or paused it: Connect and daemons leave it so. */
export function isHeld(status: ConnectorStatus): boolean {
  return statesOf(status).some((state) => state === 'STOPPED' || state === 'PAUSED');
}

/** What an operator does about one that nobody restarts; undefined: nothing, or one cannot tell. */
export function remedyOf(status: ConnectorStatus | undefined | Error): string | undefined {
  if (status instanceof Error) return undefined;
  if (!status) return 'friend-sync connectors apply creates it';
  return isHeld(status) ? 'friend-sync connectors resume has it go on, unless it is being begun anew' : undefined;
}

/** Whether it runs, and a task of it. */
export function isRunning(status: ConnectorStatus | undefined): boolean {
  return status !== undefined && status.tasks.length > 0 && statesOf(status).every((state) => state === 'RUNNING');
}

/** Of the connector and its tasks. */
export const statesOf = ({ state, tasks }: ConnectorStatus): string[] => [state, ...tasks.map((task) => task.state)];

/** Why the connector or a task of it has failed, with the cause that Connect names; undefined where none has. */
export function failureOf(name: string, { state, trace, tasks }: ConnectorStatus): string | undefined {
  if (state === 'FAILED') return `connector ${name} has failed: ${causeOf(trace)}`;
  const failed = tasks.find((task) => task.state === 'FAILED');
  return failed && `task ${failed.id} of connector ${name} has failed: ${causeOf(failed.trace)}`;
}

/** The innermost cause that a Java stack trace names: the outer ones only say that something failed. */
function causeOf(trace = ''): string {
  const causes = trace.split('\n').filter((line) => line.startsWith('Caused by: '));
  return (causes.at(-1)?.slice('Caused by: '.length) ?? trace.split('\n')[0] ?? 'no trace').slice(0, 500);
}
