/** Following what takes minutes: asked about while it runs, once in a while, not by a held stream. */
import { ask, collectionPath } from './api.js';

const EVERY_MS = 700;

/**
 * @param {string} collection
 * @param {any} job as it was answered when it began
 * @param {(job: any) => void} onChange
 * @param {AbortSignal} stop
 * @returns {Promise<any>} the job when it has ended
 */
export async function follow(collection, job, onChange, stop) {
  let now = job;
  onChange(now);
  while (['waiting', 'running'].includes(now.state)) {
    await new Promise((resolve) => { setTimeout(resolve, EVERY_MS); });
    if (stop.aborted) return now;
    if (document.hidden && now.state === 'running') await visible();
    now = await ask('GET', collectionPath(collection, `/jobs/${now.id}`), undefined, stop);
    onChange(now);
  }
  return now;
}

function visible() {
  return new Promise((resolve) => {
    document.addEventListener('visibilitychange', () => resolve(undefined), { once: true });
  });
}
