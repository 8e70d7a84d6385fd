/** The rooms beside the search, in the order of the menu: a line here and a module are one more. */
import { mayWrite } from '../state/session.js';
import { learn } from '../words/words.js';
import { later } from './later.js';

/**
 * @typedef {object} Room
 * @property {string} name of its view in the address, and of its title among the words
 * @property {Record<'en' | 'zh', string>} title
 * @property {any} Part what is shown, fetched when it is first entered; words of its own it learns itself
 * @property {() => boolean} [mayEnter] whether the menu has it; always without this
 */

/** @type {Room[]} */
export const ROOMS = [
  {
    name: 'lookup',
    title: { en: 'Is it here?', zh: '以图查重' },
    Part: later(() => import('../copies/lookup.js').then((found) => found.LookupRoom)),
  },
  {
    name: 'duplicates',
    title: { en: 'Duplicates', zh: '重复图片' },
    Part: later(() => import('../copies/duplicates.js').then((found) => found.CopiesRoom)),
  },
  {
    name: 'collections',
    title: { en: 'Collections', zh: '图库管理' },
    Part: later(() => import('../manage/collections.js').then((found) => found.CollectionsRoom)),
  },
  {
    name: 'rules',
    title: { en: 'Ranking rules', zh: '排序规则' },
    Part: later(() => import('../rules/room.js').then((found) => found.RulesRoom)),
    mayEnter: mayWrite,
  },
];

for (const { name, title } of ROOMS) learn({ en: { [name]: title.en }, zh: { [name]: title.zh } });
