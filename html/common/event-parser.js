/** What is longer is no event of ours. */
const MAX = 1 << 20;

/**
 * Reads a text/event-stream as it arrives, in pieces cut anywhere.  Pure: no network, no clock.
 */
export class EventParser {
    #deliver;
    #rest = '';
    #fresh = true;              /* nothing but a byte order mark has been read */
    #name = '';
    #data = [];
    #size = 0;

    /** @param {function({name: string, data: string}): void} deliver called for each event that is complete */
    constructor(deliver) {
        this.#deliver = deliver;
    }

    /**
     * @param {string} text
     * @throws {RangeError} when a line or an event has no end
     */
    push(text) {
        let at = 0;

        if (this.#fresh && text !== '') {
            this.#fresh = false;
            at = text.startsWith('\ufeff') ? 1 : 0;
        }

        const whole = this.#rest + text.slice(at);
        const end = /\r\n|\n|\r(?!$)/g;             /* a last \r may be half of an end */

        at = 0;

        for (let match = end.exec(whole); match !== null; match = end.exec(whole)) {
            this.#line(whole.slice(at, match.index));
            at = end.lastIndex;
        }

        this.#rest = whole.slice(at);

        if (this.#rest.length > MAX) {
            throw new RangeError('a line of the event stream is too long');
        }
    }

    #line(line) {
        if (line === '') {
            this.#dispatch();
            return;
        }

        const colon = line.indexOf(':');
        const field = colon === -1 ? line : line.slice(0, colon);
        const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));

        if (field === 'event') {
            this.#name = value;

        } else if (field === 'data') {
            this.#size += value.length;

            if (this.#size > MAX) {
                throw new RangeError('an event of the event stream is too long');
            }

            this.#data.push(value);
        }
    }

    #dispatch() {
        const name = this.#name || 'message';
        const data = this.#data;

        this.#name = '';
        this.#data = [];
        this.#size = 0;

        if (data.length > 0) {
            this.#deliver({name, data: data.join('\n')});
        }
    }
}
