/*
 * The time of a checker and of the origin that it is tested on.  It is that of the machine, unless a test makes it up:
 * a made up clock stands still as long as anyone has something to do, and then goes on to what is due next, so that a
 * slow machine is none.
 */

/** @typedef {{now: function(): number, after: function(number, function): function, busy: function(number)}} Clock */

/** @type {Clock} */
const REAL = {
    now: () => performance.timeOrigin + performance.now(),

    after(ms, call) {
        const timer = setTimeout(call, ms);

        return () => clearTimeout(timer);
    },

    busy() {},
};

let clock = REAL;

/** The time, ms since 1970; it never goes back. */
export const now = () => clock.now();

/** Calls back after so many ms; what is returned takes that back. */
export const after = (ms, call) => clock.after(ms, call);

export const sleep = (ms, value) => new Promise((resolve) => void after(ms, () => resolve(value)));

/** So many more have something to do: 1 for each request that is made, -1 when it waits for the time. */
export const busy = (more) => clock.busy(more);

/** Rounds of the event loop in which nobody has anything to do, before time goes on. */
const IDLE_ROUNDS = 3;

/** @implements {Clock} */
class MadeUp {
    #time;
    #timers = [];
    #busy = 0;

    constructor(time) {
        this.#time = time;
    }

    now() {
        return this.#time;
    }

    after(ms, call) {
        const timer = {time: this.#time + Math.max(ms, 0), call};

        this.#timers.push(timer);

        return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
        };
    }

    busy(more) {
        this.#busy += more;
    }

    /** Whether nobody has anything to do, and some wait for the time. */
    get idle() {
        return this.#busy <= 0 && this.#timers.length > 0;
    }

    /** Goes on to what is due next. */
    proceed() {
        const next = this.#timers.reduce((one, other) => (other.time < one.time ? other : one));

        this.#timers = this.#timers.filter((other) => other !== next);
        this.#time = Math.max(this.#time, next.time);
        next.call();
    }
}

/**
 * Runs something with a made up clock, which begins at a time.
 *
 * @param {number} time ms since 1970
 * @param {function(): Promise} run
 */
export async function withMadeUpTime(time, run) {
    const made = new MadeUp(time);
    let over = false;

    clock = made;

    const result = run().finally(() => {
        over = true;
    });

    for (let rounds = 0; !over;) {
        await new Promise((resolve) => void setImmediate(resolve));

        rounds = made.idle ? rounds + 1 : 0;

        if (rounds >= IDLE_ROUNDS) {
            made.proceed();
            rounds = 0;
        }
    }

    clock = REAL;

    return result;
}
