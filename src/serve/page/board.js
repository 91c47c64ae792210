// The page: fetches what the server knows, and ties buttons to what they do.
import {get, login, Refusal, unreachable} from './api.js';
import {announce, byId, button, directionOf, notice} from './dom.js';
import * as grid from './grid.js';
import {prepareHands} from './hands.js';
import * as sentence from './sentence.js';
import {applyTheme, change, onSettings, prepareSettings, settings, showSettings} from './settings.js';
import {prepareSpeech, speak, stopSpeaking, voices} from './speech.js';
import {prepareWriting, write} from './write.js';

const narrow = matchMedia('not all and (min-width: 56rem) and (min-height: 30rem)');

// --- tiles ---

const actionsOfTiles = {
  ':clear': sentence.clear, ':backspace': sentence.undo, ':space': sentence.endWord, ':home': grid.goHome, ':back': grid.goBack,
  ':speak': () => { if (!sentence.isEmpty()) sentence.sayText(sentence.draftText(), 'draft'); },
};

function choose(slot, label) {
  if (slot.link !== null && slot.link !== undefined) return grid.goTo(slot.link);
  if (slot.action?.startsWith('+')) return sentence.addLetters(slot.action.slice(1));
  if (slot.action) return actionsOfTiles[slot.action]?.();
  if (!slot.icon) return undefined;
  sentence.addIcon(slot, label);
  if (settings.afterWord === 'home' && !grid.isHome()) grid.goHome();
  return undefined;
}

// --- the answers, in front of the board where there is no room beside it ---

function showAnswers(open) {
  document.body.classList.toggle('answers-open', open);
  for (const id of ['place', 'quick', 'places']) byId(id).inert = open && narrow.matches;
  byId('answers').inert = !open && narrow.matches;
}
function openAnswers() {
  showAnswers(true);
  if (narrow.matches) byId('close-answers').focus();
}
narrow.addEventListener('change', () => showAnswers(document.body.classList.contains('answers-open')));

// --- the large text ---

let turned = false;
let largeText = '';
function showLarge(text, writing) {
  largeText = text;
  byId('large-text').textContent = text;
  byId('large-sign').hidden = !writing;
  byId('large-speak').disabled = text === '';
  if (!byId('large').open) byId('large').showModal();
  fitLarge();
}
// The largest size at which all of it is seen.
function fitLarge() {
  if (!byId('large').open) return;
  const text = byId('large-text');
  let [low, high] = [16, Math.min(400, innerHeight / 2)];
  for (let i = 0; i < 9; i++) {
    const size = (low + high) / 2;
    text.style.setProperty('font-size', `${size}px`);
    if (text.scrollHeight <= text.clientHeight && text.scrollWidth <= text.clientWidth) low = size;
    else high = size;
  }
  text.style.setProperty('font-size', `${Math.floor(low)}px`);
}

// --- writing ---

const editSentence = (text) => write('Change it', text, [
  ['🔊', 'Speak', (written) => sentence.sayText(written, 'edited')],
  ['⛶', 'Show', (written) => sentence.showText(written, 'edited')],
]);
const writeWord = () => write('Letters', '', [
  ['+', 'Add word', sentence.addWord],
  ['🔊', 'Speak', (written) => sentence.sayText(written, 'typed')],
  ['⛶', 'Show', (written) => sentence.showText(written, 'typed')],
]);
const editPhrase = (index) => write('Quick phrase', settings.phrases[index], [['✓', 'Keep it', (written) => {
  change('phrases', settings.phrases.map((phrase, at) => (at === index ? written : phrase)));
  showSettings();
}]]);

const waitsForWriting = 2;  // the phrase after which the other person sees that one is writing
function showPhrases() {
  byId('quick').replaceChildren(...settings.phrases.map((phrase, index) => button('', phrase, () => {
    void speak(phrase);
    if (index === waitsForWriting) sentence.showWriting(true);
  })));
}

// --- buttons and keys ---

const doings = {
  undo: sentence.undo,
  clear: sentence.clear,
  say: () => sentence.ask(true),
  others: () => sentence.ask(true, true),
  home: grid.goHome,
  back: grid.goBack,
  previous: () => grid.turn(-1),
  next: () => grid.turn(1),
  letters: writeWord,
  'speak-words': sentence.speakWords,
  'speak-draft': () => sentence.sayText(sentence.draftText(), 'draft'),
  'edit-draft': () => editSentence(sentence.draftText()),
  'show-draft': () => showLarge(sentence.draftText(), true),
  'close-answers': () => { showAnswers(false); byId('say').focus(); },
  'forget-last': sentence.forgetLast,
  'settings-button': () => showSettings(),
  'large-close': () => byId('large').close(),
  'large-speak': () => speak(largeText),
  'large-turn': () => {
    turned = !turned;
    byId('large').classList.toggle('turned', turned);
    byId('large-turn').setAttribute('aria-pressed', turned);
  },
};
for (const [id, act] of Object.entries(doings)) byId(id).addEventListener('click', () => void act());

function goBack() {
  stopSpeaking();
  if (document.body.classList.contains('answers-open') && narrow.matches) showAnswers(false);
  else grid.goBack();
}
document.addEventListener('keydown', (event) => {
  const typing = event.target.matches?.('input, textarea');
  if (event.key === 'Enter' && event.ctrlKey && !document.querySelector('dialog[open]')) {
    event.preventDefault();  // it does not press the button that has the focus
    void sentence.ask(true);
  }
  if (!settings.shortcuts || settings.input !== 'direct' || typing || document.querySelector('dialog[open]')) return;
  if (event.key === 'Backspace') sentence.undo();
  if (event.key === 'Escape') goBack();
});
window.addEventListener('resize', fitLarge);

onSettings((key) => {
  applyTheme();
  if (key === 'columns' || key === 'size') grid.render();
  if (key === 'phrases') showPhrases();
  byId('context').hidden = !settings.context;
});

// --- beginning ---

async function unlock() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  history.replaceState(null, '', location.pathname);
  await login(token).catch((failure) => notice(failure.message));
}

function askForToken() {
  byId('login').showModal();
  byId('login').addEventListener('cancel', (event) => event.preventDefault());
  byId('login-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await login(byId('login-token').value.trim());
      location.reload();
    } catch (failure) {
      byId('login-problem').textContent = failure.message;
    }
  });
}

async function begin() {
  applyTheme();
  showPhrases();
  await unlock();
  const [info, {voices: styles}, board] = await Promise.all([get('/api/settings'), get('/api/voices'), get('/api/board')]);
  const icons = board.pages.flatMap((page) => page.slots).filter((slot) => slot.icon);
  const labels = icons.map((slot) => slot.label);
  document.title = board.name || 'Board';
  if (board.language) for (const id of ['grid', 'icons', 'draft-text', 'candidates', 'large-text', 'write-text']) byId(id).lang = board.language;
  document.documentElement.dataset.direction = directionOf(labels);
  document.body.classList.toggle('no-model', !info.model);
  prepareSpeech(info.speech, board.language);
  if (!styles.some((style) => style.id === settings.voice)) settings.voice = styles[0]?.id ?? null;
  prepareSettings({voices: styles, speech: voices, info, editPhrase});
  prepareWriting(labels);
  sentence.prepareSentence({model: Boolean(info.model), picks: info.picks?.allowed === true, edit: editSentence, show: showLarge, answersShown: openAnswers});
  byId('context').hidden = !settings.context;
  showAnswers(false);
  grid.prepareGrid(board, choose);
  prepareHands(goBack);
  document.body.classList.add('ready');
  keepOffline(board);
}

function keepOffline(board) {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('service-worker.js').then(() => navigator.serviceWorker.ready).then((registration) => {
    registration.active.postMessage(board.pages.flatMap((page) => page.slots).map((slot) => slot.picture).filter(Boolean));
  }).catch(() => {});  // not on an address without TLS: then the board needs its server
}

begin().catch((failure) => {
  if (failure instanceof Refusal && failure.status === 401) return askForToken();
  byId('place-name').textContent = unreachable(failure) ? 'The server does not answer. Start it, then open this page again.' : failure.message;
  announce(byId('place-name').textContent);
  if (!(failure instanceof Refusal)) throw failure;
  return undefined;
});
