/** Asks for the key once; the service answers with a cookie that no script can read. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { loadCollections } from '../state/collections.js';
import { followQuestion, refresh } from '../state/results.js';
import { signIn } from '../state/session.js';
import { t } from '../words/words.js';
import { Failure } from './notice.js';

export function SignIn() {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  /** @param {any} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    const { key } = event.currentTarget.elements;
    try {
      await signIn(key.value.trim());
      await loadCollections();
      followQuestion();
      refresh();
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<section class="sign-in" aria-labelledby="sign-in-title">
    <h1 id="sign-in-title">${t('keyNeeded')}</h1>
    <p class="muted">${t('keyNeededWhy')}</p>
    <form onSubmit=${onSubmit} class="row">
      <label class="grow">${t('key')} <input name="key" type="password" required autocomplete="current-password" ref=${field} /></label>
      <button type="submit" class="primary">${t('open')}</button>
    </form>
    ${error && html`<${Failure} error=${error} />`}
  </section>`;
}
