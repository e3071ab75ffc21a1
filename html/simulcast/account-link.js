import {ApiError} from '../common/api-error.js';
import {PENDING, keep, kept} from './kept.js';
import {webAddress} from './simulcast-text.js';

/** How the redirect page and the console find each other; only pages of this origin hear it. */
const CHANNEL = 'simulcast-sign-in';

/** A console that is there answers at once. */
const TAKEN_MS = 2000;

/** The server forgets a sign-in after ten minutes. */
const PENDING_MS = 600000;

/**
 * What a platform's redirect brought.
 * @typedef {object} Redirect
 * @property {string} state
 * @property {string} code empty when there is an error
 * @property {string} error empty when there is a code
 */

/**
 * What somebody asked to connect.
 * @typedef {object} Wish
 * @property {string} platform
 * @property {string} streamId
 * @property {string} name
 */

/**
 * Signing in at a platform, from the console: a window that is sent there, and what comes back from the redirect page.
 * Without a second window it is this one that goes and comes back.
 */
export class AccountLink {
    #channel = new BroadcastChannel(CHANNEL);
    #wishes = new Map();        /* state -> Wish */
    #window = null;
    #arrived;

    /** @param {function(Wish, Redirect): void} arrived called for each that was asked for here */
    constructor(arrived) {
        this.#arrived = arrived;
        this.#channel.addEventListener('message', ({data}) => this.#take(data));
    }

    /** @returns {boolean} somebody is expected to come back */
    get waiting() {
        return this.#wishes.size > 0;
    }

    /**
     * To be called from within a click: a browser opens no window at other times.
     * @param {Wish} wish
     * @param {function(): Promise<{authUrl: string, state: string}>} ask the server
     */
    async begin(wish, ask) {
        const popup = window.open('', '_blank', 'popup,width=600,height=760');

        this.#window = popup;

        try {
            const {authUrl, state} = await ask();
            const address = webAddress(authUrl);

            if (address === null || typeof state !== 'string' || state === '') {
                throw new ApiError('bad_auth_url', 'the server sent no address to sign in at');
            }

            if (popup === null) {
                remember(window, state, {...wish, here: true});
                location.assign(address);
                return;
            }

            if (popup.closed) {
                throw new ApiError('popup_closed', 'the window for signing in is gone');
            }

            this.#wishes.set(state, wish);
            remember(popup, state, wish);           /* should this page be gone by then */
            popup.opener = null;                    /* the platform has no business here */
            popup.location.replace(address);

        } catch (error) {
            popup?.close();
            throw error;
        }
    }

    /** Nobody is waited for any more. */
    cancel() {
        this.#wishes.clear();

        try {
            this.#window?.close();

        } catch {
            /* it is the platform's by now */
        }

        this.#window = null;
    }

    #take(redirect) {
        const wish = this.#wishes.get(redirect?.state);

        if (wish === undefined || redirect.taken) {
            return;
        }

        this.#wishes.delete(redirect.state);
        this.#channel.postMessage({state: redirect.state, taken: true});
        this.#arrived(wish, redirect);
    }
}

/**
 * The redirect page's side.
 * @param {Redirect} redirect
 * @returns {Promise<boolean>} whether a console has taken it
 */
export function handOver(redirect) {
    return new Promise((resolve) => {
        const channel = new BroadcastChannel(CHANNEL);
        const end = (taken) => {
            clearTimeout(timer);
            channel.close();
            resolve(taken);
        };
        const timer = setTimeout(() => end(false), TAKEN_MS);

        channel.addEventListener('message', ({data}) => {
            if (data?.taken && data.state === redirect.state) {
                end(true);
            }
        });

        channel.postMessage(redirect);
    });
}

/**
 * What this tab asked for, once.
 * @param {string} state
 * @returns {?(Wish & {here?: boolean})} `here`: by this very window; null when it was not asked for, or long ago
 */
export function recall(state) {
    const all = wishes();
    const wish = Object.hasOwn(all, state) ? all[state] : null;

    delete all[state];
    keep(PENDING, Object.keys(all).length === 0 ? '' : JSON.stringify(all));

    return wish !== null && Date.now() - wish.at < PENDING_MS ? wish : null;
}

function remember(where, state, wish) {
    const all = wishes();

    for (const [old, {at}] of Object.entries(all)) {
        if (!(Date.now() - at < PENDING_MS)) {
            delete all[old];
        }
    }

    keep(PENDING, JSON.stringify({...all, [state]: {...wish, at: Date.now()}}), where);
}

function wishes() {
    try {
        return Object.assign(Object.create(null), JSON.parse(kept(PENDING) || '{}'));

    } catch {
        return Object.create(null);
    }
}
