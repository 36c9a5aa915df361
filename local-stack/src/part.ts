/** The parts of a stack, in the order in which they are stopped last to first. */
export const PART_NAMES = ['user-mysql', 'friend-mysql', 'kafka', 'registry', 'connect'] as const;
export type PartName = (typeof PART_NAMES)[number];

/** A second door of Kafka for clients that come through a proxy: it listens at `port` and sends them to `advertised`. */
export interface ProxiedKafka {
  readonly port: number;
  readonly advertised: number;
}

/** Where a part lives. */
export interface PartPlace {
  /** Its own folder below the stack's data folder. */
  readonly dir: string;
  readonly ports: Readonly<Record<PartName, number>>;
  /** KRaft's controller listens here. */
  readonly controllerPort: number;
  readonly proxiedKafka?: ProxiedKafka | undefined;
  /** Extra environment of the Connect process: secrets that its config provider reads. */
  readonly connectEnv: Readonly<Record<string, string>>;
  /** Whether Connect's worker has its source connectors write in transactions. */
  readonly exactlyOnceSource: boolean;
  /** Whether MySQL keeps its tables of statistics, which take more memory than all the rest of a small server. */
  readonly performanceSchema: boolean;
  /** More of MySQL's options. */
  readonly mysqlArgs?: readonly string[] | undefined;
  /** Folders with more of Connect's plugins. */
  readonly morePlugins?: readonly string[] | undefined;
  /** Whether MySQL keeps names of tables in lower case. */
  readonly lowerCaseTableNames?: boolean | undefined;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One kind of server: how it is made ready, started and recognised as ready. */
export interface Part {
  readonly name: PartName;
  /** Writes its configuration and first data; harmless when repeated. */
  prepare(place: PartPlace): Promise<Launch>;
  isReady(place: PartPlace): Promise<boolean>;
  /** How it is asked to end; SIGKILL follows if it does not. */
  readonly stopSignal: NodeJS.Signals;
}
