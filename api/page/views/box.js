/** The search box: words, and a chip for everything else that is looked for. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { refresh } from '../state/results.js';
import { t } from '../words/words.js';
import { act } from './actions.js';
import { Chips } from './chips.js';
import { Icon } from './icon.js';
import { isOffering, Suggestions } from './suggestions.js';

const NEGATED = /(?:^|\s)-(?:"([^"]+)"|([^\s"-][^\s"]*))/g;

/**
 * Take what is typed as "-dog" or -"navy blue" out of the words.
 * @param {string} typed
 */
export function negatedIn(typed) {
  const taken = [...typed.matchAll(NEGATED)].map((one) => one[1] ?? one[2]);
  return { words: typed.replace(NEGATED, ' ').replace(/\s+/g, ' ').trim(), taken };
}

/** @param {string} typed */
export function submit(typed) {
  const { words, taken } = negatedIn(typed);
  const known = question.value.terms;
  const added = taken
    .filter((one) => !known.some((term) => term.kind === 'words' && term.value === one))
    .map((value) => ({ kind: /** @type {const} */ ('words'), value, weight: -1, part: '' }));
  const isSame = words === question.value.words && !added.length && !question.value.view;
  go({ words, terms: [...known, ...added], view: '', open: '', exactly: false });
  if (isSame) refresh();
  scrollTo(0, 0);
}

export function SearchBox() {
  const { words } = question.value;
  const [typed, setTyped] = useState(words);
  const [isTyping, setTyping] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => setTyped(words), [words]);
  /** @param {string} text */
  const send = (text) => {
    setTyping(false);
    setTyped(negatedIn(text).words);
    submit(text);
  };
  const isEmpty = !typed && !question.value.terms.length;
  return html`<search class="box" onFocusOut=${(/** @type {any} */ event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setTyping(false);
  }}>
    <form onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); send(typed); }}>
      <div class="field" onClick=${(/** @type {any} */ event) => event.target === event.currentTarget && input.current?.focus()}>
        <${Chips} />
        <input
          id="words" ref=${input} type="text" autocomplete="off" spellcheck="true" enterkeyhint="search"
          role="combobox" aria-expanded=${isOffering.value} aria-controls=${isOffering.value ? 'suggestions' : undefined} aria-autocomplete="list"
          aria-label=${t('searchLabel')}
          placeholder=${isEmpty ? t('placeholder') : question.value.terms.length && !typed ? t('placeholderMore') : ''}
          value=${typed}
          onInput=${(/** @type {any} */ event) => { setTyped(event.currentTarget.value); setTyping(true); }}
          onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
            if (event.key === 'Backspace' && !typed) removeLast();
            else if (event.key === 'Escape') setTyping(false);
            else if (event.key === 'ArrowDown' && isTyping) {
              const first = /** @type {HTMLElement | null} */ (document.querySelector('#suggestions [role=option]'));
              if (first) { event.preventDefault(); first.focus(); }
            }
          }}
        />
        ${(typed || question.value.terms.length > 0) && html`<button type="button" class="quiet tight" aria-label=${t('clear')} onClick=${() => {
          setTyped('');
          go({ words: '', terms: [], exactly: false, open: '' });
          input.current?.focus();
        }}><${Icon} name="close" /></button>`}
        <button type="button" class="quiet tight" aria-label=${t('choosePicture')} title=${t('choosePicture')} onClick=${() => file.current?.click()}><${Icon} name="picture" /></button>
        <button type="submit" class="quiet tight" aria-label=${t('search')}><${Icon} name="search" /></button>
      </div>
      <input ref=${file} type="file" accept="image/*" class="hidden" tabindex="-1" aria-hidden="true" data-picture="yes" onChange=${(/** @type {any} */ event) => {
        const [picture] = event.currentTarget.files;
        if (picture) act.searchWith(picture);
        event.currentTarget.value = '';
      }} />
    </form>
    <${Suggestions} typed=${isTyping ? typed : ''} onChoose=${(/** @type {string} */ text) => { send(text); input.current?.focus(); }} />
  </search>`;
}

function removeLast() {
  const { terms } = question.value;
  if (terms.length) go({ terms: terms.slice(0, -1) });
}
