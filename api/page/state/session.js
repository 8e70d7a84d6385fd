/** Who asks, where the service has keys; the key itself is in a cookie that no script can read. */
import { signal } from '../vendor/preact.js';
import { ask, needsKey } from './api.js';

/** @type {import('../vendor/preact.js').Signal<{key: string | null, scope: string | null} | null>} */
export const session = signal(null);

/** Ask who asks; a service that wants a key and has none gets one asked for. */
export async function loadSession() {
  const found = await ask('GET', '/v1/session');
  session.value = found;
  needsKey.value = found.needs_key && !found.key;
  return !needsKey.value;
}

/** @param {string} key */
export async function signIn(key) {
  session.value = await ask('POST', '/v1/session', { key });
  needsKey.value = false;
}

export async function signOut() {
  await ask('DELETE', '/v1/session');
  session.value = null;
  needsKey.value = true;
}

/** Whether this key may change anything. */
export function mayWrite() {
  const { key, scope } = session.value ?? { key: null, scope: null };
  return !key || scope === 'write' || scope === 'admin';
}
