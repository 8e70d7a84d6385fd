/** The room of ranking rules: a draft is edited, tried and published; earlier versions can be had back. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { Problem } from '../state/api.js';
import { doubts, forgetDraft, hasDraft, isChanged, keepDraft, live, loadRules, publishDraft, readAnew, rules } from '../state/rules.js';
import { mayWrite } from '../state/session.js';
import { spoken } from '../words/service.js';
import { date, number, t } from '../words/words.js';
import { Failure } from '../views/notice.js';
import { Boosts } from './boosts.js';
import { Curations } from './curations.js';
import { Synonyms } from './synonyms.js';
import { Trial } from './trial.js';
import { Versions } from './versions.js';

function State() {
  const holds = live.value;
  if (!holds) return null;
  const which = holds.version ? t('rulesHold', number(holds.version), date(holds.at ?? '')) : t('noRules');
  const draft = isChanged.value ? t('rulesChanged') : hasDraft.value ? t('rulesDraft') : '';
  return html`<p>${which} <strong>${draft}</strong></p>`;
}

export function RulesRoom() {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [note, setNote] = useState('');
  const { collection } = question.value;
  /** @param {() => Promise<unknown>} work */
  const attempt = async (work) => {
    try {
      setError(null);
      await work();
    } catch (problem) {
      setError(problem);
    }
  };
  useEffect(() => { if (collection) attempt(loadRules); }, [collection]);
  const isOthers = error instanceof Problem && error.status === 412; // somebody has changed the draft
  const hasAny = hasDraft.value || isChanged.value;
  return html`<section class="panel rules" aria-labelledby="rules-title">
    <h1 id="rules-title">${t('rulesOf', collection)}</h1>
    <p class="muted">${t('rulesHow')}</p>
    ${!mayWrite() && html`<p class="warning">${t('rulesReadOnly')}</p>`}
    <${State} />
    ${error && (isOthers
      ? html`<${Failure} error=${error} retry=${t('takeTheirs')} onRetry=${() => attempt(readAnew)} />`
      : html`<${Failure} error=${error} onRetry=${() => attempt(loadRules)} />`)}
    ${doubts.value.map((one) => html`<p class="warning">${spoken(one)}</p>`)}
    ${rules.value && html`<fieldset disabled=${!mayWrite()}>
      <${Synonyms} list=${rules.value.synonyms} />
      <${Curations} list=${rules.value.curations} />
      <${Boosts} list=${rules.value.boosts} />
      <div class="rules-bar row">
        <button type="button" disabled=${!isChanged.value} onClick=${() => attempt(keepDraft)}>${t('keepDraft')}</button>
        <button type="button" disabled=${!hasAny} onClick=${() => attempt(forgetDraft)}>${t('forgetDraft')}</button>
        ${hasDraft.value && html`<button type="button" onClick=${() => go({ view: '', rules: 'draft' })}>${t('searchByDraft')}</button>`}
        <span class="grow"></span>
        <label class="inline">${t('publishNote')} <input maxlength="1000" value=${note} onInput=${(/** @type {any} */ event) => setNote(event.currentTarget.value)} /></label>
        <button type="button" class="primary" disabled=${!hasAny} onClick=${() => attempt(async () => { await publishDraft(note); setNote(''); })}>${t('publish')}</button>
      </div>
      <${Trial} attempt=${attempt} />
      <${Versions} attempt=${attempt} />
    </fieldset>`}
  </section>`;
}
