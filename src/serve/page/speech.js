// Speaks a text when asked to, by a voice of the browser that stays on this device, or by the server's.
import {sound} from './api.js';
import {announce, notice} from './dom.js';
import {settings} from './settings.js';

const synthesis = window.speechSynthesis;
let serverSpeaks = false;
let language = '';
let speaking = null;  // {text, stop}

export function prepareSpeech(server, boardLanguage) {
  serverSpeaks = server;
  language = boardLanguage ?? '';
  synthesis?.getVoices();  // some browsers begin to load them only now
}

// Voices that send text elsewhere are not offered.
export function voices() {
  const local = (synthesis?.getVoices() ?? []).filter((voice) => voice.localService);
  const fitting = local.filter((voice) => language && voice.lang.toLowerCase().startsWith(language.slice(0, 2).toLowerCase()));
  return [
    ...fitting.concat(local.filter((voice) => !fitting.includes(voice))).map((voice) => ({id: voice.voiceURI, name: `${voice.name} (${voice.lang})`, voice})),
    ...(serverSpeaks ? [{id: 'server', name: 'The server’s voice'}] : []),
  ];
}

export function stopSpeaking() {
  speaking?.stop();
  speaking = null;
}

// Speaks text; a second time while it is being spoken stops it. True where speech was begun.
export async function speak(text) {
  const again = speaking?.text === text;
  stopSpeaking();
  if (again || !text.trim()) return false;
  const known = voices();
  const chosen = known.find((voice) => voice.id === settings.speechVoice) ?? known[0];
  if (!chosen) {
    notice('There is no voice here. Use Show, or start the server with --speak-command.');
    return false;
  }
  announce('Speaking');
  return chosen.id === 'server' ? speakByServer(text) : speakByBrowser(text, chosen.voice);
}

function speakByBrowser(text, voice) {
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  utterance.rate = settings.rate;
  utterance.onend = () => { if (speaking?.utterance === utterance) speaking = null; };
  speaking = {text, utterance, stop: () => synthesis.cancel()};
  synthesis.speak(utterance);
  return true;
}

async function speakByServer(text) {
  const ended = new AbortController();
  const audio = new Audio();
  const mine = {text, stop: () => { ended.abort(); audio.pause(); }};
  speaking = mine;
  try {
    const url = URL.createObjectURL(await sound(text, ended.signal));
    audio.src = url;
    audio.playbackRate = settings.rate;
    audio.onended = () => { URL.revokeObjectURL(url); if (speaking === mine) speaking = null; };
    await audio.play();
    return true;
  } catch (failure) {
    if (speaking === mine) speaking = null;
    if (failure.name !== 'AbortError') notice(`Not spoken: ${failure.message}`);
    return false;
  }
}

// A word for the person who scans, softly; never the sentence, and never over it.
export function whisper(text) {
  const voice = voices().find((known) => known.voice)?.voice;
  if (!synthesis || !voice || speaking) return;
  const utterance = new SpeechSynthesisUtterance(text);
  Object.assign(utterance, {voice, lang: voice.lang, volume: 0.4, rate: 1.4});
  synthesis.cancel();
  synthesis.speak(utterance);
}
