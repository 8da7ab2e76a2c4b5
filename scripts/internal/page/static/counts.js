// Charts of the last minutes, each with its values as text, or as a table.

import { byID, foreign, h, s } from './dom.js';
import { millis, number, plural, time, timeOfMinute } from './format.js';

// From the bottom up. All are told apart by their pattern too.
const statuses = [['2xx', 'ok'], ['3xx', 'moved'], ['401', 'unauthorized'], ['403', 'forbidden'], ['4xx', 'client'], ['5xx', 'server']];
const height = 64;
const bottom = 14; // for the axis
const least = 4; // is a bar's width
const fewest = 24; // buckets are shown, also where only the last ones have requests
const sum = (list, of) => list.reduce((total, each) => total + of(each), 0);

export class Counts {
  constructor() {
    this.asTables = false;
    this.cards = Object.fromEntries(['Requests', 'Authorizer', 'Denials', 'Latency'].map((title) => [title, card(title)]));
    byID('charts').append(...Object.values(this.cards).map(({ node }) => node));
    byID('tables').addEventListener('click', () => {
      this.asTables = !this.asTables;
      byID('tables').setAttribute('aria-pressed', this.asTables);
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(byID('charts'));
    this.draw();
  }

  show(counts) {
    const buckets = counts.buckets ?? [];
    const first = buckets.findIndex((bucket) => bucket.requests > 0);
    this.counts = { ...counts, buckets: buckets.slice(Math.max(0, Math.min(first, buckets.length - fewest))), denials: counts.denials ?? [] };
    this.draw();
  }

  draw() {
    const { buckets, denials, p50, p99, total, bucketSeconds } = this.counts ?? { buckets: [], denials: [], total: 0, bucketSeconds: 5 };
    const requests = sum(buckets, (bucket) => bucket.requests);
    byID('counts-total').textContent = total > 0 ? `${number(total)} since the start` : '';
    const status = (bucket, name) => bucket.status?.[name] ?? 0;
    const present = statuses.map(([name, look]) => [name, look, sum(buckets, (bucket) => status(bucket, name))]).filter(([, , n]) => n > 0);
    this.fill('Requests', '', requests > 0, present.map(([name, look, n]) => [name, number(n), look]),
      (width) => stacked(joined(buckets, width, bucketSeconds), present.map(([name, look]) => [look, (bucket) => status(bucket, name)]), width, bucketSeconds, (bucket) => plural(bucket.requests, 'request')),
      (title) => table(title, ['Time', 'All', ...statuses.map(([name]) => name)], buckets.toReversed().map((bucket) => [time(bucket.at), bucket.requests, ...statuses.map(([name]) => status(bucket, name))])));

    const runs = sum(buckets, (bucket) => bucket.runs);
    const hits = sum(buckets, (bucket) => bucket.hits);
    this.fill('Authorizer', '', runs + hits > 0, [['runs', number(runs), 'run'], ['cache hits', number(hits), 'hit'], ['others', number(Math.max(0, requests - runs - hits)), 'rest']],
      (width) => stacked(joined(buckets, width, bucketSeconds), [['run', (bucket) => bucket.runs], ['hit', (bucket) => bucket.hits], ['rest', (bucket) => Math.max(0, bucket.requests - bucket.runs - bucket.hits)]], width, bucketSeconds, (bucket) => `${plural(bucket.runs, 'run')}, ${plural(bucket.hits, 'hit')}, ${plural(bucket.requests, 'request')}`),
      (title) => table(title, ['Time', 'Requests', 'Runs', 'Hits'], buckets.toReversed().map((bucket) => [time(bucket.at), bucket.requests, bucket.runs, bucket.hits])));

    this.fill('Denials', 'by reason', denials.length > 0, [], () => reasons(denials),
      (title) => table(title, ['Reason', 'Requests'], denials.map(({ reason, count }) => [foreign(reason), number(count)])));

    this.fill('Latency', '', requests > 0, [['p50', millis(p50 ?? 0), 'p50'], ['p99', millis(p99 ?? 0), 'p99']],
      (width) => curves(buckets, width),
      (title) => table(title, ['Time', 'p50', 'p99'], buckets.filter((bucket) => bucket.requests > 0).toReversed().map((bucket) => [time(bucket.at), millis(bucket.p50), millis(bucket.p99)])));
  }

  fill(title, note, has, values, chart, asTable) {
    const { node, noteNode, legend, body } = this.cards[title];
    noteNode.textContent = note;
    legend.replaceChildren(...(has ? values.map(([name, value, look]) => h('li', {}, swatch(look), `${name} `, h('strong', {}, value))) : []));
    node.classList.toggle('tabled', this.asTables);
    if (!has) body.replaceChildren(h('p', { class: 'quiet' }, title === 'Denials' ? 'None in the last minutes.' : 'Nothing in the last minutes.'));
    else if (!this.asTables) body.replaceChildren(chart(Math.max(120, Math.floor(body.clientWidth))));
    else if (body.firstElementChild?.className === 'scrolls') body.firstElementChild.replaceChildren(asTable(title)); // which may have the focus
    else body.replaceChildren(h('div', { class: 'scrolls', tabindex: '0' }, asTable(title)));
  }
}

function card(title) {
  const noteNode = h('span', { class: 'quiet' });
  const legend = h('ul', { class: 'legend' });
  const body = h('div', { class: 'chart-body' });
  return { node: h('section', { class: 'card', 'aria-label': title }, h('h3', {}, `${title} `, noteNode), legend, body), noteNode, legend, body };
}

const swatch = (look) => s('svg', { class: `swatch ${look}`, viewBox: '0 0 10 10', 'aria-hidden': 'true' }, mark(look, 0, 0, 10, 10));

/** A part of a bar, with the pattern of what it stands for. */
function mark(look, x, y, width, tall) {
  const parts = [s('rect', { class: `fill ${look}`, x, y, width, height: tall })];
  const pattern = { unauthorized: 'diagonal', forbidden: 'diagonal', client: 'lines', server: 'cross', rest: '', hit: 'lines' }[look];
  if (pattern) parts.push(s('rect', { fill: `url(#${pattern})`, x, y, width, height: tall }));
  return s('g', {}, parts);
}

/** The minutes below a chart, as far apart as they can be read. */
function axis(buckets, width, x) {
  const lines = [];
  let free = 0;
  let before = buckets[0].at;
  buckets.forEach(({ at }, index) => {
    const left = x(index);
    const passed = before;
    before = at;
    if (Math.floor(at / 60000) === Math.floor(passed / 60000) || left < free || left + 32 > width) return;
    free = left + 44;
    lines.push(s('path', { class: 'tick', d: `M${left} 0V${height - bottom + 3}` }), s('text', { x: left + 3, y: height - 2 }, timeOfMinute(at)));
  });
  return lines;
}

function frame(width, label, ...content) {
  return s('svg', { class: 'chart', role: 'img', 'aria-label': label, width, height, viewBox: `0 0 ${width} ${height}` }, content);
}

/** Buckets, as many of them as one as it takes for a bar to be seen. */
function joined(buckets, width, seconds) {
  const many = Math.max(1, Math.ceil((buckets.length * least) / width));
  const all = [];
  for (const bucket of buckets) {
    const last = all.at(-1);
    const number = Math.floor(bucket.at / (many * seconds * 1000));
    if (last?.number !== number) all.push({ ...bucket, number, many, status: { ...bucket.status } });
    else {
      for (const key of ['requests', 'runs', 'hits']) last[key] += bucket[key];
      for (const [name, n] of Object.entries(bucket.status ?? {})) last.status[name] = (last.status[name] ?? 0) + n;
    }
  }
  return all;
}

function stacked(buckets, looks, width, seconds, words) {
  const top = Math.max(1, ...buckets.map((bucket) => sum(looks, ([, of]) => of(bucket))));
  const step = width / buckets.length;
  const tall = height - bottom - 10;
  const bars = buckets.map((bucket, index) => {
    let y = height - bottom;
    const parts = looks.map(([look, of]) => {
      const size = (of(bucket) / top) * tall;
      if (size === 0) return null;
      y -= size;
      return mark(look, index * step + 0.5, y, Math.max(1, step - 1), size);
    });
    return s('g', {}, s('title', {}, `${time(bucket.at)}: ${words(bucket)}`), s('rect', { class: 'hover', x: index * step, y: 0, width: step, height: height - bottom }), parts);
  });
  return frame(width, `At most ${top} in a bar`, axis(buckets, width, (index) => index * step), bars, base(width), s('text', { class: 'top', x: width, y: 8 }, `max ${number(top)} in ${buckets[0].many * seconds} s`));
}

const base = (width) => s('path', { class: 'base', d: `M0 ${height - bottom}H${width}` });

function curves(buckets, width) {
  const top = Math.max(...buckets.map((bucket) => bucket.p99), 0.01);
  const x = (index) => ((index + 0.5) * width) / buckets.length;
  const y = (value) => height - bottom - (value / top) * (height - bottom - 10);
  const line = (of) => {
    let pen = 'M';
    return buckets.map((bucket, index) => {
      if (bucket.requests === 0) {
        pen = 'M';
        return '';
      }
      const point = `${pen}${x(index).toFixed(1)} ${y(of(bucket)).toFixed(1)}`;
      const alone = pen === 'M' ? 'h0.01' : '';
      pen = 'L';
      return point + alone;
    }).join('');
  };
  const hovers = buckets.map((bucket, index) => bucket.requests > 0 && s('rect', { class: 'hover', x: x(index) - width / buckets.length / 2, y: 0, width: width / buckets.length, height: height - bottom }, s('title', {}, `${time(bucket.at)}: p50 ${millis(bucket.p50)}, p99 ${millis(bucket.p99)}`)));
  return frame(width, `p99 is ${millis(top)} at most`, axis(buckets, width, (index) => x(index) - width / buckets.length / 2), base(width),
    s('path', { class: 'line p99', d: line((bucket) => bucket.p99) }), s('path', { class: 'line p50', d: line((bucket) => bucket.p50) }), hovers,
    s('text', { class: 'top', x: width, y: 8 }, `max ${millis(top)}`));
}

const reasonsShown = 4;

function reasons(denials) {
  const top = denials[0].count;
  const rest = denials.length - reasonsShown;
  return h('ul', { class: 'reasons' }, denials.slice(0, reasonsShown).map(({ reason, count }) => h('li', {},
    h('span', { class: 'reason', title: reason }, foreign(reason)), h('strong', {}, number(count)),
    h('progress', { max: top, value: count, 'aria-hidden': 'true' }))), rest > 0 && h('li', { class: 'quiet' }, `${number(rest)} more in the table`));
}

function table(title, heads, lines) {
  return h('table', { 'aria-label': title }, h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, lines.map((cells) => h('tr', {}, cells.map((cell) => h('td', {}, cell))))));
}
