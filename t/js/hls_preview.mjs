/*
 * Looks at a page with previews of sources in Chromium and prints TAP.
 *
 *     node hls_preview.mjs http://localhost:8080
 *
 * The page's <video> elements, "cam" and "mute", have a src and no script.  The pictures are those of ffmpeg's testsrc2.
 *
 * CHROMIUM is the browser's path.
 */

import {complaints, launch, open, until} from './browser.mjs';
import {done, is, ok} from './tap.mjs';

const [base] = process.argv.slice(2);

/** How many colours a coarse grid of the picture has; 0: there is none. */
function colours(id) {
    const video = document.getElementById(id);

    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
        return 0;
    }

    const [width, height] = [16, 9];
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');

    canvas.width = width;
    canvas.height = height;
    context.drawImage(video, 0, 0, width, height);

    const {data} = context.getImageData(0, 0, width, height);

    return new Set(Array.from({length: width * height}, (_, i) => [0, 1, 2].map((c) => data[4 * i + c] >> 6).join()))
        .size;
}

function state(id) {
    const {videoWidth, videoHeight, error, duration} = document.getElementById(id);

    return {size: `${videoWidth}x${videoHeight}`, error: error?.message ?? null, duration};
}

/** True when it has been played to its end. */
function play(id) {
    const video = document.getElementById(id);

    return new Promise((resolve) => {
        video.addEventListener('ended', () => resolve(true));
        video.addEventListener('error', () => resolve(false));
        setTimeout(() => resolve(false), 10000);
        video.play();
    });
}

const browser = await launch();

try {
    const page = await open(browser, `${base}/index.html`, {excuse: /favicon/});

    for (const id of ['cam', 'mute']) {
        await until(`${id}: its picture comes without a script`, async () => await page.evaluate(colours, id) > 5);

        const {size, error, duration} = await page.evaluate(state, id);

        is(size, '320x180', `${id}: of the size that was sent`);
        is(error, null, `${id}: without an error`);
        ok(Number.isFinite(duration) && duration > 0, `${id}: a file that ends`);
        ok(await page.evaluate(play, id), `${id}: and plays to its end`);
    }

    is(complaints.join('\n'), '', 'nothing went wrong unseen');
} finally {
    await browser.close();
}

done();
process.exit();
