/** Which tile has the tab stop, and which is to get the focus. */
import { signal } from '../vendor/preact.js';

/** The tile that has the tab stop. */
export const focused = signal(0);
/** A tile to move the focus to once it is drawn; -1 for none. */
export const wanted = signal(-1);
