/* What is said about how live the picture is.  Pure: no DOM, no clock. */

const seconds = (value) => `${value.toFixed(2)} s`;
const isNumber = (value) => Number.isFinite(value);

/**
 * @typedef {object} Figures
 * @property {?number} behind the clock of this device, in milliseconds
 * @property {?number} latency from the newest media, in seconds
 * @property {?number} target what that should be
 * @property {boolean} lowLatency
 * @property {number} ahead what is in the buffer, in seconds
 * @property {number} rate
 * @property {number} frames decoded so far
 * @property {number} dropped of them
 * @property {?string} label of the picture
 * @property {?string} insetLabel null without an inset picture
 * @property {?number} skew by how much the inset picture is ahead, in milliseconds
 * @property {?{took: number, skew: ?number}} lastSwitch in milliseconds
 */

function behindLive({behind, latency, target}) {
    const texts = [];

    if (isNumber(behind)) {
        texts.push(`${seconds(behind / 1000)} by the clock of this device`);
    }

    if (isNumber(latency)) {
        const aim = isNumber(target) ? ` (${seconds(target)} is the aim)` : '';

        texts.push(`${seconds(latency)} behind the newest media${aim}`);
    }

    return texts.join('; ') || 'not known';
}

function speed(rate) {
    const percent = Math.round(Math.abs(rate - 1) * 100);

    return percent === 0 ? 'normal' : `${percent} % ${rate > 1 ? 'faster, to catch up' : 'slower'}`;
}

/**
 * @param {?number} skew in milliseconds
 * @param {string} one
 * @param {string} other
 * @returns {string} which of two pictures is ahead
 */
export function apart(skew, one, other) {
    if (!isNumber(skew)) {
        return 'not known: the playlists carry no clock';
    }

    const ms = Math.round(skew);

    return ms === 0 ? `${one} and ${other} show the same moment`
                    : `${one} is ${Math.abs(ms)} ms ${ms > 0 ? 'ahead of' : 'behind'} ${other}`;
}

/**
 * @param {Figures} figures
 * @returns {[string, string][]} terms and what is to be said of them
 */
export function describeFigures(figures) {
    const {lowLatency, ahead, rate, frames, dropped, label, insetLabel, skew, lastSwitch} = figures;

    const rows = [
        ['Behind live', behindLive(figures)],
        ['Delivery', lowLatency ? 'low latency, in parts of segments' : 'whole segments'],
        ['In the buffer', seconds(ahead)],
        ['Speed', speed(rate)],
        ['Frames lost', `${dropped} of ${frames}`],
    ];

    if (insetLabel !== null) {
        rows.push(['Inset', apart(skew, insetLabel, label ?? 'the picture')]);
    }

    if (lastSwitch !== null) {
        const ms = Math.abs(Math.round(lastSwitch.skew));
        const between = isNumber(lastSwitch.skew) ? `, ${ms} ms between the pictures` : '';

        rows.push(['Last change of source', `took ${seconds(lastSwitch.took / 1000)}${between}`]);
    }

    return rows;
}
