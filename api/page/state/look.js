/** How the page looks and speaks: theme, language and the size of tiles, kept in a cookie, never beside a key. */
import { signal } from '../vendor/preact.js';

const COOKIE = 'binocle-look';
const [keptTheme = '', keptLanguage = '', keptSize = ''] = kept();

/** How much larger than usual tiles may be. */
export const SIZES = [0.5, 0.7, 1, 1.4, 2];
const USUAL = SIZES.indexOf(1);

/** "" follows the system; else light or dark. */
export const theme = signal(['light', 'dark'].includes(keptTheme) ? keptTheme : '');
/** @type {import('../vendor/preact.js').Signal<'en' | 'zh'>} */
export const language = signal(known(keptLanguage) || known(navigator.language) || 'en');

/** Which of the sizes tiles have. */
export const tileSize = signal(/^[0-4]$/.test(keptSize) ? Number(keptSize) : USUAL);

/** @param {string} tag @returns {'en' | 'zh' | ''} */
function known(tag) {
  if (tag.startsWith('zh')) return 'zh';
  return tag.startsWith('en') ? 'en' : '';
}

function kept() {
  const found = document.cookie.split('; ').find((one) => one.startsWith(`${COOKIE}=`));
  return found ? found.slice(COOKIE.length + 1).split('.') : [];
}

/** Set what the document says of itself. */
export function applyLook() {
  document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en';
  if (theme.value) document.documentElement.dataset.theme = theme.value;
  else delete document.documentElement.dataset.theme;
}

function keep() {
  const value = `${theme.value}.${language.value}.${tileSize.value}`;
  document.cookie = `${COOKIE}=${value}; path=/; max-age=31536000; SameSite=Strict`;
  applyLook();
}

/** @param {string} name */
export function setTheme(name) {
  theme.value = name;
  keep();
}

/** @param {'en' | 'zh'} name */
export function setLanguage(name) {
  language.value = name;
  keep();
}

/** @param {number} place in the sizes; what is beyond them is the last */
export function setTileSize(place) {
  tileSize.value = Math.min(Math.max(place, 0), SIZES.length - 1);
  keep();
}
