import { formatSeconds } from '../format.ts';
import { raw, xml, type Markup } from '../html/markup.ts';
import type { MachineHistory } from '../run-report.ts';
import type { Theme } from '../theme.ts';

type State = MachineHistory['states'][number];

const ROW = 52;
const BOX = { left: 118, width: 232, height: 38 };
const TOP = 30;
const BARS = { left: 470, width: 400 };
const WIDTH = 960;
/** How far the arc of a transition reaches to the left for each row it passes. */
const ARC_STEP = 13;
const ARC_MOST = 100;
/** Choices take a few milliseconds; figures for them would only distract. */
const INSTANT = 0.05;

const STATUS: Readonly<Record<State['status'], { symbol: string; colour: keyof Theme }>> = {
  succeeded: { symbol: '✓', colour: 'good' },
  failed: { symbol: '✕', colour: 'bad' },
  caught: { symbol: '!', colour: 'warn' },
  running: { symbol: '…', colour: 'accent' },
  'not entered': { symbol: '', colour: 'muted' },
};

/**
 * Draws the state machine: one row a state with its status, transitions as lines down the left side (dashed where an error
 * is caught), and beside each state when it was at work.
 */
export function drawMachine(machine: MachineHistory, theme: Theme): string {
  const rowOf = new Map(machine.states.map((state, row) => [state.name, row]));
  const end = machine.states.reduce((last, state) => Math.max(last, state.end ?? 0), 0);
  const height = TOP + ROW * machine.states.length;
  const taken = new Set(machine.states.filter((state) => state.status !== 'not entered').map((state) => state.name));
  return xml`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="machine-title machine-text" font-family="system-ui, sans-serif" font-size="13">
<title id="machine-title">State machine of the run</title><desc id="machine-text">${describeMachine(machine)}</desc>
<rect width="${WIDTH}" height="${height}" fill="${theme.paper}"/>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0L8,4L0,8z" fill="${theme.muted}"/></marker></defs>
${raw(axis(end, height, theme))}
${machine.transitions.map(({ from, to, kind }) => {
  const [a, b] = [rowOf.get(from), rowOf.get(to)];
  if (a === undefined || b === undefined) return raw('');
  const quiet = !(taken.has(from) && taken.has(to));
  return xml`<path d="${transitionPath(a, b)}" fill="none" stroke="${theme.muted}" stroke-width="1.3"${raw(kind === 'catch' ? ' stroke-dasharray="4 4"' : '')}${raw(quiet ? ' opacity="0.45"' : '')} marker-end="url(#arrow)"/>`;
})}
${machine.states.map((state, row) => drawState(state, row, end, theme))}
</svg>`.text;
}

/** The same in words. */
export function describeMachine(machine: MachineHistory): string {
  return machine.states
    .map((state) => `${state.name} (${state.type}): ${state.status}${timeWords(state)}${retryWords(state)}.`)
    .join(' ');
}

function drawState(state: State, row: number, end: number, theme: Theme): Markup {
  const { symbol, colour } = STATUS[state.status];
  const ink = theme[colour] as string;
  const quiet = state.status === 'not entered';
  const top = TOP + row * ROW;
  const middle = top + BOX.height / 2;
  const scale = end > 0 ? BARS.width / end : 0;
  const started = state.start ?? 0;
  const bar =
    state.start === null
      ? raw('')
      : xml`<rect x="${BARS.left + started * scale}" y="${middle - 7}" width="${Math.max(2, ((state.end ?? end) - started) * scale)}" height="14" rx="3" fill="${ink}"/>`;
  return xml`<g>
<rect x="${BOX.left}" y="${top}" width="${BOX.width}" height="${BOX.height}" rx="8" fill="${theme.panel}" stroke="${quiet ? theme.line : ink}" stroke-width="${quiet ? 1 : 1.5}"/>
<text x="${BOX.left + 14}" y="${middle + 5}" fill="${ink}" font-weight="700">${symbol}</text>
<text x="${BOX.left + 34}" y="${middle - 2}" fill="${quiet ? theme.muted : theme.ink}" font-weight="600">${state.name}</text>
<text x="${BOX.left + 34}" y="${middle + 13}" fill="${theme.muted}" font-size="11">${state.type} · ${state.status}${retryWords(state)}</text>
<text x="${BARS.left - 14}" y="${middle + 5}" fill="${theme.muted}" text-anchor="end">${durationOf(state)}</text>
${bar}</g>`;
}

/** Straight down to the next row; otherwise an arc on the left, the wider the farther. */
function transitionPath(from: number, to: number): string {
  const bottom = TOP + from * ROW + BOX.height;
  if (to === from + 1) {
    const x = BOX.left + BOX.width / 2;
    return `M${x},${bottom}V${TOP + to * ROW - 1}`;
  }
  const reach = Math.min(ARC_MOST, 16 + ARC_STEP * Math.abs(to - from));
  const [y0, y1] = [TOP + from * ROW + BOX.height * 0.7, TOP + to * ROW + BOX.height * 0.35];
  const x = BOX.left;
  return `M${x},${y0}C${x - reach},${y0} ${x - reach},${y1} ${x - 1},${y1}`;
}

function axis(end: number, height: number, theme: Theme): string {
  if (end <= 0) return '';
  const step = niceStep(end / 5);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, tick) => tick * step);
  return ticks
    .map((seconds) => {
      const x = BARS.left + (seconds / end) * BARS.width;
      return xml`<line x1="${x}" x2="${x}" y1="${TOP - 8}" y2="${height}" stroke="${theme.line}"/><text x="${x}" y="${TOP - 14}" fill="${theme.muted}" font-size="11" text-anchor="middle">${Number(seconds.toPrecision(6))} s</text>`
        .text;
    })
    .join('');
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((step) => step * power >= rough) ?? 10);
}

function durationOf(state: State): string {
  if (state.start === null || state.end === null) return '';
  const seconds = state.end - state.start;
  return seconds < INSTANT ? 'at once' : formatSeconds(seconds);
}

function timeWords(state: State): string {
  const duration = durationOf(state);
  return duration === '' || duration === 'at once' ? '' : ` in ${duration}`;
}

function retryWords(state: State): string {
  return state.retries === 0 ? '' : `, ${state.retries} ${state.retries === 1 ? 'retry' : 'retries'}`;
}
