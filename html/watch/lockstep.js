/**
 * How a player is brought to another one's moment, in milliseconds: what is close enough, and how much more of it with
 * each second that it takes; how far the rate may differ for that and at least how long; over which difference it jumps
 * within its buffer and how often, and over which it jumps anyway, behind and ahead.
 */
export const MANNERS = {
    /* nobody sees it: as quickly as can be, and there is somebody who waits for it */
    hidden: {near: 12, patience: 15, slower: 1, faster: 0.5, least: 150,
             jumpOver: 80, jumps: 4, behindMax: 400, aheadMax: 1500},

    /* the inset picture: nobody is to notice, but for its beginning */
    seen: {near: 25, patience: 0, slower: 0.05, faster: 0.05, least: 500,
           jumpOver: 150, jumps: 2, behindMax: 1500, aheadMax: 1500},
};

/** What jumps and changes of rate cost, until more is known: Chromium's clock stands still for a moment at each. */
const JUMP_COST_MS = 80;
const NUDGE_COST_MS = 25;
const JUMP_COST_MAX_MS = 1000;
const NUDGE_COST_MAX_MS = 60;

/** What is left in the buffer after it was played faster, in seconds. */
const AHEAD_MIN_S = 0.15;

/** A clock tells nothing until it has run for so long after a jump or a change of rate. */
const SETTLE_MS = 150;

/** Browsers refuse rates closer to 0, but 0 itself is fine. */
const RATE_MIN = 0.25;

export function playable(rate) {
    return rate < RATE_MIN ? 0 : rate;
}

/**
 * How a player gets to another place: how much faster or slower than normal it plays, and for how long.
 * @param {number} way in milliseconds, negative when it is to fall behind
 * @param {object} manner
 * @returns {{change: number, ms: number}} it takes its least time, as browsers do to change a rate
 */
export function nudge(way, {slower, faster, least}) {
    const change = Math.min(Math.max(way / least, -slower), faster);

    return {change, ms: Math.max(way / change || 0, least)};
}

/** Keeps one player at the moment that another one shows, by the wall clock that is in both playlists. */
export class Lockstep {
    #player;
    #leader;
    #manner;
    #jumpCost = JUMP_COST_MS;
    #nudgeCost = NUDGE_COST_MS;
    #correction = null;         /* what was done last, "jump" or "nudge", and is to be judged */
    #began = null;
    #jumps = 0;
    #change = 0;
    #until = 0;                 /* the end of a change of rate */
    #quiet = 0;                 /* until then the clocks tell nothing */

    /**
     * @param {import('./player.js').Player} player
     * @param {import('./player.js').Player} leader
     * @param {object} manner one of MANNERS
     */
    constructor(player, leader, manner) {
        this.#player = player;
        this.#leader = leader;
        this.#manner = manner;

        player.guided = true;
    }

    /** The player is on its own again. */
    end() {
        this.#player.guided = false;
    }

    /** @returns {?number} by how much the player is ahead, in milliseconds; null when the playlists do not tell */
    get skew() {
        const date = this.#player.date;
        const wanted = this.#leader.date;

        return date === null || wanted === null ? null : date - wanted;
    }

    /** Something else has disturbed the player's clock. */
    disturbed() {
        this.#quiet = performance.now() + SETTLE_MS;
    }

    /**
     * Corrects what is to be corrected; to be called every now and then.
     * @returns {boolean} it is close enough
     */
    step() {
        const now = performance.now();

        if (!this.#player.running || !this.#leader.running) {
            this.disturbed();
            return false;
        }

        if (this.#change !== 0 && now >= this.#until) {
            this.#change = 0;
            this.disturbed();
        }

        this.#player.rate = playable(this.#leader.rate + this.#change);

        const {skew} = this;

        if (skew === null || this.#change !== 0 || now < this.#quiet) {
            return false;
        }

        this.#judge(skew);

        if (Math.abs(skew) <= this.#near(now)) {
            return true;
        }

        const {behindMax, aheadMax} = this.#manner;
        const far = skew < -behindMax || skew > aheadMax;

        if (!this.#leap(skew, far) && !far) {
            this.#drift(skew, now);
        }

        return false;
    }

    #near(now) {
        const {near, patience} = this.#manner;

        this.#began ??= now;

        return near + (now - this.#began) / 1000 * patience;
    }

    /** The next correction of this kind allows for what this one has cost; not for all of it, some is chance. */
    #judge(skew) {
        if (this.#correction === 'jump') {
            this.#jumpCost = Math.min(Math.max(this.#jumpCost - skew / 2, 0), JUMP_COST_MAX_MS);

        } else if (this.#correction === 'nudge') {
            this.#nudgeCost = Math.min(Math.max(this.#nudgeCost - skew / 2, 0), NUDGE_COST_MAX_MS);
        }

        this.#correction = null;
    }

    #leap(skew, far) {
        const {jumpOver, jumps} = this.#manner;

        if (!far && (Math.abs(skew) < jumpOver || this.#jumps >= jumps)) {
            return false;
        }

        if (!this.#player.seekToDate(this.#leader.date + this.#jumpCost, !far)) {
            return false;
        }

        this.#correction = 'jump';
        this.#jumps++;
        this.disturbed();

        return true;
    }

    #drift(skew, now) {
        const way = this.#nudgeCost - skew;
        const {change, ms} = nudge(way, this.#manner);

        if (change > 0 && this.#player.ahead < AHEAD_MIN_S + way / 1000) {
            return;
        }

        this.#correction = 'nudge';
        this.#change = change;
        this.#until = now + ms;
        this.#player.rate = playable(this.#leader.rate + change);
    }
}
