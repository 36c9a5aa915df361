import { readCircumstances, writeResults } from '../results.ts';
import type { Contest } from './contest.ts';
import { CONTENDERS } from './job.ts';
import type { ContestResult } from './turns.ts';

const COLOURS = { 'friend-sync': '#2563eb', 'one-at-a-time': '#9ca3af', 'jdbc-sink': '#d97706', limit: '#4b5563' };
const BAR = { width: 40, gap: 8, height: 220, left: 20, top: 30, group: 60 };

/** Writes a contest as JSON, a table and a plot into bench/results. */
export async function writeReport(contest: Contest): Promise<void> {
  const circumstances = await readCircumstances();
  const told = [...Object.values(circumstances), `MySQL with \`${contest.mysqlArgs.join(' ')}\``];
  await writeResults(contest.scale === 1 ? 'contest' : 'contest-quick', {
    json: { ...circumstances, ...contest },
    markdown: tableOf(contest, told.join('; ')),
    svg: plotOf(contest.results),
  });
}

function tableOf({ results, ratios, repetitions }: Contest, circumstances: string): string {
  const rows = results.map((r) => {
    const ratio = ratios[`${r.workload}/${r.contender}`];
    return `| ${[
      r.workload,
      r.contender,
      `${r.changesPerSecond} (${r.spread.join('–')})`,
      r.copiesPerSecond,
      ratio ?? '',
      `${r.serviceCpuPerThousand} + ${r.mysqlCpuPerThousand}`,
      r.peakMegabytes,
      r.binlogMegabytes,
      r.correct ? 'yes' : 'NO',
    ].join(' | ')} |`;
  });
  return `Medians of ${repetitions} runs by turns, with the slowest and the fastest; ${circumstances}.

| workload | contender | changes/s | copies/s | friend-sync is so many times as fast | CPU s per 1,000 changes: its own + MySQL | peak MB | binary log MB | every copy equal |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}`;
}

/** Bars of changes a second, a group for each workload, each group by its own scale. */
function plotOf(results: readonly ContestResult[]): string {
  const workloads = [...new Set(results.map(({ workload }) => workload))];
  const groupWidth = CONTENDERS.length * (BAR.width + BAR.gap) + BAR.group;
  const bars = workloads.flatMap((workload, group) => {
    const some = results.filter((result) => result.workload === workload);
    const most = Math.max(...some.map(({ changesPerSecond }) => changesPerSecond));
    const left = BAR.left + group * groupWidth;
    const title = `<text x="${left}" y="${BAR.top + BAR.height + 22}" font-weight="bold">${workload}, changes/s</text>`;
    return [
      title,
      ...some.map(({ contender, changesPerSecond }, i) => {
        const height = Math.max(1, (BAR.height * changesPerSecond) / most);
        const [x, y] = [left + i * (BAR.width + BAR.gap), BAR.top + BAR.height - height];
        return `<rect x="${x}" y="${y}" width="${BAR.width}" height="${height}" fill="${COLOURS[contender]}"/><text x="${x + BAR.width / 2}" y="${y - 5}" text-anchor="middle">${changesPerSecond}</text>`;
      }),
    ];
  });
  const legend = CONTENDERS.map(
    (contender, i) =>
      `<rect x="${BAR.left + i * 130}" y="${BAR.top + BAR.height + 36}" width="12" height="12" fill="${COLOURS[contender]}"/><text x="${BAR.left + i * 130 + 18}" y="${BAR.top + BAR.height + 46}">${contender}</text>`,
  );
  const [width, height] = [BAR.left + workloads.length * groupWidth, BAR.top + BAR.height + 60];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<title>Changes applied per second, by workload and contender</title>
<rect width="${width}" height="${height}" fill="white"/>
${[...bars, ...legend].join('\n')}
</svg>`;
}
