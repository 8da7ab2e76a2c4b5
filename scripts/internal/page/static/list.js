// The list of requests: the newest on top, and only those rows in the document that can be
// seen. While somebody reads further down, or has the focus in it, what is there stays where
// it is.

import { byID, h, icon, reshape, visible } from './dom.js';
import { exactTime, millis, number, outcome, outcomes, plural, protection, time } from './format.js';
import { bound } from './store.js';

const overscan = 8;

export class List {
  constructor(store) {
    this.store = store;
    this.scroller = byID('scroller');
    this.rows = byID('rows');
    this.nodes = new Map();
    this.follows = true;
    this.unseen = 0;
    this.open = 0;
    this.shift = 0;
    this.height = 32;
    this.scroller.addEventListener('scroll', () => this.scrolled());
    this.rows.addEventListener('focusin', () => this.follow(false));
    byID('follow').addEventListener('click', () => this.follow(!this.follows, true));
    new ResizeObserver(() => this.measure()).observe(this.scroller);
  }

  measure() {
    const probe = this.rows.appendChild(newRow());
    this.height = probe.getBoundingClientRect().height || this.height;
    probe.remove();
    this.render();
  }

  scrolled() {
    const top = this.scroller.scrollTop < 1;
    if (!this.held && top !== this.follows && !(top && this.rows.contains(document.activeElement))) this.follow(top);
    this.later();
  }

  /** Follows what comes, or stays at what is there. */
  follow(on, byHand = false) {
    if (byHand) this.held = !on;
    this.follows = on;
    if (on) {
      this.unseen = 0;
      this.scroller.scrollTop = 0;
    }
    this.later();
  }

  /** n rows have come on top. */
  came(n) {
    if (!this.follows) {
      this.unseen += n;
      this.shift += n;
    }
    this.later();
  }

  /** The rows have been filtered anew. */
  filtered() {
    this.unseen = 0;
    this.scroller.scrollTop = 0;
    if (!this.held) this.follows = true;
    this.later();
  }

  later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.render();
    });
  }

  render() {
    const { shown, all, dropped } = this.store;
    this.rows.style.height = `${shown.length * this.height}px`;
    if (this.shift > 0) {
      this.scroller.scrollTop += this.shift * this.height;
      this.shift = 0;
    }
    this.window(shown);
    byID('table').setAttribute('aria-rowcount', shown.length + 1);
    byID('requests-total').textContent = shown === all ? (all.length < bound ? number(all.length) : `the last ${number(bound)}`) : `${number(shown.length)} of ${number(all.length)}`;
    const button = byID('follow');
    button.textContent = this.follows ? 'Pause' : this.unseen > 0 ? `Follow: ${number(this.unseen)} new` : 'Follow';
    button.setAttribute('aria-pressed', this.follows);
    byID('dropped').hidden = dropped === 0;
    byID('dropped').textContent = `… ${plural(dropped, 'more request')} came than could be shown`;
    byID('table').hidden = shown.length === 0;
    byID('empty').hidden = shown.length > 0;
  }

  /** Puts the rows into the document that can be seen, and the one with the focus. */
  window(shown) {
    const last = shown.length - 1;
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / this.height) - overscan);
    const end = Math.min(shown.length, first + Math.ceil(this.scroller.clientHeight / this.height) + 2 * overscan);
    const wanted = [];
    for (let index = first; index < end; index++) wanted.push([index, shown[last - index]]);
    const focused = this.rows.contains(document.activeElement) ? document.activeElement.closest('.row') : null;
    const wantedSeqs = new Set(wanted.map(([, row]) => row.seq));
    for (const [seq, node] of this.nodes) {
      if (wantedSeqs.has(seq)) continue;
      if (node === focused) {
        const index = shown.findLastIndex((row) => row.seq === seq);
        if (index >= 0) {
          wanted[last - index < first ? 'unshift' : 'push']([last - index, shown[index]]);
          continue;
        }
        this.scroller.focus({ preventScroll: true });
      }
      node.remove();
      this.nodes.delete(seq);
    }
    let cursor = this.rows.firstElementChild;
    for (const [index, row] of wanted) {
      let node = this.nodes.get(row.seq);
      if (!node) this.nodes.set(row.seq, node = newRow());
      if (node === cursor) cursor = cursor.nextElementSibling;
      else this.rows.insertBefore(node, cursor);
      fillRow(node, row, index, this.height, row.seq === this.open);
    }
  }

  /** Marks the row that is opened; 0 is none. */
  mark(seq) {
    this.open = seq;
    this.later();
  }

  /** Moves the focus by a row, from the one that has it or is opened. */
  move(by) {
    const { shown } = this.store;
    const from = Number(document.activeElement?.closest?.('#rows .row')?.dataset.seq) || this.open;
    const at = shown.findLastIndex((row) => row.seq === from);
    const to = at < 0 ? shown.length - 1 : at - by;
    if (to < 0 || to >= shown.length) return;
    this.focus(shown[to].seq);
  }

  /** Gives the focus to a row, where there is one. */
  focus(seq) {
    const { shown } = this.store;
    const at = shown.findLastIndex((row) => row.seq === seq);
    if (at < 0) return false;
    this.follow(false);
    const top = (shown.length - 1 - at) * this.height;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.scroller.scrollTop = top + this.height - clientHeight;
    this.render();
    this.nodes.get(seq)?.querySelector('a')?.focus({ preventScroll: true });
    return true;
  }
}

function newRow() {
  return h('div', { role: 'row', class: 'row' },
    h('span', { role: 'cell', class: 'status' }, icon('allowed'), h('span')),
    h('span', { role: 'cell', class: 'time' }),
    h('span', { role: 'cell', class: 'method' }),
    h('span', { role: 'cell', class: 'path' }, h('a', {}, h('bdi'))),
    h('span', { role: 'cell', class: 'route' }, h('bdi')),
    h('span', { role: 'cell', class: 'cache' }),
    h('span', { role: 'cell', class: 'reason' }, h('bdi')),
    h('span', { role: 'cell', class: 'number' }));
}

function fillRow(node, row, index, height, opened) {
  node.style.transform = `translateY(${index * height}px)`;
  node.setAttribute('aria-rowindex', index + 2);
  node.classList.toggle('opened', opened);
  if (node.row === row) return;
  node.row = row;
  node.dataset.seq = row.seq;
  const kind = outcome(row);
  const [status, at, method, path, route, cache, reason, latency] = node.children;
  status.className = `status ${kind}`;
  status.title = outcomes[kind];
  reshape(status.firstChild, kind);
  status.lastChild.textContent = row.status;
  at.textContent = time(row.at);
  at.title = exactTime(row.at);
  method.textContent = visible(row.method);
  const link = path.firstChild;
  link.href = `#r=${row.seq}`;
  link.title = visible(row.path);
  link.setAttribute('aria-label', `${visible(row.method)} ${visible(row.path)}, ${row.status}, ${outcomes[kind]}`);
  link.firstChild.textContent = visible(row.path);
  route.firstChild.textContent = row.route ? visible(row.route) : 'no route';
  route.title = route.textContent;
  route.classList.toggle('none', !row.route);
  cache.textContent = protection(row);
  cache.className = `cache ${row.cache || row.protection}`;
  reason.firstChild.textContent = visible(row.reason);
  reason.title = visible(row.reason);
  latency.textContent = millis(row.millis);
}
