/*
 * Where a platform sends the browser back to.  What it brought is taken out of the address bar before anything else,
 * so that it is in no history, bookmark or shared link.
 */

import {SimulcastApi} from './api.js';
import {handOver, recall} from './account-link.js';
import {TOKEN, kept} from './kept.js';
import {PLATFORMS} from './settings-fields.js';
import {explain} from './simulcast-text.js';

const query = new URLSearchParams(location.search);

history.replaceState(null, '', location.pathname);

const $ = (id) => document.getElementById(id);

const redirect = {
    state: query.get('state') ?? '',
    code: query.get('code') ?? '',
    error: query.get('error') ?? (query.has('code') ? '' : 'no_code'),
};

function show(title, text) {
    $('title').textContent = title;
    $('text').textContent = text;
    $('back').hidden = false;
    document.title = title;
}

async function exchange({platform, streamId, name}) {
    const api = new SimulcastApi(kept(TOKEN), document.body.dataset.api);

    try {
        await api.exchangeToken(platform, {code: redirect.code, state: redirect.state, streamId, name});
        show('Connected', `${PLATFORMS[platform]} is connected.`);
        location.replace('/simulcast/');

    } catch (error) {
        show('Not connected', explain(error));
    }
}

async function arrive() {
    if (redirect.state === '') {
        show('Nothing to do', 'This page is where platforms send you back to when you have signed in there.');
        return;
    }

    const wish = recall(redirect.state);

    if (!wish?.here && await handOver(redirect)) {
        show('Signed in', 'Go on in the window that you came from. This one can be closed.');
        window.close();

    } else if (redirect.error !== '') {
        show('Not connected', 'Nothing was connected: it was not allowed, or the platform has refused it.');

    } else if (wish === null || kept(TOKEN) === '') {
        show('Not connected', 'The page that asked for this is not open any more. Connect the account again from '
                              + 'there.');

    } else {
        await exchange(wish);
    }
}

arrive();
