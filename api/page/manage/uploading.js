/** Sending pictures: in small groups, twice where the line breaks, never what is there already. */
import { ask, collectionPath } from '../state/api.js';

const GROUP_FILES = 16;
const GROUP_BYTES = 24 * 1024 * 1024;
const TRIES = 4;

/** What a file is called in the collection: its path below the folder that was chosen. @param {File} file */
export function idOf(file) {
  return file.webkitRelativePath || file.name;
}

/**
 * Read which records there are, with their sizes in bytes.
 * @param {string} collection
 * @param {AbortSignal} stop
 * @returns {Promise<Map<string, number>>}
 */
export async function stored(collection, stop) {
  const found = new Map();
  let cursor = '';
  do {
    const rest = `/records?limit=1000${cursor ? `&cursor=${cursor}` : ''}`;
    const page = await ask('GET', collectionPath(collection, rest), undefined, stop);
    for (const one of page.records) found.set(one.id, Number(one.metadata.bytes));
    cursor = page.cursor ?? '';
  } while (cursor);
  return found;
}

/**
 * Split files into groups that fit into a request.
 * @param {File[]} files
 */
export function groupsOf(files) {
  /** @type {File[][]} */
  const groups = [];
  let size = 0;
  for (const file of files) {
    const last = groups[groups.length - 1];
    if (!last || last.length >= GROUP_FILES || size + file.size > GROUP_BYTES) {
      groups.push([file]);
      size = 0;
    } else last.push(file);
    size += file.size;
  }
  return groups;
}

/**
 * Send some files.
 * @param {string} collection
 * @param {File[]} files
 * @param {AbortSignal} stop
 * @returns {Promise<{id: string, status: string, error: {detail: string} | null}[]>} what became of each
 */
export async function sendGroup(collection, files, stop) {
  for (let turn = 1; ; turn += 1) {
    const form = new FormData();
    const records = files.map((file, at) => ({ id: idOf(file), images: [{ file: `f${at}` }], uri: idOf(file) }));
    form.append('records', JSON.stringify({ records }));
    files.forEach((file, at) => form.append(`f${at}`, file, `f${at}`));
    try {
      return (await ask('POST', collectionPath(collection, '/records'), form, stop)).results;
    } catch (error) {
      const { status, detail, message } = /** @type {any} */ (error);
      const mayPass = status === 0 || status === 429 || status === 503;
      if (stop.aborted || (!mayPass && files.length === 1)) {
        if (stop.aborted || status === 401 || status === 403) throw error;
        return [{ id: idOf(files[0]), status: 'failed', error: { detail: detail ?? message } }];
      }
      if (status === 401 || status === 403) throw error;
      if (!mayPass) {
        const each = [];
        for (const file of files) each.push(...(await sendGroup(collection, [file], stop)));
        return each;
      }
      if (turn >= TRIES) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 1000 * 2 ** turn); });
    }
  }
}
