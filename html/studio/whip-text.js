/* The texts that WHIP exchanges beside offer and answer (RFC 9725).  Pure: no network. */

const CANDIDATE = /^candidate:[!-~][ -~]{0,510}$/;
const CREDENTIAL = /^a=(ice-ufrag|ice-pwd):([A-Za-z0-9+/=-]{4,256})$/;
const LINK = /(?:<[^>]*>|"(?:[^"\\]|\\.)*"|[^,<"])+/g;
const LINK_PARAMETER = /;\s*([\w-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*)))?/g;
const ICE_LINE = /^a=(ice-ufrag|ice-pwd|candidate):|^a=end-of-candidates$/;

const lines = (text) => text.split(/\r\n|\r|\n/).filter((line) => line !== '');

const value = (sdp, name) => lines(sdp).find((line) => line.startsWith(`a=${name}:`))?.slice(name.length + 3);

/**
 * @param {string} sdp
 * @returns {boolean} its author only answers connectivity checks, and needs no candidates of ours
 */
export function isLite(sdp) {
    return lines(sdp).includes('a=ice-lite');
}

/**
 * The body of a PATCH: ICE credentials of a description and candidates (RFC 8840, section 9).
 * @param {string} sdp of the local description
 * @param {string[]} candidates "candidate:..." each
 * @param {boolean} complete no more will come
 * @returns {string}
 */
export function fragment(sdp, candidates, complete) {
    const media = lines(sdp).find((line) => line.startsWith('m=')) ?? 'm=audio 9 UDP/TLS/RTP/SAVPF 0';
    const [kind, , proto] = media.slice(2).split(' ');
    const group = lines(sdp).find((line) => line.startsWith('a=group:BUNDLE'));

    return [
        'a=ice-options:trickle ice2',
        ...(group ? [group] : []),
        `m=${kind} 9 ${proto} 0`,
        `a=mid:${value(sdp, 'mid') ?? '0'}`,
        `a=ice-ufrag:${value(sdp, 'ice-ufrag') ?? ''}`,
        `a=ice-pwd:${value(sdp, 'ice-pwd') ?? ''}`,
        ...candidates.filter((candidate) => CANDIDATE.test(candidate)).map((candidate) => `a=${candidate}`),
        ...(complete ? ['a=end-of-candidates'] : []),
        '',
    ].join('\r\n');
}

/**
 * The answer of a session whose ICE was restarted: the old one with the new credentials and candidates.
 * @param {string} answer SDP
 * @param {string} news a fragment
 * @returns {?string} null when the fragment has no credentials
 */
export function restartedAnswer(answer, news) {
    const credentials = new Map();
    const candidates = [];

    for (const line of lines(news)) {
        const [, name, text] = CREDENTIAL.exec(line) ?? [];

        if (name !== undefined) {
            credentials.set(name, text);

        } else if (line.startsWith('a=') && CANDIDATE.test(line.slice(2))) {
            candidates.push(line);
        }
    }

    if (credentials.size < 2) {
        return null;
    }

    const ice = [...credentials].map(([name, text]) => `a=${name}:${text}`);
    const [session, ...media] = lines(answer).filter((line) => !ICE_LINE.test(line)).join('\r\n').split(/(?=^m=)/m);

    return session + media.map((section, index) =>
        [section.trimEnd(), ...ice, ...(index === 0 ? [...candidates, 'a=end-of-candidates'] : []), ''].join('\r\n'),
    ).join('');
}

/**
 * @param {?string} header Link, of a 201
 * @returns {RTCIceServer[]} those with rel="ice-server"
 */
export function iceServers(header) {
    return (header?.match(LINK) ?? []).flatMap((link) => {
        const [, urls] = /^\s*<((?:stun|turn)s?:[^>\s]+)>/i.exec(link) ?? [];
        const parameters = new Map([...link.matchAll(LINK_PARAMETER)].map(([, name, quoted, plain]) =>
            [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '']));
        const username = parameters.get('username');
        const credential = parameters.get('credential');

        if (urls === undefined || !/(^|\s)ice-server(\s|$)/i.test(parameters.get('rel'))) {
            return [];
        }

        if (/^stun/i.test(urls)) {
            return [{urls}];
        }

        return username && credential ? [{urls, username, credential}] : [];
    });
}
