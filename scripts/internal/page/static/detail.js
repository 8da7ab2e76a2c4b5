// A request that is opened.

import { announce, block, byID, copyButton, foreign, foreignPath, h, icon } from './dom.js';
import { exactTime, millis, number, outcome, outcomes } from './format.js';
import { way } from './way.js';

const cures = { refused: 'What would let it through', failed: 'What mends it', other: 'Why it is no success', allowed: 'To know' };

const narrow = matchMedia('(max-width: 1099px)');

export class Detail {
  constructor(closed) {
    this.node = byID('detail');
    this.closed = closed;
    this.seq = 0;
    narrow.addEventListener('change', () => this.cover());
  }

  /** Opens a request; what was opened before is closed. */
  async open(seq) {
    if (!this.node.contains(document.activeElement)) this.opener = document.activeElement;
    this.seq = seq;
    this.station = undefined;
    this.node.hidden = false;
    document.documentElement.dataset.opened = '';
    this.cover();
    this.show(`Request ${seq}`, h('p', { class: 'quiet' }, 'Reading…'));
    byID('detail-title').focus({ preventScroll: true });
    await this.load();
    if (this.seq === seq) byID('detail-title').focus({ preventScroll: true });
  }

  close() {
    if (!this.seq) return;
    const seq = this.seq;
    this.seq = 0;
    this.node.hidden = true;
    delete document.documentElement.dataset.opened;
    this.cover();
    this.closed(seq, this.opener);
  }

  /** On a narrow page it covers the others, which can't be reached then. */
  cover() {
    const covers = this.seq !== 0 && narrow.matches;
    for (const other of document.querySelectorAll('.top, .views, .notice, .counts, .requests, .side')) other.inert = covers;
  }

  /** More may be known of the request that is opened. */
  async load() {
    const seq = this.seq;
    try {
      const answer = await fetch(`requests/${seq}`);
      const body = await answer.json();
      if (this.seq !== seq) return;
      if (!answer.ok) throw new Error(body.error);
      this.fill(body);
    } catch (error) {
      if (this.seq !== seq || this.filled === seq) return;
      this.show(`Request ${seq}`, h('p', { class: 'error' }, `It cannot be shown: ${error.message}`));
    }
  }

  show(title, ...content) {
    this.filled = 0;
    this.node.replaceChildren(
      h('div', { class: 'detail-bar' },
        h('h2', { id: 'detail-title', tabindex: '-1' }, title),
        h('button', { type: 'button', onclick: () => this.close() }, 'Close')),
      h('div', { class: 'detail-content' }, content));
  }

  fill(detail) {
    const kind = outcome(detail);
    const open = new Set([...this.node.querySelectorAll('details[open]')].map((each) => each.dataset.key));
    const focused = this.node.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.dataset.key;
    const inTitle = focused?.id === 'detail-title';
    const top = this.node.scrollTop;
    this.show(
      [h('span', { class: `badge ${kind}` }, icon(kind), `${detail.status}`, h('span', { class: 'unseen' }, ` ${outcomes[kind]}`)), ' ', foreign(detail.method), ' ', foreignPath(detail.path)],
      this.summary(detail),
      h('h3', { class: 'unseen' }, 'Its way'),
      way(detail.steps, kind, this.station, (station) => { this.station = station; }),
      detail.cure && h('div', { class: `cure ${kind}` }, h('h3', {}, icon(kind), cures[kind]), h('p', {}, foreign(detail.cure))),
      calls(detail.calls ?? [], detail.moreCalls ?? 0),
      logs(detail.logs ?? []),
      documents(detail.json ?? []));
    this.filled = detail.seq;
    for (const each of this.node.querySelectorAll('details')) each.open = open.has(each.dataset.key);
    this.node.scrollTop = top;
    if (inTitle) byID('detail-title').focus({ preventScroll: true });
    else if (focused) (this.node.querySelector(`[data-key="${key}"]`) ?? byID('detail-title')).focus({ preventScroll: true });
    else announce(`Request ${detail.seq}: ${detail.status}, ${outcomes[kind]}`);
  }

  summary(detail) {
    const id = h('code', {}, foreign(detail.id));
    const of = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
    return h('dl', { class: 'summary' },
      of('Route', detail.route ? h('code', {}, foreignPath(detail.route)) : 'none matched'),
      of('Latency', millis(detail.millis)),
      detail.reason && of('Reason', h('code', {}, foreign(detail.reason))),
      of('Came', h('time', { datetime: new Date(detail.at).toISOString() }, exactTime(detail.at))),
      of('Request ID', [id, ' ', copyButton(() => detail.id, id, 'the request ID')]));
  }
}

function calls(list, more) {
  if (list.length === 0) return null;
  return [
    h('h3', {}, 'Calls of AWS'),
    h('table', { class: 'calls', 'aria-label': 'Calls of AWS' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Function'), h('th', { scope: 'col' }, 'Action and resource'), h('th', { scope: 'col' }, 'Answer'), h('th', { scope: 'col', class: 'number' }, 'Took'))),
      h('tbody', {}, list.map((call) => h('tr', {},
        h('td', {}, foreign(call.function)),
        h('td', {}, h('code', {}, foreign(call.action)), ' ', h('span', { class: 'quiet' }, foreign(call.resource)), call.cure && h('p', { class: 'call-cure' }, foreign(call.cure))),
        h('td', { class: call.error ? 'failed' : 'allowed' }, icon(call.error ? 'failed' : 'allowed'), ' ', call.error ? foreign(call.error) : 'OK'),
        h('td', { class: 'number' }, millis(call.millis)))))),
    more > 0 && h('p', { class: 'quiet' }, `${number(more)} more are not kept.`),
  ];
}

function logs(list) {
  if (list.length === 0) return null;
  return [h('h3', {}, 'Logs'), list.map((log) => {
    const text = (log.lines ?? []).join('\n');
    return h('div', { class: 'log' }, block(text, `the log of ${log.function}`, h('h4', {}, foreign(log.function))));
  })];
}

function documents(list) {
  if (list.length === 0) return null;
  return [h('h3', {}, 'Events and answers'), list.map((each, index) => h('details', { 'data-key': `json-${index}` },
    h('summary', {}, foreign(each.title)),
    block(each.text, each.title)))];
}
