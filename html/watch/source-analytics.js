/** What the sources of a streamer's session are worth to its viewers, for who has the streamer's key. */
export class SourceAnalytics {
    #url;
    #key;

    /**
     * @param {string} streamer or the id of a session
     * @param {string} key the stream key
     * @param {string} [show] where sessions are served
     */
    constructor(streamer, key, show = '/show/') {
        this.#url = `${show}session/${encodeURIComponent(streamer)}/analytics`;
        this.#key = key;
    }

    /** @returns {Promise<object>} {"Face_Cam": {views, avgDuration}}, seconds */
    async trackSourceViews() {
        return Object.fromEntries(Object.entries(await this.#sources()).map(([id, {views, avg_duration_ms: ms}]) =>
            [id, {views, avgDuration: ms / 1000}]));
    }

    /** @returns {Promise<{id: string, label: string, views: number, share: number}[]>} the most watched one first */
    async getPopularSources() {
        return Object.entries(await this.#sources())
            .map(([id, {label, views, share}]) => ({id, label, views, share}))
            .sort((one, other) => other.share - one.share || other.views - one.views);
    }

    async #sources() {
        const response = await fetch(this.#url, {headers: {Authorization: `Bearer ${this.#key}`}, cache: 'no-store'});
        const {data, error} = await response.json().catch(() => ({}));

        if (!response.ok || !data) {
            throw Object.assign(new Error(error?.message ?? `analytics: HTTP ${response.status}`),
                                {status: response.status, code: error?.code});
        }

        return data.sources;
    }
}
