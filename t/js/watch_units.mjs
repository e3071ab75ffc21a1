/*
 * The parts of the watch page that need no browser: the live list (SourceList), what is said about sources and figures,
 * the clock of playlists, how players are kept in step and take the place of each other, who chooses the picture, and a
 * viewer's session with its preferences and beacons.  Prints TAP.
 */

import {setTimeout as sleep} from 'node:timers/promises';

import {pageModules} from './page_modules.mjs';
import {done, is, ok} from './tap.mjs';

const load = pageModules('watch');

class FakeEventSource extends EventTarget {
    static OPEN = 1;
    static CLOSED = 2;
    static last;

    constructor() {
        super();
        this.readyState = 0;
        FakeEventSource.last = this;
    }

    close() {
        this.readyState = 2;
    }

    say(type, source) {
        this.dispatchEvent(Object.assign(new Event(type), {data: JSON.stringify(source)}));
    }

    opens() {
        this.readyState = 1;
        this.dispatchEvent(new Event('open'));
    }

    breaks(readyState) {
        this.readyState = readyState;
        this.dispatchEvent(new Event('error'));
    }
}

globalThis.EventSource = FakeEventSource;
globalThis.HTMLMediaElement = {HAVE_NOTHING: 0, HAVE_CURRENT_DATA: 2};
globalThis.document = Object.assign(new EventTarget(), {hidden: true});
globalThis.window = new EventTarget();
globalThis.location = {origin: 'http://here'};

const {Beacon} = await load('beacon.js');
const {NativeEngine, dateAt, timeAt} = await load('engines.js');
const {Lockstep, MANNERS, nudge, playable} = await load('lockstep.js');
const {MultiViewManager} = await load('multi-view-manager.js');
const {rateToLive} = await load('player.js');
const {Preferences} = await load('preferences.js');
const {SmartSourceSwitcher, mostActive} = await load('smart-source-switcher.js');
const {SourceAnalytics} = await load('source-analytics.js');
const {SourceList} = await load('source-list.js');
const {apart, describe, describeFigures, otherCodec, pictureSize, priceText, whyNot} = await load('viewer-text.js');
const {ViewerSession} = await load('viewer-session.js');

const source = (id, more = {}) => ({id, label: id.replaceAll('_', ' '), url: `/hls/a/${id}/index.m3u8`, state: 'live', ...more});
const ids = (list) => list.sources.map(({id, gone}) => (gone ? `-${id}` : id)).join(' ');

function listWith(answers, options) {
    const list = new SourceList('/sources/a/events', async () => {
        const answer = await answers.shift();

        if (answer instanceof Error) {
            throw answer;
        }

        return answer ?? [];
    }, options);

    list.open();

    return {list, stream: FakeEventSource.last};
}

{
    const {list, stream} = listWith([[source('A'), source('B')], [source('B'), source('C')]], {goneMs: 60});

    is(list.state, 'connecting', 'nothing is known at first');

    stream.say('source_added', source('A'));
    is(ids(list), 'A', 'an event alone makes a source known');

    stream.opens();
    await sleep(1);
    is(ids(list), 'A B', 'the list adds what no event told');
    is(list.state, 'open', 'the list is complete');

    stream.say('source_updated', source('A', {state: 'stalled'}));
    is(list.get('A').state, 'stalled', 'an update replaces the source');

    stream.breaks(0);
    is(list.state, 'reconnecting', 'a lost stream is noticed');
    is(ids(list), 'A B', 'and loses no source');

    stream.opens();
    await sleep(1);
    is(ids(list), '-A B C', 'what the new list lacks is gone');
    is(list.live.length, 2, 'and does not count as live');

    stream.say('source_added', source('A'));
    await sleep(90);
    is(ids(list), 'A B C', 'a source that comes back keeps its place and stays');

    stream.say('source_removed', source('B'));
    is(ids(list), 'A -B C', 'a removed source is marked');
    await sleep(90);
    is(ids(list), 'A C', 'and leaves after a while');

    list.close();
}

{
    let answer;
    const {list, stream} = listWith([new Promise((resolve) => { answer = resolve; })]);

    stream.opens();
    stream.say('source_added', source('New'));
    stream.say('source_added', source('Old'));
    stream.say('source_removed', source('Old'));
    answer([source('Old'), source('Listed')]);
    await sleep(1);
    is(ids(list), 'New -Old Listed', 'events win over an answer that is older than they are');

    list.close();
}

{
    const {list, stream} = listWith([Object.assign(new Error('404'), {status: 404})]);

    stream.breaks(2);
    await sleep(1);
    is(list.state, 'missing', 'HTTP 404 means that there is no such streamer');

    list.close();
}

{
    const {list, stream} = listWith([Object.assign(new Error('502'), {status: 502}), [source('A')]]);

    stream.breaks(2);
    await sleep(1);
    is(list.state, 'connecting', 'another error does not');
    await sleep(3000);
    ok(FakeEventSource.last !== stream, 'a stream that the browser gave up is opened again');
    FakeEventSource.last.opens();
    await sleep(1);
    is(ids(list), 'A', 'and brings the list');

    list.close();
}

{
    const {list, stream} = listWith([[source('A')], [source('A'), source('B')]]);

    stream.opens();
    await sleep(1);
    list.paused = true;
    is(stream.readyState, FakeEventSource.CLOSED, 'the stream is closed while others need the connection');
    await list.refresh();
    is(ids(list), 'A', 'and the list is not asked for');
    is(list.state, 'open', 'what is known stays');
    list.open();
    is(FakeEventSource.last, stream, 'nobody else opens it');

    list.paused = false;
    ok(FakeEventSource.last !== stream, 'then it is opened again');
    FakeEventSource.last.opens();
    await sleep(1);
    is(ids(list), 'A B', 'and what came in the meantime is known');

    list.close();
}

{
    const {list, stream} = listWith([[source('A')], [source('A')]]);
    const heard = [];

    list.addEventListener('told', ({what, data}) => heard.push(`${what} ${JSON.stringify(data)}`));
    list.addEventListener('refused', () => heard.push('refused'));
    stream.opens();
    await sleep(1);
    list.listen('/sources/a/events');
    is(FakeEventSource.last, stream, 'a stream that is open is not opened again');
    list.listen('/show/session/1/events');
    ok(FakeEventSource.last !== stream && stream.readyState === FakeEventSource.CLOSED, 'another one takes its place');
    FakeEventSource.last.say('viewers', {now: 3});
    FakeEventSource.last.say('on_air', {mode: 'off'});
    FakeEventSource.last.breaks(2);
    is(heard.join(), 'viewers {"now":3},on_air {"mode":"off"},refused', 'what a session tells is passed on');
    is(ids(list), 'A', 'and a list that was known stays known');

    list.close();
}

is(otherCodec(source('A')), null, 'an unknown codec is taken to be playable');
is(otherCodec(source('A', {video: {codec: 'avc1.640028'}})), null, 'H.264 is');
is(otherCodec(source('A', {video: {codec: 'hvc1.1.6.L93.B0'}})), 'HEVC', 'HEVC has a name');
is(pictureSize(source('A', {video: {width: 1920, height: 1080, fps: 59.94}})), '1920×1080 · 60 fps', 'size and frame rate');
is(pictureSize(source('A', {video: {width: 1920, height: 1080}}), 'short'), '1080p', 'no frame rate yet');
is(pictureSize(source('A', {audio: {codec: 'mp4a.40.2'}})), 'sound only', 'no picture');
is(pictureSize(source('A')), '', 'nothing is known');

function scene(state, sources, id, player) {
    const live = sources.filter(({gone}) => !gone);

    return describe({streamer: 'a', list: {state, live, get: (want) => sources.find((one) => one.id === want) ?? null},
                     id, player: {state: 'idle', missing: false, ...player}}).state;
}

const hevc = source('H', {video: {codec: 'hvc1.1.6.L93.B0', width: 640, height: 360}});

is(scene('connecting', [], null), 'connecting', 'scene: connecting');
is(scene('reconnecting', [], null), 'connecting', 'scene: connection lost');
is(scene('missing', [], null), 'no-streamer', 'scene: no such streamer');
is(scene('open', [], 'A'), 'offline', 'scene: offline');
is(scene('open', [source('A')], 'B'), 'gone', 'scene: the linked source is not live');
is(scene('open', [source('A'), source('B', {gone: true})], 'B'), 'gone', 'scene: the watched source is gone');
is(scene('open', [source('A')], 'A', {state: 'starting', missing: true}), 'starting', 'scene: starting');
is(scene('open', [hevc], 'H', {state: 'starting', missing: true}), 'unplayable', 'scene: HEVC without a playlist');
is(scene('open', [hevc], 'H', {state: 'playing'}), 'playing', 'scene: HEVC that plays all the same');
is(scene('reconnecting', [source('A')], 'A', {state: 'playing'}), 'playing', 'scene: a lost event stream does not disturb');
is(scene('open', [source('A')], 'A', {state: 'error'}), 'error', 'scene: error');

is(whyNot('B', 'A', 'gone'), 'B has ended. A goes on.', 'why the picture stays: ended');
is(whyNot('B', 'A', 'late'), 'B did not come in time. A goes on.', 'why the picture stays: late');
is(whyNot('B', null, 'unplayable'), 'B cannot be played here.', 'why there is none');

/* the clock of a playlist: a publisher was away for 7 seconds between the second and the third segment */

{
    const segments = [
        {start: 10, duration: 2, programDateTime: 1000000},
        {start: 12, duration: 2, programDateTime: 1002000},
        {start: 14, duration: 2, programDateTime: 1011000},
    ];

    is(dateAt(segments, 10.5), 1000500, 'clock: in the first segment');
    is(dateAt(segments, 13.999), 1003999, 'clock: at the end of a session');
    is(dateAt(segments, 15), 1012000, 'clock: in the next session');
    is(dateAt(segments, 17), 1014000, 'clock: beyond the end');
    is(dateAt(segments, 9), 999000, 'clock: before the beginning');
    is(timeAt(segments, 1001500), 11.5, 'clock: the other way round');
    is(timeAt(segments, 1007000), 14, 'clock: a moment of which there is nothing');
    is(timeAt(segments, 1012250), 15.25, 'clock: back in the next session');
    is(timeAt(segments, 999000), 9, 'clock: before the beginning, back');
    is(dateAt([], 5), null, 'clock: no playlist');
    is(timeAt([], 5), null, 'clock: no playlist, back');
    is(dateAt([{start: 0, duration: 2, programDateTime: null}], 1), null, 'clock: a playlist without one');
    is(timeAt([{start: 0, duration: 2, programDateTime: null}], 1), null, 'clock: a playlist without one, back');
}

is(rateToLive({latency: 0.7, target: 0.63, ahead: 0.6, rate: 1}), 1, 'pace: close enough');
is(rateToLive({latency: 0.9, target: 0.63, ahead: 0.8, rate: 1}), 1.05, 'pace: a little late');
is(rateToLive({latency: 2, target: 0.63, ahead: 1.8, rate: 1}), 1.08, 'pace: late');
is(rateToLive({latency: 0.7, target: 0.63, ahead: 0.6, rate: 1.05}), 1.05, 'pace: what has begun to hurry goes on');
is(rateToLive({latency: 0.66, target: 0.63, ahead: 0.6, rate: 1.05}), 1, 'pace: until it is there');
is(rateToLive({latency: 2, target: 0.63, ahead: 0.2, rate: 1.05}), 1, 'pace: not into the end of the buffer');
is(JSON.stringify(nudge(100, MANNERS.hidden)), '{"change":0.5,"ms":200}', 'nudge: as fast as may be');
is(JSON.stringify(nudge(-15, MANNERS.hidden)), '{"change":-0.1,"ms":150}', 'nudge: for as long as it has to be');
is(JSON.stringify(nudge(0, MANNERS.hidden)), '{"change":0,"ms":150}', 'nudge: nothing');
is(playable(0.1), 0, 'rates that browsers refuse are not asked for');

/* a player that takes its time: its clock stands still for a moment after each jump and each change of rate */

class SimulatedPlayer {
    static now = 0;

    #rate = 1;
    #at;

    constructor({date, cost = 0, from = -Infinity}) {
        Object.assign(this, {shown: date, cost, from, running: true, ahead: 1, guided: false, jumps: 0, rates: []});
        this.#at = SimulatedPlayer.now;
    }

    get date() {
        const elapsed = Math.max(SimulatedPlayer.now - this.#at, 0);

        this.shown += elapsed * this.#rate;
        this.#at = Math.max(SimulatedPlayer.now, this.#at);

        return this.shown;
    }

    get rate() {
        return this.#rate;
    }

    set rate(rate) {
        if (rate !== this.#rate) {
            this.shown = this.date;
            this.#at = SimulatedPlayer.now + Math.min(this.cost / 4, 25);
            this.#rate = rate;
            this.rates.push(rate);
        }
    }

    seekToDate(date) {
        if (date < this.from) {
            return false;
        }

        this.shown = date;
        this.#at = SimulatedPlayer.now + this.cost;
        this.jumps++;

        return true;
    }
}

function follow(skew, {manner = MANNERS.hidden, step = 30, ms = 4000, ...options} = {}) {
    const {performance} = globalThis;

    Object.defineProperty(globalThis, 'performance', {configurable: true, value: {now: () => SimulatedPlayer.now}});
    SimulatedPlayer.now = 0;

    const leader = new SimulatedPlayer({date: 1e6});
    const player = new SimulatedPlayer({date: 1e6 + skew, ...options});
    const lockstep = new Lockstep(player, leader, manner);
    let steady = 0;

    while (SimulatedPlayer.now < ms && steady < 3) {
        SimulatedPlayer.now += step;
        steady = lockstep.step() ? steady + 1 : 0;
    }

    const found = {took: SimulatedPlayer.now, left: Math.abs(lockstep.skew), jumps: player.jumps, rate: player.rate,
                   slowest: Math.min(1, ...player.rates), fastest: Math.max(1, ...player.rates)};

    lockstep.end();
    Object.defineProperty(globalThis, 'performance', {configurable: true, value: performance});

    return found;
}

for (const cost of [0, 60, 120, 300]) {
    for (const skew of [0, 20, -20, 70, -70, 300, -300, 1200, -5000]) {
        const {took, left, rate} = follow(skew, {cost});

        ok(took < 2000 && left < 40 && rate === 1,
           `in step from ${skew} ms with jumps of ${cost} ms: ${took} ms, ${left} ms`);
    }
}

{
    const early = follow(700, {cost: 60, from: 1e6 + 500});

    ok(early.took < 2000 && early.left < 40, 'who has nothing of that moment in the buffer waits for it');
    is(early.slowest, 0, 'standing still');

    const never = follow(5000, {from: Infinity, ms: 2000});

    is(never.slowest, 1, 'what cannot be reached is not waited for');

    const seen = follow(-120, {cost: 60, manner: MANNERS.seen, step: 250, ms: 8000});

    ok(seen.left <= 25 && seen.jumps === 0, 'an inset picture gets in step without a jump');
    ok(seen.fastest <= 1.05 + 1e-9 && seen.slowest === 1, 'and without haste');
}

/* native HLS */

{
    const video = Object.assign(new EventTarget(), {
        currentTime: 20, seekable: {length: 1, start: () => 5, end: () => 24}, getStartDate: () => new Date(1000000),
        load() {}, removeAttribute() {},
    });
    const told = [];
    const engine = new NativeEngine(video, '/x.m3u8', {
        attached: () => told.push('attached'),
        arrived: () => told.push('arrived'),
        failed: (reason) => told.push(reason),
    });

    is(video.src, '/x.m3u8', 'native: the browser gets the playlist');
    is(engine.date, 1020000, 'native: the moment that is shown');
    is(engine.timeOf(1021500), 21.5, 'native: where a moment is');
    is(engine.timeOf(1030000), null, 'native: where none is');
    is(engine.latency, 4, 'native: the distance from live');
    engine.toLiveEdge();
    is(video.currentTime, 24, 'native: to the live edge');

    video.currentTime = 0;
    video.dispatchEvent(new Event('error'));
    video.dispatchEvent(new Event('loadeddata'));
    video.currentTime = 3;
    video.dispatchEvent(new Event('error'));
    is(told.join(' '), 'attached missing arrived network', 'native: what never played is missing, what did is cut off');

    video.getStartDate = () => new Date(NaN);
    is(engine.date, null, 'native: a playlist without a clock');
    delete video.getStartDate;
    is(engine.date, null, 'native: a browser that does not tell');

    engine.destroy();
    video.dispatchEvent(new Event('error'));
    is(told.length, 4, 'native: nothing is told after the end');
}

/* which source is where */

class FakePlayer extends EventTarget {
    state = 'idle';
    finishing = false;
    running = false;
    ahead = 1;
    rate = 1;
    date = null;
    guided = false;
    live = {latency: null, target: null, lowLatency: false};
    did = [];

    load(id) {
        this.did.push(`load ${id}`);
        this.to('starting');
    }

    stop() {
        this.running = false;
        this.to('idle');
    }

    resume() {
        this.finishing = false;
        this.did.push('resume');
    }

    finish() {
        this.finishing = true;
    }

    play() {
        return Promise.resolve();
    }

    seekToDate() {
        return false;
    }

    runs() {
        this.running = true;
        this.to('playing');
    }

    to(state) {
        this.state = state;
        this.dispatchEvent(new Event('change'));
    }
}

function viewsOf(...names) {
    const players = new Map();
    const video = () => Object.assign(new EventTarget(), {muted: true, volume: 1, videoWidth: 0,
                                                          play: () => Promise.resolve()});
    const videos = [video(), video(), video()];
    const selector = {
        know() {},
        playerOf: (one) => players.get(one) ?? players.set(one, new FakePlayer()).get(one),
        switchToSource: (id, one) => selector.playerOf(one).load(id),
    };
    const views = new MultiViewManager(selector, ...videos);
    const listOf = (...ids) => ({sources: ids.map((id) => source(id)), live: ids.map((id) => source(id))});
    const events = [];

    for (const type of ['switched', 'failed']) {
        views.addEventListener(type, ({id, reason}) => events.push([type, id, reason].filter(Boolean).join(' ')));
    }

    return {views, videos, events, playerOf: selector.playerOf, live: (...ids) => views.follow(listOf(...ids)),
            start(id) {
                views.show(id);
                views.follow(listOf(...names));
                views.main.player.runs();
            }};
}

{
    const {views, videos, events, playerOf, live, start} = viewsOf('A', 'B', 'C');
    const nextPlayer = playerOf(videos[2]);

    start('A');
    views.muted = false;
    is(views.loading, 1, 'views: one source');

    views.show('B');
    is(`${views.main.id} ${views.nextId}`, 'A B', 'views: the old picture stays until the new one is there');
    is(nextPlayer.did.join(), 'load B', 'views: which is loaded beside it');
    is(views.loading, 2, 'views: that are two sources');
    ok(videos[2].muted, 'views: and silent');

    nextPlayer.runs();
    await sleep(400);
    is(`${views.main.id} ${views.nextId}`, 'B null', 'views: then it takes its place');
    is(videos.map(({muted}) => muted).join(), 'true,true,false', 'views: with the sound');
    is(events.join(), 'switched B', 'views: which is told');
    is(playerOf(videos[0]).state, 'idle', 'views: and the old one ends');

    views.enablePiP('B', 'C');
    live('A', 'B', 'C');
    playerOf(videos[1]).runs();
    views.show('A');
    is(views.loading, 3, 'views: a third source beside two');
    views.show('C');
    is(`${views.main.id} ${views.inset.id} ${views.nextId}`, 'C B null',
       'views: the inset picture changes places at once');
    is(videos.map(({muted}) => muted).join(), 'true,false,true', 'views: so does the sound');
    is(views.loading, 2, 'views: and what was about to come is not loaded any more');
    is(views.roles.map(({role, id}) => `${role} ${id}`).join(), 'main C,inset B,next null', 'views: roles');

    views.disablePiP();
    views.show('A');
    views.show('C');
    is(`${views.main.id} ${views.nextId}`, 'C null', 'views: the viewer may change his mind');
}

{
    const {views, videos, events, playerOf, live, start} = viewsOf('A', 'B');

    start('A');
    views.show('B');
    playerOf(videos[2]).to('unplayable');
    await sleep(60);
    is(`${views.main.id} ${views.nextId} ${events.shift()}`, 'A null failed B unplayable',
       'views: what does not play is not shown');
    is(views.main.player.state, 'playing', 'views: and disturbs nobody');

    views.show('B');
    live('A');
    is(`${views.main.id} ${events.shift()}`, 'A failed B gone',
       'views: what ends before it is shown is not shown either');

    views.show('B');
    is(`${views.main.id} ${views.nextId}`, 'B null', 'views: what is not live is not waited for');
}

{
    const {views, videos, playerOf, start} = viewsOf('A', 'B');

    start('A');
    views.show('B');
    views.main.player.running = false;
    views.main.player.to('stalled');
    playerOf(videos[2]).date = 1000;
    views.main.player.date = 5000;
    playerOf(videos[2]).runs();
    await sleep(900);
    is(views.main.id, 'B', 'views: a picture that has stopped is not waited for');
}

{
    const {views, live, start} = viewsOf('A', 'B');

    start('A');
    live('B');
    ok(views.main.player.finishing, 'views: the rest of what has gone is played');
    live('A', 'B');
    is(views.main.player.did.join(), 'load A,resume', 'views: and goes on when it is back by then');
    views.main.player.to('stalled');
    views.show('B');
    is(`${views.main.id} ${views.nextId}`, 'B null',
       'views: where there is no picture the new one begins in its place');
}

{
    const {views, videos, playerOf, live, start} = viewsOf('A', 'B', 'C');
    const made = [];
    const many = new MultiViewManager({
        know() {}, playerOf,
        switchToSource: (id, one, {parts}) => playerOf(one).load(`${id}${parts ? '' : ' slowly'}`),
    }, ...videos, () => made[made.push(Object.assign(new EventTarget(), {muted: true})) - 1]);

    start('A');
    views.arrange(['A', 'B', 'C']);
    is(views.beside.map(({id}) => id).join(), 'B', 'views: without more elements there is one beside the picture');
    views.arrange([]);

    const list = {sources: ['A', 'B', 'C', 'D'].map((id) => source(id))};

    list.live = list.sources;
    many.show('A');
    many.arrange(['A', 'B', 'C', 'D']);
    many.follow(list);
    is(many.beside.map(({id}) => id).join(), 'B,C,D', 'views: all in a grid');
    is(made.length, 2, 'views: with an element for each');
    is(many.connections, 8, 'views: and two connections');
    is(playerOf(made[1]).did.join(), 'load D', 'views: in low latency');

    many.arrange(['A', 'B', 'C', 'D'], true);
    many.follow(list);
    is(playerOf(made[1]).did.at(-1), 'load D slowly', 'views: unless connections are few');
    is(many.main.player.did.at(-1), 'load A', 'views: but for the picture');
    is(many.connections, 4, 'views: which leaves some for others');

    many.main.player.runs();
    many.show('D');
    is(`${many.main.id} ${many.nextId}`, 'A D', 'views: such a tile is got ready before it is the picture');
    many.arrange(['A'], false);
    is(many.beside.length, 0, 'views: the tiles go');
    many.destroy();
    is(many.loading, 0, 'views: everything ends');
    live('A');
}

{
    const {views, videos, playerOf, start} = viewsOf('A', 'B', 'C');

    start('A');
    views.main.player.date = 10000;
    views.enablePiP('A', 'B');
    views.show('B', 10200);
    is(views.main.id, 'A', 'views: not before the moment');
    views.main.player.date = 10210;
    await sleep(80);
    is(views.main.id, 'B', 'views: at the moment');

    views.main.player.runs();
    views.main.player.date = 20000;
    playerOf(videos[2]).date = 20000;
    views.show('C', 20800);
    playerOf(videos[2]).runs();
    await sleep(300);
    is(`${views.main.id} ${views.nextId}`, 'B C', 'views: what is ready waits for its moment');
    views.main.player.date = 20900;
    await sleep(120);
    is(views.main.id, 'C', 'views: and comes at it');

    views.main.player.runs();
    views.main.player.date = 30000;
    views.show('B', 39000);
    views.show('C');
    views.main.player.date = 40000;
    await sleep(120);
    is(views.main.id, 'C', 'views: the viewer may change his mind until then');
}

/* who chooses */

{
    const views = {main: {id: 'A', player: {date: 100000}}, did: [],
                   show(id, at = null) { this.did.push(`${id} ${at}`); }};
    const switcher = new SmartSourceSwitcher(views);

    switcher.onAir = {mode: 'manual', source: 'B', at: 99000};
    await sleep(150);
    is(views.did.join(), '', 'switcher: who does not follow is left alone');
    is(switcher.source, null, 'switcher: and asks for nothing');

    switcher.mode = 'streamer';
    is(views.did.join(), 'B null', 'switcher: what is on air by now is shown at once');
    is(switcher.source, 'B', 'switcher: and told');

    switcher.onAir = {mode: 'activity', source: 'C', at: 109000};
    await sleep(150);
    is(views.did.length, 1, 'switcher: what comes later is not loaded yet');
    views.main.player.date = 105500;
    await sleep(150);
    is(views.did.at(-1), 'C 109000', 'switcher: but some seconds before');
    is(switcher.source, 'B', 'switcher: and is not on air until then');

    switcher.onAir = {mode: 'activity', source: 'A', at: 109500};
    await sleep(150);
    is(views.did.length, 2, 'switcher: one after the other');
    views.main.player.date = 109100;
    await sleep(150);
    is(views.did.at(-1), 'A 109500', 'switcher: in time');

    switcher.onAir = {mode: 'manual', source: 'B', at: 109300};
    await sleep(150);
    is(views.did.at(-1), 'B 109300', 'switcher: an earlier moment takes the place of a later one');

    switcher.onAir = {mode: 'off', source: null, at: null};
    is(switcher.source, null, 'switcher: nothing is on air');
    switcher.mode = 'off';
    switcher.onAir = {mode: 'manual', source: 'C', at: 0};
    await sleep(150);
    is(views.did.length, 4, 'switcher: and nobody followed');

    const usual = new Map();
    const sources = (a, b) => [source('A', {video: {bitrate_kbps: a}}), source('B', {video: {bitrate_kbps: b}})];

    is(mostActive(sources(1000, 200), usual, 'A'), null, 'switcher: a high rate alone is no activity');
    is(mostActive(sources(1000, 500), usual, 'A'), 'B', 'switcher: more than usual is');
    is(mostActive(sources(1000, 500), usual, 'B'), null, 'switcher: the present one stays');
    is(mostActive([], usual, 'B'), null, 'switcher: nothing is live');
}

/* a viewer's session, by a server of which the answers are given */

const calls = [];
let answers = [];

globalThis.fetch = async (url, options = {}) => {
    const {status = 200, json, text} = answers.shift() ?? {status: 503};

    calls.push({url, method: 'GET', ...options});

    if (status === 0) {
        throw new TypeError('unreachable');
    }

    return new Response([204, 304].includes(status) ? null : text ?? JSON.stringify(json ?? {}), {status});
};

const joined = (more = {}) => ({json: {success: true, data: {
    viewer_token: 'T', viewer_id: '1', expires_at: new Date(Date.now() + 3600000).toISOString(), sources: [],
    session: {id: 'S1', status: 'live', public: true, price: null, streams: [], ...more},
    preferences: {enabled_streams: ['A'], main: null, layout: 'grid', follow: true,
                  pip: {source: null, corner: 'top-left', size: 30}},
}}});
const failed = (status, code) => ({status, json: {success: false, error: {code, message: code}}});

{
    const session = new ViewerSession('http://here/show/', 'alice', 'c0de');

    answers = [joined()];
    await session.join();
    is(`${session.state} ${session.id}`, 'joined S1', 'session: joined');
    is(`${calls.at(-1).method} ${calls.at(-1).url} ${calls.at(-1).body}`,
       'POST http://here/show/session/alice/join {"code":"c0de"}', 'session: with the code of the invitation');
    is(session.eventsUrl, 'http://here/show/session/S1/events', 'session: its events');
    is(JSON.stringify(session.headers), '{}', 'session: a cookie is enough here');

    session.update({id: 'S0', status: 'ended'});
    is(session.state, 'joined', 'session: of another one nobody cares');
    session.update({id: 'S1', status: 'ended'});
    is(`${session.state} ${session.id}`, 'waiting null', 'session: it ends');
    answers = [failed(404, 'session_not_found')];
    await session.join();
    is(session.state, 'waiting', 'session: there is no other one yet');
    session.destroy();
}

for (const [what, answer, state] of [
    ['a server without sessions', {status: 404, text: '<html>'}, 'none'],
    ['one that sends its page', {status: 200, text: '<html>'}, 'none'],
    ['one that is away', {status: 0}, 'none'],
    ['one that is busy', failed(503, 'busy'), 'none'],
    ['nobody is live', failed(404, 'session_not_found'), 'waiting'],
    ['the show is over', failed(410, 'session_ended'), 'waiting'],
    ['a private show', failed(403, 'code_required'), 'code'],
]) {
    const session = new ViewerSession('http://here/show/', 'alice');

    answers = [answer];
    await session.join();
    is(session.state, state, `session: ${what}: ${state}`);
    session.destroy();
}

{
    const session = new ViewerSession('http://there/show/', 'alice');

    answers = [failed(403, 'code_required'), failed(403, 'code_required'), joined({public: false})];
    await session.join();
    ok(!session.refused, 'session: a code is asked for');
    await session.join('wrong');
    ok(session.refused, 'session: the wrong one is said to be');
    await session.join('right');
    is(session.headers['X-Viewer-Token'], 'T', 'session: another site sends the token');

    answers = [{status: 204}];
    await session.ask('beacon', {method: 'POST', body: '{}'});
    is(calls.at(-1).headers['X-Viewer-Token'], 'T', 'session: always');
    session.update({id: 'S1', status: 'live', public: true});
    is(JSON.stringify(session.headers), '{}', 'session: but not for media that everybody may have');
    session.destroy();

    const asking = new ViewerSession('http://here/show/', 'alice');

    answers = [failed(403, 'code_required'), {status: 0}, failed(403, 'code_required'), joined()];
    await asking.join();
    await asking.join('late');
    is(asking.state, 'code', 'session: the code does not get there');
    await asking.join();
    is(calls.at(-1).body, '{"code":"late"}', 'session: it is tried again with the same one');
    asking.join();
    await asking.join('right');
    is(`${asking.state} ${calls.at(-1).body}`, 'joined {"code":"right"}',
       'session: a code that is given while it asks is not forgotten');
    asking.destroy();

    const gone = new ViewerSession('http://here/show/', 'alice');
    const joining = gone.join();

    answers = [joined()];
    gone.destroy();
    await joining;
    is(gone.state, 'joining', 'session: nothing begins for who has gone');

    const none = new ViewerSession(null, 'alice');

    await none.join();
    is(none.state, 'none', 'session: a page that wants none');
}

/* preferences */

{
    const store = new Map();
    const session = {id: null, ask: async (...asked) => {
        told.push(asked);

        return {ok: true};
    }};
    const told = [];

    globalThis.localStorage = {getItem: (key) => store.get(key) ?? null,
                               setItem: (key, value) => store.set(key, value)};

    const prefs = new Preferences('alice', session, () => ({layout: prefs.values.layout}));

    is(JSON.stringify(prefs.values),
       '{"layout":"single","corner":"bottom-right","size":25,"muted":true,"follow":false,"off":[]}', 'preferences: none');
    ok(prefs.adopt(joined().json.data.preferences, ['A', 'B']), 'preferences: those of the server');
    is(JSON.stringify(prefs.values),
       '{"layout":"grid","corner":"top-left","size":30,"muted":true,"follow":true,"off":["B"]}',
       'preferences: are taken over');
    prefs.set({size: 99, layout: 'pip'});
    is(`${prefs.values.size} ${prefs.values.layout}`, '25 pip', 'preferences: what cannot be is the default');
    await sleep(500);
    is(told.length, 0, 'preferences: without a session nobody is told');
    session.id = 'S1';
    prefs.set({size: 12});
    prefs.set({size: 13});
    await sleep(500);
    is(told.length, 1, 'preferences: many changes are told once');
    is(JSON.stringify(told[0]), '["preferences",{"method":"PUT","body":"{\\"layout\\":\\"pip\\"}"}]', 'preferences: so');
    await prefs.save();
    is(told.length, 1, 'preferences: and not again');

    const later = new Preferences('alice', session, () => ({}));

    is(`${later.values.layout} ${later.values.size}`, 'pip 13', 'preferences: the browser remembers');
    ok(!later.adopt(joined().json.data.preferences, []), 'preferences: which goes before what the server does');
    later.destroy();
    prefs.destroy();
    store.set('watch:alice', '{"off":3,"layout":"x"}');
    is(new Preferences('alice', session, () => ({})).values.layout, 'single', 'preferences: nonsense is ignored');
    globalThis.localStorage = {getItem() { throw new Error('denied'); }};
    is(new Preferences('alice', session, () => ({})).values.size, 25, 'preferences: a store may be denied');
}

/* beacons: a player whose clock is set by hand */

{
    let now = 0;
    const {performance} = globalThis;

    Object.defineProperty(globalThis, 'performance', {configurable: true, value: {now: () => now}});

    const view = (id) => ({id, player: {state: 'playing', finishing: false},
                           video: {currentTime: 5, muted: true, getRootNode: () => ({})}});
    const views = Object.assign(new EventTarget(), {main: view('A'), beside: []});
    const sent = [];
    let down = false;
    const session = Object.assign(new EventTarget(), {id: 'S1', ask: async (what, {body}) => {
        if (down) {
            throw new TypeError('unreachable');
        }

        sent.push(JSON.parse(body));

        return {ok: true, status: 204};
    }});

    document.hidden = false;

    const beacon = new Beacon(views, session, 0);
    const run = (ms, ...moving) => {
        for (const end = now + ms; now < end;) {
            now += 250;
            moving.forEach((one) => { one.video.currentTime += 0.25; });
            beacon.look();
        }
    };
    const take = async () => {
        beacon.tell();
        await sleep(1);

        return sent.at(-1);
    };

    beacon.look();
    run(500);
    run(2000, views.main);

    let body = await take();

    is(JSON.stringify([body.watched, body.watched_ms, body.watching, body.join_ms]), '[{"A":2000},2000,["A"],750]',
       'beacon: what goes on, and when it began');
    ok(body.seq > 1.7e9, 'beacon: its number is beyond that of the page before');

    views.beside = [view('B')];
    beacon.look();
    run(1000, views.main, views.beside[0]);
    body = await take();
    is(JSON.stringify([body.watched, body.watched_ms, body.watching, body.join_ms]),
       '[{"A":1000,"B":1000},1000,["A","B"],null]',
       'beacon: two at a time are watched for as long as one');

    [views.main, views.beside] = [views.beside[0], [views.main]];
    beacon.look();
    run(500, views.main, views.beside[0]);
    body = await take();
    is(JSON.stringify([body.switches, body.watched]), '[[["A","B"]],{"B":500,"A":500}]', 'beacon: a change of the picture');

    views.beside = [];
    beacon.look();
    run(250);
    run(1000, views.main);
    body = await take();
    is(body.stalls, undefined, 'beacon: a moment is no stall');
    run(2000);
    run(500, views.main);
    body = await take();
    is(JSON.stringify([body.stalls, body.stalled_ms, body.watched]), '[1,2000,{"B":500}]', 'beacon: a stall');
    run(2000);
    is(JSON.stringify((await take()).watching), '["B"]', 'beacon: a picture that stands still is watched all the same');
    run(250, views.main);
    await take();
    run(250, views.main);
    views.main.player.state = 'paused';
    run(2000);
    is((await take()).stalls, undefined, 'beacon: a pause is none');
    views.main.player.state = 'playing';

    document.hidden = true;
    document.dispatchEvent(new Event('visibilitychange'));
    run(1000, views.main);
    body = await take();
    is(JSON.stringify([body.watched, body.watching]), '[{},[]]', 'beacon: what nobody sees or hears');
    views.main.video.muted = false;
    beacon.look();
    run(1000, views.main);
    is((await take()).watched.B, 1000, 'beacon: what is heard');
    document.hidden = false;
    beacon.look();

    down = true;
    run(1000, views.main);
    await take();
    run(1000, views.main);
    down = false;

    const before = sent.length;

    body = await take();
    is(sent.slice(before).map(({watched}) => watched.B).join(), '1000,1000',
       'beacon: nothing is lost while the server is away');
    ok(sent.at(-1).seq > sent.at(-2).seq, 'beacon: in its order');

    run(500, views.main);
    session.dispatchEvent(new Event('ending'));
    is(JSON.stringify([sent.at(-1).leaving, sent.at(-1).watched]), '[true,{"B":500}]', 'beacon: the end of the show');

    run(500, views.main);
    beacon.destroy();
    await sleep(1);
    is(JSON.stringify([sent.at(-1).leaving, sent.at(-1).watched, sent.at(-1).watching]), '[true,{"B":500},[]]',
       'beacon: the last one');
    document.hidden = true;
    Object.defineProperty(globalThis, 'performance', {configurable: true, value: performance});
}

/* analytics and prices */

{
    const analytics = new SourceAnalytics('alice', 'key', 'http://here/show/');
    const data = {sources: {A: {label: 'A', views: 3, share: 0.2, avg_duration_ms: 1500},
                            B: {label: 'B', views: 2, share: 0.8, avg_duration_ms: 9000}}};

    answers = [{json: {success: true, data}}, {json: {success: true, data}}, failed(401, 'key_invalid')];
    is(JSON.stringify(await analytics.trackSourceViews()),
       '{"A":{"views":3,"avgDuration":1.5},"B":{"views":2,"avgDuration":9}}', 'analytics: views');
    is(calls.at(-1).headers.Authorization, 'Bearer key', 'analytics: with the key');
    is((await analytics.getPopularSources()).map(({id}) => id).join(), 'B,A', 'analytics: the most watched one first');
    is(await analytics.trackSourceViews().catch(({code}) => code), 'key_invalid', 'analytics: why there are none');

    const price = {currency: 'EUR', base: '0.020000', bundle_discount_percent: 10};

    is(priceText(null, [], null), '', 'price: free');
    is(priceText(price, ['0.010000'], null), '0.03 EUR per minute', 'price: base and addon');
    is(priceText(price, ['0.010000', null], '1.234567'), '0.027 EUR per minute · 1.2346 EUR so far', 'price: two sources');
    is(priceText(price, [], '0.5'), '0.00 EUR per minute · 0.50 EUR so far', 'price: nothing is played');
}

/* figures */

{
    const figures = {behind: 1042, latency: 0.93, target: 0.63, lowLatency: true, ahead: 0.71, rate: 1, frames: 1200,
                     dropped: 3, label: 'Main', insetLabel: 'Cam', skew: -12.4, lastSwitch: {took: 840, skew: 4.2}};
    const text = (more) => new Map(describeFigures({...figures, ...more}));

    is(text().get('Behind live'),
       '1.04 s by the clock of this device; 0.93 s behind the newest media (0.63 s is the aim)', 'figures: latency');
    is(text({behind: null, latency: null}).get('Behind live'), 'not known', 'figures: no latency');
    is(text().get('Speed'), 'normal', 'figures: speed');
    is(text({rate: 1.05}).get('Speed'), '5 % faster, to catch up', 'figures: hurry');
    is(text().get('Inset'), 'Cam is 12 ms behind Main', 'figures: skew');
    is(text({skew: null}).get('Inset'), 'not known: the playlists carry no clock', 'figures: no skew');
    is(text({insetLabel: null}).has('Inset'), false, 'figures: no inset picture');
    is(text().get('Last change of source'), 'took 0.84 s, 4 ms between the pictures', 'figures: switch');
    is(text({lastSwitch: {took: 840, skew: null}}).get('Last change of source'), 'took 0.84 s',
       'figures: switch without a clock');
    is(apart(0.2, 'A', 'B'), 'A and B show the same moment', 'figures: the same moment');
}

done();
process.exit();
