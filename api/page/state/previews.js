/** Pictures that were brought along, for as long as the page is open. */

/** @type {Map<string, {url: string, picture: Blob}>} */
const kept = new Map();

export const previews = {
  /** @param {string} turn @param {Blob} picture */
  keep(turn, picture) {
    kept.set(turn, { url: URL.createObjectURL(picture), picture });
  },

  /** @param {string} turn */
  of(turn) {
    return kept.get(turn) ?? null;
  },
};
