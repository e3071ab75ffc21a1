/*
 * The parts of the watch page that need no browser: the live list (SourceList) and what is said about sources.
 * Prints TAP.
 */

import {readFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';

import {done, is, ok} from './tap.mjs';

/** The page's modules are .js for the browser; a data: URL makes them modules for any Node. */
async function load(name) {
    const text = await readFile(new URL(`../../html/watch/${name}`, import.meta.url), 'utf8');

    return import(`data:text/javascript,${encodeURIComponent(text)}`);
}

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

const {SourceList} = await load('source-list.js');
const {describe, otherCodec, pictureSize} = await load('source-text.js');

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

done();
