/** Versions that were published: what each said, and going back to it. */
import { html, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { question } from '../state/address.js';
import { goBackTo, versions } from '../state/rules.js';
import { date, number, t } from '../words/words.js';

/** @param {{attempt: (work: () => Promise<unknown>) => void}} properties */
export function Versions({ attempt }) {
  const [shown, setShown] = useState(/** @type {{version: number, text: string} | null} */ (null));
  if (!versions.value.length) return null;
  /** @param {number} version */
  const show = (version) => attempt(async () => {
    if (shown?.version === version) return setShown(null);
    const found = await ask('GET', collectionPath(question.value.collection, `/rules/versions/${version}`));
    return setShown({ version, text: JSON.stringify(found.rules, null, 2) });
  });
  return html`<section><h2>${t('versions')}</h2>
    <div class="scrolls"><table class="list"><tbody>${versions.value.map((one, at) => html`<tr>
      <th scope="row">${number(one.version)}</th>
      <td>${one.at ? date(one.at) : ''}</td>
      <td class="version-note">${one.note}</td>
      <td><button type="button" class="quiet" aria-expanded=${shown?.version === one.version} onClick=${() => show(one.version)}>${t('showVersion')}</button>
        ${at === 0 ? html`<span class="muted">${t('holds')}</span>` : html`<button type="button" onClick=${() => attempt(() => goBackTo(one.version))}>${t('goBackTo', number(one.version))}</button>`}</td>
    </tr>`)}</tbody></table></div>
    ${shown && html`<pre class="mono" tabindex="0" aria-label=${t('showVersion')}>${shown.text}</pre>`}
  </section>`;
}
