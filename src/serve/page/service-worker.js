// Keeps the page, the board and its pictures, so that they open without the server. What is tapped, drafted or said is never kept:
// only GET answers are, and of the API only those that describe the board.
const cacheName = 'board';
const shell = ['/', '/board.css', '/board.js', '/api.js', '/dom.js', '/grid.js', '/hands.js', '/sentence.js', '/settings.js', '/speech.js',
  '/write.js', '/manifest.webmanifest', '/icon.svg', '/icon-192.png'];
const described = ['/api/board', '/api/settings', '/api/voices'];

async function keep(paths) {
  const cache = await caches.open(cacheName);
  await Promise.all(paths.map((path) => cache.add(path).catch(() => {})));
}

async function forgetOthers(paths) {
  const cache = await caches.open(cacheName);
  const others = (await cache.keys()).filter((request) => !paths.includes(new URL(request.url).pathname));
  await Promise.all(others.map((request) => cache.delete(request)));
}

async function answer(request) {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    if (response.ok && response.type === 'basic') await cache.put(request, response.clone()).catch(() => {});
    return response;
  } catch (failure) {
    const known = await cache.match(request, {ignoreSearch: request.mode === 'navigate'});
    if (known) return known;
    throw failure;
  }
}

self.addEventListener('install', (event) => {
  event.waitUntil(keep([...shell, ...described]).then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', (event) => {
  const paths = (Array.isArray(event.data) ? event.data : []).filter((path) => typeof path === 'string' && path.startsWith('/'));
  event.waitUntil(keep(paths).then(() => forgetOthers([...shell, ...described, ...paths])));
});
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  const private_ = url.pathname.startsWith('/v1/') || url.pathname === '/metrics' || url.pathname === '/health' ||
    (url.pathname.startsWith('/api/') && !described.includes(url.pathname) && !event.request.destination);
  if (!private_) event.respondWith(answer(event.request));
});
