// The header: what is deployed, whether the page is connected, and what a deployment changed.

import { onPress, post } from './actions.js';
import { announce, byID, foreign, h, icon, visible } from './dom.js';
import { millis, time } from './format.js';

const titles = {
  deploying: (number) => `Deployment ${number} is being made`,
  serving: (number) => `Deployment ${number} serves`,
  failed: (number) => `Deployment ${number} failed`,
};

export class Header {
  constructor() {
    this.button = byID('deployment');
    this.notice = byID('notice');
    this.button.addEventListener('click', () => this.toggle(this.notice.hidden));
    onPress(byID('redeploy'), byID('redeploy-said'), () => post('redeploy', {}));
  }

  show(state) {
    byID('project').textContent = state.project || 'pha up';
    byID('place').textContent = [state.stack, state.region].filter(Boolean).map(visible).join(' · ');
    document.title = [state.project, state.stack, 'pha up'].filter(Boolean).join(' · ');
    const { deployment } = state;
    const seen = this.deployment && this.deployment.status !== deployment.status;
    const changed = JSON.stringify(this.deployment) !== JSON.stringify(deployment);
    this.deployment = deployment;
    if (!changed) return;
    const { number, status } = deployment;
    if (number === 0) return;
    this.button.hidden = false;
    this.button.className = `plain ${status}`;
    this.button.replaceChildren(
      status === 'deploying' ? h('span', { class: 'spinner', 'aria-hidden': 'true' }) : icon(status === 'failed' ? 'failed' : 'allowed'),
      `${status === 'deploying' ? 'Deploying' : 'Deployment'} ${number}`,
      h('span', { class: 'quiet' }, { deploying: `since ${time(deployment.at)}`, serving: `serves since ${time(deployment.at + deployment.tookMillis)}`, failed: 'failed' }[status]));
    if (seen) announce(titles[status](number));
    if (status === 'failed' || (seen && status === 'serving' && number > 1)) this.toggle(true);
    else if (status === 'deploying') this.toggle(false);
    else if (!this.notice.hidden) this.toggle(true);
  }

  /** Shows or hides what the last deployment changed, or why it failed. */
  toggle(open) {
    this.notice.hidden = !open;
    this.button.setAttribute('aria-expanded', open);
    if (!open || !this.deployment) return;
    const { number, status, summary, changes, error, tookMillis } = this.deployment;
    const failed = status === 'failed';
    this.notice.className = `notice ${status}`;
    this.notice.replaceChildren(
      h('div', { class: 'bar' },
        h('h2', { id: 'notice-title' }, titles[status](number)),
        h('span', { class: 'quiet' }, [summary, tookMillis > 0 && `in ${millis(tookMillis)}`].filter(Boolean).join(', ')),
        h('button', { type: 'button', class: 'small', onclick: () => { this.toggle(false); this.button.focus(); } }, 'Dismiss')),
      failed ? h('p', {}, 'What was deployed before goes on to serve.') : '',
      failed ? h('pre', { tabindex: '0', role: 'group', 'aria-label': 'Why it failed' }, foreign(error ?? '')) : this.changes(changes ?? [], status));
  }

  changes(changes, status) {
    if (status === 'deploying') return h('p', {}, 'Requests are answered by what was deployed before.');
    if (changes.length === 0) return h('p', {}, this.deployment.number > 1 ? 'Nothing has changed for requests.' : 'It is the first one.');
    return h('ul', { class: 'changes' }, changes.map((change) => h('li', {}, foreign(change))));
  }

  /** Says whether the page is connected. */
  connection(state) {
    const node = byID('connection');
    if (node.dataset.state === state) return;
    node.dataset.state = state;
    node.textContent = { live: 'live', reconnecting: 'reconnecting…', connecting: 'connecting…' }[state];
  }
}
