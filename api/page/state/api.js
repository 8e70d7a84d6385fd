/** Asking the service. A key lives in a cookie that scripts cannot read; nothing is kept here. */
import { signal } from '../vendor/preact.js';

/** Whether the service has asked for a key. */
export const needsKey = signal(false);

/** What the service says went wrong. */
export class Problem extends Error {
  /**
   * @param {number} status 0 where the service was not reached
   * @param {string} code stable name of the kind
   * @param {string} detail for a person
   * @param {string} requestId found in the service's log
   */
  constructor(status, code, detail, requestId) {
    super(detail);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/**
 * Ask the service.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] an object goes as JSON, a FormData as it is
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} the answer read as JSON, null where it has no body
 * @throws {Problem}
 */
export async function ask(method, path, body, signal) {
  const response = await send(method, path, body, signal);
  if (response.status === 204) return null;
  return response.json();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Response>}
 */
export async function send(method, path, body, signal, headers = {}) {
  /** @type {RequestInit} */
  const options = { method, signal, credentials: 'same-origin', headers };
  if (body instanceof FormData) {
    options.body = body;
  } else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { 'Content-Type': 'application/json', ...headers };
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'unreachable', '', '');
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  if (response.status === 401 && !path.startsWith('/v1/session')) needsKey.value = true;
  const detail = told.detail || told.title || response.statusText;
  throw new Problem(response.status, told.code || '', detail, told.request_id || '');
}

/**
 * @param {string} collection
 * @param {string} [rest] such as "/search"
 */
export function collectionPath(collection, rest = '') {
  return `/v1/collections/${encodeURIComponent(collection)}${rest}`;
}

/**
 * @param {string} collection
 * @param {string} id
 * @param {string} [rest]
 */
export function recordPath(collection, id, rest = '') {
  return collectionPath(collection, `/records/${encodeURIComponent(id)}${rest}`);
}

/** @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === 'AbortError';
}
