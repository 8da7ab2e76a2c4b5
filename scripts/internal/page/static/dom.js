// What the other modules build the page with. Text gets into it as text, never as markup.

const svgNamespace = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element. Attributes that begin with "on" are listeners. */
export const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);

/** An SVG element. */
export const s = (name, attributes, ...children) => fill(document.createElementNS(svgNamespace, name), attributes, children);

export const byID = (id) => document.getElementById(id);

const written = (text, hidden) => String(text).replace(hidden, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

/** One line, with characters written out that show nothing or a blank, or turn the order of what follows. */
export const visible = (text) => written(text, /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu);

/** The same for several lines, in which joiners and variation selectors belong to what they stand beside. */
const visibleLines = (text) => written(text, /(?![ \n\t\u200c\u200d\ufe0f])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu);

/** Text that somebody else wrote: it can't reorder what stands around it. */
export const foreign = (text) => h('bdi', {}, visible(text));

/** The same for a path: it may break after a slash. */
export const foreignPath = (text) => h('bdi', {}, visible(text).split(/(?<=\/)/).map((part, index) => [index > 0 && h('wbr'), part]));

/** Text that somebody else wrote, for a pre. */
export const foreignLines = (text) => h('bdi', {}, visibleLines(text));

const shapes = {
  allowed: 'M3.5 8.5l3 3 6-7',
  refused: 'M3 3l10 10M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13',
  failed: 'M8 1.5L15 14H1zM8 6v4M8 11.6v.4',
  other: 'M4 8h8',
  skipped: 'M5 8h6',
  open: 'M3.5 7.5h9v6.5h-9zM5.5 7.5V5a2.5 2.5 0 0 1 4.8-1',
  locked: 'M3.5 7.5h9v6.5h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
};

/** An icon that stands beside its own text. */
export function icon(shape, title) {
  return s('svg', { class: `icon ${shape}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' }, title && s('title', {}, title), s('path', { d: shapes[shape] }));
}

/** Gives an icon another shape, where it has one that differs. */
export function reshape(svg, shape) {
  if (svg.classList.contains(shape)) return;
  svg.setAttribute('class', `icon ${shape}`);
  svg.lastChild.setAttribute('d', shapes[shape]);
}

/** Tells a screen reader. */
export function announce(text) {
  byID('live').textContent = text;
}

/** A button that copies text; where the browser refuses, it selects the node instead. */
export function copyButton(text, node, what) {
  const said = h('span', { class: 'said', role: 'status' });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      said.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(node);
      said.textContent = 'Selected: copy it with Ctrl-C';
    }
    setTimeout(() => { said.textContent = ''; }, 3000);
  };
  return [h('button', { type: 'button', class: 'small', 'aria-label': `Copy ${what}`, onclick: copy }, 'Copy'), said];
}

/** A block of somebody else's text with a button that copies it. */
export function block(text, what, title) {
  const pre = h('pre', {}, foreignLines(text));
  return h('div', { class: 'block' }, h('div', { class: title ? 'block-bar titled' : 'block-bar' }, title, ...copyButton(() => text, pre, what)), pre);
}
