/** Pictures that are dropped or pasted anywhere. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { question } from '../state/address.js';
import { needsKey } from '../state/api.js';
import { t } from '../words/words.js';
import { act } from './actions.js';

/**
 * Rooms that take pictures themselves say so here; else a picture is searched with.
 * @type {{take: ((files: File[]) => void) | null}}
 */
export const receiver = { take: null };

/** @param {DataTransfer | null} transfer */
function picturesOf(transfer) {
  return [...(transfer?.files ?? [])].filter((one) => one.type.startsWith('image/') || !one.type);
}

/** @param {File[]} files */
function receive(files) {
  if (!files.length || needsKey.value) return;
  if (receiver.take) receiver.take(files);
  else act.searchWith(files[0]);
}

export function DropZone() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    /** @param {DragEvent} event */
    const over = (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    };
    /** @param {DragEvent} event */
    const leave = (event) => {
      if (!event.relatedTarget) setOver(false);
    };
    /** @param {DragEvent} event */
    const drop = (event) => {
      setOver(false);
      if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      receive(picturesOf(event.dataTransfer));
    };
    /** @param {ClipboardEvent} event */
    const paste = (event) => {
      const files = picturesOf(event.clipboardData);
      if (files.length) {
        event.preventDefault();
        receive(files);
      }
    };
    const on = /** @type {any} */ (addEventListener);
    const off = /** @type {any} */ (removeEventListener);
    const pairs = [['dragover', over], ['dragleave', leave], ['drop', drop], ['paste', paste]];
    for (const [name, what] of pairs) on(name, what);
    return () => pairs.forEach(([name, what]) => off(name, what));
  }, []);
  if (!isOver) return null;
  const room = question.value.view;
  return html`<div class="drop-over" aria-hidden="true">
    <p>${t(room === 'collections' ? 'dropToUpload' : room === 'lookup' ? 'dropToLookUp' : 'dropToSearch')}</p>
  </div>`;
}
