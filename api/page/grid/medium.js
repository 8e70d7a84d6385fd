/** Records of videos and sounds: they are found by their texts, and maybe a picture of theirs. */

const ENDINGS = {
  video: ['mp4', 'm4v', 'mov', 'mkv', 'webm', 'avi', 'mpg', 'mpeg', 'ogv', '3gp'],
  sound: ['mp3', 'wav', 'flac', 'ogg', 'oga', 'opus', 'm4a', 'aac', 'aif', 'aiff', 'wma'],
};

/**
 * What a record is of, by the end of its uri.
 * @param {{uri?: string | null} | null | undefined} record
 * @returns {'video' | 'sound' | ''}
 */
export function mediumOf(record) {
  const found = /\.([a-z0-9]{2,4})(?:[?#].*)?$/i.exec(record?.uri ?? '');
  const ending = found ? found[1].toLowerCase() : '';
  if (ENDINGS.video.includes(ending)) return 'video';
  return ENDINGS.sound.includes(ending) ? 'sound' : '';
}

/** The last part of where something lies. @param {string} uri */
export function fileOf(uri) {
  const path = uri.replace(/[?#].*$/, '').replace(/\/+$/, '');
  return path.slice(path.lastIndexOf('/') + 1) || uri;
}
