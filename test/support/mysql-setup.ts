import type { TestProject } from 'vitest/node';
export default async function setup(project: TestProject) {
  project.provide('userMysql', { host: '127.0.0.1', port: 23306 });
  project.provide('friendMysql', { host: '127.0.0.1', port: 23307 });
}
