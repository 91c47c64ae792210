// Elements made by hand: text is always text, never markup.

export const byId = (id) => document.getElementById(id);

// make('button', {class: 'tile', 'aria-label': 'tea', onclick: f}, 'text', otherElement, null): null children are left out, and
// attributes that are null, undefined or false.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (tag === 'button') element.type = 'button';
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A button with a sign that screen readers leave out, and its name.
export function button(sign, name, onclick, attributes = {}) {
  return make('button', {...attributes, onclick}, make('span', {'aria-hidden': 'true'}, sign), make('span', {dir: 'auto'}, name));
}

// Said to screen readers alone, and to everybody.
export function announce(text) { byId('status').textContent = text; }

let noticeEnds = 0;
export function notice(text) {
  ([...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body).append(byId('notice'));  // in front of a dialog, too
  byId('notice').textContent = text;
  byId('notice').hidden = false;
  clearTimeout(noticeEnds);
  noticeEnds = setTimeout(() => { byId('notice').hidden = true; }, 6000);
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;
// The direction of a run of labels: that of most of those that have a letter.
export function directionOf(labels) {
  const withLetters = labels.filter((label) => /\p{L}/u.test(label));
  return withLetters.filter((label) => rightToLeft.test(label)).length * 2 > withLetters.length ? 'rtl' : 'ltr';
}
