/*
 * The parts of the studio that need neither a browser nor a server: names, words, and what WHIP exchanges.  Prints
 * TAP.
 */

import {pageModules} from './page_modules.mjs';
import {ANSWER, NEWS, OFFER} from './studio_sdp.mjs';
import {done, is, ok} from './tap.mjs';

const load = pageModules('studio');

/* ---------------------------------------------------------------- names */

const {nameOf, validName} = await load('source-name.js');

is(nameOf('🖥️ Main Screen'), 'Main_Screen', 'an emoji and the blank behind it are no part of a name');
is(nameOf('  Face   Cam\t2 '), 'Face_Cam_2', 'outer blanks neither, inner ones are an underscore');
is(nameOf('👩🏽‍💻 Desk 🇩🇪'), 'Desk', 'emoji of several parts and flags');
is(nameOf('1️⃣ Cam 1'), 'Cam_1', 'a key cap is an emoji, a digit is not');
is(validName('a'.repeat(50)), 'a'.repeat(50), '50 characters are a name');

const refusal = (label) => {
    try {
        return `none: ${validName(label)}`;

    } catch (error) {
        return `${error.code} ${error.field}`;
    }
};

for (const label of ['', '🎥', 'a'.repeat(51), 'Köln', 'a/b', 'a.b', '../x', 'a?b', 'a%2fb', 'a\nb;', '<b>']) {
    is(refusal(label), 'bad_source_name label', `${JSON.stringify(label)} is no name`);
}

for (const label of ['admin', 'API', ' System ', 'events', 'index']) {
    is(refusal(label), 'reserved_source_name label', `${JSON.stringify(label)} is reserved`);
}

/* ---------------------------------------------------------------- errors and waiting */

const {WhipError, backoffMs, retryAfterMs} = await load('whip-error.js');
const answer = (status, body = '', retryAfter = 0) => WhipError.fromAnswer(status, body, retryAfter);

is(answer(401, '{"success":false,"error":{"code":"unknown_key","message":"no"}}').code, 'unknown_key',
   'the server\'s own word');
is(answer(404).code, 'http_404', 'none where there is none');
is(answer(403, '{"error":{"code":"<b>","message":7}}').code, 'http_403', 'or where it is no word');
is(answer(403, '{"error":null}').message, 'the server answered 403', 'a body that says nothing');
is([400, 401, 403, 404, 405, 413, 415, 422, 501].filter((status) => !answer(status).final).join(), '',
   'answers that are final');
is([408, 409, 429, 500, 502, 503, 504].filter((status) => answer(status).final).join(), '', 'answers that pass');
ok(answer(409, '{"error":{"code":"takeover_flapping","message":"two"}}').final, 
   'of two that fight for a source one gives way');

is(retryAfterMs('7', 0), 7000, 'Retry-After in seconds');
is(retryAfterMs('Thu, 01 Jan 1970 00:00:09 GMT', 2000), 7000, 'as a date');
is(retryAfterMs('Thu, 01 Jan 1970 00:00:09 GMT', 20000), 0, 'that is past');
is(retryAfterMs('soon', 0), 0, 'as nonsense');
is(retryAfterMs(null, 0), 0, 'not at all');
is(retryAfterMs('999999999', 0), 600000, 'beyond reason');

const limits = {first: 1000, max: 30000};

is([1, 2, 3, 6, 2000].map((failures) => backoffMs(failures, 1, limits)).join(), '1000,2000,4000,30000,30000',
   'the waiting doubles, up to a limit');
is(backoffMs(3, 0, limits), 2000, 'and is half of that at least');

/* ---------------------------------------------------------------- texts */

const {fragment, iceServers, isLite, restartedAnswer} = await load('whip-text.js');

is(fragment(OFFER, ['candidate:1 1 udp 1 192.0.2.2 5000 typ host', 'candidate:x\r\na=evil'], true), [
    'a=ice-options:trickle ice2', 'a=group:BUNDLE 0 1', 'm=audio 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:0', 'a=ice-ufrag:mine',
    'a=ice-pwd:0123456789012345678901', 'a=candidate:1 1 udp 1 192.0.2.2 5000 typ host', 'a=end-of-candidates', '',
].join('\r\n'), 'a fragment has credentials and candidates');
ok(!fragment(OFFER, [], false).includes('end-of-candidates'), 'and says whether more will come');
is(isLite(ANSWER), true, 'an answer of an ICE-lite server');
is(isLite(ANSWER.replace('a=ice-lite\r\n', 'a=ice-lite-no\r\n')), false, 'one of another');

const merged = restartedAnswer(ANSWER, NEWS);

is(merged.match(/a=ice-ufrag:new1\r\na=ice-pwd:newnewnewnewnewnewnewne\r\n/g).length, 2,
   'a restart: new credentials in each section');
ok(!/old|192\.0\.2\.1 /.test(merged), 'nothing of the old ones');
is(merged.match(/a=candidate.*\r\na=end-of-candidates\r\n/g).join(),
   'a=candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host\r\na=end-of-candidates\r\n', 'the candidates once');
ok(merged.startsWith('v=0\r\n') && merged.endsWith('\r\n') && !/\r\n\r\n|[^\r]\n/.test(merged),
   'in lines as SDP has them');
is(merged.match(/^m=(audio|video)/gm).join(), 'm=audio,m=video', 'in the order of before');
is(restartedAnswer(ANSWER, 'a=ice-ufrag:new1\r\n'), null, 'a fragment without a password is of no use');
is(restartedAnswer(ANSWER, '<html>'), null, 'nor is anything else');

const servers = (header) => JSON.stringify(iceServers(header));

is(servers('<stun:stun.example:3478>; rel="ice-server"'), '[{"urls":"stun:stun.example:3478"}]', 'Link: STUN');
is(servers('<stun:a>; rel=ice-server, <turn:b?transport=udp>; rel="ice-server"; '
           + 'username="u,;\\"x"; credential="p"; credential-type="password"'),
   '[{"urls":"stun:a"},{"urls":"turn:b?transport=udp","username":"u,;\\"x","credential":"p"}]', 'and TURN, joined');
is(servers('<turn:b>; rel="ice-server"'), '[]', 'TURN without a password is of no use');
is(servers('<stun:a>; rel="other", <https://x>; rel="ice-server", garbage, <'), '[]', 'what is none');
is(servers(null), '[]', 'no Link');

/* ---------------------------------------------------------------- codecs and statistics */

const {chooseCodecs, suggestedBitrate} = await load('whip-codecs.js');
const codec = (mimeType, sdpFmtpLine) => ({mimeType, sdpFmtpLine});
const CODECS = [codec('video/VP8'), codec('video/rtx'),
                codec('video/H264', 'packetization-mode=0;profile-level-id=42001f'),
                codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'),
                codec('video/ulpfec')];
const shown = (codecs) => codecs.map(({mimeType, sdpFmtpLine = ''}) =>
    mimeType.slice(6) + (/packetization-mode=\d/.exec(sdpFmtpLine)?.[0].slice(-1) ?? '')).join(' ');

is(shown(chooseCodecs(CODECS, ['video/H264'])), 'H2641 H2640 rtx', 'H.264 in packets first');
is(shown(chooseCodecs(CODECS, ['video/h264', 'video/VP8'])), 'H2641 H2640 VP8 rtx',
   'others behind, if they are wanted');
is(shown(chooseCodecs(CODECS, ['video/H265'])), '', 'none');
is([suggestedBitrate({width: 1920, height: 1080}, 30), suggestedBitrate({width: 1280, height: 720}, 30),
    suggestedBitrate({width: 3840, height: 2160}, 60)].join(), '5000000,2700000,7000000', 'bitrates');

const {summarize} = await load('whip-stats.js');
const reports = (bytes, timestamp) => new Map([
    ['T', {type: 'transport', selectedCandidatePairId: 'P'}],
    ['P', {type: 'candidate-pair', currentRoundTripTime: 0.0123, localCandidateId: 'L'}],
    ['L', {type: 'local-candidate', protocol: 'udp'}],
    ['A', {type: 'outbound-rtp', kind: 'audio', bytesSent: 1000, headerBytesSent: 0, timestamp}],
    ['V', {type: 'outbound-rtp', kind: 'video', bytesSent: bytes, headerBytesSent: 500, timestamp,
           framesPerSecond: 29.7, frameWidth: 1280, frameHeight: 720, qualityLimitationReason: 'none', codecId: 'C'}],
    ['C', {type: 'codec', mimeType: 'video/H264'}],
    ['R', {type: 'remote-inbound-rtp', kind: 'video', fractionLost: 0.05, roundTripTime: 0.5}],
]);
const first = summarize(reports(10000, 1000));
const second = summarize(reports(260000, 2000), first.sample);

is(first.figures.bitrate, null, 'one sample is no bitrate');
is(JSON.stringify(second.figures), JSON.stringify({
    bitrate: 2000, fps: 30, width: 1280, height: 720, rtt: 12, loss: 0.05, codec: 'H264', protocol: 'udp',
    qualityLimitationReason: 'none',
}), 'two are');
is(summarize(reports(0, 3000), second.sample).figures.bitrate, null, 'a count that went back is none');
is(Object.values(summarize(new Map()).figures).filter((value) => value !== null).join(), '', 'no statistics');

/* ---------------------------------------------------------------- words */

const {describe, explain, figuresText, freeLabel, limitText, statusText} = await load('studio-text.js');
const source = (label, state, reason = null) => ({label, state, reason});

is(describe(source('A', 'live')).title, 'Live', 'words: live');
is(describe(source('A', 'reconnecting', {code: 'timeout', message: ''})).text,
   'The server does not answer. Trying again.', 'words: trying');
ok(!describe(source('A', 'failed', {code: 'unknown_key', message: ''})).text.includes('again'), 'words: given up');
is(explain({code: 'something_new', message: 'the server says so'}), 'The server says so.',
   'words: a reason that is new');
is(explain({code: 'something_new', message: ''}), 'Something went wrong.', 'words: none');
is(figuresText(second.figures), '2.0 Mbit/s · round trip 12 ms · 1280×720 · 30 fps · 5 % lost', 'words: figures');
is(figuresText(summarize(new Map()).figures), '', 'words: no figures');
is(limitText({qualityLimitationReason: 'bandwidth'}, 3), '', 'words: the beginning is always slow');
ok(limitText({qualityLimitationReason: 'bandwidth'}, 30).includes('network'), 'words: a slow network');
is(statusText([source('A', 'live'), source('B', 'failed')]), 'A is live', 'words: one is live');
is(statusText([source('A', 'live'), source('B', 'live')]), '2 sources are live', 'words: two are');
is(statusText([source('A', 'connecting')]), 'Connecting', 'words: not yet');
is(statusText([]), 'Nothing is live', 'words: none is');
is(freeLabel('Cam', ['Cam', 'Cam 2']), 'Cam 3', 'a label that is free');

done();
