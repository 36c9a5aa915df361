import { readCircumstances, writeResults } from './results.ts';

/** A figure of a workload that is no contest. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  /** The least and the most of the repetitions. */
  readonly spread?: readonly [number, number];
  /** What is wanted of it; a figure without is there to compare with. */
  readonly wanted?: Wanted;
}

type Wanted = { readonly atLeast: number } | { readonly atMost: number };

/** How a workload is to be run. */
export interface Repeated {
  readonly repetitions: number;
  readonly say: (line: string) => void;
}

/** Of repetitions: their median, and the least and the most. */
export function figure(name: string, values: readonly number[], wanted?: Wanted): Figure {
  const sorted = [...values].sort((a, b) => a - b).map(rounded);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  return {
    figure: name,
    value: sorted[Math.floor(sorted.length / 2)] ?? 0,
    ...(values.length > 1 ? { spread: [least, most] as const } : {}),
    ...(wanted ? { wanted } : {}),
  };
}

const rounded = (n: number) => (Math.abs(n) >= 100 ? Math.round(n) : Number(n.toPrecision(3)));

/** Writes a workload's figures into bench/results. */
export async function writeFigures(workload: string, isQuick: boolean, figures: readonly Figure[]): Promise<void> {
  const circumstances = await readCircumstances();
  const command = `npm run bench -- ${workload}${isQuick ? ' --quick' : ''}`;
  await writeResults(isQuick ? `${workload}-quick` : workload, {
    json: { workload, command, ...circumstances, figures },
    markdown: tableOf(figures, [command, ...Object.values(circumstances)]),
    svg: plotOf(workload, figures),
  });
}

function tableOf(figures: readonly Figure[], [command, ...circumstances]: readonly string[]): string {
  const rows = figures.map(
    (one) =>
      `| ${[one.figure, one.value, one.spread?.join('–') ?? '', wantedOf(one), one.wanted ? (isMet(one) ? 'yes' : 'NO') : ''].join(' | ')} |`,
  );
  return `\`${command}\`; ${circumstances.join('; ')}. Of repetitions it is the median, with the least and the most.

| figure | value | least–most | wanted | met |
|---|---|---|---|---|
${rows.join('\n')}`;
}

const wantedOf = ({ wanted }: Figure) =>
  wanted ? ('atLeast' in wanted ? `≥ ${wanted.atLeast}` : `≤ ${wanted.atMost}`) : '';

function isMet({ value, wanted }: Figure): boolean {
  if (!wanted) return true;
  return 'atLeast' in wanted ? value >= wanted.atLeast : value <= wanted.atMost;
}

const ROW = { height: 26, bar: 16, left: 430, width: 300, most: 2 };

/** A bar for each figure of which something is wanted: its share of that. */
function plotOf(workload: string, figures: readonly Figure[]): string {
  const rows = figures.filter(({ wanted }) => wanted);
  const lines = rows.map((row, i) => {
    const y = 34 + i * ROW.height;
    const text = `${row.figure}: ${row.value} (${wantedOf(row)})`;
    const bar = `x="${ROW.left}" y="${y}" width="${(ROW.width * shareOf(row)) / ROW.most}" height="${ROW.bar}"`;
    return `<text x="${ROW.left - 8}" y="${y + 12}" text-anchor="end">${text}</text><rect ${bar} fill="${isMet(row) ? '#2563eb' : '#dc2626'}"/>`;
  });
  const line = ROW.left + ROW.width / ROW.most;
  const [width, height] = [ROW.left + ROW.width + 20, 44 + rows.length * ROW.height];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<title>${workload}: each figure by what is wanted of it</title>
<rect width="${width}" height="${height}" fill="white"/>
<text x="${line}" y="20" text-anchor="middle">what is wanted</text>
${lines.join('\n')}
<line x1="${line}" y1="26" x2="${line}" y2="${height - 8}" stroke="black" stroke-dasharray="4"/>
</svg>`;
}

/** Of what is wanted, up to twice that. */
function shareOf({ value, wanted = { atMost: 0 } }: Figure): number {
  const bound = 'atLeast' in wanted ? wanted.atLeast : wanted.atMost;
  return Math.min(ROW.most, bound === 0 ? value : value / bound);
}
