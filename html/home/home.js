/* The landing page: who is live, where the server tells everybody, and the way to somebody whose name is known. */

/** A streamer's name as the server defines it. */
const NAME = /^[A-Za-z0-9_-]{1,50}$/;

const $ = (id) => document.getElementById(id);

const {sources, watch} = $('home').dataset;

/** @returns {Promise<?Array<string>>} null where the server does not list its streamers */
async function fetchStreamers() {
    try {
        const response = await fetch(sources, {cache: 'no-store', credentials: 'same-origin'});

        if (!response.ok) {
            return null;
        }

        const streamers = await response.json();

        return Array.isArray(streamers) ? streamers.filter((name) => NAME.test(name)) : null;

    } catch {
        return null;
    }
}

function linkTo(streamer) {
    const item = document.createElement('li');
    const link = document.createElement('a');

    link.className = 'button';
    link.href = watch + streamer;
    link.textContent = streamer;
    item.append(link);

    return item;
}

async function showStreamers() {
    const streamers = await fetchStreamers();

    $('streamers').replaceChildren(...(streamers ?? []).map(linkTo));
    $('live').hidden = $('streamers').children.length === 0;
    $('nobody').hidden = streamers === null || !$('live').hidden;
    $('home').dataset.list = streamers === null ? 'none' : $('live').hidden ? 'nobody' : 'live';
}

function showFault(text) {
    $('streamer-fault').textContent = text;
    $('streamer-fault').hidden = text === '';
    $('streamer').setAttribute('aria-invalid', String(text !== ''));
}

$('open').addEventListener('submit', (event) => {
    const name = $('streamer').value.trim();

    event.preventDefault();

    if (NAME.test(name)) {
        showFault('');
        location.assign(watch + name);

    } else {
        showFault(name === '' ? 'Enter the name of a streamer.'
                              : 'Names have up to 50 letters, digits, hyphens and underscores.');
        $('streamer').focus();
    }
});

$('streamer').addEventListener('input', () => showFault(''));

/* who comes back sees who is live now */
document.addEventListener('visibilitychange', () => {
    if (!document.hidden && $('home').dataset.list !== 'none') {
        showStreamers();
    }
});

$('open').hidden = false;
showStreamers();
