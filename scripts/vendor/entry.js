// What the page uses of Preact, htm and signals, in one file.
import { h } from 'preact';
import htm from 'htm';

export { batch, computed, effect, signal, untracked } from '@preact/signals';
export { Component, Fragment, render } from 'preact';
export { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
export const html = htm.bind(h);
