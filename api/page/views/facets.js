/** Narrowing down: values with counts, ranges of numbers and dates. A filter never shrinks its own. */
import { html, useState } from '../vendor/preact.js';
import { blankChoice, go, hasChoice, question } from '../state/address.js';
import { isTechnical } from '../state/collections.js';
import { facetError, facets, hasCounted, isOpen, togglePanel } from '../state/facets.js';
import { shownValue } from '../grid/tile.js';
import { fieldLabel, number, shortDate, t, unitOf } from '../words/words.js';
import { Failure } from './notice.js';
import { Icon } from './icon.js';

const NO_CHOICE = blankChoice();

/**
 * What a bound becomes; one that is let through no more stays so until another number is typed.
 * @param {import('../state/address.js').Choice} choice
 * @param {'min' | 'max'} plain
 * @param {'over' | 'under'} strict
 * @param {string} value
 */
function bound(choice, plain, strict, value) {
  return value !== '' && value === choice[strict] ? { [plain]: '' } : { [plain]: value, [strict]: '' };
}

/** @param {string} field @param {Partial<import('../state/address.js').Choice>} changes */
function choose(field, changes) {
  const choice = { ...NO_CHOICE, ...question.value.choices[field], ...changes };
  const { [field]: _, ...others } = question.value.choices;
  go({ choices: hasChoice(choice) ? { ...others, [field]: choice } : others, open: '' });
}

/** @param {{facet: any}} properties */
function Values({ facet }) {
  const chosen = question.value.choices[facet.field]?.values ?? [];
  const listed = facet.buckets.map((/** @type {any} */ one) => String(one.value));
  const gone = chosen.filter((one) => !listed.includes(one)).map((value) => ({ value, count: 0 }));
  return html`<ul class="values">
    ${[...facet.buckets, ...gone].map((/** @type {any} */ one) => {
      const value = String(one.value);
      const isChosen = chosen.includes(value);
      return html`<li><label>
        <input type="checkbox" checked=${isChosen} onChange=${() => choose(facet.field, { values: isChosen ? chosen.filter((other) => other !== value) : [...chosen, value] })} />
        <span class="value">${value}</span> <span class="muted count">${number(one.count)}</span>
      </label></li>`;
    })}
    ${facet.others > 0 && html`<li class="muted">${t('otherValues', number(facet.others))}</li>`}
  </ul>`;
}

/** @param {{facet: any}} properties */
function Bars({ facet }) {
  const most = Math.max(1, ...facet.buckets.map((/** @type {any} */ one) => one.count));
  const isDates = facet.kind === 'dates';
  const shown = (/** @type {any} */ value) => (isDates ? shortDate(String(value)) : shownValue(facet.field, Number(value)));
  return html`<div class="bars" role="group" aria-label=${t('rangesOf', fieldLabel(facet.field))}>
    ${facet.buckets.map((/** @type {any} */ one) => {
      const end = isDates ? lastDay(String(one.value), String(one.end ?? '')) : String(one.end ?? '');
      const label = `${shown(one.value)} – ${shown(isDates ? end : one.end)}: ${number(one.count)}`;
      return html`<button type="button" class="bar-button" title=${label} aria-label=${label} disabled=${one.count === 0}
        onClick=${() => choose(facet.field, { min: String(one.value), max: end, over: '', under: '' })}
      ><span style=${{ height: `${Math.max(one.count ? 6 : 0, (one.count / most) * 100)}%` }}></span></button>`;
    })}
  </div>`;
}

/** The last day before an end that is not included. @param {string} start @param {string} end */
function lastDay(start, end) {
  const day = new Date(`${end.slice(0, 10)}T00:00Z`);
  if (!end || Number.isNaN(day.getTime())) return start;
  day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

/** @param {{facet: any}} properties */
function Range({ facet }) {
  const choice = question.value.choices[facet.field] ?? NO_CHOICE;
  const type = facet.kind === 'dates' ? 'date' : 'number';
  /** @param {any} event */
  const send = (event) => {
    event.preventDefault();
    const { min, max } = event.currentTarget.elements;
    choose(facet.field, { ...bound(choice, 'min', 'over', asStored(min.value)), ...bound(choice, 'max', 'under', asStored(max.value)) });
  };
  const first = facet.buckets[0];
  const last = facet.buckets[facet.buckets.length - 1];
  const { factor, unit } = unitOf(facet.field, Number(last?.end));
  /** @param {string} typed */
  const asStored = (typed) => (typed === '' || factor === 1 ? typed : String(Math.round(Number(typed) * factor)));
  /** @param {any} value */
  const asTyped = (value) => (value === '' || value === undefined || factor === 1 ? String(value ?? '') : String(Number(value) / factor));
  const hint = (/** @type {any} */ value) => (type === 'number' ? asTyped(value) : '');
  const low = asTyped(choice.min || choice.over);
  const high = asTyped(choice.max || choice.under);
  return html`<${Bars} facet=${facet} />
    <form class="range ${type}" key=${`${low}|${high}`} onSubmit=${send}>
      <input name="min" type=${type} step="any" aria-label=${t('atLeastOf', fieldLabel(facet.field))} placeholder=${hint(first?.value)} defaultValue=${low.slice(0, type === 'date' ? 10 : undefined)} />
      <span aria-hidden="true">–</span>
      <input name="max" type=${type} step="any" aria-label=${t('atMostOf', fieldLabel(facet.field))} placeholder=${hint(last?.end)} defaultValue=${high.slice(0, type === 'date' ? 10 : undefined)} />
      ${unit && html`<span class="muted">${unit}</span>`}
      <button type="submit" aria-label=${t('applyRange', fieldLabel(facet.field))}><${Icon} name="check" /></button>
    </form>`;
}

/** Whether no two records share a value, as with names of files, or a city that one photo names: nothing to narrow down by. @param {any} facet */
function isAllDifferent(facet) {
  const { buckets } = facet;
  return facet.kind === 'values' && buckets.length > 0 && buckets.every((/** @type {any} */ one) => one.count === 1);
}

/** Whether every record has the same value, as where one folder is all there is. @param {any} facet */
function isAllSame(facet) {
  return facet.buckets.length === 1 && !facet.others && !facet.missing;
}

/** Whether a field can narrow anything down, or has. @param {any} facet */
function isOfUse(facet) {
  const total = facet.buckets.length;
  if (question.value.choices[facet.field]) return true;
  return total > 0 && !isAllSame(facet) && !(total === 1 && (facet.kind !== 'values' || isTechnical(facet.field))) && !isAllDifferent(facet);
}

/** @param {{facet: any, isAlone: boolean}} properties */
function FacetGroup({ facet, isAlone }) {
  const choice = question.value.choices[facet.field];
  const [isShut, setShut] = useState(isTechnical(facet.field) && !isAlone);
  return html`<section class="facet">
    <h3><button type="button" class="quiet" aria-expanded=${!isShut} onClick=${() => setShut(!isShut)}><span>${fieldLabel(facet.field)}</span> <${Icon} name=${isShut ? 'down' : 'up'} /></button>
      ${choice && html`<button type="button" class="quiet tight" aria-label=${t('liftFilter', fieldLabel(facet.field))} onClick=${() => choose(facet.field, NO_CHOICE)}><${Icon} name="close" /></button>`}
    </h3>
    ${!isShut && (facet.kind === 'values' ? html`<${Values} facet=${facet} />` : html`<${Range} facet=${facet} />`)}
  </section>`;
}

export function FacetPanel() {
  if (!isOpen.value) return null;
  const { choices } = question.value;
  const shown = facets.value.filter(isOfUse);
  const isFiltered = Object.keys(choices).length > 0;
  return html`<aside id="facets" class="facets" tabindex="-1" aria-label=${t('filters')}>
    <div class="row">
      ${isFiltered && html`<button type="button" onClick=${() => go({ choices: {} })}>${t('liftAll')}</button>`}
      <span class="grow"></span>
      <button type="button" class="quiet narrow-only" aria-label=${t('close')} onClick=${togglePanel}><${Icon} name="close" /></button>
    </div>
    ${facetError.value && html`<${Failure} error=${facetError.value} />`}
    ${shown.map((one) => html`<${FacetGroup} key=${one.field} facet=${one} isAlone=${shown.every((each) => isTechnical(each.field))} />`)}
    ${!shown.length && !facetError.value && hasCounted.value && html`<p class="muted">${t('noFacets')}</p>`}
  </aside>`;
}
