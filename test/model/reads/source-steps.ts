import type { Bounds, Rule } from './rule.ts';
import { isGone, markedDue, type State, type Step, step, withFriend } from './state.ts';

/** What the source, a server that lags behind it, the connector and an operator may do next. */
export function* sourceSteps(state: State, rule: Rule, bounds: Bounds): Generator<Step> {
  const { source, lagging, sent, asks, friend } = state;
  const next = source + 1;
  if (source < bounds.versions) {
    // In one epoch, and where nobody asks what is stored, to send late is no more than to ingest late.
    const isSentAtOnce = bounds.servers === 1 && bounds.epochs === 0;
    const committed = { ...state, source: next, sent: isSentAtOnce ? next : sent };
    yield step(`the source commits v${next}`, committed);
    if (!isGone(state, source) && countBits(state.deleted) < bounds.deletes)
      yield step(`the source deletes the row (v${next})`, { ...committed, deleted: state.deleted | (1 << next) });
  }
  if (bounds.servers === 2 && lagging < source)
    yield step(`the server that lags applies v${lagging + 1}`, { ...state, lagging: lagging + 1 });
  if (sent < source) {
    // With one server only the barrier asks what is stored, and to wait for it is no more than to stall.
    const isStored = bounds.servers === 1;
    yield step(`the connector passes v${sent + 1}`, { ...state, sent: sent + 1, isStored });
  }
  if (!state.isStored) yield step(`the connector stores that it has passed v${sent}`, { ...state, isStored: true });
  if (asks < bounds.asks && friend.asked < source) {
    const asked = withFriend({ ...state, asks: asks + 1 }, { asked: source });
    yield step(`somebody asks for a read, at v${source}`, markedDue(asked, rule));
  }
}

function countBits(bits: number): number {
  return bits === 0 ? 0 : (bits & 1) + countBits(bits >> 1);
}
