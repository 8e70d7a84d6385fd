/** What the draft changes for queries that are typed, and for those asked most. */
import { html, useState } from '../vendor/preact.js';
import { question } from '../state/address.js';
import { tryDraft } from '../state/rules.js';
import { number, t } from '../words/words.js';

/** @param {{one: any}} properties */
function Tried({ one }) {
  const said = (/** @type {any} */ move) => {
    if (move.before === null || move.before === undefined) return t('movedIn', move.after);
    if (move.after === null || move.after === undefined) return t('movedOut', move.before);
    return t('moved', move.before, move.after);
  };
  return html`<tr>
    <th scope="row">${one.query}${one.error && html`<br /><span class="warning">${one.error}</span>`}</th>
    <td class="figure">${number(one.relevant_before ?? 0)} → ${number(one.relevant_after ?? 0)}</td>
    <td>${one.moves.length ? one.moves.map((/** @type {any} */ move) => html`<span class="move"><span class="mono">${move.id}</span> ${said(move)}</span> `) : html`<span class="muted">${t('noMoves')}</span>`}</td>
  </tr>`;
}

/** @param {{attempt: (work: () => Promise<unknown>) => void}} properties */
export function Trial({ attempt }) {
  const [text, setText] = useState(question.value.words);
  const [recorded, setRecorded] = useState(0);
  const [found, setFound] = useState(/** @type {any} */ (null));
  const queries = text.split('\n').map((/** @type {string} */ one) => one.trim()).filter(Boolean);
  return html`<section><h2>${t('tryRules')}</h2>
    <div class="row">
      <label class="rule-field"><span>${t('tryQueries')}</span><textarea rows="3" class="long" value=${text} onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}></textarea></label>
      <label class="rule-field"><span>${t('tryRecorded')}</span><input type="number" class="short" min="0" max="200" value=${recorded} onChange=${(/** @type {any} */ event) => setRecorded(event.currentTarget.valueAsNumber || 0)} /></label>
      <button type="button" disabled=${!queries.length && !recorded} onClick=${() => attempt(async () => setFound(await tryDraft(queries, recorded)))}>${t('tryRules')}</button>
    </div>
    ${found && html`<p role="status">${t('triedCount', found.changed, found.tried.length)}</p>
      <div class="scrolls"><table class="list tried"><thead><tr><th scope="col">${t('forQuery')}</th><th scope="col" class="figure">${t('triedRelevant')}</th><th scope="col">${t('triedMoves')}</th></tr></thead>
      <tbody>${found.tried.map((/** @type {any} */ one) => html`<${Tried} one=${one} />`)}</tbody></table></div>`}
  </section>`;
}
