/* What can be set for a destination, and how it is filled in.  Pure: no DOM, no network. */

export const PLATFORMS = {
    youtube: 'YouTube',
    twitch: 'Twitch',
    facebook: 'Facebook',
    cloudflare: 'Cloudflare',
    rtmp_custom: 'Any RTMP server',
};

/** Connected by signing in there. */
export const OAUTH = ['youtube', 'twitch', 'facebook'];

/** Pushed to with a key that the user pastes, or can. */
export const KEYED = ['cloudflare', 'rtmp_custom'];

/** kbit/s that platforms recommend */
const RECOMMENDED = {
    youtube: 'YouTube recommends 4500 to 9000 for 1080p60.',
    twitch: 'Twitch recommends 3000 to 6000 for 1080p60.',
    facebook: 'Facebook recommends 4000 to 6000 for 1080p30.',
    cloudflare: 'Cloudflare recommends 3000 to 8000 for 1080p60.',
};

const AS_SENT = {placeholder: 'As it is sent'};

const PICTURE = [
    {key: 'bitrate', label: 'Bitrate, kbit/s', type: 'number', min: 500, max: 20000, hints: RECOMMENDED, ...AS_SENT},
    {key: 'resolution', label: 'Picture', type: 'select', options: [
        ['', 'As it is sent'], ['1920x1080', '1920 × 1080'], ['1280x720', '1280 × 720'], ['854x480', '854 × 480'],
        ['640x360', '640 × 360'], ['2560x1440', '2560 × 1440'], ['3840x2160', '3840 × 2160'],
        ['1080x1920', '1080 × 1920, upright'], ['720x1280', '720 × 1280, upright'],
    ]},
    {key: 'framerate', label: 'Frames a second', type: 'number', min: 15, max: 60, ...AS_SENT},
    {key: 'preset', label: 'Encoder', type: 'select', options: [
        ['', 'The server\'s choice'], ['ultrafast', 'Ultrafast: least work'], ['veryfast', 'Very fast'],
        ['fast', 'Fast'], ['medium', 'Medium'], ['slow', 'Slow: best picture'],
    ]},
];

const RUNNING = [
    {key: 'auto_start', label: 'Start as soon as the source is live', type: 'check', unset: false},
    {key: 'auto_reconnect', label: 'Connect again when the connection is lost', type: 'check', unset: true},
    {key: 'max_retries', label: 'Attempts until it gives up', type: 'number', min: 0, max: 100, placeholder: '3'},
];

const TITLE = {key: 'title', label: 'Title', type: 'text', wide: true};
const DESCRIPTION = {key: 'description', label: 'Description', type: 'long', max: 5000, wide: true};
const START = {key: 'scheduled_start', label: 'Scheduled start', type: 'time'};
const TAGS = {key: 'tags', label: 'Tags, with commas between', type: 'list', max: 10, each: 25};
const LANGUAGE = {key: 'language', label: 'Language, as en or pt-br', type: 'text', max: 12};
const PLATFORM_CHOICE = ['', 'The platform\'s choice'];

const EVENT = {
    youtube: [
        {...TITLE, max: 100}, DESCRIPTION,
        {key: 'privacy', label: 'Who may watch', type: 'select', options: [
            PLATFORM_CHOICE, ['public', 'Everybody'], ['unlisted', 'Who has the link'], ['private', 'Only you'],
        ]},
        {key: 'category', label: 'Category, by its number', type: 'text', max: 100},
        {key: 'latency', label: 'Latency', type: 'select', options: [
            PLATFORM_CHOICE, ['normal', 'Normal'], ['low', 'Low'], ['ultraLow', 'Ultra low'],
        ]},
        START, TAGS, LANGUAGE,
        {key: 'dvr', label: 'Viewers may wind back (DVR)', type: 'check', unset: true},
        {key: 'content_encryption', label: 'Content encryption', type: 'check', unset: false},
    ],
    twitch: [
        {...TITLE, max: 140},
        {key: 'category', label: 'Category', type: 'text', max: 100},
        {key: 'game_id', label: 'Category, by its number', type: 'text', max: 20},
        {key: 'latency', label: 'Latency', type: 'select', options: [
            PLATFORM_CHOICE, ['normal', 'Normal'], ['low', 'Low'],
        ]},
        TAGS, LANGUAGE,
        {key: 'bandwidth_test', label: 'Bandwidth test: nobody sees it', type: 'check', unset: false},
    ],
    facebook: [
        {key: 'page_id', label: 'Page', type: 'page', wide: true},
        {...TITLE, max: 254}, DESCRIPTION,
        {key: 'privacy', label: 'Who may watch', type: 'select', options: [
            PLATFORM_CHOICE, ['EVERYONE', 'Everybody'], ['ALL_FRIENDS', 'Friends'], ['SELF', 'Only you'],
        ]},
        START,
    ],
    cloudflare: [
        {key: 'recording_mode', label: 'Recording', type: 'select', options: [
            PLATFORM_CHOICE, ['automatic', 'Record, and let people watch'], ['off', 'None: nobody can watch'],
        ]},
        {key: 'delete_recording_after_days', label: 'Delete recordings after days', type: 'number', min: 30, max: 1096},
        {key: 'latency', label: 'Latency', type: 'select', options: [
            PLATFORM_CHOICE, ['normal', 'Normal'], ['low', 'Low'],
        ]},
    ],
    rtmp_custom: [],
};

/**
 * @typedef {object} Field
 * @property {string} key of settings
 * @property {string} label
 * @property {'text'|'long'|'list'|'number'|'select'|'check'|'time'|'page'} type
 * @property {number} [min]
 * @property {number} [max] a value, characters of a text, or entries of a list
 * @property {number} [each] characters of an entry
 * @property {string[][]} [options] value and label
 * @property {boolean} [unset] what a check means that was never set
 * @property {boolean} [wide] a column is too narrow for it
 * @property {string} [placeholder]
 * @property {string} [hint]
 */

/**
 * @param {string} platform
 * @returns {{title: string, fields: Field[]}[]} groups that have fields
 */
export function groupsOf(platform) {
    return [
        {title: `At ${PLATFORMS[platform]}`, fields: EVENT[platform] ?? []},
        {title: 'Starting and reconnecting', fields: RUNNING},
        {title: 'Picture', fields: PICTURE},
    ].filter(({fields}) => fields.length > 0).map(({title, fields}) => ({
        title, fields: fields.map(({hints, ...field}) => ({...field, hint: hints?.[platform]})),
    }));
}

/**
 * @param {Field} field
 * @param {*} value of settings
 * @returns {string|boolean} as a control has it
 */
export function shownValue({type, unset}, value) {
    if (type === 'check') {
        return typeof value === 'boolean' ? value : unset;
    }

    if (value === null || value === undefined) {
        return '';
    }

    if (type === 'list') {
        return Array.isArray(value) ? value.join(', ') : '';
    }

    return type === 'time' ? localTime(value) : String(value);
}

/**
 * @param {Field} field
 * @param {string|boolean} shown as a control has it
 * @returns {*} as settings have it; null where nothing is set
 */
export function settingOf({type}, shown) {
    if (type === 'check') {
        return shown;
    }

    const text = shown.trim();

    if (text === '') {
        return null;
    }

    if (type === 'number') {
        return Number(text);
    }

    if (type === 'list') {
        return entries(text);
    }

    return type === 'time' ? new Date(text).toISOString() : text;
}

/**
 * @param {Field} field
 * @param {string|boolean} shown
 * @returns {string} what is wrong with it, or nothing
 */
export function faultOf({type, min, max, each}, shown) {
    if (type === 'number' && shown.trim() !== '') {
        const number = Number(shown);

        return Number.isInteger(number) && number >= min && number <= max ? ''
            : `A whole number from ${min} to ${max}, or nothing.`;
    }

    if (type === 'time' && shown !== '' && Number.isNaN(Date.parse(shown))) {
        return 'This is no date and time.';
    }

    if (type === 'list') {
        const list = entries(shown);

        return list.length <= max && list.every((entry) => entry.length <= each && !/[\s<>"]/.test(entry)) ? ''
            : `At most ${max}, of up to ${each} characters each, without blanks.`;
    }

    return ['text', 'long'].includes(type) && shown.length > max ? `At most ${max} characters.` : '';
}

/**
 * @param {Field[]} fields
 * @param {object} settings as they are
 * @param {function(Field): (string|boolean)} read what the control of a field shows now
 * @returns {object} what is to be another than before; empty when nothing is
 */
export function changedSettings(fields, settings, read) {
    const changes = {};

    for (const field of fields) {
        const shown = read(field);

        if (shown !== shownValue(field, settings[field.key])) {
            changes[field.key] = settingOf(field, shown);
        }
    }

    return changes;
}

function entries(text) {
    return text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
}

/* what <input type=datetime-local> takes, in the time zone of who looks at it */
function localTime(value) {
    const date = new Date(value);

    if (Number.isNaN(date.getTime())) {
        return '';
    }

    return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
