/** Starts the page. */
import { App } from './views/app.js';
import { html, render } from './vendor/preact.js';
import { watchAddress } from './state/address.js';
import { loadCollections } from './state/collections.js';
import { applyLook } from './state/look.js';
import { loadSession } from './state/session.js';
import { followQuestion } from './state/results.js';

applyLook();
watchAddress();
const root = document.getElementById('page');
if (root) {
  root.replaceChildren();
  render(html`<${App} />`, root);
}
if (document.documentElement.dataset.keys === 'needed') {
  loadSession().then((isKnown) => { if (isKnown) start(); }, start);
} else { // nobody has to be known before the search is sent
  start();
  loadSession().catch(() => {});
}

function start() {
  loadCollections();
  followQuestion();
}
