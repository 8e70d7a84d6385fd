/** What is shown first for a query, and what is not. */
import { html } from '../vendor/preact.js';
import { recordPath } from '../state/api.js';
import { question } from '../state/address.js';
import { editOne } from '../state/rules.js';
import { thumbnailOf } from '../grid/tile.js';
import { t } from '../words/words.js';
import { Icon } from '../views/icon.js';
import { Field, listed, Remove } from './synonyms.js';

/** @param {{id: string}} properties */
function Record({ id }) {
  const path = recordPath(question.value.collection, id, '/thumbnail');
  return html`<img class="rule-picture" alt="" src=${thumbnailOf(path, 64)} onError=${(/** @type {any} */ event) => event.currentTarget.classList.add('gone')} /><span class="mono">${id}</span>`;
}

/** @param {{label: string, onAdd: (ids: string[]) => void}} properties */
function AddRecords({ label, onAdd }) {
  return html`<label class="rule-field"><span>${label}</span>
    <input value="" placeholder="sku-7" onChange=${(/** @type {any} */ event) => {
      const ids = listed(event.currentTarget.value);
      event.currentTarget.value = '';
      if (ids.length) onAdd(ids);
    }} />
  </label>`;
}

/** @param {{one: import('../state/rules.js').Curation, at: number}} properties */
function CurationRule({ one, at }) {
  /** @param {Partial<import('../state/rules.js').Curation>} changes */
  const change = (changes) => editOne('curations', at, changes);
  return html`<div class="rule card">
    <div class="row">
      <${Field} label=${t('forQuery')} value=${one.query} options=${{ class: 'long' }} onChange=${(/** @type {string} */ query) => change({ query })} />
      <label class="rule-field"><span>${t('matchOf')}</span>
        <select value=${one.match ?? 'exact'} onChange=${(/** @type {any} */ event) => change({ match: event.currentTarget.value })}>
          <option value="exact">${t('matchExact')}</option><option value="contains">${t('matchContains')}</option>
        </select></label>
      <${Field} label=${t('fromDay')} type="date" value=${one.from?.slice(0, 10)} onChange=${(/** @type {string} */ from) => change({ from })} />
      <${Field} label=${t('untilDay')} type="date" value=${one.until?.slice(0, 10)} onChange=${(/** @type {string} */ until) => change({ until })} />
      <span class="grow"></span>
      <${Remove} of=${one.query} onRemove=${() => editOne('curations', at, null)} />
    </div>
    <ul class="rule-records" aria-label=${t('pinned')}>
      ${one.pin.map((pin, place) => html`<li key=${pin.id}>
        <input type="number" class="short" min="1" max="100" aria-label=${t('positionOf', pin.id)} value=${pin.position ?? ''} placeholder=${place + 1} onChange=${(/** @type {any} */ event) => {
          const position = event.currentTarget.valueAsNumber;
          change({ pin: one.pin.map((other) => (other === pin ? { id: pin.id, ...(position ? { position } : {}) } : other)) });
        }} />
        <${Record} id=${pin.id} /><${Remove} of=${pin.id} onRemove=${() => change({ pin: one.pin.filter((other) => other !== pin) })} /></li>`)}
    </ul>
    <${AddRecords} label=${t('pinRecords')} onAdd=${(/** @type {string[]} */ ids) => change({ pin: [...one.pin, ...ids.map((id) => ({ id }))] })} />
    <ul class="rule-records hidden-ones" aria-label=${t('hiddenRecords')}>
      ${one.hide.map((id) => html`<li key=${id}><${Record} id=${id} /><${Remove} of=${id} onRemove=${() => change({ hide: one.hide.filter((other) => other !== id) })} /></li>`)}
    </ul>
    <${AddRecords} label=${t('hideRecords')} onAdd=${(/** @type {string[]} */ ids) => change({ hide: [...one.hide, ...ids] })} />
  </div>`;
}

/** @param {{list: import('../state/rules.js').Curation[]}} properties */
export function Curations({ list }) {
  return html`<section><h2>${t('curations')}</h2><p class="muted small-text">${t('curationsHow')}</p>
    ${list.map((one, at) => html`<${CurationRule} key=${`c${at}of${list.length}`} one=${one} at=${at} />`)}
    <button type="button" onClick=${() => editOne('curations', list.length, { query: question.value.words, pin: [], hide: [] })}><${Icon} name="plus" /> ${t('addCuration')}</button>
  </section>`;
}
