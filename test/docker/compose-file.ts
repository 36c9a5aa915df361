import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const textOf = (path: string): string => readFileSync(ROOT + path, 'utf8');

/** What of the Compose specification this project uses; strict, so that a misspelt key is found without an engine. */
const duration = z.string().regex(/^(\d+(us|ms|s|m|h))+$/);
const strings = z.array(z.string());
const check = z.strictObject({
  test: z.tuple([z.literal('CMD')], z.string()),
  interval: duration,
  timeout: duration,
  retries: z.int().positive(),
  start_period: duration,
});
const service = z.strictObject({
  image: z.string().regex(/^[a-z0-9./-]+(:[\w.-]+)?$/),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  pull_policy: z.literal('never').optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']).optional(),
  logging: z
    .strictObject({
      driver: z.literal('json-file'),
      options: z.strictObject({ 'max-size': z.string(), 'max-file': z.string() }),
    })
    .optional(),
  user: z
    .string()
    .regex(/^\d+:\d+$/)
    .optional(),
  profiles: strings.optional(),
  network_mode: z.literal('none').optional(),
  entrypoint: strings.optional(),
  command: strings.optional(),
  // Numbers and booleans are written as text: YAML has more than one notation for them.
  environment: z.record(z.string(), z.string()).default({}),
  secrets: strings.default([]),
  volumes: z.array(z.string().regex(/^(\.\/)?[\w./-]+:\/[\w./-]+(:ro)?$/)).default([]),
  tmpfs: strings.default([]),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).default([]),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({
        condition: z.enum(['service_started', 'service_completed_successfully']),
        required: z.literal(false).optional(),
      }),
    )
    .default({}),
  healthcheck: z.union([z.strictObject({ disable: z.literal(true) }), check]).optional(),
  stop_grace_period: duration.optional(),
  read_only: z.boolean().optional(),
  cap_drop: strings.optional(),
  security_opt: strings.optional(),
});

const composeFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  services: z.record(z.string().regex(/^[a-zA-Z0-9._-]+$/), service),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

export type ComposeFile = z.output<typeof composeFile>;
export type ComposeService = z.output<typeof service>;

/** docker-compose.yml with its anchors resolved and without extensions (`x-…`); throws what is wrong with it. */
export function readComposeFile(): ComposeFile {
  const content = parse(textOf('docker-compose.yml'), { merge: true }) as Record<string, unknown>;
  return composeFile.parse(Object.fromEntries(Object.entries(content).filter(([key]) => !key.startsWith('x-'))));
}

/** What a check runs; nothing where it is disabled. */
export function testOf(healthcheck: ComposeService['healthcheck']): readonly string[] | undefined {
  return healthcheck && 'test' in healthcheck ? healthcheck.test : undefined;
}

/** Whether the engine can tell that a service is ready: by its own check, or by that of the image we build. */
export function hasHealthcheck({ healthcheck, build }: ComposeService): boolean {
  return testOf(healthcheck) !== undefined || (build !== undefined && /^HEALTHCHECK /m.test(textOf(build.dockerfile)));
}

/** A file of this repository that a bind mount, a build or a secret names, with variables at their defaults. */
export function isHere(path: string): boolean {
  return existsSync(ROOT + path.replace(/\$\{\w+:-([^}]*)\}/g, '$1'));
}
