/** Decisions about groups of the same pictures; nothing is deleted, a list comes out. */

/**
 * @typedef {{id: string, part: {uri: string}, width: number, height: number, size_bytes: number,
 *   verdict: string, confidence: number, why: string, thumbnail: string}} Member
 * @typedef {{members: Member[], keep: number, state: '' | 'accepted' | 'all'}} Group
 */

const EXACT = ['same-file', 'same-pixels'];

/** @param {any} cluster @returns {Group} */
export function groupOf(cluster) {
  return { members: [cluster.keep, ...cluster.others], keep: 0, state: '' };
}

/** Whether all pictures of a group are the same to the pixel. @param {Group} group */
export function isExact(group) {
  return group.members.slice(1).every((one) => EXACT.includes(one.verdict));
}

/** Pictures that would go. @param {Group} group */
export function droppedOf(group) {
  return group.state === 'accepted' ? group.members.filter((_, at) => at !== group.keep) : [];
}

/** Bytes that would be freed. @param {Group[]} groups */
export function bytesFreed(groups) {
  return groups.flatMap(droppedOf).reduce((sum, one) => sum + one.size_bytes, 0);
}

/** Bytes that could be, if every suggestion were taken. @param {Group[]} groups */
export function bytesPossible(groups) {
  return groups.reduce((sum, group) => {
    const others = group.members.filter((_, at) => at !== group.keep);
    return sum + others.reduce((all, one) => all + one.size_bytes, 0);
  }, 0);
}

/**
 * Take the suggestion wherever pictures are the same to the pixel and nothing was decided.
 * @param {Group[]} groups
 */
export function acceptExact(groups) {
  return groups.map((one) => (
    !one.state && isExact(one) ? { ...one, state: /** @type {const} */ ('accepted') } : one
  ));
}

/** What people know a picture by: its path, or the id of what was uploaded. @param {Member} one */
export function fileOf(one) {
  const { uri } = one.part;
  // the id of what lies in a folder says where: two of the same name are told apart by that
  return uri.startsWith('upload:') || one.id.endsWith(`/${uri}`) ? one.id : uri;
}

/** A text as a shell takes it for one word. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * A POSIX shell script that moves what was not kept into one folder; it deletes and overwrites nothing.
 * @param {Group[]} groups
 * @param {string[]} about what a person should know of it, a line each
 */
export function movesOf(groups, about) {
  const lines = groups.flatMap(droppedOf).map((one, at) => {
    const name = one.id.slice(one.id.lastIndexOf('/') + 1);
    const isFile = one.id.includes('/') && !/[\0\r\n]/.test(one.id) && one.id.endsWith(`/${one.part.uri}`);
    if (!isFile) return `# ${fileOf(one).replace(/[\0\r\n]/g, ' ')}`;
    return `mv -n -- ${quoted(`./${one.id}`)} ${quoted(`./duplicates/${String(at + 1).padStart(5, '0')}-${name}`)} || failed=1`;
  });
  return ['#!/bin/sh', ...about.map((one) => `# ${one}`), 'set -u; failed=0', 'mkdir -p ./duplicates || exit 1', ...lines, 'exit $failed', ''].join('\n');
}

/** A line for each picture of the decided groups: what to do, which group, id, path. @param {Group[]} groups */
export function listOf(groups) {
  const lines = groups.flatMap((group, at) => {
    if (!group.state) return [];
    return group.members.map((one, place) => {
      const isKept = group.state === 'all' || place === group.keep;
      return [isKept ? 'keep' : 'drop', at + 1, one.id, fileOf(one), one.size_bytes].join('\t');
    });
  });
  return ['action\tgroup\tid\tfile\tbytes', ...lines].join('\n');
}
