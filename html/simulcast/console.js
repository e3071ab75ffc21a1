import {show} from '../common/elements.js';
import {AccountLink} from './account-link.js';
import {SimulcastApi} from './api.js';
import {DestinationCard} from './destination-card.js';
import {DestinationEditor} from './destination-editor.js';
import {DestinationList} from './destination-list.js';
import {STREAMER, TOKEN, keep, kept} from './kept.js';
import {KEYED, OAUTH, PLATFORMS} from './settings-fields.js';
import {describe, explain, isRunning, streamText, testText} from './simulcast-text.js';

/** A streamer, or streamer:source. */
const STREAM_ID = /^[A-Za-z0-9_-]{1,50}(:[A-Za-z0-9_-]{1,50})?$/;

const DRAW_MS = 1000;

const {api: API, sources: SOURCES} = document.body.dataset;

const $ = (id) => document.getElementById(id);

const cards = new Map();
const busy = new Set();
const said = new Map();                     /* id -> what the announcer said of it last */

const editor = new DestinationEditor($('edit'), {
    save: async (id, changes) => list.put(await api.update(id, changes)),
    pages: (id) => api.facebookPages(id),
    thumbnail: (id, image) => api.setThumbnail(id, image),
    sources: () => [...$('add-source').options].filter(({value}) => value !== '')
        .map(({value, label}) => ({id: value, label})),
});

const accounts = new AccountLink(connected);

let api = null;
let list = null;
let streamId = '';
let updating = false;
let adding = false;
let answer = null;                          /* to the question that is asked */

/* who is it */

async function signIn(event) {
    event?.preventDefault();

    const token = $('token').value.trim();
    const wanted = $('streamer').value.trim();

    for (const [id, good] of [['token', token !== ''], ['streamer', STREAM_ID.test(wanted)]]) {
        $(id).toggleAttribute('aria-invalid', false);

        if (!good) {
            $(id).setAttribute('aria-invalid', 'true');
            $(id).focus();
        }
    }

    if (!STREAM_ID.test(wanted) || token === '') {
        trouble('sign-in-trouble', 'Enter the streamer\'s name and the API token.');
        return;
    }

    trouble('sign-in-trouble', '');
    $('sign-in-go').disabled = true;
    api = new SimulcastApi(token, API);
    list = new DestinationList(api, wanted);
    await list.open();
    $('sign-in-go').disabled = false;

    /* what passes by itself is told beside the destinations */

    if (list.error?.final || ['bad_token', 'bad_answer'].includes(list.error?.code)) {
        const {error} = list;

        signOut();
        $('token').value = token;
        trouble('sign-in-trouble', explain(error));
        $('token').focus();
        return;
    }

    streamId = wanted;
    keep(TOKEN, token);
    keep(STREAMER, streamId);
    $('token').value = '';
    list.addEventListener('change', changed);
    list.addEventListener('sample', ({id, bitrate}) => cards.get(id)?.sample(performance.now(), bitrate));
    showSources();
    update();
    drawSamples();

    if (event !== undefined) {
        $('destinations-title').focus();
    }
}

function signOut() {
    list?.removeEventListener('change', changed);
    list?.close();
    accounts.cancel();
    editor.close();
    list = null;
    api = null;
    streamId = '';
    keep(TOKEN, '');
    cards.clear();
    said.clear();
    busy.clear();
    $('destinations').replaceChildren();
    $('announcer').textContent = '';
    update();
}

/* what is done with a destination */

/**
 * Runs a command of a card; the card says what came of it.
 * @param {string} id
 * @param {function(): Promise<*>} run
 */
async function command(id, run) {
    if (busy.has(id)) {
        return;
    }

    busy.add(id);
    cards.get(id)?.tell('');
    changed();

    try {
        await run(list.get(id));

    } catch (error) {
        tell(id, explain(error), false);
        list?.refresh();

    } finally {
        busy.delete(id);
        changed();
    }
}

function tell(id, text, good) {
    cards.get(id)?.tell(text, good);
    $('announcer').textContent = `${list?.get(id)?.name ?? ''}: ${text}`;
}

function toggle(id) {
    command(id, async (destination) => {
        const act = isRunning(destination) ? 'stopDestination' : 'startDestination';

        take(await api[act](destination.stream_id, id));
    });
}

function enable(id) {
    const wanted = cards.get(id).wantsEnabled;

    command(id, async () => take(await api.update(id, {is_enabled: wanted})));
}

function test(id) {
    command(id, async () => {
        cards.get(id)?.tell('Testing.');

        const {good, text} = testText(await api.test(id));

        tell(id, text, good);
    });
}

function refresh(id) {
    command(id, async () => {
        await api.refreshToken(id);
        tell(id, 'The sign-in has been renewed.', true);
        list?.refresh();
    });
}

async function remove(id) {
    const {name} = list.get(id);

    if (!await confirmed(`Remove ${name}?`, 'What is sent there ends, and its key or sign-in is forgotten.')) {
        return;
    }

    command(id, async () => {
        const {element} = cards.get(id);
        const next = element.nextElementSibling ?? element.previousElementSibling;

        await api.remove(id);
        list?.drop(id);
        $('announcer').textContent = `${name} has been removed.`;

        if (next === null) {
            $('destinations-title').focus();

        } else {
            cards.get(next.dataset.destination).focus('remove');
        }
    });
}

function edit(id, key) {
    editor.open(list.get(id), key);
}

/* a command may answer less than the whole destination */
function take(destination) {
    if (destination?.id !== undefined && destination.settings !== undefined) {
        list?.put(destination);

    } else {
        list?.refresh();
    }
}

/** Asks a question that has to be answered with a button. */
function confirmed(title, text) {
    $('confirm-title').textContent = title;
    $('confirm-text').textContent = text;
    $('confirm').showModal();
    $('confirm-no').focus();

    return new Promise((resolve) => { answer = resolve; });
}

function answered(yes) {
    answer?.(yes);
    answer = null;
    $('confirm').close();
}

/* all of them */

async function all(act, done) {
    for (const id of ['start-all', 'stop-all']) {
        $(id).setAttribute('aria-disabled', 'true');
    }

    trouble('show-trouble', '');

    try {
        await act();
        note('show-news', done);
        $('announcer').textContent = done;

    } catch (error) {
        note('show-news', '');
        trouble('show-trouble', explain(error));

    } finally {
        for (const id of ['start-all', 'stop-all']) {
            $(id).removeAttribute('aria-disabled');
        }

        list?.refresh();
    }
}

const isFree = (id) => $(id).getAttribute('aria-disabled') !== 'true';

function startAll() {
    if (isFree('start-all')) {
        all(() => api.start(streamId, $('input-source').value || null),
            'All that are enabled have been told to start.');
    }
}

function stopAll() {
    if (isFree('stop-all')) {
        all(() => api.stop(streamId), 'All have been told to stop.');
    }
}

/** Which sources there are is another module's business, and may be nobody's. */
async function showSources() {
    const [streamer] = streamId.split(':');
    let sources = [];

    try {
        const response = await fetch(SOURCES + encodeURIComponent(streamer), {cache: 'no-store'});

        sources = response.ok ? await response.json() : [];

    } catch {
        /* the default source is always there to choose */
    }

    for (const id of ['input-source', 'add-source']) {
        const select = $(id);
        const chosen = select.value;
        const known = Array.isArray(sources) ? sources.filter((source) => typeof source?.id === 'string') : [];

        select.replaceChildren(select.options[0], ...known.map((source) => new Option(source.label ?? source.id,
                                                                                      source.id)));

        if (chosen !== '' && !known.some((source) => source.id === chosen)) {
            select.append(new Option(chosen.replaceAll('_', ' '), chosen));
        }

        select.value = chosen;
    }
}

/* adding */

function showAddForm() {
    const platform = $('add-platform').value;
    const oauth = OAUTH.includes(platform);

    $('add-url-field').hidden = platform !== 'rtmp_custom';
    $('add-key-field').hidden = !KEYED.includes(platform);
    $('add-key-hint').hidden = platform !== 'cloudflare';
    $('add-source-field').hidden = streamId.includes(':');
    $('add').textContent = oauth ? `Connect ${PLATFORMS[platform]}` : 'Add';
    note('add-hint', addHint());

    for (const name of ['name', 'url', 'key']) {
        addFault(name, '');
    }

    trouble('add-trouble', '');
}

function addHint() {
    const platform = $('add-platform').value;

    if (accounts.waiting) {
        return 'Go on in the other window. When you have allowed it there, it is done here.';
    }

    return OAUTH.includes(platform)
        ? `You sign in at ${PLATFORMS[platform]}, in a window of its own, and allow it there.` : '';
}

function addFault(name, text) {
    trouble(`add-${name}-fault`, text);
    $(`add-${name}`).toggleAttribute('aria-invalid', false);

    if (text !== '') {
        $(`add-${name}`).setAttribute('aria-invalid', 'true');
        $(`add-${name}`).focus();
    }
}

/** @returns {?object} what the form says, or null when that is not enough */
function addFields() {
    const platform = $('add-platform').value;
    const source = $('add-source').value;
    const fields = {
        stream_id: source === '' || streamId.includes(':') ? streamId : `${streamId}:${source}`,
        platform,
        name: $('add-name').value.trim() || PLATFORMS[platform],
    };
    const key = $('add-key').value.trim();

    showAddForm();

    if (platform === 'rtmp_custom') {
        fields.rtmp_url = $('add-url').value.trim();

        if (!/^rtmps?:\/\/[^/]/i.test(fields.rtmp_url)) {
            addFault('url', 'The address begins with rtmp:// or rtmps://.');
            return null;
        }
    }

    if (KEYED.includes(platform) && key !== '') {
        fields.stream_key = key;
    }

    return fields;
}

async function add(event) {
    event.preventDefault();

    const fields = adding ? null : addFields();

    if (fields === null) {
        return;
    }

    adding = true;
    changed();

    try {
        if (OAUTH.includes(fields.platform)) {
            await accounts.begin({platform: fields.platform, streamId: fields.stream_id, name: fields.name},
                                 () => api.authUrl(fields.platform));

        } else {
            const destination = await api.create({...fields, is_enabled: true});

            added(`${destination.name} has been added.`);
            take(destination);
        }

    } catch (error) {
        const name = {name: 'name', rtmp_url: 'url', stream_key: 'key'}[error.field];

        name === undefined ? trouble('add-trouble', explain(error)) : addFault(name, explain(error));

    } finally {
        adding = false;
        changed();
    }
}

function added(text) {
    for (const name of ['name', 'url', 'key']) {
        $(`add-${name}`).value = '';
    }

    $('announcer').textContent = text;
}

/** Somebody has signed in at a platform, or was refused. */
async function connected({platform, streamId: target, name}, {code, state, error}) {
    changed();

    if (error !== '') {
        trouble('add-trouble', error === 'access_denied' ? explain({code: error})
            : `${PLATFORMS[platform]} has connected nothing.`);
        return;
    }

    adding = true;
    changed();

    try {
        const {id} = await api.exchangeToken(platform, {code, state, streamId: target, name});

        added(`${PLATFORMS[platform]} is connected.`);
        await list?.refresh();

        if (platform === 'facebook' && list?.get(id) != null && !$('edit').open) {
            edit(id, 'page_id');
        }

    } catch (thrown) {
        trouble('add-trouble', explain(thrown));

    } finally {
        adding = false;
        changed();
    }
}

/* what the page shows */

function note(id, text) {
    show($(id), text);
}

const trouble = note;

function showDestinations(destinations) {
    for (const destination of destinations) {
        const {id} = destination;

        if (!cards.has(id)) {
            const card = new DestinationCard($('destination-template'), id, {
                toggle, test, refresh, remove, enable, edit: (one) => edit(one), page: (one) => edit(one, 'page_id'),
            });

            cards.set(id, card);
            $('destinations').append(card.element);
        }

        cards.get(id).render(destination, busy.has(id));
    }

    for (const [id, card] of cards) {
        if (!destinations.some((destination) => destination.id === id)) {
            card.element.remove();
            cards.delete(id);
            said.delete(id);
        }
    }
}

/** A screen reader hears of each change of a state, once. */
function announce(destinations) {
    const news = [];

    for (const destination of destinations) {
        const {id, name, error} = destination;
        const sentence = `${name}: ${describe(destination)}. ${error?.code ? explain(error) : ''}`.trim();

        if (said.has(id) && said.get(id) !== sentence) {
            news.push(sentence);
        }

        said.set(id, sentence);
    }

    if (news.length > 0) {
        $('announcer').textContent = news.join(' ');
    }
}

function update() {
    const destinations = list?.destinations ?? [];
    const signedIn = streamId !== '';
    const live = destinations.some(({status}) => status === 'live');
    const text = signedIn ? streamText(list.stream, list.simulcast, destinations) : '';

    updating = false;
    $('sign-in').hidden = signedIn;

    for (const id of ['show', 'destinations-panel', 'add-form']) {
        $(id).hidden = !signedIn;
    }

    /* a token that is good no more: sign in again */

    if (signedIn && [401, 403].includes(list.error?.status)) {
        const {error} = list;

        signOut();
        trouble('sign-in-trouble', explain(error));
        return;
    }

    trouble('page-trouble', signedIn && list.error !== null ? explain(list.error) : '');
    note('status', text);
    $('status').toggleAttribute('data-live', live);
    document.title = live ? `${text} · Simulcast` : 'Simulcast';

    if (!signedIn) {
        return;
    }

    $('show-title').textContent = list.stream?.title || streamId.replace(':', ', ').replaceAll('_', ' ');
    $('no-destinations').hidden = !list.loaded || destinations.length > 0;
    $('add').disabled = adding;
    $('add-cancel').hidden = !accounts.waiting;
    note('add-hint', addHint());

    showDestinations(destinations);
    announce(destinations);
}

/* many changes make one update */
function changed() {
    if (!updating) {
        updating = true;
        queueMicrotask(update);
    }
}

/** What was measured before there was a card. */
function drawSamples() {
    for (const {id, metrics} of list?.destinations ?? []) {
        if (metrics !== undefined) {
            cards.get(id)?.sample(performance.now(), metrics.bitrate);
        }
    }
}

/** Graphs move on, figures grow old and the uptime grows without anybody telling. */
function draw() {
    const now = performance.now();

    for (const card of cards.values()) {
        card.draw(now);
    }
}

function wake() {
    if (!document.hidden) {
        list?.wake();

        if (streamId !== '') {
            showSources();
        }
    }
}

$('sign-in').addEventListener('submit', signIn);
$('sign-out').addEventListener('click', () => {
    signOut();
    $('streamer').focus();
});

$('start-all').addEventListener('click', startAll);
$('stop-all').addEventListener('click', stopAll);
$('input-source').addEventListener('focus', showSources);
$('add-source').addEventListener('focus', showSources);

$('add-form').addEventListener('submit', add);
$('add-platform').addEventListener('change', showAddForm);
$('add-cancel').addEventListener('click', () => {
    accounts.cancel();
    showAddForm();
    changed();
});

$('confirm-yes').addEventListener('click', () => answered(true));
$('confirm-no').addEventListener('click', () => answered(false));
$('confirm').addEventListener('close', () => answered(false));

document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);

$('streamer').value = kept(STREAMER);
$('token').value = kept(TOKEN);
showAddForm();
update();
setInterval(draw, DRAW_MS);

if (kept(TOKEN) !== '') {
    signIn();
}
