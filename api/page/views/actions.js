/** What can be done from several places: open a hit, look for more like it or away from it. */
import { hits, refresh } from '../state/results.js';
import { curate } from '../state/rules.js';
import { t } from '../words/words.js';
import { blankChoice, canGoBack, go, question } from '../state/address.js';
import { focused, wanted } from '../grid/focus.js';
import { turnOfPicture } from '../state/query.js';
import { previews } from '../state/previews.js';
import { tell } from '../state/notice.js';

/** The hit that is open, and whether a region of it is being chosen. */
let opensWithRegion = false;

export const act = {
  /** @param {number} index @param {boolean} [withRegion] */
  open(index, withRegion = false) {
    opensWithRegion = withRegion;
    focused.value = index;
    go({ open: hits.value[index].id });
  },

  /** Whether the detail just opened begins with choosing a region. */
  takeRegionWish() {
    const wish = opensWithRegion;
    opensWithRegion = false;
    return wish;
  },

  /** Close the detail, as the browser's own "back" does. */
  close() {
    if (canGoBack()) history.back();
    else go({ open: '' }, { replace: true });
  },

  /** Show all of a hit's group. @param {import('../state/results.js').Hit} hit */
  openGroup(hit) {
    const { group, choices } = question.value;
    const choice = { ...blankChoice(), values: [String(hit.group_value)] };
    go({ group: '', choices: { ...choices, [group]: choice }, open: '' });
    scrollTo(0, 0);
  },

  /** Give the focus back to the tile of a record. @param {string} id */
  returnTo(id) {
    const index = hits.value.findIndex((one) => one.id === id);
    if (index >= 0) wanted.value = index;
  },

  /**
   * Look for more like a record, or for what is not.
   * @param {string} id
   * @param {number} weight
   * @param {string} [part]
   */
  like(id, weight, part = '') {
    const terms = question.value.terms.filter(
      (one) => !(one.kind === 'like' && one.value === id && one.part === part),
    );
    terms.push({ kind: 'like', value: id, weight, part });
    go({ terms, open: '', view: '', sort: '' });
    scrollTo(0, 0);
  },

  /**
   * Search with a picture of one's own.
   * @param {Blob} picture
   */
  async searchWith(picture) {
    const { collection } = question.value;
    try {
      const turn = await turnOfPicture(collection, picture);
      previews.keep(turn, picture);
      const terms = question.value.terms.filter((one) => one.kind !== 'picture');
      terms.unshift({ kind: 'picture', value: turn, weight: 1, part: '' });
      go({ terms, open: '', view: '', sort: '' });
      scrollTo(0, 0);
    } catch (error) {
      tell(/** @type {Error} */ (error));
    }
  },

  /**
   * Pin or hide a record for the words that are searched, in the draft of the rules, and show what that does.
   * @param {string} id
   * @param {'pin' | 'hide'} how
   */
  async curate(id, how) {
    try {
      await curate(id, how);
      const wasDraft = question.value.rules !== '';
      go({ rules: 'draft', open: '' });
      if (wasDraft) refresh();
      tell(t(how === 'pin' ? 'pinnedInDraft' : 'hiddenInDraft'));
      scrollTo(0, 0);
    } catch (error) {
      tell(/** @type {Error} */ (error));
    }
  },
};
