/** A telephone that goes to sleep stops its camera. */
export class WakeLock {
    #lock = null;
    #asking = false;

    /** @param {boolean} wanted */
    async hold(wanted) {
        if (!wanted) {
            this.#lock?.release();
            this.#lock = null;

        } else if (this.#lock === null && !this.#asking && !document.hidden) {
            this.#asking = true;
            this.#lock = await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
            this.#asking = false;
            this.#lock?.addEventListener('release', () => { this.#lock = null; });
        }
    }
}
