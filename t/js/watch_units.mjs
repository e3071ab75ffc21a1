/*
 * The parts of the watch page that need no browser: the live list (SourceList), what is said about sources and figures,
 * the clock of playlists, and how players are kept in step and take the place of each other.  Prints TAP.
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
globalThis.document = {hidden: true};

const {apart, describeFigures} = await load('figures-text.js');
const {Lockstep, MANNERS} = await load('lockstep.js');
const {MultiViewManager} = await load('multi-view-manager.js');
const {NativeEngine} = await load('native-engine.js');
const {nudge, playable, rateToLive} = await load('pace.js');
const {dateAt, timeAt} = await load('program-clock.js');
const {SourceList} = await load('source-list.js');
const {describe, otherCodec, pictureSize, whyNot} = await load('source-text.js');

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
