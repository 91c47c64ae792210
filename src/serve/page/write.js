// Letters for what no icon says, and changing a sentence before it is said: a text, its letters as buttons, and what to do with it.
import {byId, button, make} from './dom.js';

const scripts = [['а', 'я'], ['α', 'ω'], ['א', 'ת'], ['ا', 'ي']];  // alphabets that are whole between two letters
const guessesShown = 4;
let words = [];
let actions = [];

const field = () => byId('write-text');

// The letters of the board's labels, with the whole alphabet of each script among them.
function lettersOf(labels) {
  const found = new Set(labels.join('').toLocaleLowerCase().match(/\p{L}/gu) ?? []);
  const add = (from, to) => { for (let code = from.codePointAt(0); code <= to.codePointAt(0); code++) found.add(String.fromCodePoint(code)); };
  const has = (from, to) => [...found].some((letter) => letter >= from && letter <= to);
  if (has('a', 'z') || found.size === 0) add('a', 'z');
  for (const [from, to] of scripts) if (has(from, to)) add(from, to);
  const letters = [...found].filter((letter) => /\p{L}/u.test(letter)).sort(new Intl.Collator().compare);
  return letters.length > 80 ? [] : letters;  // more than that is no alphabet: those have keyboards of their own
}

export function prepareWriting(labels) {
  words = [...new Set(labels)].filter((word) => word && !word.includes(' '));
  const keys = [...lettersOf(labels), ...'0123456789', '.', ',', '?', '!', '’'];
  const rows = [];
  for (let at = 0; at < keys.length; at += 7) rows.push(keys.slice(at, at + 7));
  byId('write-letters').replaceChildren(...rows.map((row) => make('div', {class: 'row letters', 'data-scan': row[0]},
    ...row.map((key) => make('button', {'data-key': key, onclick: () => put(key)}, key)))));
  byId('write-letters').append(make('div', {class: 'row', 'data-scan': 'Space and erase'},
    button('␣', 'Space', () => put(' ')), button('⌫', 'Erase', erase), button('✕', 'Empty', () => set(''))));
}

function set(text, cursor = text.length) {
  field().value = text;
  field().setSelectionRange(cursor, cursor);
  refresh();
}
function put(letters) {
  const {selectionStart: from, selectionEnd: to, value} = field();
  set(value.slice(0, from) + letters + value.slice(to), from + letters.length);
}
function erase() {
  const {selectionStart: from, selectionEnd: to, value} = field();
  const kept = from === to ? [...value.slice(0, from)].slice(0, -1).join('') : value.slice(0, from);
  set(kept + value.slice(to), kept.length);
}

// The four first words that begin as the last word does, in places that stay.
function refresh() {
  const begun = field().value.match(/\S*$/u)[0];
  const known = begun ? words.filter((word) => word.toLocaleLowerCase().startsWith(begun.toLocaleLowerCase()) && word !== begun).slice(0, guessesShown) : [];
  byId('write-guesses').replaceChildren(...Array.from({length: guessesShown}, (_, i) => make('button',
    {dir: 'auto', disabled: known[i] === undefined, onclick: () => set(`${field().value.slice(0, field().value.length - begun.length)}${known[i]} `)}, known[i] ?? ' ')));
  for (const each of byId('write-done').querySelectorAll('[data-needs]')) each.disabled = field().value.trim() === '';
}
field().addEventListener('input', refresh);

// choices: [sign, name, what is done with the text]; each closes the dialog, and so does "Board".
export function write(title, text, choices) {
  byId('write-name').textContent = title;
  actions = choices.map(([sign, name, act]) => button(sign, name, () => {
    const written = field().value.trim();
    if (!written) return;
    byId('write').close();
    act(written);
  }, {'data-needs': true}));
  byId('write-done').replaceChildren(button('↩', 'Board', () => byId('write').close()), ...actions);
  byId('write').showModal();
  set(text);
  const switching = document.documentElement.dataset.input.startsWith('switch');
  if (matchMedia('(pointer: fine)').matches && !switching) field().focus();
  else byId('write-done').querySelector('button').focus();
}
