export * from './mapping.ts';
export { Secret } from './secret.ts';
export { type Settings, settingsSchema } from './settings.ts';
