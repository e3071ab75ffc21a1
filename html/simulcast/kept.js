/* What the console keeps in this tab. */

export {keep, kept} from '../common/kept.js';

/** The API token, the streamer's id, and the sign-ins that are under way. */
export const TOKEN = 'simulcast-token';
export const STREAMER = 'simulcast-streamer';
export const PENDING = 'simulcast-pending';
