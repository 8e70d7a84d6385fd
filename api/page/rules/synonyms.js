/** Words that mean the same. */
import { html } from '../vendor/preact.js';
import { editOne } from '../state/rules.js';
import { t } from '../words/words.js';
import { Icon } from '../views/icon.js';

/** The texts between commas, of either script. @param {string} text */
export function listed(text) {
  return text.split(/[,，、;；]/).map((one) => one.trim()).filter(Boolean);
}

/** @param {{label: string, value: string | number | undefined, onChange: (value: string) => void, type?: string, options?: Record<string, unknown>}} properties */
export function Field({ label, value, onChange, type = 'text', options = {} }) {
  return html`<label class="rule-field"><span>${label}</span>
    <input type=${type} value=${value ?? ''} ...${options} onChange=${(/** @type {any} */ event) => onChange(event.currentTarget.value.trim())} />
  </label>`;
}

/** @param {{of: string, onRemove: () => void}} properties */
export function Remove({ of, onRemove }) {
  return html`<button type="button" class="quiet tight" aria-label=${t('remove', of)} onClick=${onRemove}><${Icon} name="close" /></button>`;
}

/** @param {{list: import('../state/rules.js').Synonym[]}} properties */
export function Synonyms({ list }) {
  return html`<section><h2>${t('synonyms')}</h2><p class="muted small-text">${t('synonymsHow')}</p>
    ${list.map((one, at) => html`<div class="rule row" key=${`s${at}of${list.length}`}>
      <${Field} label=${t('wordsAlike')} value=${one.words.join(', ')} options=${{ class: 'long', placeholder: 'sofa, couch, settee' }} onChange=${(/** @type {string} */ text) => editOne('synonyms', at, { words: listed(text) })} />
      <${Field} label=${t('onlyTyped')} value=${one.typed} onChange=${(/** @type {string} */ text) => editOne('synonyms', at, { typed: text })} />
      <${Field} label=${t('ruleLanguage')} value=${one.language} options=${{ class: 'short', placeholder: 'de' }} onChange=${(/** @type {string} */ text) => editOne('synonyms', at, { language: text })} />
      <${Remove} of=${one.words.join(', ')} onRemove=${() => editOne('synonyms', at, null)} />
    </div>`)}
    <button type="button" onClick=${() => editOne('synonyms', list.length, { words: [] })}><${Icon} name="plus" /> ${t('addSynonym')}</button>
  </section>`;
}
