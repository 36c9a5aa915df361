import { parse } from 'yaml';
import { settingsSchema } from '@friend-sync/connectors';
export function loadConfiguration({ text, overrides }: any): any {
  const settings = settingsSchema.parse(overrides);
  const sources = parse(text).sources.map((s: any) => {
    const [database, table] = s.table.split('.');
    const copies = s.copies.map((c: any) => ({ id: `${c.table}.${c.key}`, table: { database: settings.target.database, table: c.table }, key: c.key,
      set: Object.entries(c.set).map(([column, from]) => ({ column, from })), where: c.where, watch: c.watch ?? [], preserve: c.preserve ?? [] }));
    return { name: s.name, table: { database, table }, key: s.key, copies, columns: [...new Set(copies.flatMap((c: any) => c.set.map((p: any) => p.from)))].sort(),
      onDelete: s.onDelete?.set ? { kind: 'replace', set: s.onDelete.set } : { kind: 'keep' } };
  });
  return { settings, mapping: { sources } };
}
