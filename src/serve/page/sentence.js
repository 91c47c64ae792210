// The icons that were tapped, the plain sentence that rules make of them, and what the model makes of them. Nothing here is spoken unless
// its own button is pressed.
import {say, post, unreachable} from './api.js';
import {announce, byId, button, directionOf, make, notice} from './dom.js';
import {pictureOf} from './grid.js';
import {settings} from './settings.js';
import {speak} from './speech.js';

const mostIcons = 64;
const sentence = [];  // {icon, label, say, emoji, picture, color, spelled}
let cleared = [];
let draft = {text: '', source: 'words'};
let answers = [];     // as shown: {text, left_out, source}, or null where one is awaited
let underWay = null;  // AbortController of the answers
let drafting = null;
let pause = 0;
let asked = '';       // the request whose answers these are
let seed = 0;
let lastPick = null;
let page = {model: false, picks: false, edit: () => {}, show: () => {}, answersShown: () => {}};

export function prepareSentence(facts) {
  page = {...page, ...facts};
  byId('say').hidden = !page.model;
  showAll();
}

export const isEmpty = () => sentence.length === 0;
export const draftText = () => draft.text;
const words = () => sentence.map((each) => each.say || each.label).join(' ');

// --- the icons ---

export function addIcon(slot, label) {
  if (sentence.length >= mostIcons) return notice(`A sentence takes ${mostIcons} icons.`);
  sentence.push({icon: {...slot.icon}, label, say: slot.say, emoji: slot.emoji, picture: slot.picture, color: slot.color});
  changed();
}

export function addWord(word) { addIcon({icon: {word}, say: word, emoji: '', picture: null}, word); }

// Letters that follow each other make one word.
export function addLetters(letters) {
  const last = sentence.at(-1);
  if (!last?.spelled) {
    addWord(letters);
    if (sentence.length) sentence.at(-1).spelled = true;
    return;
  }
  last.label = last.say = last.icon.word = last.label + letters;
  changed();
}
export function endWord() {
  const last = sentence.at(-1);
  if (last) last.spelled = false;
}

export function undo() {
  if (cleared.length && isEmpty()) {
    sentence.push(...cleared);
    return changed();
  }
  const last = sentence.at(-1);
  if (!last) return;
  if (last.spelled && [...last.label].length > 1) last.label = last.say = last.icon.word = [...last.label].slice(0, -1).join('');
  else sentence.pop();
  changed();
}
// What is cleared can still be undone, until the next icon.
export function clear() {
  const before = sentence.splice(0);
  changed();
  cleared = before;
  showAll();
}

function changed() {
  cleared = [];
  stopAnswers();
  answers = [];
  announce(sentence.length ? sentence.at(-1).label : 'Empty');
  showWriting(sentence.length > 0);
  showAll();
  void askDraft();
  clearTimeout(pause);
  if (settings.pause && page.model && sentence.length) pause = setTimeout(() => ask(false), settings.pause * 1000);
}

const chosenIcons = () => sentence.map((each) => each.icon);

async function askDraft() {
  drafting?.abort();
  drafting = new AbortController();
  const mine = drafting;
  const literally = {text: words(), source: 'words'};
  if (sentence.length === 0) {
    draft = literally;
    return showDraft();
  }
  try {
    const answer = await post('/api/draft', {icons: chosenIcons()}, mine.signal);
    if (mine !== drafting) return;
    draft = answer;
    document.documentElement.classList.remove('offline');
  } catch (failure) {
    if (failure.name === 'AbortError' || mine !== drafting) return;
    draft = literally;
    document.documentElement.classList.toggle('offline', unreachable(failure));
    if (!unreachable(failure)) notice(failure.message);
  }
  showDraft();
}

// --- the model's answers ---

function stopAnswers() {
  underWay?.abort();
  underWay = null;
  clearTimeout(pause);
}

// open: whether the answers may come in front of the board, where there is no room for both.
export async function ask(open, another = false) {
  if (sentence.length === 0 || !page.model) return;
  const request = {icons: chosenIcons(), candidates: settings.candidates};
  if (settings.voice !== null) request.voice = settings.voice;
  const context = byId('context-text').value.trim();
  if (settings.context && context) request.context = context;
  const same = JSON.stringify(request) === asked;
  if (same && !another && answers.length) return open ? page.answersShown() : undefined;  // there already, or on their way
  asked = JSON.stringify(request);
  stopAnswers();
  const mine = underWay = new AbortController();
  seed = another ? seed + 1 : 0;
  answers = Array(settings.candidates).fill(null);
  if (open) page.answersShown();
  showAnswers();
  announce('Looking for sentences');
  let problem = null;
  try {
    for await (const event of say({...request, seed}, mine.signal)) {
      if (mine !== underWay) return;
      if (event.event === 'candidate') take(event);
      if (event.event === 'done') best(event.order);
      if (event.event === 'error') problem = event.message;
    }
  } catch (failure) {
    if (failure.name !== 'AbortError') problem = failure.message;
  }
  if (mine !== underWay) return;
  underWay = null;
  answers = answers.filter(Boolean);
  showAnswers();
  if (problem) notice(problem);
  announce(answers.length === 1 ? '1 sentence is ready' : `${answers.length} sentences are ready`);
}

// Each takes the next free place and stays there.
function take(candidate) {
  const free = answers.indexOf(null);
  if (free < 0) answers.push(candidate);
  else answers[free] = candidate;
  if (answers.filter(Boolean).length === 1) announce('The first sentence is ready');
  showAnswers();
}

function best(order) {
  const first = answers.find((each) => each?.index === order?.[0]);
  if (first) first.best = true;
}

// --- choosing one ---

// The sign by which the other person sees that something is on its way: from the first icon to what is spoken or shown.
export const showWriting = (writing) => document.body.classList.toggle('writing', writing);

// What speaks or shows a sentence has chosen it; it is kept only where the person has switched that on.
async function chosen(text, source) {
  if (!settings.log || !page.picks || sentence.length === 0) return;
  const offered = [draft.text, ...answers.filter(Boolean).map((each) => each.text)];
  try {
    const pick = {log: true, icons: chosenIcons(), offered, said: text, source};
    if (settings.voice !== null) pick.voice = settings.voice;
    lastPick = (await post('/api/pick', pick)).id;
  } catch (failure) {
    notice(`Not kept: ${failure.message}`);
  }
  byId('kept').hidden = lastPick === null;
}

export async function forgetLast() {
  try {
    await post('/api/forget', {id: lastPick});
    announce('Forgotten');
  } catch (failure) {
    return notice(`Not forgotten: ${failure.message}`);
  }
  lastPick = null;
  byId('kept').hidden = true;
}

export function sayText(text, source) {
  showWriting(false);
  void speak(text).then((begun) => { if (begun) void chosen(text, source); });
}
export function showText(text, source) {
  showWriting(false);
  page.show(text, false);
  void chosen(text, source);
}
export function speakWords() {
  showWriting(false);
  void speak(words());
}

// --- what is seen of it ---

function showAll() {
  const chips = sentence.map((each) => make('li', {class: 'chip', 'data-color': each.color ?? null}, pictureOf(each), make('span', {dir: 'auto'}, each.label)));
  const list = byId('icons');
  list.dir = directionOf(sentence.map((each) => each.label));
  list.replaceChildren(...chips);
  chips.at(-1)?.scrollIntoView({block: 'nearest', inline: 'nearest'});
  if (list.scrollWidth > list.clientWidth) list.tabIndex = 0;
  else list.removeAttribute('tabindex');
  for (const id of ['clear', 'speak-words', 'say']) byId(id).disabled = isEmpty();
  byId('undo').disabled = isEmpty() && cleared.length === 0;
  showDraft();
  showAnswers();
}

function showDraft() {
  byId('draft-text').textContent = draft.text;
  byId('draft').classList.toggle('empty', isEmpty());
  for (const id of ['speak-draft', 'edit-draft', 'show-draft']) byId(id).disabled = draft.text === '';
}

// An answer keeps its element, and with it the focus or the mark of a switch, while others arrive.
const cards = new WeakMap();
function card(answer, index) {
  if (!answer) return awaited();
  if (!cards.has(answer)) cards.set(answer, newCard(answer, index));
  cards.get(answer).toggleAttribute('data-best', answer.best === true);
  return cards.get(answer);
}
const awaited = () => make('li', {class: 'answer awaited'}, make('p', {class: 'said'}, make('span', {class: 'unseen'}, 'not ready yet')));
function newCard(answer, index) {
  const {text} = answer;
  return make('li', {class: 'answer', 'data-scan': text, 'data-scan-first': true},
    make('p', {class: 'said', dir: 'auto'}, text),
    answer.left_out?.length ? make('p', {class: 'left-out'}, 'Left out: ', ...answer.left_out.map((word) => make('s', {dir: 'auto'}, word))) : null,
    make('div', {class: 'row'},
      button('🔊', 'Speak', () => sayText(text, 'candidate'), {class: 'speak', 'aria-label': `Speak: ${text}`, 'data-answer': `speak ${index}`}),
      button('✏️', 'Edit', () => page.edit(text), {'aria-label': `Edit: ${text}`, 'data-answer': `edit ${index}`}),
      button('⛶', 'Show', () => showText(text, 'candidate'), {'aria-label': `Show: ${text}`, 'data-answer': `show ${index}`})));
}

function showAnswers() {
  const list = byId('candidates');
  answers.map(card).forEach((element, at) => {
    if (list.children[at] === undefined) list.append(element);
    else if (list.children[at] !== element) list.children[at].replaceWith(element);
  });
  while (list.children.length > answers.length) list.lastChild.remove();
  const some = answers.some(Boolean);
  byId('others').hidden = !some || underWay !== null;
  byId('answers-hint').textContent = answers.length ? '' :
    isEmpty() ? 'Tap icons, then “Say it my way”.' : underWay ? '' : '“Say it my way” shows how you might say it.';
}
