import {show} from '../common/elements.js';
import {Beacon} from './beacon.js';
import {FiguresView} from './figures-view.js';
import {markup} from './markup.js';
import {MultiViewManager} from './multi-view-manager.js';
import {Preferences} from './preferences.js';
import {SmartSourceSwitcher} from './smart-source-switcher.js';
import {SourceButtons} from './source-buttons.js';
import {SourceList} from './source-list.js';
import {CORNERS, StageLayout, StageMessage, StageNotice} from './stage.js';
import {describe, money, otherCodec, pictureSize, priceText, whyNot} from './viewer-text.js';
import {ViewerSession} from './viewer-session.js';
import {ViewerSourceSelector} from './viewer-source-selector.js';

/** More would not fit the picture of a phone, and all are below it. */
const OFFERS = 3;

/** A browser opens six connections to a host over HTTP/1.1: what the event stream, and a small picture, leave. */
const CONNECTIONS_BESIDE_EVENTS = 5;
const CONNECTIONS_BESIDE_PICTURES = 4;

/** With more sources, all but the picture are played in whole segments. */
const PROMPT_SOURCES = 2;

const USAGE_MS = 15000;

/**
 * Builds the viewer of one streamer into an element or a shadow root, and runs it.
 */
export class Viewer {
    #root;
    #address;
    #page;
    #session;
    #selector;
    #views;
    #list;
    #prefs;
    #switcher;
    #beacon;
    #buttons;
    #message;
    #layout;
    #notice;
    #figures;
    #end = new AbortController();
    #chosen;                /* by hand or by the address; else the page does */
    #inset = null;
    #enabling = new Set();
    #adopted = null;
    #lastSwitch = null;
    #updating = false;
    #wasOpen = false;
    #wasLive = true;
    #multiplexed;
    #audience = null;
    #total = null;
    #usageTimer;

    /**
     * @param {HTMLElement|ShadowRoot} root
     * @param {object} options
     * @param {{streamer: ?string, source: ?string, choose: function(string): void}} options.address
     * @param {string} options.base URL of the server
     * @param {?string} options.show URL below which it serves sessions
     * @param {boolean} [options.page] it is all there is on the page
     * @param {?string} [options.code] of an invitation
     * @param {?string} [options.layout] until the viewer has chosen one
     */
    constructor(root, {address, base, show: routes, page = false, layout = null, code = null}) {
        const {streamer} = address;
        const name = streamer ?? '';

        this.#root = root;
        this.#address = address;
        this.#page = page;
        this.#chosen = address.source;

        root.append(markup(page));

        this.#session = new ViewerSession(streamer && routes, name, code);
        this.#selector = new ViewerSourceSelector(new URL('sources/', base).href);
        this.#selector.headers = () => this.#session.headers;
        this.#views = new MultiViewManager(this.#selector, this.#$('video-a'), this.#$('video-b'), this.#$('video-c'),
                                           () => this.#makeVideo());
        this.#list = new SourceList(this.#selector.eventsUrl(name), () => this.#selector.fetchAvailableSources(name),
                                    {makeStream: (url) => this.#session.openStream(url)});
        this.#prefs = new Preferences(name, this.#session, () => this.#preferences());
        this.#switcher = new SmartSourceSwitcher(
            {views: this.#views, get main() { return this.views.main; }, show: (id, at) => this.#direct(id, at)},
            () => this.#selector.fetchAvailableSources(name));
        this.#beacon = new Beacon(this.#views, this.#session, page ? 0 : performance.now());
        this.#buttons = new SourceButtons(this.#$('sources'), {
            choose: (id) => this.choose(id),
            enable: (id, on) => this.enable(id, on),
            picture: (source) => new Request(this.#selector.urlOf(source, 'preview.mp4'),
                                             {headers: this.#session.headers}),
        });
        this.#message = new StageMessage(this.#$('message'));
        this.#layout = new StageLayout(root, {
            placed: (place) => this.#prefs.set(place),
            choose: (id) => this.choose(id),
        });
        this.#notice = new StageNotice(this.#$('notice'));
        this.#figures = new FiguresView(this.#$('figures-toggle'), this.#$('figures'), () => this.#readFigures());

        if (layout !== null && !this.#prefs.remembered) {
            this.layout = layout;
        }

        this.#views.muted = this.#prefs.values.muted;
        this.#switcher.mode = this.#prefs.values.follow && this.#chosen === null ? 'streamer' : 'off';
        this.#listen();
        this.#changed();

        if (streamer !== null) {
            this.#session.join();
        }
    }

    /** Takes everything away that it has built, and tells the server that the viewer goes. */
    destroy() {
        this.#end.abort();
        this.#beacon.destroy();
        this.#session.destroy();
        this.#prefs.destroy();
        this.#buttons.destroy();
        this.#figures.destroy();
        this.#switcher.mode = 'off';
        this.#list.close();
        this.#views.destroy();
        clearInterval(this.#usageTimer);
        this.#root.replaceChildren();
    }

    /** @param {'single'|'pip'|'grid'} layout */
    set layout(layout) {
        this.#prefs.set({layout});
        this.#inset = null;
        this.#changed();
    }

    /** Makes a source the picture, and follows nobody any more. */
    async choose(id) {
        this.follow = false;
        this.#chosen = id;
        this.#address.choose(id);
        this.#notice.show('');

        if (this.#prefs.values.off.includes(id)) {
            await this.enable(id, true);
        }

        if (this.#chosen === id) {
            this.#views.show(id);
            this.#prefs.saveSoon();
        }
    }

    /** Turns a source on or off: what is off is not downloaded.  The server knows before it is asked for it. */
    async enable(id, on) {
        this.#prefs.set({off: [...this.#prefs.values.off.filter((other) => other !== id), ...(on ? [] : [id])]});

        if (!on && this.#chosen === id) {
            this.#chosen = null;
        }

        if (on) {
            this.#enabling.add(id);
            await this.#prefs.save();
            this.#enabling.delete(id);
        }

        this.#changed();
    }

    get follow() {
        return this.#switcher.mode === 'streamer';
    }

    /** The streamer chooses the picture. */
    set follow(follow) {
        if (follow !== this.follow) {
            this.#chosen = follow ? null : this.#chosen;
            this.#prefs.set({follow});
            this.#switcher.mode = follow ? 'streamer' : 'off';
            this.#changed();
        }
    }

    /* what the viewer does */

    #direct(id, at) {
        const there = this.#sources.live.some((source) => source.id === id);

        if (!there && this.#views.main.id !== null) {
            return this.#prefs.values.off.includes(id);     /* in a moment, or not at all */
        }

        this.#views.show(id, at);

        return true;
    }

    #toggle(layout) {
        const radio = this.#$(layout);

        if (!radio.disabled || radio.checked) {
            this.layout = radio.checked ? 'single' : layout;
        }
    }

    #toggleMute() {
        this.#views.muted = !this.#views.muted;
        this.#prefs.set({muted: this.#views.muted});
    }

    async #toggleFullscreen() {
        const viewer = this.#$('viewer');

        if (document.fullscreenElement) {
            await document.exitFullscreen();

        } else if (viewer.requestFullscreen !== undefined) {
            await viewer.requestFullscreen().catch(() => {});

        } else {
            this.#views.main.video.webkitEnterFullscreen?.();   /* a telephone that has it for video only */
        }
    }

    async #togglePopOut() {
        const {video} = this.#views.main;

        if (this.#poppedOut) {
            await document.exitPictureInPicture();

        } else {
            await video.requestPictureInPicture().catch(() => this.#notice.show('There is no picture yet.'));
        }
    }

    /** The window of the browser's own picture-in-picture shows one of ours. */
    get #poppedOut() {
        const shown = this.#root.getRootNode().pictureInPictureElement ?? null;

        return shown !== null && this.#root.contains(shown);
    }

    #pressKey(event) {
        if (event.ctrlKey || event.altKey || event.metaKey || event.repeat
            || event.target.matches('select, input:not([type="radio"], [type="checkbox"])'))
        {
            return;
        }

        const acts = {
            p: () => this.#toggle('pip'),
            g: () => this.#toggle('grid'),
            m: () => this.#toggleMute(),
            f: () => this.#toggleFullscreen(),
            o: () => { this.follow = !this.follow; },
            s: () => this.#figures.toggle(),
        };

        if (/^[1-9]$/.test(event.key)) {
            this.#$('sources').querySelectorAll('.source')[event.key - 1]?.click();

        } else {
            acts[event.key.toLowerCase()]?.();
        }
    }

    /* what there is to be seen */

    #$(id) {
        return this.#root.querySelector(`#${id}`);
    }

    #makeVideo() {
        const video = this.#$('video-b').cloneNode();

        video.removeAttribute('id');
        video.removeAttribute('src');
        video.muted = true;
        video.hidden = true;
        this.#$('video-c').after(video);

        return video;
    }

    /** The list without what the streamer does not let viewers have; `live` is what the viewer wants of it. */
    get #sources() {
        const {streams = []} = this.#session.record ?? {};
        const {off} = this.#prefs.values;
        const hidden = new Set(streams.filter(({enabled}) => enabled === false).map(({name}) => name));
        const sources = this.#list.sources.filter(({id}) => !hidden.has(id));
        const all = sources.filter(({gone}) => !gone);
        const live = all.filter(({id}) => !off.includes(id) && !this.#enabling.has(id));

        return {state: this.#list.state, sources, all, live, get: (id) => sources.find((one) => one.id === id) ?? null};
    }

    #labelOf(id) {
        return this.#list.get(id)?.label ?? id.replaceAll('_', ' ');
    }

    #choices({live}) {
        return live.filter(({id}) => id !== this.#views.main.id && id !== this.#views.nextId);
    }

    /** Without a choice of the viewer's: the first source that plays here, for as long as anything is live. */
    #pickMain({all, live}) {
        const {main} = this.#views;
        const wanted = this.#switcher.source ?? this.#chosen;

        if (this.#chosen !== null) {
            if (!this.#enabling.has(this.#chosen)) {
                this.#views.show(this.#chosen);
            }

        } else if (live.length === 0) {
            if (all.length === 0 || this.#prefs.values.off.includes(main.id)) {
                this.#views.show(null);
            }

        } else if ((main.id === null && this.#list.state !== 'connecting')
                   || this.#prefs.values.off.includes(main.id))
        {
            this.#views.show((live.find(({id}) => id === wanted) ?? live.find((source) => otherCodec(source) === null)
                              ?? live[0]).id);
        }
    }

    #arrange(sources) {
        const {layout, off} = this.#prefs.values;
        const {main, inset, nextId} = this.#views;

        if (layout === 'grid') {
            this.#views.arrange(sources.live.map(({id}) => id),
                                !this.#multiplexed && sources.live.length > PROMPT_SOURCES);
            return;
        }

        let id = layout === 'pip' ? inset.id : null;

        if (layout === 'pip' && (id === null || id === main.id || off.includes(id) || this.#inset !== null)) {
            const choices = this.#choices(sources);

            id = choices.find((source) => source.id === this.#inset)?.id ?? choices[0]?.id ?? null;
            this.#inset = null;
        }

        this.#views.arrange(id === null || id === nextId ? [] : [id]);
    }

    #preferences() {
        const {layout, corner, size, follow, off} = this.#prefs.values;
        const {main, nextId} = this.#views;

        const streams = this.#session.record?.streams.map(({name}) => name) ?? [];

        /* one that is away may come back; a picture that is off by now stays until there is another one */
        return {
            enabled_streams: [...new Set([...streams, ...this.#list.live.map(({id}) => id)])]
                .filter((id) => !off.includes(id) || (id === main.id && nextId !== null)),
            main: this.#list.live.some(({id}) => id === this.#chosen) ? this.#chosen : null,
            layout,
            follow,
            pip: {source: layout === 'pip' ? this.#views.inset.id : null, corner, size},
        };
    }

    #actionsFor(scene, sources) {
        const others = scene.offer ? this.#choices(sources).slice(0, OFFERS) : [];
        const actions = others.map(({id, label}) => ({id, label: `Watch ${label}`, act: () => this.choose(id)}));

        if (scene.action === 'retry') {
            actions.unshift({id: 'retry', label: 'Try again', act: () => this.#views.main.player.retry()});

        } else if (scene.action === 'play') {
            actions.unshift({id: 'play', label: 'Play', act: () => this.#views.main.player.play()});
        }

        return actions;
    }

    #showStatus(scene, source) {
        const {streamer} = this.#address;
        const {record} = this.#session;
        const live = scene.state === 'playing';
        const parts = live ? ['Live', source?.label, pictureSize(source ?? {}, 'short')] : [scene.title];
        const name = [streamer ?? 'Watch live', record?.title].filter(Boolean).join(' · ');

        show(this.#$('streamer'), name);
        show(this.#$('status'), parts.filter(Boolean).join(' · '));
        show(this.#$('audience'), this.#audience === null ? '' : `${this.#audience} watching`);
        this.#$('status').toggleAttribute('data-live', live);

        if (this.#page) {
            document.title = [source?.label, streamer ?? 'Watch live'].filter(Boolean).join(' · ');
        }
    }

    #showPrice() {
        const {main, beside} = this.#views;
        const playing = [main, ...beside].filter(({id, player}) => id !== null && player.state === 'playing');

        show(this.#$('price'), priceText(this.#session.record?.price,
                                         playing.map(({id}) => this.#addonOf(id)), this.#total));
    }

    #addonOf(id) {
        return this.#session.record?.streams?.find(({name}) => name === id)?.price_per_minute ?? null;
    }

    #showControls(sources) {
        const {main, inset, muted, beside} = this.#views;
        const {layout} = this.#prefs.values;
        const alone = main.id === null || (beside.length === 0 && this.#choices(sources).length === 0);

        this.#$('mute').setAttribute('aria-pressed', String(muted));
        this.#$('unmute').hidden = !muted || main.player.state !== 'playing' || !this.#$('message').hidden;
        this.#$('follow').hidden = this.#session.id === null;
        this.#$('follow').setAttribute('aria-pressed', String(this.follow));
        this.#$('popout').hidden = !document.pictureInPictureEnabled || !main.video.requestPictureInPicture;
        this.#$('popout').setAttribute('aria-pressed', String(this.#poppedOut));

        for (const name of ['single', 'pip', 'grid']) {
            const shown = name === (layout === 'pip' && inset.id === null ? 'single' : layout);

            this.#$(name).checked = shown;
            this.#$(name).disabled = name !== 'single' && alone && !shown;
        }
    }

    #textOf({id, player}) {
        const label = this.#labelOf(id);
        const source = this.#list.get(id);
        const note = source === null || source.gone ? 'ended' : player.state;

        return note === 'playing' ? label : `${label}: ${note}`;
    }

    #showLayout(sources) {
        const {layout} = this.#prefs.values;
        const {main, inset, beside, roles} = this.#views;
        const grid = layout === 'grid';
        const pip = !grid && inset.id !== null;
        const views = [main, ...beside].filter(({id}) => id !== null);
        const order = (id) => sources.sources.findIndex((source) => source.id === id);

        for (const {video, id, role, shown} of roles) {
            video.dataset.role = grid && role === 'inset' ? 'tile' : role;
            video.hidden = !shown;
            video.setAttribute('aria-hidden', String(!['main', 'inset'].includes(role)));
            video.setAttribute('aria-label', this.#list.get(id)?.label ?? 'Live video');
        }

        this.#layout.place(this.#prefs.values);
        this.#layout.renderInset(pip ? {id: inset.id, text: this.#textOf(inset)} : undefined);
        this.#layout.renderGrid(
            grid && beside.length > 0 ? views.sort((one, other) => order(one.id) - order(other.id))
                .map((view) => ({id: view.id, text: this.#textOf(view)})) : [],
            main.id,
            [...roles.map(({video, id, role}) => ({element: video, id: role === 'old' ? main.id : id})),
             {element: this.#$('message'), id: main.id}]);

        this.#$('inset-choice').hidden = !pip;
        this.#$('corner').hidden = !pip;
        this.#$('corner-name').textContent = `: ${this.#prefs.values.corner.replace('-', ' ')}`;

        if (pip) {
            this.#showInsetChoices(sources);
        }
    }

    /* rebuilding the options would close an open menu */
    #showInsetChoices(sources) {
        const select = this.#$('inset-source');
        const {id} = this.#views.inset;
        const choices = this.#choices(sources).map((source) => [source.id, source.label]);

        if (!choices.some(([one]) => one === id)) {
            choices.push([id, this.#labelOf(id)]);
        }

        if (select.dataset.shown !== JSON.stringify(choices)) {
            select.dataset.shown = JSON.stringify(choices);
            select.replaceChildren(...choices.map(([value, label]) => new Option(label, value)));
        }

        select.value = id;
    }

    #readFigures() {
        const {main: {id, player, video}, inset, skew} = this.#views;
        const {totalVideoFrames = 0, droppedVideoFrames = 0} = video.getVideoPlaybackQuality?.() ?? {};

        return {
            ...player.live,
            behind: player.date === null ? null : Date.now() - player.date,
            ahead: player.ahead,
            rate: player.rate,
            frames: totalVideoFrames,
            dropped: droppedVideoFrames,
            label: id === null ? null : this.#labelOf(id),
            insetLabel: inset.id === null || skew === null && this.#prefs.values.layout === 'grid' ? null
                : this.#labelOf(inset.id),
            skew,
            lastSwitch: this.#lastSwitch,
        };
    }

    #update() {
        const {streamer} = this.#address;
        const views = this.#views;

        this.#updating = false;

        if (this.#end.signal.aborted) {
            return;
        }

        const sources = this.#sources;

        if (streamer !== null && !this.#session.pending) {
            this.#pickMain(sources);
            this.#arrange(sources);
            views.follow(sources);
            this.#list.paused = !this.#multiplexed && views.connections > CONNECTIONS_BESIDE_EVENTS;
        }

        this.#buttons.busy = this.#session.pending
                             || (!this.#multiplexed && views.connections > CONNECTIONS_BESIDE_PICTURES);

        const {main, nextId} = views;
        const {off} = this.#prefs.values;
        const source = sources.get(main.id);
        const scene = describe({streamer, list: {...sources, live: sources.all}, id: main.id, player: main.player,
                                off: sources.live.length === 0 && sources.all.length > 0});
        const {record} = this.#session;
        const asks = this.#session.state === 'code';

        this.#$('stage').dataset.state = asks ? 'code' : scene.state;
        this.#$('join').hidden = !asks;
        this.#message.show(scene.state === 'playing' || asks ? null : scene, this.#actionsFor(scene, sources));
        this.#buttons.render(sources.sources, {
            mainId: main.id, besideIds: views.beside.map(({id}) => id), nextId, off,
            besideText: this.#prefs.values.layout === 'grid' ? 'shown' : 'inset',
            unplayableId: scene.state === 'unplayable' ? main.id : null,
            onAir: this.follow ? this.#switcher.source : null,
            priceOf: (id) => (record?.price && this.#addonOf(id)
                ? `+${money(this.#addonOf(id), record.price.currency)}` : ''),
        });
        this.#showStatus(asks ? {title: 'Private'} : scene, source);
        this.#showLayout(sources);
        this.#showControls(sources);
        this.#showPrice();
    }

    /* many changes make one update */
    #changed() {
        if (!this.#updating) {
            this.#updating = true;
            queueMicrotask(() => this.#update());
        }
    }

    /** Whatever made the server unreachable is over. */
    #retryFailed() {
        for (const {player} of [this.#views.main, ...this.#views.beside]) {
            if (player.state === 'error') {
                player.retry();
            }
        }
    }

    /* what happens elsewhere */

    #listChanged() {
        const {state, live} = this.#list;

        if (state === 'open' && !this.#wasOpen) {
            this.#retryFailed();
            this.#multiplexed ??= isMultiplexed(this.#selector.eventsUrl(''));
        }

        if (live.length > 0) {
            if (!this.#wasLive) {
                this.#beacon.restart();
            }

            if (this.#session.state === 'waiting') {
                this.#session.joinAgain();
            }
        }

        this.#wasLive = live.length > 0 || state !== 'open';
        this.#wasOpen = state === 'open';
        this.#prefs.saveSoon();
        this.#changed();
    }

    #sessionChanged() {
        const {state, id, record, preferences, refused} = this.#session;

        if (state === 'code') {
            this.#list.close();
            show(this.#$('join-error'), refused ? 'That is not the code of this show.' : '');

        } else if (state !== 'joining') {
            this.#list.listen(id === null ? this.#selector.eventsUrl(this.#address.streamer) : this.#session.eventsUrl);
        }

        if (id !== null && this.#adopted !== id) {
            if (this.#adopted === null && !this.#$('join').hidden) {
                this.#beacon.restart();                     /* to find a code takes its time */
            }

            this.#adopted = id;
            this.#switcher.onAir = record.on_air;
            this.#audience = record.viewers?.now ?? null;

            if (this.#prefs.adopt(preferences, record.streams.map(({name}) => name))) {
                this.#chosen ??= preferences.main;
                this.#inset = preferences.pip.source;
                this.#switcher.mode = this.#prefs.values.follow ? 'streamer' : 'off';
            }

            clearInterval(this.#usageTimer);

            if (record.price) {
                this.#usageTimer = setInterval(() => this.#readUsage(), USAGE_MS);
                this.#readUsage();
            }

        } else if (id === null) {
            this.#audience = null;
            clearInterval(this.#usageTimer);
        }

        this.#changed();
    }

    async #readUsage() {
        const response = await this.#session.ask('usage').catch(() => null);
        const answer = response?.ok ? await response.json().catch(() => null) : null;

        this.#total = answer?.data?.amount ?? this.#total;
        this.#changed();
    }

    #told({what, data}) {
        if (what === 'session') {
            this.#session.update(data);

        } else if (what === 'on_air') {
            this.#switcher.onAir = data;

        } else {
            this.#audience = data.now;
        }

        this.#changed();
    }

    #listen() {
        const {signal} = this.#end;
        const on = (target, type, act) => target.addEventListener(type, act, {signal});
        const views = this.#views;

        on(this.#list, 'change', () => this.#listChanged());
        on(this.#list, 'told', (event) => this.#told(event));
        on(this.#list, 'refused', () => this.#session.state !== 'none' && this.#session.joinAgain());
        on(this.#session, 'change', () => this.#sessionChanged());
        on(views, 'change', () => this.#changed());
        on(views, 'switched', ({figures}) => {
            this.#lastSwitch = figures;
            this.#prefs.saveSoon();

            if (this.#poppedOut) {
                views.main.video.requestPictureInPicture().catch(() => {});
            }
        });
        on(views, 'failed', ({id, reason}) => {
            if (this.#chosen === id) {
                this.#chosen = views.main.id;
                this.#address.choose(this.#chosen);
            }

            this.#notice.show(whyNot(this.#labelOf(id), this.#labelOf(views.main.id), reason));
        });

        on(this.#page ? document : this.#root, 'keydown', (event) => this.#pressKey(event));
        on(document, 'fullscreenchange', () => {
            this.#$('fullscreen').setAttribute('aria-pressed', String(Boolean(document.fullscreenElement)));
        });

        /* a telephone stops what is in the background */
        on(document, 'visibilitychange', () => {
            if (!document.hidden && this.#address.streamer !== null && this.#session.state !== 'code') {
                this.#list.refresh();
                [views.main, ...views.beside].forEach(({player}) => player.play());
            }
        });

        on(window, 'online', () => {
            if (this.#address.streamer !== null) {
                this.#session.join();
                this.#list.open();
                this.#retryFailed();
            }
        });

        on(this.#root, 'enterpictureinpicture', () => this.#changed());
        on(this.#root, 'leavepictureinpicture', () => this.#changed());

        for (const [id, act] of [
            ['mute', () => this.#toggleMute()],
            ['unmute', () => this.#toggleMute()],
            ['fullscreen', () => this.#toggleFullscreen()],
            ['popout', () => this.#togglePopOut()],
            ['follow', () => { this.follow = !this.follow; }],
            ['corner', () => {
                const {corner} = this.#prefs.values;

                this.#prefs.set({corner: CORNERS[(CORNERS.indexOf(corner) + 1) % CORNERS.length]});
                this.#changed();
            }],
        ]) {
            on(this.#$(id), 'click', act);
        }

        on(this.#$('layouts'), 'change', ({target}) => { this.layout = target.value; });
        on(this.#$('inset-source'), 'change', ({target}) => {
            this.#inset = target.value;
            this.#changed();
        });
        on(this.#$('join'), 'submit', (event) => {
            event.preventDefault();
            this.#session.join(this.#$('code').value.trim());
        });
    }
}

/** @returns {boolean} one connection is enough for all there is, as with HTTP/2 */
function isMultiplexed(url) {
    const {origin} = new URL(url);

    return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .some(({name, nextHopProtocol}) => name.startsWith(`${origin}/`) && /^h[23]/.test(nextHopProtocol));
}
