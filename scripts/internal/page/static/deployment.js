// The header: what is deployed, whether the page is connected, and what a deployment changed.

import { onPress, post } from './actions.js';
import { announce, byID, foreign, foreignLines, h, icon, visible } from './dom.js';
import { millis, time } from './format.js';

const titles = {
  deploying: (number) => `Deployment ${number} is being made`,
  serving: (number) => `Deployment ${number} serves`,
  failed: (number) => `Deployment ${number} failed`,
};

const ended = ({ status }) => status !== 'deploying';

export class Header {
  constructor() {
    this.button = byID('deployment');
    this.notice = byID('notice');
    this.deployments = [];
    this.read = 0; // the number of the last deployment that needs no notice
    this.button.addEventListener('click', () => (this.notice.hidden ? this.open() : this.dismiss()));
    onPress(byID('redeploy'), byID('redeploy-said'), () => post('redeploy', {}));
  }

  show(state) {
    byID('project').textContent = state.project || 'pha up';
    byID('place').textContent = [state.stack, state.region].filter(Boolean).map(visible).join(' · ');
    document.title = [state.project, state.stack, 'pha up'].filter(Boolean).join(' · ');
    const deployments = state.deployments ?? [];
    if (deployments.length === 0 || JSON.stringify(deployments) === JSON.stringify(this.deployments)) return;
    const before = this.deployments;
    this.deployments = deployments;
    const [{ number, status, at, tookMillis }] = deployments;
    this.button.hidden = false;
    this.button.className = `plain ${status}`;
    this.button.replaceChildren(
      status === 'deploying' ? h('span', { class: 'spinner', 'aria-hidden': 'true' }) : icon(status === 'failed' ? 'failed' : 'allowed'),
      `${status === 'deploying' ? 'Deploying' : 'Deployment'} ${number}`,
      h('span', { class: 'quiet' }, { deploying: `since ${time(at)}`, serving: `serves since ${time(at + tookMillis)}`, failed: 'failed' }[status]));
    if (before.length === 0) {
      // What was deployed before the page was opened is no news, but for a failure.
      this.read = status === 'failed' ? number - 1 : deployments.find(ended)?.number ?? 0;
    } else {
      const news = deployments.filter((each) => before.find(({ number }) => number === each.number)?.status !== each.status);
      if (news.length > 0) announce(news.reverse().map((each) => titles[each.status](each.number)).join('. '));
    }
    if (this.unread().length > 0 || !this.notice.hidden) this.open();
  }

  /** The deployments whose outcome nobody has put away, the newest first. The first deployment changes nothing. */
  unread() {
    return this.deployments.filter((each) => ended(each) && each.number > this.read && (each.number > 1 || each.status === 'failed'));
  }

  /** Shows what each unread deployment has changed, or why it failed; without one, the last. */
  open() {
    const unread = this.unread();
    const shown = unread.length > 0 ? unread : this.deployments.slice(0, 1);
    this.notice.hidden = false;
    this.button.setAttribute('aria-expanded', true);
    const shape = JSON.stringify(shown);
    if (shape === this.shape) return;
    this.shape = shape;
    const focused = this.notice.contains(document.activeElement);
    this.notice.className = `notice ${shown[0].status}`;
    this.notice.replaceChildren(...shown.map((each, index) => this.outcome(each, index)));
    if (focused) this.notice.querySelector('button').focus();
  }

  /** Puts away what is shown. */
  dismiss() {
    this.read = this.deployments.find(ended)?.number ?? this.read;
    this.notice.hidden = true;
    this.button.setAttribute('aria-expanded', false);
    this.shape = undefined;
  }

  outcome(deployment, index) {
    const { number, status, summary, error, tookMillis } = deployment;
    return h('div', { class: `outcome ${status}` },
      h('div', { class: 'bar' },
        h('h2', index === 0 ? { id: 'notice-title' } : {}, titles[status](number)),
        h('span', { class: 'quiet' }, [summary, tookMillis > 0 && `in ${millis(tookMillis)}`].filter(Boolean).join(', ')),
        index === 0 && h('button', { type: 'button', class: 'small', onclick: () => { this.dismiss(); this.button.focus(); } }, 'Dismiss')),
      this.changes(deployment),
      status === 'failed' && h('pre', { tabindex: '0', role: 'group', 'aria-label': `Why deployment ${number} failed` }, foreignLines(error ?? '')));
  }

  changes({ number, status, changes = [], resources = [], same = [] }) {
    if (status === 'deploying') return h('p', {}, 'Requests are answered by what was deployed before, until it is changed.');
    const failed = status === 'failed';
    if (changes.length === 0 && resources.length === 0) {
      return h('p', {}, failed ? 'Nothing had changed before it failed: what was deployed before goes on to serve.' : number > 1 ? 'Nothing has changed.' : 'It is the first one.');
    }
    const lines = (list) => h('ul', { class: 'changes' }, list.map((change) => h('li', {}, foreign(change))));
    return [
      failed && h('p', {}, 'It failed; what had changed before it failed serves, and is listed.'),
      changes.length > 0 ? lines(changes) : h('p', {}, same.length > 0 && `As before: ${same.join(', ')}. `, 'What has changed is not compared here:'),
      resources.length > 0 && [changes.length > 0 && h('p', { class: 'quiet' }, 'Resources that have changed, by Pulumi:'), lines(resources)]];
  }

  /** Says whether the page is connected. */
  connection(state) {
    const node = byID('connection');
    if (node.dataset.state === state) return;
    node.dataset.state = state;
    node.textContent = { live: 'live', reconnecting: 'reconnecting…', connecting: 'connecting…', replaced: 'open in other tabs: reload to go on here' }[state];
  }
}
