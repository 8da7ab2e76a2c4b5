// What changes something.

import { h } from './dom.js';

/** Posts JSON and gives what comes back; the server's own words are the error. */
export async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  } catch {
    throw new Error('pha up does not answer: is it running?');
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text === '' ? null : JSON.parse(text);
  } catch {
    throw new Error(`pha up answered ${answer.status} with what is no JSON`);
  }
  if (!answer.ok) throw new Error(value?.error ?? `pha up answered ${answer.status}`);
  return value;
}

/** Lets a button run something once at a time, and say beside it what came of it. */
export function onPress(button, said, run) {
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    say(said, '');
    try {
      say(said, await run() ?? '');
    } catch (error) {
      say(said, error.message, true);
    } finally {
      button.removeAttribute('aria-disabled');
    }
  });
}

function say(said, text, failed = false) {
  said.textContent = text;
  said.classList.toggle('error', failed);
  clearTimeout(said.timer);
  if (text && !failed) said.timer = setTimeout(() => { said.textContent = ''; }, 6000);
}

export const saidHere = () => h('span', { class: 'said', role: 'status' });

/** A button that runs something; its words go to said. */
export function actionButton(label, said, run, attributes) {
  const button = h('button', { type: 'button', ...attributes }, label);
  onPress(button, said, run);
  return button;
}
