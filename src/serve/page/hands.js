// Ways of pressing a button besides touch, mouse and keys: one switch that picks out of what is stepped through, two switches, and a pointer
// that rests. All of them end in the click of a button, so that the rest of the page knows one way only.
//
// What is stepped through are the elements marked data-scan, each a row of buttons: a row is chosen first, then a button in it. Holding a
// switch goes back: from the buttons to the rows, from the rows out of a dialog or to the page before.
import {announce} from './dom.js';
import {settings, onSettings} from './settings.js';
import {whisper} from './speech.js';

const holdTime = 400;      // ms
const bounceTime = 50;     // ms in which no hand presses a switch twice
const roundsOfRows = 3;    // then it rests until the next press
const roundsOfButtons = 2; // then it goes back to the rows
const dwellTravel = 24;    // px the pointer must go after a choice before it may choose again

const switching = () => settings.input === 'switch' || settings.input === 'switches';

// --- what there is to step through ---

const usable = (element) => !element.disabled && element.getAttribute('aria-disabled') !== 'true' && !element.closest('[inert]') && element.getClientRects().length > 0;

function scanRows() {
  const dialogs = [...document.querySelectorAll('dialog[open]')];
  const root = dialogs.at(-1) ?? document.getElementById('app');
  const rows = [...root.querySelectorAll('[data-scan]')]
    .map((element) => ({element, name: element.dataset.scan, first: element.hasAttribute('data-scan-first'), buttons: [...element.querySelectorAll('button')].filter(usable)}))
    .filter((row) => row.buttons.length > 0);
  return [...rows.filter((row) => row.first), ...rows.filter((row) => !row.first)];
}

// --- scanning ---

let scan = null;  // {row, button: what is marked, {element, at}; button is null while rows are stepped through; rounds}; null while it rests
let timer = 0;
let leave = () => {};  // what holding does where there is nothing else to go back to

export function prepareHands(goBack) {
  leave = goBack;
  applyInput();
}
onSettings((key) => { if (key === 'input') applyInput(); });

function applyInput() {
  document.documentElement.dataset.input = settings.input;
  stopDwelling();
  rest();
  if (switching()) startScan();
}

const nameOf = (button) => button.getAttribute('aria-label') ?? button.textContent.trim();

// Where something marked is now among others: they may have moved, or been made anew, since.
function whereIs(marked, elements) {
  const at = elements.indexOf(marked.element);
  if (at >= 0) return at;
  const name = elements.findIndex((each) => (each.dataset.scan ?? nameOf(each)) === (marked.element?.dataset.scan ?? (marked.element && nameOf(marked.element))));
  return name >= 0 ? name : Math.min(marked.at, elements.length - 1);
}

function mark(row, button) {
  document.querySelectorAll('.scanned, .scanned-row').forEach((element) => element.classList.remove('scanned', 'scanned-row'));
  if (!row) return;
  const target = button ?? row.element;
  target.classList.add(button ? 'scanned' : 'scanned-row');
  if (!button) row.buttons.forEach((each) => each.classList.add('scanned'));
  target.scrollIntoView({block: 'nearest', inline: 'nearest'});
  cue(button ? nameOf(button) : row.element.getAttribute('role') === 'row' ? nameOf(row.buttons[0]) : row.name);
}

let audio = null;
function cue(name) {
  if (settings.cue === 'words') whisper(name);
  if (settings.cue !== 'click') return;
  audio ??= new AudioContext();
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  tone.frequency.value = 660;
  loudness.gain.setValueAtTime(0.08, audio.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.05);
  tone.connect(loudness).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.05);
}

function wait(first) {
  clearTimeout(timer);
  if (settings.input !== 'switch') return;
  timer = setTimeout(advance, (settings.step + (first ? settings.firstExtra : 0)) * 1000);
}

export function startScan() { goOn(0, 'rows', 0); }

function rest() {
  clearTimeout(timer);
  scan = null;
  mark(null);
}

// Marks a row (level 'rows', at: its number), or a button of the row that is marked (level 'buttons').
function goOn(at, level, rounds) {
  const rows = scanRows();
  if (rows.length === 0) return rest();
  if (level === 'rows') {
    const row = rows[Math.min(at, rows.length - 1)];
    scan = {row: {element: row.element, at}, button: null, rounds};
    mark(row);
  } else {
    const row = rows[whereIs(scan.row, rows.map((each) => each.element))];
    const button = row.buttons[Math.min(at, row.buttons.length - 1)];
    scan = {row: {...scan.row, element: row.element}, button: {element: button, at}, rounds};
    mark(row, button);
  }
  wait(at === 0);
}

function advance() {
  if (!scan) return;
  const rows = scanRows();
  if (rows.length === 0) return rest();
  const rowAt = whereIs(scan.row, rows.map((each) => each.element));
  const [at, count] = scan.button ? [whereIs(scan.button, rows[rowAt].buttons), rows[rowAt].buttons.length] : [rowAt, rows.length];
  const next = (at + 1) % count;
  const rounds = scan.rounds + (next === 0 ? 1 : 0);
  const ends = settings.input === 'switch' && next === 0;
  if (!scan.button && ends && rounds >= roundsOfRows) {
    rest();
    return announce('Press the switch to go on.');
  }
  if (scan.button && ends && rounds >= roundsOfButtons) return goOn(rowAt, 'rows', 0);
  goOn(next, scan.button ? 'buttons' : 'rows', rounds);
}

// Acts on what is marked, and on nothing else: where that has gone, it is a step back to the rows.
function select() {
  if (!scan) return startScan();
  const rows = scanRows();
  const at = rows.findIndex((each) => each.element === scan.row.element);
  if (at < 0) return startScan();
  const {element, buttons} = rows[at];
  if (!scan.button && (buttons.length > 1 || element.matches('.setting'))) return goOn(0, 'buttons', 0);
  const chosen = scan.button ? scan.button.element : buttons[0];
  if (!buttons.includes(chosen)) return goOn(at, 'rows', 0);
  const dialog = chosen.closest('dialog');
  chosen.click();
  if (!switching()) return;
  // A letter, or a step of a setting, is often wanted again: begin at its row. Anything else begins at the top.
  goOn(dialog?.open ? at : 0, 'rows', 0);
}

function backOut() {
  if (!scan) return startScan();
  if (scan.button) return goOn(whereIs(scan.row, scanRows().map((each) => each.element)), 'rows', 0);
  const open = [...document.querySelectorAll('dialog[open]')].at(-1);
  if (open && open.id !== 'login') open.close();
  else leave();
  startScan();
}

// --- switches: keys, or the screen itself pressed anywhere ---

let pressed = null;  // {which, held}
let lastRelease = 0;
let holding = 0;

function press(which) {
  if (pressed || performance.now() - lastRelease < Math.max(bounceTime, settings.debounce)) return;
  clearTimeout(timer);  // what is marked stays marked while the switch is down
  pressed = {which, held: false};
  holding = setTimeout(() => { if (pressed) { pressed.held = true; backOut(); } }, holdTime);
}

function release(which) {
  if (pressed?.which !== which) return;
  clearTimeout(holding);
  lastRelease = performance.now();
  const {held} = pressed;
  pressed = null;
  if (held) return;
  if (settings.input === 'switches' && which === 'move') return scan ? advance() : startScan();
  select();
}

// A press that ends nowhere, as where another window comes in front, does nothing.
function letGo() {
  clearTimeout(holding);
  if (!pressed) return;
  pressed = null;
  if (scan) wait(false);
}
window.addEventListener('blur', letGo);

const isTyping = (element) => element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement;
function switchOfKey(event) {
  if (event.key === ' ') return settings.input === 'switches' ? 'move' : 'select';
  return event.key === 'Enter' ? 'select' : null;
}
function switchOfPointer(event) {
  if (settings.input === 'switch') return 'select';
  if (event.pointerType === 'touch') return event.clientX < innerWidth / 2 ? 'move' : 'select';
  return event.button === 2 ? 'select' : 'move';
}
// A helper's way out: the settings answer to the pointer whatever the person uses.
const forHelper = (target) => target instanceof Element && target.closest('#settings-button, #settings button, #login, textarea, input');

function onKey(event) {
  if (!switching() || isTyping(event.target)) return;
  const which = switchOfKey(event);
  if (!which) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.type === 'keydown') { if (!event.repeat) press(which); } else release(which);
}

let pointerSwitch = null;
function onPointer(event) {
  if (!switching()) return;
  if (event.type === 'pointerdown') {
    if (forHelper(event.target)) return;
    pointerSwitch = switchOfPointer(event);
    press(pointerSwitch);
  } else if (pointerSwitch) {
    if (event.type === 'pointercancel') letGo();
    else release(pointerSwitch);
    pointerSwitch = null;
  }
}

for (const type of ['keydown', 'keyup']) document.addEventListener(type, onKey, true);
for (const type of ['pointerdown', 'pointerup', 'pointercancel']) document.addEventListener(type, onPointer, true);
document.addEventListener('contextmenu', (event) => { if (switching()) event.preventDefault(); });
// A switch that rests begins again where a dialog opens or closes beneath it.
document.addEventListener('close', () => { if (switching() && scan) startScan(); }, true);

// --- debounce, and presses that a switch has used up ---

let lastClick = -Infinity;
document.addEventListener('click', (event) => {
  const refuse = () => { event.preventDefault(); event.stopImmediatePropagation(); };
  if (event.isTrusted && switching() && !forHelper(event.target)) return refuse();
  if (event.isTrusted && event.timeStamp - lastClick < settings.debounce) return refuse();
  if (event.isTrusted) lastClick = event.timeStamp;
}, true);
document.addEventListener('keydown', (event) => {
  if (event.repeat && (event.key === 'Enter' || event.key === ' ') && event.target instanceof HTMLButtonElement) event.preventDefault();
});

// --- a pointer that rests ---

const svg = (tag, attributes) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};
const ring = svg('svg', {class: 'ring', viewBox: '0 0 40 40', 'aria-hidden': 'true'});
ring.append(svg('circle', {class: 'track', cx: 20, cy: 20, r: 16}), svg('circle', {class: 'fill', cx: 20, cy: 20, r: 16, pathLength: 100}));

let dwelling = null;   // the button beneath the pointer
let dwellEnds = 0;
let chosenAt = null;   // where the last choice was made

function stopDwelling() {
  clearTimeout(dwellEnds);
  ring.remove();
  dwelling = null;
}

document.addEventListener('pointermove', (event) => {
  if (settings.input !== 'dwell' || event.pointerType === 'touch') return;
  if (chosenAt && Math.hypot(event.clientX - chosenAt.x, event.clientY - chosenAt.y) < dwellTravel) return;
  chosenAt = null;
  const target = event.target instanceof Element ? event.target.closest('button') : null;
  if (target === dwelling) return;
  stopDwelling();
  if (!target || !usable(target)) return;
  dwelling = target;
  ring.style.setProperty('--time', `${settings.dwell}s`);
  target.append(ring);
  const place = {x: event.clientX, y: event.clientY};
  dwellEnds = setTimeout(() => {
    stopDwelling();
    chosenAt = place;
    if (target.isConnected && usable(target)) target.click();
  }, settings.dwell * 1000);
});
document.documentElement.addEventListener('pointerleave', stopDwelling);
document.addEventListener('pointerdown', () => { if (dwelling) stopDwelling(); }, true);
