import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** The root logger: JSON lines on stderr, so that stdout stays for data. No value of a row is ever logged. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { logMethod },
    },
    pino.destination(2),
  );
}

/** Offsets and keys are bigint, which JSON cannot hold. */
function logMethod(
  this: Logger,
  args: Parameters<Logger['info']>,
  method: (...args: Parameters<Logger['info']>) => void,
): void {
  const [fields, ...rest] = args as unknown as [unknown, ...string[]];
  const isPlain = typeof fields === 'object' && fields !== null && !(fields instanceof Error);
  method.apply(this, (isPlain ? [withoutBigints(fields), ...rest] : args) as Parameters<Logger['info']>);
}

function withoutBigints(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
}
