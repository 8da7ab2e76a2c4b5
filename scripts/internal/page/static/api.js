// What is deployed, and what can be done to it.

import { actionButton, post, saidHere } from './actions.js';
import { byID, foreign, foreignPath, h, icon } from './dom.js';
import { duration, number, plural } from './format.js';

const protections = { public: 'public', lambda: 'authorizer', jwt: 'JWT', iam: 'IAM' };
const filterFrom = 12; // routes

/** Whether nothing has been deployed so far. */
export const waits = ({ deployment, apis }) => deployment.number < 2 && deployment.status !== 'serving' && apis.length === 0;

export class ApiPanel {
  constructor(tryRoute) {
    this.node = byID('api');
    this.tryRoute = tryRoute;
    this.parts = [];
  }

  /** Shows a state: it is built anew only where other things are deployed. */
  show(state) {
    const apis = state.apis ?? [];
    const shape = JSON.stringify([apis.map((api) => ({ ...api, authorizers: (api.authorizers ?? []).map((a) => ({ ...a, cached: 0 })) })), (state.services ?? []).map((s) => s.name), state.logDir, state.endpoint, waits(state)]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(state, apis);
    }
    for (const part of this.parts) part(state);
  }

  build(state, apis) {
    const key = this.node.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    this.parts = [];
    this.node.replaceChildren(
      ...apis.map((api) => this.api(api)),
      ...(apis.length === 0 ? [h('p', { class: 'empty' }, waits(state) ? 'Nothing is deployed yet.' : 'The program has no HTTP API with a stage: there is nothing to call. Add one, and deploy again.')] : []),
      this.clock(apis),
      ...((state.services ?? []).length > 0 ? [this.services(state.services)] : []),
      state.endpoint === '' ? '' : h('section', {}, h('h3', {}, 'Local AWS'), h('dl', { class: 'facts' },
        h('dt', {}, 'Endpoint'), h('dd', {}, h('code', {}, foreign(state.endpoint))),
        h('dt', {}, 'Log files'), h('dd', {}, h('code', {}, foreign(state.logDir))))));
    if (key) this.node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  api(api) {
    const title = api.name;
    return h('section', { 'aria-label': `API ${title}` },
      h('h2', {}, foreign(title)),
      h('p', { class: 'addresses' }, [api.url, ...(api.hosts ?? [])].map((address) => h('code', {}, foreign(address)))),
      this.routes(api, title),
      this.authorizers(api, title));
  }

  routes(api, title) {
    const routes = api.routes ?? [];
    if (routes.length === 0) return h('p', { class: 'empty' }, 'It has no routes: each request gets 404.');
    const open = routes.filter((route) => route.protection === 'public').length;
    const body = h('tbody', {}, routes.map((route) => this.route(api, route)));
    const filter = routes.length >= filterFrom && h('input', { type: 'search', 'aria-label': `Filter the routes of ${title}`, placeholder: 'Filter routes', autocomplete: 'off', spellcheck: 'false', oninput: (event) => {
      const text = event.target.value.toLowerCase();
      for (const line of body.children) line.hidden = !line.textContent.toLowerCase().includes(text);
    } });
    return [
      h('div', { class: 'bar' }, h('h3', {}, plural(routes.length, 'route')), h('span', { class: 'quiet' }, open > 0 ? `${number(open)} open to everybody` : 'none is open'), filter),
      h('table', { class: 'routes', 'aria-label': `Routes of ${title}` },
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Route, function'), h('th', { scope: 'col' }, 'Protected by, needs'), h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'Try')))),
        body)];
  }

  route(api, route) {
    const open = route.protection === 'public';
    const needs = route.needs ?? [];
    return h('tr', {},
      h('td', {}, h('code', { class: 'key' }, foreignPath(route.key)), h('span', { class: 'quiet under' }, foreign(route.function))),
      h('td', {},
        h('span', { class: `protection ${route.protection}` }, icon(open ? 'open' : 'locked'), route.authorizer ? foreign(route.authorizer) : protections[route.protection] ?? route.protection),
        needs.length > 0 && h('span', { class: 'under' }, route.protection === 'jwt' && needs.length > 1 && h('span', { class: 'quiet' }, 'one of '), needs.map((need) => h('code', { class: 'chip' }, foreign(need))))),
      h('td', {}, h('button', { type: 'button', class: 'small', 'aria-label': `Try ${route.key}`, onclick: () => this.tryRoute(api, route) }, 'Try')));
  }

  authorizers(api, title) {
    const authorizers = api.authorizers ?? [];
    if (authorizers.length === 0) return null;
    const said = saidHere();
    const caches = authorizers.some((authorizer) => authorizer.kind === 'lambda' && authorizer.ttlSeconds > 0);
    return [
      h('h3', {}, 'Authorizers'),
      h('ul', { class: 'cards' }, authorizers.map((authorizer) => this.authorizer(api, authorizer))),
      caches && h('p', { class: 'actions' }, actionButton('Empty the cache', said, async () => {
        await post('empty-cache', { api: api.id, stage: api.stage });
        return 'Emptied';
      }, { 'data-key': `empty ${api.id} ${api.stage}`, 'aria-label': `Empty the cache of ${title}` }), said)];
  }

  authorizer(api, authorizer) {
    const lambda = authorizer.kind === 'lambda';
    const cached = h('span', {});
    this.parts.push((state) => {
      const now = state.apis.find((each) => each.id === api.id && each.stage === api.stage)?.authorizers.find((each) => each.id === authorizer.id);
      cached.textContent = plural(now?.cached ?? 0, 'answer');
      cached.dataset.cached = now?.cached ?? 0;
    });
    const fact = (name, value) => [h('dt', {}, name), h('dd', {}, value)];
    return h('li', {},
      h('h4', {}, icon('locked'), foreign(authorizer.name), h('span', { class: 'quiet' }, lambda ? 'Lambda' : 'JWT')),
      h('dl', { class: 'facts' },
        lambda && fact('Reuses', authorizer.ttlSeconds > 0 ? `an answer for ${duration(authorizer.ttlSeconds)}` : 'no answer: TTL 0'),
        lambda && authorizer.ttlSeconds > 0 && fact('Cached', cached),
        authorizer.issuer && fact('Issuer', h('code', {}, foreign(authorizer.issuer))),
        (authorizer.audience ?? []).length > 0 && fact('Audience', authorizer.audience.map((each) => h('code', { class: 'chip' }, foreign(each)))),
        (authorizer.sources ?? []).length > 0 && fact('Sources', authorizer.sources.map((each) => h('code', { class: 'chip' }, foreign(each))))));
  }

  clock(apis) {
    const ttls = [...new Set(apis.flatMap((api) => (api.authorizers ?? []).map((authorizer) => authorizer.ttlSeconds)).filter((ttl) => ttl > 0))].sort((a, b) => a - b);
    if (ttls.length === 0) return '';
    const said = saidHere();
    const ahead = h('strong', {});
    this.parts.push((state) => { ahead.textContent = state.aheadMillis > 0 ? `${duration(state.aheadMillis / 1000)} ahead` : 'on time'; });
    const skip = async (seconds) => {
      await post('skip-ahead', { seconds });
      return `${duration(seconds)} later`;
    };
    const button = (seconds, label) => actionButton(label, said, () => skip(seconds), { 'data-key': `skip ${seconds}`, 'aria-label': `Let the caches' clock run ahead by ${duration(seconds)}` });
    const own = h('input', { type: 'number', required: true, min: '1', max: '86400', value: '10', 'aria-label': 'Seconds', 'data-key': 'seconds' });
    const skipOwn = () => {
      own.setAttribute('aria-invalid', !own.validity.valid);
      if (own.validity.valid) return skip(own.valueAsNumber);
      own.focus();
      throw new Error(`Write whole seconds, ${number(own.min)} to ${number(own.max)}.`);
    };
    const steps = new Map([[30, '+30 s'], [60, '+1 min'], ...ttls.map((ttl) => [ttl, `+${duration(ttl)} (TTL)`])]);
    return h('section', {},
      h('h3', {}, 'Clock of the caches'),
      h('p', {}, h('span', {}, 'It is ', ahead, '. '), h('span', { class: 'quiet' }, 'Answers that are kept grow older with it.')),
      h('p', { class: 'actions' }, [...steps].map(([seconds, label]) => button(seconds, label))),
      h('p', { class: 'actions' }, h('label', {}, own, ' seconds'), actionButton('Let it run', said, skipOwn, { 'data-key': 'skip own' }), said));
  }

  services(services) {
    return h('section', {},
      h('h3', {}, 'Services'),
      h('ul', { class: 'services' }, services.map((service) => {
        const said = saidHere();
        const status = h('span', {});
        let down = false;
        const button = actionButton('', said, async () => {
          await post('outage', { service: service.name, down: !down });
        }, { 'data-key': `service ${service.name}` });
        this.parts.push((state) => {
          down = state.services.find((each) => each.name === service.name)?.down ?? false;
          status.replaceChildren(icon(down ? 'failed' : 'allowed'), down ? 'stopped: 503' : 'runs');
          status.className = down ? 'failed' : 'allowed';
          button.textContent = down ? 'Resume' : 'Stop';
          button.setAttribute('aria-label', `${down ? 'Resume' : 'Stop'} ${service.title}`);
        });
        return h('li', {}, h('span', { class: 'service' }, foreign(service.title)), status, button, said);
      })));
  }
}
