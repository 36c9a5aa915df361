/** What a connector has stored, as Kafka Connect shows it. */
export interface ConnectorOffset {
  readonly partition: Readonly<Record<string, unknown>>;
  readonly offset: Readonly<Record<string, unknown>>;
}

/** The GTID set up to which a MySQL connector has sent everything; undefined while it has stored no position. */
export function storedGtids(offsets: readonly ConnectorOffset[]): string | undefined {
  const gtids = offsets[0]?.offset.gtids;
  return typeof gtids === 'string' ? gtids : undefined;
}

/** Where the connector stands in its server's binary logs; undefined as long as it has stored no position. */
export function storedPlace(
  offsets: readonly ConnectorOffset[],
): { gtids: string; file: string; pos: number; eventAtMs: number | undefined } | undefined {
  const gtids = storedGtids(offsets);
  const { file, pos, ts_sec: seconds } = offsets[0]?.offset ?? {};
  const eventAtMs = typeof seconds === 'number' ? seconds * 1000 : undefined;
  return gtids === undefined ? undefined : { gtids, file: String(file), pos: Number(pos), eventAtMs };
}
