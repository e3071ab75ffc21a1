const STEP_MS = 100;

/** The next picture is loaded so long before its moment. */
const LEAD_MS = 4000;

/** Activity: how often it looks, how long a source stays, and how much livelier another one has to be. */
const LOOK_MS = 2000;
const STAY_MS = 6000;
const LIVELIER = 1.5;

/** What a new look counts among those before. */
const SHARE = 0.2;

/**
 * Chooses the picture: follows the streamer, who says from which moment on which source is on air, or the activity of
 * the sources by what their pictures cost.  All who follow a streamer change at the same moment of the show, however
 * far from live each of them is.
 */
export class SmartSourceSwitcher {
    #views;
    #fetchSources;
    #mode = 'off';
    #plan = [];             /* {source, at, given}, by their moments */
    #timer = 0;
    #usual = new Map();
    #chosenAt = -Infinity;

    /**
     * @param {import('./multi-view-manager.js').MultiViewManager} views
     * @param {function(): Promise<import('./source-list.js').Source[]>} [fetchSources] for activity
     */
    constructor(views, fetchSources = async () => []) {
        this.#views = views;
        this.#fetchSources = fetchSources;
    }

    get mode() {
        return this.#mode;
    }

    /** @param {'off'|'streamer'|'activity'} mode */
    set mode(mode) {
        clearInterval(this.#timer);
        this.#mode = mode;
        this.#plan.forEach((entry) => { entry.given = false; });

        if (mode === 'streamer') {
            this.#timer = setInterval(() => this.#step(), STEP_MS);
            this.#step();

        } else if (mode === 'activity') {
            this.#timer = setInterval(() => this.#look(), LOOK_MS);
        }
    }

    /** What the streamer says: {mode, source, at}, the moment in milliseconds since 1970. */
    set onAir({mode, source, at}) {
        this.#plan = mode === 'off' || !source ? []
            : [...this.#plan.filter((entry) => entry.at < (at ?? 0)), {source, at: at ?? 0, given: false}];
    }

    /** @returns {?string} what is on air at the moment of the picture, while the streamer is followed */
    get source() {
        const now = this.#views.main.player.date ?? Date.now();

        return this.#mode === 'streamer' ? this.#plan.findLast(({at}) => at <= now)?.source ?? null : null;
    }

    #step() {
        const now = this.#views.main.player.date ?? Date.now();

        while (this.#plan.length > 1 && this.#plan[1].at <= now) {
            this.#plan.shift();
        }

        const next = this.#plan.find(({given}) => !given);
        const pending = this.#plan.some(({given, at}) => given && at > now);

        if (next && !pending && next.at - now <= LEAD_MS) {
            next.given = this.#views.show(next.source, next.at > now ? next.at : null) !== false;
        }
    }

    async #look() {
        const sources = await this.#fetchSources().catch(() => []);
        const best = mostActive(sources, this.#usual, this.#views.main.id);

        if (this.#mode === 'activity' && best !== null && performance.now() - this.#chosenAt >= STAY_MS) {
            this.#chosenAt = performance.now();
            this.#views.show(best);
        }
    }
}

/**
 * Pure.  @param {Map<string, number>} usual kilobits per second, which this brings up to date
 * @returns {?string} the source in which clearly more happens than usual, if it is not the present one
 */
export function mostActive(sources, usual, present) {
    const activity = new Map();

    for (const {id, video} of sources) {
        const rate = video?.bitrate_kbps ?? 0;
        const before = usual.get(id) ?? rate;

        activity.set(id, before > 0 ? rate / before : 0);
        usual.set(id, before + (rate - before) * SHARE);
    }

    const [best, most] = [...activity].reduce((one, other) => (other[1] > one[1] ? other : one), [null, 0]);

    return best !== present && most > LIVELIER * Math.max(activity.get(present) ?? 0, 0.5) ? best : null;
}
