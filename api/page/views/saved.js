/** Saved and recent searches, behind a button beside the box. */
import { html, signal, useEffect, useState } from '../vendor/preact.js';
import { parse, question } from '../state/address.js';
import { tell } from '../state/notice.js';
import { askAgain, followAnswered, loadSaved, recent, removeSaved, savable, save, saved } from '../state/saved.js';
import { t } from '../words/words.js';
import { Icon } from './icon.js';
import { choiceTexts } from './reading.js';

const MENU = 'saved';
const isOpen = signal(false);

function close() {
  document.getElementById(MENU)?.hidePopover();
}

/** @param {Promise<void>} work */
function told(work) {
  work.catch((/** @type {Error} */ error) => tell(error));
}

/** What a search is called for short. @param {string} address */
function wordsOf(address) {
  const asked = parse(address.slice(2));
  const terms = asked.terms.map((one) => {
    if (one.kind === 'like') return `${t(one.weight < 0 ? 'notLike' : 'like')} ${one.value.split('/').at(-1)}`;
    const what = one.kind === 'picture' ? t('yourPicture') : one.value;
    return one.weight < 0 ? `${t('not')} ${what}` : what;
  });
  const filters = Object.entries(asked.choices).flatMap(([field, one]) => choiceTexts(field, one).map((each) => each.label));
  return [asked.words, ...terms, ...filters].filter(Boolean).join(', ');
}

function SaveForm() {
  const [name, setName] = useState('');
  const asked = question.value;
  if (!savable()) return null;
  if (asked.terms.some((one) => one.kind === 'picture')) return html`<p class="muted small-text">${t('cannotSavePicture')}</p>`;
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    if (!name.trim()) return;
    told(save(name.trim()));
    setName('');
  };
  return html`<form onSubmit=${onSubmit}>
    <input type="text" maxlength="200" aria-label=${t('saveAs')} placeholder=${t('saveAs')} value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} />
    <button type="submit">${t('save')}</button>
  </form>`;
}

function Lists() {
  return html`
    <h2>${t('saved')}</h2>
    ${saved.value.length === 0 && html`<p class="muted small-text">${t('noSaved')}</p>`}
    <ul>${saved.value.map((one) => html`<li key=${one.name}>
      <button type="button" onClick=${() => { close(); askAgain(one.search); }}>${one.name}</button>
      <button type="button" class="quiet tight" aria-label=${t('removeSaved', one.name)} onClick=${() => told(removeSaved(one.name))}><${Icon} name="close" /></button>
    </li>`)}</ul>
    ${recent.value.length > 0 && html`<h2>${t('recent')}</h2>
    <ul>${recent.value.map((one) => html`<li key=${one}>
      <button type="button" onClick=${() => { close(); askAgain(one.slice(2)); }}>${wordsOf(one)}</button>
    </li>`)}</ul>`}`;
}

export function Saved() {
  useEffect(() => followAnswered(), []);
  /** @param {any} event */
  const onToggle = (event) => {
    isOpen.value = event.newState === 'open';
    if (isOpen.value) told(loadSaved());
  };
  return html`<button type="button" class="quiet tight" popovertarget=${MENU} aria-label=${t('saved')} title=${t('saved')}><${Icon} name="saved" /></button>
    <div id=${MENU} popover class="menu saved" onToggle=${onToggle}>
      ${isOpen.value && html`<${SaveForm} /><${Lists} />`}
    </div>`;
}
