/* What this tab remembers until it is closed: sessionStorage, which a browser may deny. */

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
 * @returns {boolean} it is as it was wanted
 */
export function keep(name, value, where = window) {
    try {
        if (value === '') {
            where.sessionStorage.removeItem(name);

        } else {
            where.sessionStorage.setItem(name, value);
        }

        return true;

    } catch {
        return false;       /* the page works without it, until it is loaded again */
    }
}
