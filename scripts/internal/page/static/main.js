// The page: it listens to the server and hands what comes to those who show it.

import { ApiPanel, waits } from './api.js';
import { Counts } from './counts.js';
import { Header } from './deployment.js';
import { Detail } from './detail.js';
import { byID, foreign, h } from './dom.js';
import { List } from './list.js';
import { Store } from './store.js';
import { Try } from './try.js';

const root = document.documentElement;
const store = new Store();
const list = new List(store);
const header = new Header();
const counts = new Counts();
const trying = new Try(store);
const panel = new ApiPanel((api, route) => {
  go('try');
  trying.go(api, route);
});
const detail = new Detail((seq, opener) => {
  list.mark(0);
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  // Back to where it was opened from: rows may have moved meanwhile.
  const elsewhere = opener !== document.body && !opener.closest('#rows');
  if (elsewhere) opener.focus();
  if (!(elsewhere && document.activeElement === opener) && !list.focus(seq)) byID('scroller').focus();
});
let state;

/** Shows a view: on a wide page only API and Try it take turns. */
function go(to) {
  root.dataset.view = to;
  if (to === 'api' || to === 'try') root.dataset.side = to;
  for (const button of document.querySelectorAll('[data-to]')) {
    const one = button.closest('.sides') ? root.dataset.side : root.dataset.view;
    button.setAttribute('aria-pressed', button.dataset.to === one);
  }
  counts.draw();
}

function filter() {
  store.filter({ text: byID('filter-text').value, status: byID('filter-status').value, route: byID('filter-route').value });
  list.filtered();
  empty();
}

/** Says what to do where there is no row. */
function empty() {
  if (store.shown.length > 0) return;
  const api = state?.apis?.find((each) => each.routes?.length > 0);
  if (store.all.length > 0) {
    byID('empty').replaceChildren(h('p', {}, 'No request matches the filter.'), h('button', { type: 'button', onclick: () => { byID('filters').reset(); filter(); byID('filter-text').focus(); } }, 'Show all'));
  } else if (api) {
    const path = api.routes.map((route) => route.key.split(' ')).find(([method, path]) => method === 'GET' && !path.includes('{'))?.[1] ?? '/';
    byID('empty').replaceChildren(h('p', {}, 'No request yet. Send one, or try a route here:'), h('p', {}, h('code', {}, 'curl -i ', foreign(`${api.url}${path}`))), h('button', { type: 'button', onclick: () => { go('try'); byID('try').querySelector('select')?.focus(); } }, 'Try it'));
  } else {
    byID('empty').replaceChildren(h('p', {}, state && !waits(state) ? 'No request yet, and no route that could be called.' : 'No request yet.'));
  }
}

/** Offers the routes to filter by. */
function offerRoutes() {
  const select = byID('filter-route');
  const options = state.apis.flatMap((api) => (api.routes ?? []).map((route) => [`${api.name} ${route.key}`, state.apis.length > 1 ? `${api.name}: ${route.key}` : route.key]));
  const shape = JSON.stringify(options);
  if (select.dataset.shape === shape) return;
  const { value } = select;
  select.dataset.shape = shape;
  select.replaceChildren(h('option', { value: '' }, 'Every route'), ...options.map(([id, text]) => h('option', { value: id }, text)));
  select.value = value;
  if (select.selectedIndex < 0) {
    select.value = '';
    filter();
  }
}

function opened() {
  const seq = Number(/^#r=(\d+)$/.exec(location.hash)?.[1] ?? 0);
  if (!seq) return detail.close();
  if (seq === detail.seq) return undefined;
  list.mark(seq);
  return detail.open(seq);
}

/** Connects, and again where the browser has given up. */
function connect() {
  const stream = new EventSource('events');
  const on = (name, take) => stream.addEventListener(name, (event) => take(JSON.parse(event.data)));
  on('state', (now) => {
    state = { ...now, apis: now.apis ?? [], services: now.services ?? [] };
    header.show(state);
    panel.show(state);
    trying.show(state);
    offerRoutes();
    empty();
  });
  on('rows', ({ rows, dropped }) => {
    list.came(store.add(rows ?? [], dropped ?? 0));
    trying.came();
    if (detail.seq && rows?.some((row) => row.seq === detail.seq)) detail.load();
  });
  on('counts', (now) => counts.show(now));
  on('replaced', () => {
    stream.close(); // else it would come again, in the place of another one
    header.connection('replaced');
  });
  stream.onopen = () => header.connection('live');
  stream.onerror = () => {
    header.connection('reconnecting');
    if (stream.readyState !== EventSource.CLOSED) return;
    stream.close();
    setTimeout(connect, 2000);
  };
}

function keys(event) {
  if (event.key === 'Escape' && detail.seq && !byID('keys').open) {
    event.preventDefault();
    detail.close();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select, dialog')) return;
  const run = (byID('letters').checked && {
    '/': () => { go('requests'); byID('filter-text').focus(); },
    j: () => list.move(1),
    k: () => list.move(-1),
    '?': () => byID('keys').showModal(),
  }[event.key]) || (event.target.closest('#rows') && { ArrowDown: () => list.move(1), ArrowUp: () => list.move(-1) }[event.key]);
  if (!run) return;
  event.preventDefault();
  run();
}

for (const button of document.querySelectorAll('[data-to]')) button.addEventListener('click', () => go(button.dataset.to));
byID('filters').addEventListener('submit', (event) => event.preventDefault());
byID('filters').addEventListener('input', filter);
byID('skip').addEventListener('click', () => (document.querySelector('.sides button').offsetParent ? document.querySelector('.sides button') : byID('help')).focus());
byID('help').addEventListener('click', () => byID('keys').showModal());
byID('letters').checked = localStorage.getItem('letters') !== 'off'; // WCAG 2.2, 2.1.4
byID('letters').addEventListener('change', (event) => localStorage.setItem('letters', event.target.checked ? 'on' : 'off'));
byID('keys-close').addEventListener('click', () => byID('keys').close());
addEventListener('hashchange', opened);
addEventListener('keydown', keys);
go('requests');
empty();
list.measure();
connect();
opened();
