/* How a label becomes the name of a source.  Pure: no DOM. */

const NAME_MAX = 50;
const RESERVED = ['admin', 'api', 'system', 'events', 'index'];

/* a digit is an emoji only with the key cap around it; joiners, variants and tags are parts of emoji */
const EMOJI = new RegExp('[0-9#*]\\uFE0F?\\u20E3|[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\p{Regional_Indicator}'
                         + '\\uFE0E\\uFE0F\\u200D\\u20E3\\u{E0020}-\\u{E007F}]', 'gu');

/** Why a source cannot be added, or a label not be used. */
export class SourceError extends Error {
    /**
     * @param {string} code stable: bad_source_name, reserved_source_name, duplicate_source_name, too_many_sources,
     *     unknown_source, bad_source_type, bad_destination, source_is_live, source_ended or stopped
     * @param {string} message
     * @param {string} [field] of what was asked for
     */
    constructor(code, message, field) {
        super(message);
        this.name = 'SourceError';
        this.code = code;
        this.field = field;
    }
}

/**
 * @param {string} label as people write it
 * @returns {string} without emoji and outer blanks, each blank between words an underscore: "🖥️ Main Screen" is
 *     Main_Screen.  It may be no valid name
 */
export function nameOf(label) {
    return label.replace(EMOJI, '').trim().replace(/\s+/g, '_');
}

/**
 * @param {string} label
 * @returns {string} its name
 * @throws {SourceError}
 */
export function validName(label) {
    const name = nameOf(label);

    if (!/^[A-Za-z0-9_-]+$/.test(name) || name.length > NAME_MAX) {
        throw new SourceError('bad_source_name',
                              `a source name is 1 to ${NAME_MAX} letters, digits, _ and -`, 'label');
    }

    if (RESERVED.includes(name.toLowerCase())) {
        throw new SourceError('reserved_source_name', `the name ${name} is reserved`, 'label');
    }

    return name;
}
