// What one person has chosen, kept in this browser, and the dialog where it is changed: every row is a name, a step back, the value and
// a step on, so that any way of pressing a button will do.
import {get, post} from './api.js';
import {announce, byId, button, make, notice} from './dom.js';

const storageKey = 'aacft.board';
export const phrases = ['Yes', 'No', 'Wait, I’m writing', 'That’s not what I meant'];

export const settings = {
  voice: null, speechVoice: null, rate: 1,
  size: 100, columns: 0, theme: 'auto', afterWord: 'stay',
  input: 'direct', step: 1, firstExtra: 0.5, cue: 'off', dwell: 1, debounce: 0, shortcuts: true,
  candidates: 3, pause: 0, context: false, log: false,
  phrases: [...phrases],
};

try {
  const stored = JSON.parse(localStorage.getItem(storageKey) ?? '{}');
  for (const key of Object.keys(settings)) {
    const fits = key === 'phrases' ? Array.isArray(stored.phrases) && stored.phrases.length === phrases.length && stored.phrases.every((each) => typeof each === 'string') :
      settings[key] === null ? ['string', 'undefined'].includes(typeof (stored[key] ?? undefined)) : typeof stored[key] === typeof settings[key];
    if (key in stored && fits) settings[key] = stored[key];
  }
} catch { /* Nothing is stored here, or something that is not ours: the defaults hold. */ }

const listeners = [];
export function onSettings(listener) { listeners.push(listener); }
export function change(key, value) {
  settings[key] = value;
  try { localStorage.setItem(storageKey, JSON.stringify(settings)); } catch { /* Then they hold until the page is closed. */ }
  listeners.forEach((listener) => listener(key));
}

const wants = {dark: matchMedia('(prefers-color-scheme: dark)'), contrast: matchMedia('(prefers-contrast: more)')};
export function applyTheme() {
  const automatic = wants.contrast.matches ? 'contrast' : wants.dark.matches ? 'dark' : 'light';
  document.documentElement.dataset.theme = settings.theme === 'auto' ? automatic : settings.theme;
  document.documentElement.style.setProperty('--size', settings.size / 100);
}
for (const query of Object.values(wants)) query.addEventListener('change', applyTheme);

// What the page knows of the server, for the rows below.
const known = {voices: [], speech: () => [], info: {}, editPhrase: () => {}};
export function prepareSettings(facts) { Object.assign(known, facts); }

const range = (from, to, step, unit) => Array.from({length: Math.round((to - from) / step) + 1}, (_, i) => {
  const value = Math.round((from + i * step) * 100) / 100;
  return [value, `${value}${unit}`];
});
const onOff = [[false, 'off'], [true, 'on']];
const scans = () => settings.input === 'switch';
const switches = () => settings.input.startsWith('switch');

// [heading, rows]; a row: key, name, choices as [value, shown], and when it is shown.
const groups = () => [
  ['Voice', [
    {key: 'voice', name: 'Style', choices: known.voices.map((voice) => [voice.id, voice.name]), when: known.voices.length > 0},
    {key: 'speechVoice', name: 'Speaks with', choices: known.speech().map((voice) => [voice.id, voice.name])},
    {key: 'rate', name: 'Speed', choices: range(0.5, 2, 0.1, ' ×')},
  ]],
  ['Board', [
    {key: 'theme', name: 'Colours', choices: [['auto', 'as the device'], ['light', 'light'], ['dark', 'dark'], ['contrast', 'high contrast']]},
    {key: 'size', name: 'Size of text', choices: range(70, 200, 10, ' %')},
    {key: 'columns', name: 'Columns of lists', choices: [[0, 'as the board'], ...range(2, 12, 1, '')]},
    {key: 'afterWord', name: 'After a word from a list', choices: [['stay', 'stay there'], ['home', 'go home']]},
  ]],
  ['How I choose', [
    {key: 'input', name: 'With', choices: [['direct', 'touch, mouse or keys'], ['dwell', 'resting the pointer'], ['switch', 'one switch'], ['switches', 'two switches']]},
    {key: 'step', name: 'Each step takes', choices: range(0.3, 5, 0.1, ' s'), when: scans()},
    {key: 'firstExtra', name: 'The first one longer by', choices: range(0, 3, 0.25, ' s'), when: scans()},
    {key: 'cue', name: 'Sound of each step', choices: [['off', 'none'], ['click', 'a click'], ['words', 'its name, softly']], when: switches()},
    {key: 'dwell', name: 'Rest for', choices: range(0.3, 3, 0.1, ' s'), when: settings.input === 'dwell'},
    {key: 'debounce', name: 'Ignore another press within', choices: range(0, 1000, 100, ' ms')},
    {key: 'shortcuts', name: 'Backspace undoes, Escape goes back', choices: onOff, when: settings.input === 'direct'},
  ]],
  ['Sentences', [
    {key: 'candidates', name: 'How many', choices: range(1, Math.min(5, known.info.candidates?.most ?? 5), 1, ''), when: Boolean(known.info.model)},
    {key: 'pause', name: 'Also when I pause', choices: [[0, 'off'], ...range(1, 5, 0.5, ' s')], when: Boolean(known.info.model)},
    {key: 'context', name: 'What the other person said helps', choices: onOff, when: Boolean(known.info.model)},
    {key: 'log', name: 'Keep what I choose, to learn from', choices: onOff, when: Boolean(known.info.picks?.allowed)},
  ]],
];

function row({key, name, choices}) {
  const at = Math.max(0, choices.findIndex(([value]) => value === settings[key]));
  const value = make('output', {dir: 'auto'}, choices[at]?.[1] ?? 'none here');
  const step = (by) => {
    const next = choices[at + by];
    if (!next) return;
    change(key, next[0]);
    showSettings(`${key} ${by}`);
    announce(`${name}: ${next[1]}`);
  };
  const arrow = (sign, by, what) =>
    make('button', {class: 'step', 'aria-label': `${name}: ${what}`, 'data-key': `${key} ${by}`, 'aria-disabled': choices[at + by] ? null : 'true',
      onclick: () => step(by)}, make('span', {'aria-hidden': 'true'}, sign));
  return make('div', {class: 'setting', role: 'group', 'aria-label': name, 'data-scan': `${name}: ${value.textContent}`, 'data-setting': key},
    make('span', {class: 'name'}, name), arrow('−', -1, 'less'), value, arrow('+', 1, 'more'));
}

function phraseRow(phrase, index) {
  return make('div', {class: 'setting', role: 'group', 'aria-label': phrase, 'data-scan': phrase},
    make('span', {class: 'name', dir: 'auto'}, phrase), button('✏️', 'Change', () => known.editPhrase(index), {'aria-label': `Change “${phrase}”`}));
}

export function showSettings(focus) {
  const list = byId('settings-list');
  list.replaceChildren();
  for (const [heading, rows] of groups()) {
    list.append(make('h3', {}, heading), ...rows.filter((each) => each.when !== false).map(row));
  }
  list.append(make('h3', {}, 'Quick phrases'), ...settings.phrases.map(phraseRow));
  if (known.info.picks?.allowed) list.append(make('h3', {}, 'What is kept'), make('div', {id: 'picks'}));
  if (!byId('settings').open) byId('settings').showModal();
  if (focus) list.querySelector(`[data-key="${focus}"]`)?.focus();
  if (known.info.picks?.allowed) showPicks();
}

async function forget(body) {
  try {
    const {forgotten} = await post('/api/forget', body);
    announce(`Forgotten: ${forgotten}`);
    await showPicks();
    byId('picks')?.querySelector('button')?.focus();
  } catch (failure) {
    notice(`Not forgotten: ${failure.message}`);
  }
}

async function showPicks() {
  let picks = [];
  try {
    picks = (await get('/api/picks')).picks;
  } catch (failure) {
    byId('picks')?.replaceChildren(make('p', {}, failure.message));
    return;
  }
  const newest = picks.slice(0, 20).map((pick) => make('div', {class: 'setting', role: 'group', 'aria-label': pick.said, 'data-scan': pick.said},
    make('span', {class: 'name', dir: 'auto'}, pick.said),
    button('🗑', 'Forget', () => forget({id: pick.id}), {'aria-label': `Forget “${pick.said}”`})));
  let sure = false;  // all are forgotten by pressing twice
  const all = button('🗑', 'Forget all', () => {
    if (sure) return forget({all: true});
    sure = true;
    all.lastChild.textContent = 'Press again to forget all';
  });
  byId('picks')?.replaceChildren(make('p', {}, picks.length === 0 ? 'Nothing.' : `${picks.length} of what you said, in ${known.info.picks.file ?? 'a file of the server'}.`),
    ...newest, ...(picks.length ? [make('div', {class: 'row', 'data-scan': 'Forget all'}, all)] : []));
}

byId('settings-close').addEventListener('click', () => byId('settings').close());
