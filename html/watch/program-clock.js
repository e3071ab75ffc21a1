/*
 * Between the time line on which a source is played and the wall clock of the server, by EXT-X-PROGRAM-DATE-TIME.
 * Pure: no DOM, no clock.
 */

/**
 * A segment of a playlist as hls.js has it.
 * @typedef {object} Segment
 * @property {number} start on the time line, in seconds
 * @property {number} duration in seconds
 * @property {?number} programDateTime when it begins by the wall clock, in milliseconds since 1970
 */

/**
 * @param {Segment[]} segments in their order
 * @param {number} time on the time line, in seconds
 * @returns {?number} the wall clock at that time, in milliseconds since 1970; null when the playlist does not tell
 */
export function dateAt(segments, time) {
    const segment = segments.findLast(({start}) => start <= time) ?? segments[0];

    if (!segment || !Number.isFinite(segment.programDateTime)) {
        return null;
    }

    return segment.programDateTime + (time - segment.start) * 1000;
}

/**
 * The other way round.  A moment between two sessions of the publisher, of which there is no media, is where the later
 * one begins.
 * @param {Segment[]} segments in their order
 * @param {number} date in milliseconds since 1970
 * @returns {?number} on the time line, in seconds; it may lie outside of what is in the playlist
 */
export function timeAt(segments, date) {
    const index = Math.max(segments.findLastIndex(({programDateTime}) => programDateTime <= date), 0);
    const segment = segments[index];

    if (!segment || !Number.isFinite(segment.programDateTime)) {
        return null;
    }

    const time = segment.start + (date - segment.programDateTime) / 1000;

    return Math.min(time, segments[index + 1]?.start ?? Infinity);
}
