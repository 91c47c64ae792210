// The tiles: pages of the board as an ARIA grid with one tab stop. A tile has one place and keeps it.
import {byId, make} from './dom.js';
import {settings} from './settings.js';

let board = null;
let choose = () => {};
const trail = [];  // {page, part} from where one came here
let here = {page: 0, part: 0};
let tiles = [];  // rows of tiles or nulls, as shown

export function prepareGrid(loaded, onChoose) {
  board = loaded;
  choose = onChoose;
  goTo(board.first, 0, false);
}

const page = () => board.pages[here.page];
const homePage = () => board.pages[board.first];

// A list is cut into parts of one screen each: as many rows as the first page has, and its columns or those that the person set.
function shape() {
  if (!page().list) return {rows: page().rows, columns: page().columns, parts: 1};
  const columns = settings.columns || homePage().columns || 5;
  const rows = Math.max(2, homePage().rows || 5);
  return {rows, columns, parts: Math.max(1, Math.ceil(page().slots.length / (rows * columns)))};
}

// The slots to be shown, each with its place.
function placed() {
  if (!page().list) return page().slots;
  const {rows, columns} = shape();
  const from = here.part * rows * columns;
  return page().slots.slice(from, from + rows * columns)
    .map((slot, i) => ({...slot, row: Math.floor(i / columns), column: i % columns}));
}

export function goTo(target, part = 0, remember = true) {
  if (!board.pages[target]) return;
  if (remember && target !== here.page) trail.push(here);
  here = {page: target, part};
  render();
}
export function goHome() { trail.length = 0; goTo(board.first, 0, false); }
export function goBack() {
  if (trail.length === 0) return goHome();
  here = trail.pop();
  render();
}
export const isHome = () => here.page === board.first && here.part === 0;

// The next screen: of a list, its next part; of the pages that are always at hand, the next page.
function neighbour(by) {
  const {parts} = shape();
  if (parts > 1) return here.part + by >= 0 && here.part + by < parts ? {page: here.page, part: here.part + by} : null;
  const at = board.top.indexOf(here.page);
  const next = at < 0 ? undefined : board.top[at + by];
  return next === undefined ? null : {page: next, part: 0};
}
export function turn(by) {
  const next = neighbour(by);
  if (next) goTo(next.page, next.part, false);
}

function luminance(color) {
  const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
}
const isColor = (color) => /^#[0-9a-f]{6}$/i.test(color ?? '');

export function pictureOf({emoji, picture}) {
  if (picture) return make('img', {class: 'picture', src: picture, alt: '', draggable: 'false', onerror: (event) => event.target.remove()});
  return emoji ? make('span', {class: 'picture', 'aria-hidden': 'true'}, emoji) : null;
}

function tile(slot) {
  const picture = pictureOf(slot);
  const label = slot.label || slot.say || slot.icon?.word || '';
  const element = make('button', {class: 'tile', tabindex: '-1', 'data-color': slot.color, 'aria-label': slot.link === null ? label : `${label}, page`,
    onclick: () => choose(slot, label)}, picture, make('span', {class: 'label', dir: 'auto'}, label));
  element.classList.toggle('opens', slot.link !== null);
  element.classList.toggle('bare', picture === null);
  element.classList.toggle('long', label.length > 12 && /\s/.test(label.trim()));
  const longest = Math.max(3, ...label.split(/\s+/).map((word) => [...word].length));
  element.style.setProperty('--letters', longest);
  if (isColor(slot.background)) {
    element.classList.add('coloured');
    element.style.setProperty('--own-background', slot.background);
    element.style.setProperty('--own-ink', luminance(slot.background) > 0.18 ? '#000000' : '#ffffff');
  }
  if (isColor(slot.border)) element.style.setProperty('--own-border', slot.border);
  return element;
}

export function render() {
  const {rows, columns, parts} = shape();
  tiles = Array.from({length: rows}, () => Array(columns).fill(null));
  for (const slot of placed()) if (slot.row < rows && slot.column < columns) tiles[slot.row][slot.column] = tile(slot);
  const name = page().name || 'Board';
  byId('place-name').textContent = parts > 1 ? `${name} · ${here.part + 1} of ${parts}` : name;
  const grid = byId('grid');
  grid.style.setProperty('--columns', columns);
  grid.style.setProperty('--rows', rows);
  const hadFocus = grid.contains(document.activeElement);
  grid.replaceChildren(...tiles.map((row, at) => make('div', {role: 'row', class: 'tiles', 'data-scan': `Row ${at + 1}`},
    ...row.map((each) => make('div', {role: 'gridcell'}, ...(each ? [each] : []))))));
  fit();
  const first = tiles.flat().find(Boolean);
  if (first) first.tabIndex = 0;
  if (hadFocus) first?.focus();
  byId('previous').disabled = !neighbour(-1);
  byId('next').disabled = !neighbour(1);
  byId('back').disabled = trail.length === 0;
}

// Text and pictures follow the size of a tile.
export function fit() {
  const cell = byId('grid').querySelector('[role=gridcell]');
  if (!cell) return;
  byId('grid').style.setProperty('--wide', `${cell.clientWidth}px`);
  byId('grid').style.setProperty('--high', `${cell.clientHeight}px`);
}
new ResizeObserver(fit).observe(byId('grid'));

function focusTile(row, column) {
  for (const each of tiles.flat()) if (each) each.tabIndex = -1;
  tiles[row][column].tabIndex = 0;
  tiles[row][column].focus();
}

// The next tile from a place in a direction; gaps are stepped over, edges are the end.
function stepFrom(row, column, down, right) {
  for (let r = row + down, c = column + right; r >= 0 && r < tiles.length && c >= 0 && c < tiles[r].length; r += down, c += right) {
    if (tiles[r][c]) return [r, c];
  }
  return null;
}

function placeFor(key, control, row, column) {
  const arrows = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  if (arrows[key]) return stepFrom(row, column, ...arrows[key]);
  const all = tiles.flatMap((cells, r) => cells.map((cell, c) => (cell ? [r, c] : null))).filter(Boolean);
  const among = control ? all : all.filter(([r]) => r === row);
  if (key === 'Home') return among[0];
  return key === 'End' ? among.at(-1) : null;
}

byId('grid').addEventListener('keydown', (event) => {
  const row = tiles.findIndex((cells) => cells.includes(document.activeElement));
  if (row < 0) return;
  if (event.key === 'PageDown' || event.key === 'PageUp') {
    event.preventDefault();
    return turn(event.key === 'PageDown' ? 1 : -1);
  }
  const place = placeFor(event.key, event.ctrlKey, row, tiles[row].indexOf(document.activeElement));
  if (/^(Arrow|Home|End)/.test(event.key)) event.preventDefault();
  if (place) focusTile(...place);
});
byId('grid').addEventListener('focusin', (event) => {
  if (!event.target.classList.contains('tile')) return;
  for (const each of tiles.flat()) if (each) each.tabIndex = each === event.target ? 0 : -1;
});
