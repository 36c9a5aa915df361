export { updateSomebody } from './example.ts';
export { openSystem, type System } from './system.ts';
