import {explain as explainSending} from './studio-text.js';

/* What is said of the show: its state, its viewers, its figures.  Pure: no DOM, no clock. */

const REASONS = {
    key_required: 'The server wants a stream key.',
    key_invalid: 'The server does not know this stream key. Look for a missing or an extra character.',
    key_foreign: 'This key sends in somebody else\'s show.',
    bad_token: 'There are characters in this stream key that no key has.',
    origin_not_allowed: 'The server takes no changes from pages at this address.',
    session_not_found: 'The show is over.',
    session_ended: 'The show is over.',
    stream_not_found: 'The show has no such source any more.',
    stream_disabled: 'This source is switched off for viewers.',
    busy: 'The server is busy. Try again.',
    zone_full: 'The server has no room for another show at the moment.',
    unreachable: 'The server cannot be reached.',
    timeout: 'The server does not answer.',
    bad_answer: 'The server does not answer as it should.',
};

/**
 * @param {{code: string, message: string}} error
 * @returns {string} whole sentences
 */
export function explainShow(error) {
    return REASONS[error.code] ?? explainSending(error);
}

/**
 * @param {import('./show-session.js').ShowSession} session or what looks like it
 * @returns {string}
 */
export function showText({state, show, connected}) {
    switch (state) {
    case 'none':
        return 'It opens when you go live. To have the link for viewers before that, open it now.';
    case 'opening':
        return 'The show is being opened.';
    case 'absent':
        return 'This server keeps no shows: what you send is on its pages at once, for everybody.';
    case 'guest':
        return 'You are a guest: what you send is part of somebody else\'s show.';
    case 'ended':
        return 'The show is over. Going live opens a new one.';
    default:
        return `${show.status === 'live' ? 'The show is live' : 'The show is open, and waits for a source'}, `
               + `${show.public ? 'for everybody' : 'for those who have the link'}.`
               + (connected ? '' : ' What is shown of it may be old: connecting.');
    }
}

/** @returns {string} as "12 viewers, 30 at peak" */
export function viewersText({now, peak}) {
    return `${now} ${now === 1 ? 'viewer' : 'viewers'}, ${peak} at peak`;
}

/**
 * @param {{mode: string, source: ?string}} onAir
 * @param {function(string): string} labelOf a name
 * @returns {string}
 */
export function onAirText({mode, source}, labelOf) {
    if (mode === 'off') {
        return 'Each viewer chooses for himself.';
    }

    const now = source === null ? 'Nothing is on air yet.' : `${labelOf(source)} is on air.`;

    return mode === 'manual' ? now : `${now} The server goes by sound, then by motion.`;
}
