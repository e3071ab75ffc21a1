/* How a source does, in words, from its statistics.  Pure: no DOM, no clock. */

/** The estimate of the bandwidth starts low and rises. */
const WARM_UP_S = 20;

/** What was seen in three of the last five seconds is so. */
const SAMPLES = 5;
const ENOUGH = 3;

/** A camera gives its first picture within this time. */
const BLANK_S = 5;

const LOSSY = 0.05;
const FAR_MS = 400;
const SLOW_FPS = 0.7;
const DIM_FPS = 0.6;

/** The worst first. */
const FINDINGS = {
    stuck: {level: 'poor', text: () => 'Nothing gets through at the moment.'},
    blank: {level: 'poor', text: () => 'No picture comes from this camera.'},
    upload: {level: 'poor', text: () => 'Your upload is too slow for this picture: lower the quality.'},
    device: {level: 'poor', text: () => 'This device is too slow for this picture: lower the quality, or close other '
                                        + 'programs.'},
    loss: {level: 'poor', text: ({loss}) => `${Math.round(loss * 100)} % of what is sent is lost on the way: a cable `
                                            + 'is better than Wi-Fi.'},
    frames: {level: 'fair', text: ({fps, wanted}) => `Only ${fps} of ${Math.round(wanted)} pictures per second are `
                                                     + 'sent.'},
    dim: {level: 'fair', text: ({sourceFps, asked}) => `The camera gives ${Math.round(sourceFps)} of ${asked} pictures `
                                                       + 'per second: more light may help.'},
    far: {level: 'fair', text: ({rtt}) => `The server is slow to answer (${rtt} ms).`},
    starting: {level: 'good', text: () => 'Starting'},
    lowered: {level: 'good', text: () => 'Lowered, since nobody watches it'},
    good: {level: 'good', text: () => 'Good'},
};

const ORDER = Object.keys(FINDINGS);

/**
 * @param {import('./whip-stats.js').Figures} figures
 * @param {object} about
 * @param {number} about.seconds that it has been live
 * @param {string} about.type of the source
 * @param {number} [about.framerate] that was asked for
 * @param {boolean} [about.lowered]
 * @returns {string[]} what is to be said of this moment, at least one
 */
export function findings(figures, {seconds, type, framerate, lowered = false}) {
    const {bitrate, fps, sourceFps, rtt, loss, qualityLimitationReason: limit} = figures;
    const warm = seconds > WARM_UP_S;
    const found = new Set();
    const add = (finding, is) => { is && found.add(finding); };

    add('stuck', bitrate === 0 && warm);
    add('loss', loss !== null && loss >= LOSSY);
    add('blank', type === 'webcam' && fps === 0 && seconds > BLANK_S);
    add('far', rtt !== null && rtt >= FAR_MS);

    if (lowered) {
        add('lowered', true);

    } else if (fps !== null) {
        add('upload', limit === 'bandwidth' && warm);
        add('device', limit === 'cpu');
        add('frames', warm && fps < SLOW_FPS * wantedFps(sourceFps, framerate));
        add('dim', warm && type === 'webcam' && framerate && sourceFps && sourceFps < DIM_FPS * framerate);
    }

    add('starting', found.size === 0 && bitrate === null);
    add('good', found.size === 0);

    return [...found];
}

/** The health of one source over its last seconds. */
export class Health {
    #last = [];                 /* of findings */
    #figures = null;
    #about = null;

    /** The same parameters as findings(); once a second. */
    add(figures, about) {
        this.#figures = figures;
        this.#about = about;
        this.#last = [...this.#last, findings(figures, about)].slice(-SAMPLES);
    }

    reset() {
        this.#last = [];
        this.#figures = null;
    }

    /** @returns {?{finding: string, level: string, text: string}} null while nothing is known */
    get verdict() {
        if (this.#figures === null) {
            return null;
        }

        const latest = this.#last.at(-1);
        const often = (finding) => this.#last.filter((found) => found.includes(finding)).length;
        const finding = ORDER.find((one) => latest.includes(one) && (often(one) >= ENOUGH || !isTrouble(one)))
                        ?? 'good';
        const {level, text} = FINDINGS[finding];
        const {sourceFps} = this.#figures;
        const {framerate: asked} = this.#about;

        return {finding, level, text: text({...this.#figures, asked, wanted: wantedFps(sourceFps, asked)})};
    }
}

/* a screen that stands still gives hardly any pictures, and that is fine */
function wantedFps(sourceFps, framerate) {
    return Math.min(sourceFps ?? 0, framerate ?? Infinity);
}

function isTrouble(finding) {
    return FINDINGS[finding].level !== 'good';
}
