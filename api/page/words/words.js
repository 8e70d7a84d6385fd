/** Speaking: one dictionary a language, numbers and dates as the language writes them. */
import { language } from '../state/look.js';
import { en } from './en.js';
import { zh } from './zh.js';

/** @typedef {Record<string, string | ((...values: any[]) => string)>} Dictionary */

/** @type {Record<'en' | 'zh', Dictionary>} */
const DICTIONARIES = { en, zh };

/**
 * Take in words of a part of the page that is fetched later.
 * @param {Record<'en' | 'zh', Dictionary>} added
 */
export function learn(added) {
  Object.assign(en, added.en);
  Object.assign(zh, added.zh);
}

/**
 * Say something in the language chosen.
 * @param {string} name of the entry
 * @param {...any} values what the entry needs
 * @returns {string}
 */
export function t(name, ...values) {
  const entry = DICTIONARIES[language.value][name] ?? en[name];
  if (entry === undefined) return name;
  return typeof entry === 'function' ? entry(...values) : entry;
}

/** What an entry says; null where there is none. @param {string} name */
export function told(name) {
  return Object.hasOwn(en, name) ? t(name) : null;
}

/**
 * What a field is called: what files say of themselves has words of ours, all else its own name.
 * @param {string} name
 */
export function fieldLabel(name) {
  return told(`field-${name}`) ?? name;
}

const locale = () => (language.value === 'zh' ? 'zh-CN' : 'en');

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function number(value, options) {
  return new Intl.NumberFormat(locale(), options).format(value);
}

/** @param {number} fraction */
export function percent(fraction) {
  return number(fraction, { style: 'percent' });
}

/** @param {number} count of bytes */
export function bytes(count) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let at = 0;
  let value = count;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  const digits = value < 10 && at > 0 ? 1 : 0;
  return number(value, {
    style: 'unit', unit: units[at], unitDisplay: 'short', maximumFractionDigits: digits,
  });
}

/**
 * The unit that bounds of a field are typed in, and how much of what is stored one is.
 * @param {string} field
 * @param {number} most
 */
export function unitOf(field, most) {
  if (field !== 'bytes') return { factor: 1, unit: '' };
  return most >= 2e6 ? { factor: 1e6, unit: 'MB' } : { factor: 1e3, unit: 'kB' };
}

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?/;

/** Whether a value is a date as the service writes them. @param {unknown} value */
export function isDate(value) {
  return typeof value === 'string' && DATE.test(value);
}

/** A date in the words of the language, in the local time it is written in. @param {string} value */
export function date(value) {
  const found = value.match(DATE);
  if (!found) return value;
  const time = new Date(found[1] ? found[0] : `${found[0]}T00:00`);
  if (Number.isNaN(time.getTime())) return value;
  /** @type {Intl.DateTimeFormatOptions} */
  const options = found[1] ? { dateStyle: 'medium', timeStyle: 'short' } : { dateStyle: 'medium' };
  return new Intl.DateTimeFormat(locale(), options).format(time);
}

/** A date without a time. @param {string} value */
export function shortDate(value) {
  const time = new Date(`${value.slice(0, 10)}T00:00`);
  if (Number.isNaN(time.getTime())) return value;
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium' }).format(time);
}
