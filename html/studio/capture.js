/** What a browser says when it does not capture, as stable words. */
const CODES = {
    NotAllowedError: 'no_permission',
    SecurityError: 'no_permission',
    NotFoundError: 'no_device',
    OverconstrainedError: 'no_device',
    NotReadableError: 'device_busy',
    AbortError: 'device_busy',
    TypeError: 'not_supported',
    NotSupportedError: 'not_supported',
};

/** A screen's sound is music or speech that has been worked on already. */
const PLAIN_SOUND = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};

/** Why there is nothing to show. */
export class CaptureError extends Error {
    /**
     * @param {string} code no_secure_context, not_supported, no_permission, no_device, device_busy or capture_failed
     * @param {string} message
     */
    constructor(code, message) {
        super(message);
        this.name = 'CaptureError';
        this.code = code;
    }
}

/** @returns {boolean} the browser can share a screen (telephones cannot) */
export function sharesScreens() {
    return typeof globalThis.navigator?.mediaDevices?.getDisplayMedia === 'function';
}

/**
 * @param {object} wanted
 * @param {string} wanted.type screen, webcam or audio
 * @param {{width: number, height: number}} [wanted.resolution]
 * @param {number} [wanted.framerate]
 * @param {boolean} [wanted.captureAudio]
 * @param {string} [wanted.deviceId] a camera
 * @param {string} [wanted.audioDeviceId] a microphone
 * @returns {Promise<MediaStream>}
 * @throws {CaptureError}
 */
export async function capture({type, resolution, framerate, captureAudio, deviceId, audioDeviceId}) {
    const devices = globalThis.navigator?.mediaDevices;

    if (devices === undefined) {
        throw globalThis.isSecureContext === false
            ? new CaptureError('no_secure_context', 'cameras and screens need https')
            : new CaptureError('not_supported', 'this browser has no cameras for pages');
    }

    const video = pictureOf({resolution, framerate});

    try {
        if (type === 'screen') {
            return await devices.getDisplayMedia({
                video, audio: captureAudio ? PLAIN_SOUND : false,
                systemAudio: 'include', selfBrowserSurface: 'exclude', surfaceSwitching: 'include',
            });
        }

        return await devices.getUserMedia({
            video: type === 'audio' ? false : {...video, ...exactly(deviceId)},
            audio: captureAudio || type === 'audio' ? {...exactly(audioDeviceId)} : false,
        });

    } catch (error) {
        throw new CaptureError(CODES[error.name] ?? 'capture_failed', error.message);
    }
}

/**
 * Another picture of what is captured already.
 * @param {MediaStream} stream
 * @param {{resolution?: {width: number, height: number}, framerate?: number}} wanted
 * @returns {Promise<boolean>} the browser took it; else the encoder has to do it alone
 */
export async function recapture(stream, wanted) {
    const [track] = stream.getVideoTracks();

    try {
        await track?.applyConstraints?.(pictureOf(wanted));

        return track?.applyConstraints !== undefined;

    } catch {
        return false;
    }
}

function pictureOf({resolution, framerate}) {
    return {
        ...(resolution && {width: {ideal: resolution.width}, height: {ideal: resolution.height}}),
        ...(framerate && {frameRate: {ideal: framerate, max: framerate}}),
    };
}

function exactly(deviceId) {
    return deviceId ? {deviceId: {exact: deviceId}} : {};
}
