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
    ['S', {type: 'media-source', kind: 'video', framesPerSecond: 30}],
    ['R', {type: 'remote-inbound-rtp', kind: 'video', fractionLost: 0.05, roundTripTime: 0.5}],
]);
const first = summarize(reports(10000, 1000));
const second = summarize(reports(260000, 2000), first.sample);

is(first.figures.bitrate, null, 'one sample is no bitrate');
is(JSON.stringify(second.figures), JSON.stringify({
    bitrate: 2000, fps: 30, sourceFps: 30, width: 1280, height: 720, rtt: 12, loss: 0.05, codec: 'H264',
    protocol: 'udp', qualityLimitationReason: 'none',
}), 'two are');
is(summarize(reports(0, 3000), second.sample).figures.bitrate, null, 'a count that went back is none');
is(Object.values(summarize(new Map()).figures).filter((value) => value !== null).join(), '', 'no statistics');

/* ---------------------------------------------------------------- words */

const {describe, explain, figuresText, freeLabel, statusText} = await load('studio-text.js');
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
is(statusText([source('A', 'live'), source('B', 'failed')]), 'A is live', 'words: one is live');
is(statusText([source('A', 'live'), source('B', 'live')]), '2 sources are live', 'words: two are');
is(statusText([source('A', 'connecting')]), 'Connecting', 'words: not yet');
is(statusText([]), 'Nothing is live', 'words: none is');
is(freeLabel('Cam', ['Cam', 'Cam 2']), 'Cam 3', 'a label that is free');

/* ---------------------------------------------------------------- quality */

const {encodingOf, qualitiesOf, qualityOf} = await load('quality.js');
const ids = (type) => qualitiesOf(type).map(({id}) => id);

is(ids('screen').filter((id) => id.endsWith('-text')).join(), '2160-text,1440-text,1080-text,720-text',
   'quality: screens for text, from 720p to 4K');
is([ids('webcam')[0], ids('webcam').at(-1)].join(), '1080-60,360-30', 'quality: cameras from 360p to 1080p');
is(ids('audio').join(), '', 'quality: sound has no picture');
is([qualityOf('screen', null).id, qualityOf('webcam', 'nonsense').id, qualityOf('audio', '720-30')].join(),
   '1080-text,720-30,', 'quality: the usual one');

for (const type of ['screen', 'webcam']) {
    is(qualitiesOf(type).filter(({videoBitrate}) => !(videoBitrate >= 500000 && videoBitrate <= 7000000)).length, 0,
       `quality: ${type}: a server takes each of them`);
    is(qualitiesOf(type).every(({content, framerate}) => content === 'motion' || framerate === 15), true,
       `quality: ${type}: text has few pictures`);
}

ok(qualityOf('screen', '1080-text').videoBitrate > suggestedBitrate({width: 1920, height: 1080}, 15),
   'quality: with many bits each');

const wanted = {resolution: {width: 1280, height: 720}, framerate: 30, videoBitrate: 2700000};
const encoding = (captured, lowered = false) => Object.values(encodingOf(wanted, captured, lowered)).join(' ');

is(encoding({width: 1280, height: 720}), '2700000 30 1', 'quality: as it is captured');
is(encoding({width: 1920, height: 1080}), '2700000 30 1.5', 'quality: smaller than it is captured');
is(encoding({width: 640, height: 480}), '2700000 30 1', 'quality: never larger');
is(encoding({}), '2700000 30 1', 'quality: of what is not known');
is(encoding({width: 1280, height: 720}, true), '150000 5 4', 'quality: what nobody watches is a quarter');
is(encoding({width: 1920, height: 1080}, true), '150000 5 6', 'quality: of what it would be');
is(encoding({width: 320, height: 180}, true), '150000 5 2', 'quality: but still a picture');
is(encoding({width: 64, height: 48}, true), '150000 5 1', 'quality: however small');
is(encoding({}, true), '150000 5 4', 'quality: and of what is not known');

/* ---------------------------------------------------------------- saving upload */

const {UploadSaver} = await load('upload-saver.js');
const saver = new UploadSaver();
const save = (now, viewers, onAir = null, names = ['A', 'B']) => [...saver.update(now, names, viewers, onAir)].join();

is(save(0, {A: 1, B: 0}), '', 'saving: at first nothing is lowered');
is(save(14999, {A: 1, B: 0}), '', 'saving: not before 15 s');
is(save(15000, {A: 1, B: 0}), 'B', 'saving: then what nobody watches');
is(save(15001, {A: 1, B: 1}), '', 'saving: until somebody does');
is(save(16000, {A: 1}), '', 'saving: the time begins again');
is(save(31000, {A: 1}), 'B', 'saving: who is not named has no viewers');
is(save(31001, {A: 1}, 'B'), '', 'saving: not what is on air');
is(save(60000, {}), '', 'saving: that was a moment ago');
is(save(75000, {}), 'A,B', 'saving: all of them, if need be');
is(save(75001, null), '', 'saving: what is not known is not held against anybody');
is(save(76000, {}), '', 'saving: and starts anew');
is(save(91000, {}, null, ['A']), 'A', 'saving: one has gone');
is(save(91001, {}), 'A', 'saving: and is new when it comes back');

/* ---------------------------------------------------------------- health */

const {Health, findings} = await load('health.js');
const figures = {bitrate: 2000, fps: 30, sourceFps: 30, rtt: 20, loss: 0, qualityLimitationReason: 'none'};
const about = {seconds: 60, type: 'webcam', framerate: 30};
const found = (changes = {}, more = {}) => findings({...figures, ...changes}, {...about, ...more}).join();

is(found(), 'good', 'health: good');
is(found({qualityLimitationReason: 'bandwidth'}), 'upload', 'health: a slow upload');
is(found({qualityLimitationReason: 'bandwidth'}, {seconds: 5}), 'good', 'health: which is slow at first, always');
is(found({qualityLimitationReason: 'cpu'}), 'device', 'health: a slow device');
is(found({loss: 0.08}), 'loss', 'health: loss');
is(found({rtt: 600, loss: null}), 'far', 'health: far away');
is(found({fps: 12}), 'frames', 'health: fewer pictures than there are');
is(found({fps: 1, sourceFps: 1}, {type: 'screen', framerate: 15}), 'good', 'health: a screen that stands still');
is(found({fps: 10, sourceFps: 10}), 'dim', 'health: a camera in the dark');
is(found({fps: 0, sourceFps: 0}), 'blank', 'health: a camera without a picture');
is(found({fps: 0, sourceFps: 0}, {seconds: 2}), 'good', 'health: which it need not have at once');
is(found({fps: 0, sourceFps: 0}, {type: 'screen'}), 'good', 'health: nor a screen that stands still');
is(found({bitrate: 0}), 'stuck', 'health: nothing gets through');
is(found({fps: 5, loss: 0.2, qualityLimitationReason: 'bandwidth'}, {lowered: true}), 'loss,lowered',
   'health: what is lowered is meant to be');
is(found({fps: null, sourceFps: null, qualityLimitationReason: null}, {type: 'audio', framerate: undefined}), 'good',
   'health: sound alone');
is(found({bitrate: null, rtt: null, loss: null}, {seconds: 0}), 'starting', 'health: nothing is known yet');

const health = new Health();
const verdicts = [0, 0.2, 0.2, 0.2, 0, 0.2].map((loss) => {
    health.add({...figures, loss}, about);
    return health.verdict.finding;
});

is(verdicts.join(), 'good,good,good,loss,good,loss', 'health: once is never');
is(health.verdict.text, '20 % of what is sent is lost on the way: a cable is better than Wi-Fi.', 'health: in words');
health.reset();
is(health.verdict, null, 'health: of the session before nothing is left');

for (let second = 0; second < 3; second++) {
    health.add({...figures, fps: 8.4, sourceFps: 29.7}, about);
}

is(health.verdict.text, 'Only 8.4 of 30 pictures per second are sent.', 'health: pictures in words');

/* ---------------------------------------------------------------- what a tab remembers */

const {checked} = await load('studio-memory.js');
const remembered = {type: 'webcam', label: 'Face Cam', quality: '720-30', deviceId: 'd', audioDeviceId: '',
                    captureAudio: true, muted: true, live: true};

is(JSON.stringify(checked({sources: [remembered]}).sources), JSON.stringify([remembered]), 'memory: a source');
is(JSON.stringify(checked(null)), '{"sources":[],"overlay":{"main":"","inset":"","corner":"bottom-right","size":25},'
   + '"show":{"id":"","title":"","public":true},"saveUpload":false}', 'memory: of nothing');

for (const nonsense of [7, 'x', [], {sources: 'x', overlay: 7, show: [], saveUpload: 'yes'},
                        {sources: [null, 7, {type: 'hologram', label: 'A'}, {type: 'screen', label: ''},
                                   {type: 'other', label: 'A'}, {type: 'screen', label: 'x'.repeat(500)}],
                         overlay: {corner: 'up', size: 400}, show: {id: '../x', title: {}}}]) {
    is(JSON.stringify(checked(nonsense)), JSON.stringify(checked(null)),
       `memory: ${JSON.stringify(nonsense).slice(0, 30)} is as good as nothing`);
}

is(checked({sources: Array(99).fill(remembered)}).sources.length, 16, 'memory: not without an end');

/* ---------------------------------------------------------------- figures of a show */

const {duration, money, percent, sourceRows, summaryRows, switchMatrix} = await load('analytics-text.js');
const analytics = {
    viewers: {now: 2, peak: 7, distinct: 9}, watch_ms: 3725000, avg_duration_ms: 413888,
    sources: {
        Face_Cam: {label: 'Face Cam', views: 3, viewers: 0, peak: 2, watch_ms: 100, avg_duration_ms: 33, share: 0.001},
        Main_Screen: {label: '', views: 9, viewers: 2, peak: 7, watch_ms: 3724900, avg_duration_ms: 413877,
                      share: 0.999},
    },
    switches: [{from: 'Main_Screen', to: 'Face_Cam', count: 3}, {from: 'Face_Cam', to: 'Gone', count: 1},
               {from: 'A', to: 'B', count: 0}],
    join: {count: 0, avg_ms: 0, p50_ms: 0, p95_ms: 0}, stalls: {count: 0, ms: 0}, revenue: null,
};

is([0, 499, 7400, 59600, 60000, 3599000, 3600000, 7500000].map(duration).join(),
   '0 s,0 s,7 s,1 min 00 s,1 min 00 s,59 min 59 s,1 h 00 min,2 h 05 min', 'figures: durations');
is([0, 0.001, 0.005, 0.5, 1].map(percent).join(), '0 %,below 1 %,1 %,50 %,100 %', 'figures: shares');
is([['EUR', '1234.5'], ['EUR', '0.001234'], ['EUR', '0'], ['credits', '1.25']]
    .map(([currency, amount]) => money({currency, amount}, 'en')).join('; '),
   '€1,234.50; €0.001234; €0.00; 1.25 credits', 'figures: money');
is(summaryRows(analytics).map((row) => row.join(' ')).join('; '),
   'Viewers now 2; At peak 7; In all 9; Watched 1 h 02 min; Each, on average 6 min 54 s; First picture after not '
   + 'known yet; Interruptions none', 'figures: of the show');
is(summaryRows({...analytics, join: {count: 2, avg_ms: 900, p50_ms: 800, p95_ms: 1000}, stalls: {count: 2, ms: 3000},
                revenue: {currency: 'USD', amount: '0'}}).slice(5).map(([, figure]) => figure).join('; '),
   '900 ms on average, 800 ms for half, 1000 ms for 95 %; 2, 3 s together; $0.00'.replace('$0.00',
       money({currency: 'USD', amount: '0'})), 'figures: and what there may be');
is(sourceRows(analytics).map(({label, share, average}) => `${label} ${share} ${average}`).join('; '),
   'Main_Screen 0.999 6 min 54 s; Face Cam 0.001 0 s', 'figures: of the sources, the most watched first');
is(JSON.stringify(switchMatrix(analytics)), JSON.stringify({
    names: ['Face_Cam', 'Gone', 'Main_Screen'], labels: ['Face Cam', 'Gone', 'Main_Screen'],
    counts: [[0, 1, 0], [0, 0, 0], [3, 0, 0]],
}), 'figures: who left what for what');
is(switchMatrix({sources: {}, switches: []}).names.length, 0, 'figures: nobody');

/* ---------------------------------------------------------------- words about a show */

const {explainShow, onAirText, showText, viewersText} = await load('show-text.js');

is([1, 2].map((now) => viewersText({now, peak: 3})).join('; '), '1 viewer, 3 at peak; 2 viewers, 3 at peak',
   'show: viewers');
is(showText({state: 'open', show: {status: 'live', public: false}, connected: true}),
   'The show is live, for those who have the link.', 'show: live');
ok(showText({state: 'open', show: {status: 'waiting', public: true}, connected: false}).endsWith('connecting.'),
   'show: figures may be old');
is(['none', 'opening', 'absent', 'guest', 'ended'].filter((state) => showText({state, show: null}) === '').length, 0,
   'show: there is always something to be said');
is(onAirText({mode: 'manual', source: 'Face_Cam'}, () => 'Face Cam'), 'Face Cam is on air.', 'show: on air');
ok(onAirText({mode: 'activity', source: null}, () => '').startsWith('Nothing is on air yet.'), 'show: nothing is');
is(explainShow({code: 'unreachable', message: 'x'}), 'The server cannot be reached.', 'show: a reason');
is(explainShow({code: 'brand_new', message: 'no such luck'}), 'No such luck.', 'show: one that is new');

/* ---------------------------------------------------------------- sound */

const {levelOf} = await load('sound-meter.js');

is([0, 1, 0.001, 0.0001].map((level) => levelOf(new Float32Array(1024).fill(level)).toFixed(2)).join(),
   '0.00,1.00,0.00,0.00', 'sound: from silence to full scale');
is(levelOf(new Float32Array(1024).fill(0.0316)).toFixed(1), '0.5', 'sound: half way is 30 dB below');

done();
