// The way of a request as a picture: its stations, the line through those that it passed,
// and from where it was stopped the line back to the answer.

import { foreign, h, icon, s } from './dom.js';
import { millis } from './format.js';

const states = { passed: 'passed', stopped: 'refused here', failed: 'failed here', skipped: 'left out' };
const shapes = { passed: 'allowed', stopped: 'refused', failed: 'failed', skipped: 'skipped' };

const unit = 100; // between two stations
const depth = 56; // of the picture across the way
const middle = 36;

/** A line or, over stations that are left out, a bow; down the page or across it. */
function stroke(from, to, down) {
  const a = (from + 0.5) * unit;
  const b = (to + 0.5) * unit;
  const point = (along, across) => (down ? `${across} ${along}` : `${along} ${across}`);
  if (to - from === 1) return `M${point(a, middle)}L${point(b, middle)}`;
  return `M${point(a, middle)}C${point(a + unit / 3, -8)} ${point(b - unit / 3, -8)} ${point(b, middle)}`;
}

/** The picture's lines, for a way across or down. */
function lines(steps, outcome, down) {
  const length = steps.length * unit;
  const svg = s('svg', {
    class: down ? 'lines down' : 'lines across', 'aria-hidden': 'true', preserveAspectRatio: 'none',
    viewBox: down ? `0 0 ${depth} ${length}` : `0 0 ${length} ${depth}`,
  });
  svg.append(s('path', { class: 'track', d: stroke(0, 1, down).split('L')[0] + `L${down ? `${middle} ${length - unit / 2}` : `${length - unit / 2} ${middle}`}` }));
  let from = -1;
  let stopped = false;
  steps.forEach((step, at) => {
    if (step.state === 'skipped') return;
    if (from >= 0) svg.append(s('path', { class: stopped ? `taken back ${outcome}` : 'taken', d: stroke(from, at, down) }));
    from = at;
    stopped ||= step.state === 'stopped' || step.state === 'failed';
  });
  return svg;
}

/** The station that says most of a request. */
function telling(steps) {
  const of = (test) => steps.find(test)?.kind;
  const passed = (kind) => of((step) => step.kind === kind && step.state === 'passed');
  return of((step) => step.state === 'stopped' || step.state === 'failed') ?? passed('authorizer') ?? passed('cache') ?? passed('handler') ?? steps[0].kind;
}

function facts(step) {
  const list = (step.facts ?? []).map(({ name, value }) => [h('dt', {}, name), h('dd', {}, foreign(value))]);
  return [
    h('p', { class: 'facts-title' }, h('strong', {}, step.title), ' ', foreign(step.text || states[step.state]), step.millis !== undefined && h('span', { class: 'quiet' }, ` · ${millis(step.millis)}`)),
    list.length > 0 && h('dl', { class: 'facts' }, list),
  ].filter(Boolean);
}

/** The picture of a detail's steps. chosen is the kind of the station whose facts are shown. */
export function way(steps, outcome, chosen, choose) {
  if (!steps?.length) return h('p', { class: 'quiet' }, 'Its way is not known.');
  const panel = h('div', { id: 'station', class: 'station-facts', role: 'group', 'aria-label': 'The station' });
  const buttons = new Map();
  const show = (kind) => {
    const step = steps.find((each) => each.kind === kind) ?? steps[0];
    for (const [each, button] of buttons) button.setAttribute('aria-pressed', each === step.kind);
    panel.replaceChildren(...facts(step));
  };
  const stations = steps.map((step) => {
    const colour = step.kind === 'answer' && step.state !== 'skipped' ? outcome : shapes[step.state];
    const button = h('button', { type: 'button', class: `station ${step.state} ${colour}`, 'aria-controls': 'station', onclick: () => { choose(step.kind); show(step.kind); } },
      h('span', { class: 'dot' }, icon(colour)),
      h('span', { class: 'name' }, step.title),
      h('span', { class: 'unseen' }, `, ${states[step.state]}`),
      h('span', { class: 'took' }, step.millis === undefined ? '' : millis(step.millis)),
      h('span', { class: 'text', title: step.text }, foreign(step.text || ' ')));
    buttons.set(step.kind, button);
    return h('li', {}, button);
  });
  show(chosen ?? telling(steps));
  return [h('div', { class: 'way' }, lines(steps, outcome, false), lines(steps, outcome, true), h('ol', { class: 'stations' }, stations)), panel];
}
