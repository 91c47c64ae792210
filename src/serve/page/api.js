// What the server is asked; docs/serve.md describes each answer.

export class Refusal extends Error {
  constructor(message, status) { super(message); this.status = status; }
}
// Status 0: the server could not be reached.
export const unreachable = (error) => error instanceof Refusal && error.status === 0;

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, {credentials: 'same-origin', ...options});
  } catch (failure) {
    if (failure.name === 'AbortError') throw failure;
    throw new Refusal('The server does not answer.', 0);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw new Refusal(problem?.error?.message ?? `The server answered with status ${response.status}.`, response.status);
}

const posted = (body, signal) =>
  ({method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body), signal});

export const get = async (path) => (await ask(path)).json();
export const post = async (path, body, signal) => (await ask(path, posted(body, signal))).json();
export const login = (token) => ask('/api/login', posted({token}));
export const sound = async (text, signal) => (await ask('/api/speak', posted({text}, signal))).blob();

// The events of /api/say, each as soon as its line has arrived.
export async function* say(body, signal) {
  const reader = (await ask('/api/say', posted(body, signal))).body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, {stream: true});
    const lines = rest.split('\n');
    rest = done ? '' : lines.pop();
    for (const line of lines) if (line.trim()) yield JSON.parse(line);
    if (done) return;
  }
}
