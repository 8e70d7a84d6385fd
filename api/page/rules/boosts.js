/** What moves up among things that are as relevant. */
import { html } from '../vendor/preact.js';
import { fields, isTechnical } from '../state/collections.js';
import { editOne } from '../state/rules.js';
import { t } from '../words/words.js';
import { Icon } from '../views/icon.js';
import { Field, Remove } from './synonyms.js';

const KINDS = ['number', 'date', 'where', 'formula'];

/** @param {import('../state/rules.js').Boost} one */
function kindOf(one) {
  if (one.formula !== undefined) return 'formula';
  if (one.where !== undefined) return 'where';
  return one.half_life_days === undefined ? 'number' : 'date';
}

/** The first field of a type, for what is new. @param {string} type */
function firstOf(type) {
  const all = fields.value.filter((one) => one.type === type);
  return (all.find((one) => !isTechnical(one.name)) ?? all[0])?.name ?? '';
}

/** A new value of a kind. @param {string} kind */
function blankOf(kind) {
  const none = { field: undefined, prefer: undefined, pivot: undefined, half_life_days: undefined, where: undefined, formula: undefined };
  if (kind === 'number') return { ...none, field: firstOf('number'), pivot: 100 };
  if (kind === 'date') return { ...none, field: firstOf('date'), half_life_days: 30 };
  return kind === 'where' ? { ...none, where: 'stock = 0' } : { ...none, formula: 'saturation(sales, 100)' };
}

/** @param {{one: import('../state/rules.js').Boost, at: number}} properties */
function BoostRule({ one, at }) {
  const kind = kindOf(one);
  /** @param {any} changes */
  const change = (changes) => editOne('boosts', at, changes);
  const names = fields.value.filter((each) => each.type === kind).map((each) => each.name);
  if (one.field && !names.includes(one.field)) names.push(one.field);
  return html`<div class="rule row">
    <${Field} label=${t('ruleName')} value=${one.name} onChange=${(/** @type {string} */ name) => change({ name })} />
    <${Field} label=${t('boostWeight')} type="number" value=${one.weight} options=${{ class: 'short', step: 'any', min: -0.99, max: 10 }} onChange=${(/** @type {string} */ text) => text && change({ weight: Number(text) })} />
    <label class="rule-field"><span>${t('boostBy')}</span>
      <select value=${kind} onChange=${(/** @type {any} */ event) => change(blankOf(event.currentTarget.value))}>
        ${KINDS.map((each) => html`<option value=${each}>${t(`boost-${each}`)}</option>`)}
      </select></label>
    ${(kind === 'number' || kind === 'date') && html`<label class="rule-field"><span>${t('boostField')}</span>
      <select value=${one.field} onChange=${(/** @type {any} */ event) => change({ field: event.currentTarget.value })}>${names.map((each) => html`<option>${each}</option>`)}</select></label>`}
    ${kind === 'number' && html`<${Field} label=${t('boostPivot')} type="number" value=${one.pivot} options=${{ class: 'short', step: 'any', min: 0 }} onChange=${(/** @type {string} */ text) => text && change({ pivot: Number(text) })} />
      <label class="rule-field"><span>${t('boostPrefer')}</span><select value=${one.prefer ?? 'high'} onChange=${(/** @type {any} */ event) => change({ prefer: event.currentTarget.value })}>
        <option value="high">${t('preferHigh')}</option><option value="low">${t('preferLow')}</option></select></label>`}
    ${kind === 'date' && html`<${Field} label=${t('halfLife')} type="number" value=${one.half_life_days} options=${{ class: 'short', step: 'any', min: 0 }} onChange=${(/** @type {string} */ text) => text && change({ half_life_days: Number(text) })} />`}
    ${kind === 'where' && html`<${Field} label=${t('boost-where')} value=${one.where} options=${{ class: 'long mono' }} onChange=${(/** @type {string} */ where) => where && change({ where })} />`}
    ${kind === 'formula' && html`<${Field} label=${t('boost-formula')} value=${one.formula} options=${{ class: 'long mono' }} onChange=${(/** @type {string} */ formula) => formula && change({ formula })} />`}
    <${Remove} of=${one.name ?? t(`boost-${kind}`)} onRemove=${() => editOne('boosts', at, null)} />
  </div>`;
}

/** @param {{list: import('../state/rules.js').Boost[]}} properties */
export function Boosts({ list }) {
  return html`<section><h2>${t('boosts')}</h2><p class="muted small-text">${t('boostsHow')}</p>
    ${list.map((one, at) => html`<${BoostRule} key=${`b${at}of${list.length}`} one=${one} at=${at} />`)}
    <button type="button" disabled=${list.length >= 10} onClick=${() => editOne('boosts', list.length, { weight: 0.5, ...withoutBlank(blankOf(firstOf('number') ? 'number' : 'where')) })}><${Icon} name="plus" /> ${t('addBoost')}</button>
  </section>`;
}

/** @param {Record<string, unknown>} rule */
function withoutBlank(rule) {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined));
}
