/** The collections: what there is, making one, adding to one. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { go, question } from '../state/address.js';
import { collections, current, loadCollections } from '../state/collections.js';
import { mayWrite } from '../state/session.js';
import { bytes, date, number, t } from '../words/words.js';
import { Failure } from '../views/notice.js';
import { Sources } from './sources.js';
import { Upload } from './upload.js';

function List() {
  const list = collections.value ?? [];
  if (!list.length) return null;
  return html`<div class="scrolls"><table class="list">
    <thead><tr><th scope="col">${t('nameOfCollection')}</th><th scope="col" class="figure">${t('recordsColumn')}</th><th scope="col" class="figure aside">${t('size')}</th><th scope="col" class="aside">${t('model')}</th><th scope="col" class="aside">${t('changed')}</th><th></th></tr></thead>
    <tbody>${list.map((one) => html`<tr class=${one.name === question.value.collection ? 'current' : ''}>
      <th scope="row"><button type="button" class="link" aria-current=${one.name === question.value.collection} onClick=${() => go({ collection: one.name, choices: {}, terms: [], sort: '', group: '' })}>${one.name}</button></th>
      <td class="figure">${number(one.records)}</td>
      <td class="figure aside">${bytes(one.bytes)}</td>
      <td class="aside">${one.model ?? '–'}</td>
      <td class="aside">${one.changed_at ? date(one.changed_at) : '–'}</td>
      <td><button type="button" onClick=${() => go({ collection: one.name, view: '', words: '', choices: {}, terms: [], sort: '', group: '' })}>${t('searchIn')}</button></td>
    </tr>`)}</tbody>
  </table></div>`;
}

/** As the service has it: names stand in addresses and in names of folders. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function Make() {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  /** @param {any} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    const field = event.currentTarget.elements.name;
    const name = field.value.trim().replace(/\s+/g, '-');
    if (!NAME.test(name)) {
      setError(new Error(t('namesOfCollections')));
      field.focus();
      return;
    }
    if (collections.value?.some((one) => one.name === name)) {
      setError(new Error(t('alreadyThere', name)));
      field.focus();
      return;
    }
    try {
      setError(null);
      await ask('PUT', collectionPath(name), {});
      await loadCollections();
      field.value = '';
      go({ collection: name, choices: {}, terms: [], sort: '', group: '', words: '' });
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<form class="row" onSubmit=${onSubmit}>
      <label class="inline">${t('newCollection')} <input name="name" required maxlength="64" placeholder="photos" autocomplete="off" /></label>
      <button type="submit">${t('make')}</button>
    </form>
    ${error && html`<${Failure} error=${error} />`}`;
}

export function CollectionsRoom() {
  useEffect(() => { loadCollections(); }, []);
  const name = current.value?.name;
  return html`<section class="panel" aria-labelledby="collections-title">
    <h1 id="collections-title">${t('collections')}</h1>
    <${List} />
    ${mayWrite() && html`<${Make} />`}
    ${name && mayWrite() && html`<${Upload} key=${name} collection=${name} /><${Sources} key=${`${name}/sources`} collection=${name} />`}
  </section>`;
}
