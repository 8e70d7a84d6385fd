/** One group of the same pictures: which is kept, how the others differ from it. */
import { html } from '../vendor/preact.js';
import { go } from '../state/address.js';
import { thumbnailOf } from '../grid/tile.js';
import { fileOf } from './review.js';
import { spoken } from '../words/service.js';
import { bytes, number, t } from '../words/words.js';

/** How a member differs from the one that is kept, lit where it does. @param {any} one @param {any} kept */
function differences(one, kept) {
  const isOther = (/** @type {boolean} */ differs, /** @type {string} */ text) => (
    differs ? html`<b>${text}</b>` : html`<span>${text}</span>`
  );
  const pixels = `${number(one.width)} × ${number(one.height)}`;
  return html`<span class="sizes">
    ${isOther(one.width !== kept.width || one.height !== kept.height, pixels)}
    ${isOther(one.size_bytes !== kept.size_bytes, bytes(one.size_bytes))}
  </span>`;
}

/**
 * @param {{group: import('./review.js').Group, place: number, isCurrent: boolean, onFocus: () => void,
 *   onChange: (changes: Partial<import('./review.js').Group>) => void}} properties
 */
export function GroupRow({ group, place, isCurrent, onFocus, onChange }) {
  const kept = group.members[group.keep];
  const state = { '': '', accepted: t('accept'), all: t('notSame') }[group.state];
  return html`<section class="group ${group.state}" tabindex=${isCurrent ? 0 : -1} aria-label="${place + 1}: ${state}" onFocusIn=${onFocus}>
    <div class="members" role="radiogroup" aria-label=${t('keep')}>
      ${group.members.map((one, at) => {
        const isKept = group.state === 'all' || at === group.keep;
        const word = group.state ? t(isKept ? 'kept' : 'dropped') : t(at === group.keep ? 'kept' : `verdict-${one.verdict}`);
        return html`<div class="member ${isKept ? 'kept' : group.state ? 'dropped' : ''}">
          <button type="button" role="radio" aria-checked=${at === group.keep} tabindex="-1" aria-label=${t('keepThis', one.id)} onClick=${() => onChange({ keep: at })}>
            <img alt="" loading="lazy" src=${thumbnailOf(one.thumbnail, 320)} />
          </button>
          <span class="word">${word}</span>
          ${differences(one, kept)}
          ${at !== group.keep && group.keep === 0 && html`<span class="muted">${t('lesserBy', spoken(one.why))}</span>`}
          <button type="button" class="link mono" tabindex="-1" onClick=${() => go({ open: one.id })}>${fileOf(one)}</button>
        </div>`;
      })}
    </div>
    <div class="decide">
      ${group.state
        ? html`<button type="button" tabindex="-1" onClick=${() => onChange({ state: '', keep: 0 })}>${t('undo')}</button>`
        : html`<button type="button" class="primary" tabindex="-1" onClick=${() => onChange({ state: 'accepted' })}>${t('accept')}</button>
          <button type="button" tabindex="-1" onClick=${() => onChange({ state: 'all' })}>${t('notSame')}</button>`}
    </div>
  </section>`;
}
