/** The keys, and how to search. */
import { html, signal, useEffect, useRef } from '../vendor/preact.js';
import { t } from '../words/words.js';
import { Icon } from './icon.js';

export const helpIsOpen = signal(false);

const KEYS = [
  ['/', 'keySearch'], ['← → ↑ ↓', 'keyMove'], ['Enter', 'keyOpen'], ['Esc', 'keyBack'], ['m', 'keyMore'],
  ['n', 'keyNot'], ['r', 'keyRegion'], ['x', 'keySelect'], ['f', 'keyFacets'], ['l', 'keyFold'], ['+ -', 'tileSize'], ['?', 'help'],
];

export function Help() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (helpIsOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [helpIsOpen.value]);
  return html`<dialog ref=${dialog} class="small" aria-labelledby="help-title" onClose=${() => { helpIsOpen.value = false; }}>
    ${helpIsOpen.value && html`<div class="dialog-head">
      <h2 id="help-title">${t('help')}</h2>
      <button type="button" class="quiet" aria-label=${t('close')} onClick=${() => { helpIsOpen.value = false; }}><${Icon} name="close" /></button>
    </div>
    <ul class="plain">${['helpWords', 'helpPicture', 'helpNot', 'helpLine', 'helpAddress'].map((one) => html`<li>${t(one)}</li>`)}</ul>
    <table class="keys"><tbody>
      ${KEYS.map(([key, word]) => html`<tr><th scope="row"><kbd>${key}</kbd></th><td>${t(word)}</td></tr>`)}
    </tbody></table>`}
  </dialog>`;
}
