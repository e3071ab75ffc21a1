/* How long a request may be held: B5. */

/** ms that a request is held, at most, whatever the target duration is: hls.js gives up after 10 s. */
export const HOLD_MAX = 9000;

/**
 * How long a request may be held, in ms.
 *
 * @param {?number} targetDuration s
 */
export const holdLimit = (targetDuration) => Math.min(3000 * (targetDuration ?? Infinity), HOLD_MAX);
