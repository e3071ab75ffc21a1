/* What this tab remembers until it is closed: sessionStorage, which a browser may deny. */

/** The API token, the streamer's id, and the sign-ins that are under way. */
export const TOKEN = 'simulcast-token';
export const STREAMER = 'simulcast-streamer';
export const PENDING = 'simulcast-pending';

/** @returns {string} empty when there is none */
export function kept(name) {
    try {
        return sessionStorage.getItem(name) ?? '';

    } catch {
        return '';
    }
}

/**
 * @param {string} name
 * @param {string} value an empty one is forgotten
 * @param {Window} [where] another window of this origin
 */
export function keep(name, value, where = window) {
    try {
        if (value === '') {
            where.sessionStorage.removeItem(name);

        } else {
            where.sessionStorage.setItem(name, value);
        }

    } catch {
        /* the page works without it, until it is loaded again */
    }
}
