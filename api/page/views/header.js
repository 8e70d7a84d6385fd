/** The one line at the top: which collection, the search box, the other rooms. */
import { html } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { collections } from '../state/collections.js';
import { language, setLanguage, setTheme, theme } from '../state/look.js';
import { busy } from '../state/results.js';
import { session, signOut } from '../state/session.js';
import { number, t } from '../words/words.js';
import { helpIsOpen } from './help.js';
import { SearchBox } from './box.js';
import { Icon } from './icon.js';
import { ROOMS } from './rooms.js';
import { Saved } from './saved.js';

/** @param {any} event */
function onCollection(event) {
  const name = event.currentTarget.value;
  const { words } = question.value;
  go({ collection: name, words, terms: [], choices: {}, sort: '', group: '', target: '', optional: [], rules: '', open: '', view: question.value.view === 'rules' ? 'rules' : '' });
}

function CollectionChoice() {
  const list = collections.value ?? [];
  if (!list.length) return null;
  return html`<select class="collection" aria-label=${t('collection')} value=${question.value.collection} onChange=${onCollection}>
    ${list.map((one) => html`<option value=${one.name}>${one.name} (${number(one.records)})</option>`)}
  </select>`;
}

/** @param {string} view */
function enter(view) {
  document.getElementById('menu')?.hidePopover();
  go({ view, open: '' });
}

function Menu() {
  const { view } = question.value;
  const rooms = ['', ...ROOMS.filter((one) => !one.mayEnter || one.mayEnter()).map((one) => one.name)];
  return html`<div id="menu" popover class="menu">
    <nav aria-label=${t('rooms')}>
      ${rooms.map((name) => html`<button type="button" aria-current=${view === name ? 'page' : undefined} onClick=${() => enter(name)}>${t(name || 'search')}</button>`)}
    </nav>
    <label>${t('theme')}
      <select value=${theme.value} onChange=${(/** @type {any} */ event) => setTheme(event.currentTarget.value)}>
        <option value="">${t('themeSystem')}</option>
        <option value="light">${t('themeLight')}</option>
        <option value="dark">${t('themeDark')}</option>
      </select>
    </label>
    <label>${t('language')}
      <select value=${language.value} onChange=${(/** @type {any} */ event) => setLanguage(event.currentTarget.value)}>
        <option value="en" lang="en">English</option>
        <option value="zh" lang="zh-Hans">中文</option>
      </select>
    </label>
    <button type="button" onClick=${() => { document.getElementById('menu')?.hidePopover(); helpIsOpen.value = true; }}>${t('help')} <kbd>?</kbd></button>
    ${session.value?.key && html`<button type="button" onClick=${() => { document.getElementById('menu')?.hidePopover(); signOut(); }}>${t('signOut')} <span class="muted">${session.value.key}</span></button>`}
    <a href="/docs" target="_blank" rel="noopener">${t('api')}</a>
  </div>`;
}

export function Header() {
  return html`<header class="header">
    <div class="start">
      <a class="brand" href="/" aria-label="Binocle" onClick=${(/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        go({ words: '', terms: [], choices: {}, sort: '', group: '', target: '', optional: [], rules: '', view: '', open: '' });
      }}><span aria-hidden="true">Binocle</span></a>
      <${CollectionChoice} />
    </div>
    <${SearchBox} />
    <div class="end">
      <${Saved} />
      <button type="button" class="quiet wide-only" onClick=${() => enter('lookup')}>${t('lookup')}</button>
      <button type="button" class="quiet wide-only" onClick=${() => enter('collections')}>${t('collections')}</button>
      <button type="button" class="quiet" popovertarget="menu" aria-label=${t('menu')}><${Icon} name="more" /></button>
      <${Menu} />
    </div>
    <div class="progress ${busy.value ? 'busy' : ''}" aria-hidden="true"></div>
  </header>`;
}
