export { newDataFolder } from './data-folder.ts';
export { insertRows, updateSomebody } from './example.ts';
export { type Installation, openInstallation } from './installation.ts';
export { openSystem, type System } from './system.ts';
