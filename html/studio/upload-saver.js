/** So long nobody has to have watched. */
const PATIENCE_MS = 15000;

/**
 * Which sources are worth less of the upload: those that nobody watches, for some time.  One that somebody watches, or
 * that is on air, is worth all of it at once.  Pure: the clock comes in as a parameter.
 */
export class UploadSaver {
    #since = new Map();         /* name -> since when nobody watches it, ms */

    /**
     * @param {number} now ms
     * @param {string[]} names of the sources that are live
     * @param {?Object<string, number>} viewers of each; null when it is not known
     * @param {?string} onAir
     * @returns {Set<string>} names of those to be lowered
     */
    update(now, names, viewers, onAir) {
        const lowered = new Set();

        for (const name of this.#since.keys()) {
            if (!names.includes(name)) {
                this.#since.delete(name);
            }
        }

        for (const name of names) {
            if (viewers === null || (viewers[name] ?? 0) > 0 || name === onAir) {
                this.#since.delete(name);
                continue;
            }

            if (!this.#since.has(name)) {
                this.#since.set(name, now);
            }

            if (now - this.#since.get(name) >= PATIENCE_MS) {
                lowered.add(name);
            }
        }

        return lowered;
    }
}
