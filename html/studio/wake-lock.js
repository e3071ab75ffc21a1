/** A telephone that goes to sleep stops its camera. */
export class WakeLock {
    #lock = null;
    #asking = false;
    #wanted = false;

    /** @param {boolean} wanted */
    async hold(wanted) {
        this.#wanted = wanted;

        if (!wanted) {
            this.#lock?.release();
            this.#lock = null;

        } else if (this.#lock === null && !this.#asking && !document.hidden) {
            this.#asking = true;
            this.#lock = await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
            this.#asking = false;
            this.#lock?.addEventListener('release', () => { this.#lock = null; });

            if (!this.#wanted) {
                this.hold(false);               /* it was given too late */
            }
        }
    }
}
