/** The whole page: a header, the room that is open, and what lies over it. */
import { Component, html, useEffect } from '../vendor/preact.js';
import { needsKey } from '../state/api.js';
import { spoken } from '../state/announce.js';
import { question } from '../state/address.js';
import { current } from '../state/collections.js';
import { language } from '../state/look.js';
import { answered } from '../state/results.js';
import { t } from '../words/words.js';
import { DropZone } from './drop.js';
import { Header } from './header.js';
import { Help } from './help.js';
import { onPageKey } from './keys.js';
import { later } from './later.js';
import { Notice } from './notice.js';
import { ResultsRoom } from './results.js';
import { ROOMS } from './rooms.js';
import { SignIn } from './signin.js';

const fetchDetail = () => import('../detail/detail.js').then((found) => found.Detail);
const Detail = later(fetchDetail);
const SOON_MS = 1500;

/** Keeps what fails in one place from emptying the page. */
export class Boundary extends Component {
  constructor() {
    super();
    this.state = { error: null };
  }

  /** @param {unknown} error */
  static getDerivedStateFromError(error) {
    return { error };
  }

  /** @param {unknown} error */
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  /** @param {any} properties @param {any} state */
  render(properties, state) {
    if (!state.error) return properties.children;
    return html`<div class="error" role="alert">
      <p>${t('partFailed')} ${String(state.error.message ?? state.error)}</p>
      <button type="button" onClick=${() => this.setState({ error: null })}>${t('tryAgain')}</button>
    </div>`;
  }
}

function Room() {
  const room = ROOMS.find((one) => one.name === question.value.view);
  return html`<${room ? room.Part : ResultsRoom} />`;
}

/** The window's title says what is searched. */
function useTitle() {
  const { words, collection } = question.value;
  useEffect(() => {
    document.title = [words, collection, 'Binocle'].filter(Boolean).join(' – ');
  }, [words, collection]);
}

/** What is opened next, most likely, is there by then. */
function useForesight() {
  const isAnswered = answered.value !== '';
  useEffect(() => {
    if (isAnswered) setTimeout(() => fetchDetail().catch(() => {}), SOON_MS);
  }, [isAnswered]);
}

export function App() {
  useTitle();
  useForesight();
  useEffect(() => {
    addEventListener('keydown', onPageKey);
    return () => removeEventListener('keydown', onPageKey);
  }, []);
  const { view, open } = question.value;
  const isSearch = !view;
  return html`
    <a class="skip" href="#main">${t('skip')}</a>
    <${Boundary}><${Header} /><//>
    <main id="main" tabindex="-1" key=${language.value}>
      ${needsKey.value
        ? html`<${SignIn} />`
        : html`<div hidden=${!isSearch}><${Boundary}><${ResultsRoom} /><//></div>
          ${!isSearch && html`<${Boundary} key=${view}><${Room} /><//>`}`}
    </main>
    ${open && !needsKey.value && current.value && html`<${Boundary}><${Detail} id=${open} /><//>`}
    <${DropZone} />
    <${Notice} />
    <${Help} />
    <div class="hidden" role="status" aria-live="polite">${spoken.value}</div>
  `;
}
