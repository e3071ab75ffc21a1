/*
 * How fast a live picture is played, so that it comes to where it should be without a jump.  Pure: no DOM, no clock.
 */

/** Behind its distance from live by more than this many seconds, a player hurries until it is as good as there. */
const LATE_S = 0.2;
const IN_TIME_S = 0.05;

/** With less than this in the buffer, in seconds, a player that plays faster would only run into its end. */
const AHEAD_MIN_S = 0.35;

const HURRY = 1.05;
const HURRY_MORE = 1.08;
const HURRY_MORE_S = 1;

const RATE_MIN = 0.25;

/**
 * The rate of a player on its way to its distance from live.  hls.js has the same (maxLiveSyncPlaybackRate), but only
 * for who has a second in the buffer, which is more than low latency allows.
 * @param {object} now
 * @param {number} now.latency from live, in seconds
 * @param {number} now.target what it should be
 * @param {number} now.ahead what is in the buffer, in seconds
 * @param {number} now.rate at which it plays
 * @returns {number}
 */
export function rateToLive({latency, target, ahead, rate}) {
    const late = latency - target;

    if (ahead < AHEAD_MIN_S || late < (rate > 1 ? IN_TIME_S : LATE_S)) {
        return 1;
    }

    return late > HURRY_MORE_S ? HURRY_MORE : HURRY;
}

/**
 * How a player gets to another place: how much faster or slower than normal it plays, and for how long.
 * @param {number} way in milliseconds, negative when it is to fall behind
 * @param {object} manner
 * @param {number} manner.slower by which the rate may be less
 * @param {number} manner.faster by which it may be more
 * @param {number} manner.least it lasts at least so many milliseconds: browsers take their time to change a rate
 * @returns {{change: number, ms: number}}
 */
export function nudge(way, {slower, faster, least}) {
    const change = Math.min(Math.max(way / least, -slower), faster);

    return {change, ms: Math.max(way / change || 0, least)};
}

/**
 * @param {number} rate
 * @returns {number} one that browsers play: they refuse rates close to 0, but 0 itself is fine
 */
export function playable(rate) {
    return rate < RATE_MIN ? 0 : rate;
}
