// A form that sends a request.

import { onPress, post } from './actions.js';
import { announce, block, byID, foreign, h, icon } from './dom.js';
import { millis, outcome, outcomes } from './format.js';

const labels = {
  none: 'no credential', bad: 'a bad one', token: 'a good token', expired: 'an expired token', apikey: 'an API key',
  signature: 'a signature', iam: 'AWS credentials (IAM)', own: 'my own header',
};
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const bodiless = ['GET', 'HEAD'];

const field = (label, input, note) => h('label', { class: 'field' }, h('span', {}, label, note && h('span', { class: 'quiet' }, ` ${note}`)), input);

export class Try {
  constructor(store) {
    this.store = store;
    this.node = byID('try');
    this.choices = [];
    this.select = h('select', { onchange: () => this.choose() });
    this.inputs = h('div', { class: 'inputs' });
    this.send = h('button', { type: 'submit', class: 'primary' }, 'Send');
    this.said = h('span', { class: 'said', role: 'status' });
    this.form = h('form', { novalidate: true }, field('Route', this.select), this.inputs, h('p', { class: 'actions' }, this.send, this.said));
    this.result = h('div', { class: 'result' });
    onPress(this.send, this.said, () => this.run());
    this.form.addEventListener('submit', (event) => event.preventDefault());
    this.form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.send.click();
      }
    });
  }

  /** Shows a state: what is typed in stays where the routes are the same. */
  show(state) {
    const apis = state.apis ?? [];
    const shape = JSON.stringify(apis.map((api) => [api.id, api.stage, api.name, api.routes]));
    if (shape === this.shape) return;
    this.shape = shape;
    const before = this.choices[this.select.value];
    this.choices = apis.flatMap((api) => (api.routes ?? []).map((route) => ({ api, route })));
    if (this.choices.length === 0) {
      this.node.replaceChildren(h('h2', {}, 'Try it'), h('p', { class: 'empty' }, 'There is no route to try.'));
      return;
    }
    const option = (choice) => h('option', { value: this.choices.indexOf(choice) }, `${choice.route.key} · ${choice.route.authorizer || choice.route.protection}`);
    this.select.replaceChildren(...(apis.length === 1 ? this.choices.map(option)
      : apis.map((api) => h('optgroup', { label: api.name }, this.choices.filter((choice) => choice.api === api).map(option)))));
    if (!this.form.isConnected) this.node.replaceChildren(h('h2', {}, 'Try it'), this.form, this.result);
    const same = before && this.find(before.api, before.route);
    this.select.value = same >= 0 ? same : Math.max(0, this.choices.findIndex(({ route }) => route.protection !== 'public'));
    if (!(same >= 0) || JSON.stringify(this.choices[same].route) !== JSON.stringify(before.route)) this.choose();
  }

  find(api, route) {
    return this.choices.findIndex((choice) => choice.api.id === api.id && choice.api.stage === api.stage && choice.route.key === route.key);
  }

  /** Goes to a route's form. */
  go(api, route) {
    this.select.value = this.find(api, route);
    this.choose();
    this.select.focus();
  }

  /** Makes the inputs of the route that is chosen. */
  choose() {
    const { route } = this.choices[this.select.value];
    const [method, pattern] = route.key === '$default' ? ['ANY', ''] : route.key.split(' ');
    this.pattern = pattern;
    this.method = method === 'ANY' ? h('select', { onchange: () => this.hideBody() }, methods.map((each) => h('option', {}, each))) : { value: method };
    this.variables = new Map([...pattern.matchAll(/\{([^}]+)\}/g)].map(([, name]) => [name, h('input', { type: 'text', required: true, spellcheck: 'false', autocomplete: 'off' })]));
    this.path = pattern === '' && h('input', { type: 'text', value: '/', spellcheck: 'false', autocomplete: 'off' });
    this.query = h('input', { type: 'text', placeholder: 'limit=10', spellcheck: 'false', autocomplete: 'off' });
    this.body = h('textarea', { rows: '3', spellcheck: 'false' });
    this.body.value = route.body ?? '';
    this.contentType = h('input', { type: 'text', value: 'application/json', spellcheck: 'false', autocomplete: 'off' });
    this.header = h('input', { type: 'text', placeholder: 'Authorization: Bearer …', spellcheck: 'false', autocomplete: 'off' });
    this.bodyFields = h('div', { class: 'inputs' }, field('Body', this.body), field('Content-Type', this.contentType));
    const credentials = route.credentials ?? [];
    const first = ['token', 'signature', 'apikey', 'iam'].find((each) => credentials.includes(each)) ?? credentials[0];
    this.own = field('Header', this.header);
    this.own.hidden = first !== 'own';
    this.inputs.replaceChildren(...[
      method === 'ANY' && field('Method', this.method),
      ...[...this.variables].map(([name, input]) => field(h('code', {}, foreign(`{${name}}`)), input, name.endsWith('+') ? 'one segment or more' : '')),
      this.path && field('Path', this.path),
      field('Query', this.query),
      this.bodyFields,
      credentials.length > 0 && h('fieldset', {}, h('legend', {}, 'With'), credentials.map((each) => h('label', { class: 'radio' },
        h('input', { type: 'radio', name: 'credential', value: each, checked: each === first, onchange: () => { this.own.hidden = each !== 'own'; } }), labels[each] ?? each))),
      this.own,
    ].filter(Boolean));
    this.hideBody();
  }

  hideBody() {
    this.bodyFields.hidden = bodiless.includes(this.method.value);
  }

  /** The path with its variables' values; one that ends with + may have slashes. */
  filled() {
    if (this.path) return this.path.value;
    return this.pattern.replace(/\{([^}]+)\}/g, (_, name) => {
      const { value } = this.variables.get(name);
      if (value === '') {
        this.variables.get(name).focus();
        throw new Error(`{${name}} has no value: type one`);
      }
      return name.endsWith('+') ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
    });
  }

  async run() {
    const { api, route } = this.choices[this.select.value];
    const path = this.filled();
    const query = this.query.value.replace(/^\?/, '');
    const credential = this.form.querySelector('input[name=credential]:checked')?.value ?? 'none';
    const hasBody = !this.bodyFields.hidden && this.body.value !== '';
    const tried = await post('try', {
      api: api.id, stage: api.stage, route: route.key, method: this.method.value, path: query ? `${path}?${query}` : path,
      body: hasBody ? this.body.value : '', contentType: hasBody ? this.contentType.value : '', credential, header: credential === 'own' ? this.header.value : '',
    });
    this.fill(tried);
  }

  fill(tried) {
    this.pending = tried.requestId;
    this.link = h('span', { class: 'quiet' }, 'Its row has not come yet.');
    const kind = outcome({ ...tried, reason: tried.status === 401 || tried.status === 403 ? 'refused' : '' });
    this.badge = h('span', { class: `badge ${kind}` }, icon(kind), `${tried.status}`);
    this.result.replaceChildren(
      h('p', { class: 'actions' }, this.badge, millis(tried.millis), this.link),
      block(tried.answer, 'the answer', h('h3', {}, 'Answer')),
      block(tried.request, 'the request', h('h3', {}, 'Request')),
      block(tried.curl, 'the curl line', h('h3', {}, 'The same by curl')));
    announce(`Answered with ${tried.status}`);
    this.came();
  }

  /** Links to the row of what was tried, when it has come. */
  came() {
    const row = this.pending && this.store.byRequestID(this.pending);
    if (!row) return;
    this.pending = undefined;
    const kind = outcome(row);
    this.badge.className = `badge ${kind}`;
    this.badge.replaceChildren(icon(kind), `${row.status} ${outcomes[kind]}`);
    const link = h('a', { href: `#r=${row.seq}` }, 'Open this request');
    this.link.replaceWith(link);
    this.link = link;
  }
}
