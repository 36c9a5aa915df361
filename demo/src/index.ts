export { newDataFolder } from './data-folder.ts';
export { updateSomebody } from './example.ts';
export { openSystem, type System } from './system.ts';
