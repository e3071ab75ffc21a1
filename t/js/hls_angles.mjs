/*
 * A1: the multivariant playlist of a streamer has the sources as angles, EXT-X-MEDIA of TYPE=VIDEO
 * (draft-pantos-hls-rfc8216bis, 4.4.6.1).
 */

/**
 * @param {Findings} findings
 * @param {MultivariantPlaylist|MediaPlaylist} model
 * @param {string[]} urls media playlists of sources that are live
 */
export function judgeAngles(findings, model, urls) {
    const judge = (pass, text) => findings.judge('A1', pass, text);

    model.problems.forEach(({rule, line, text}) => findings.fail(rule, `angles, line ${line}: ${text}`));

    if (!judge(model.kind === 'multivariant' && model.variants.length > 0, 'no EXT-X-STREAM-INF')) {
        return;
    }

    const {variants, renditions} = model;
    const listed = [...variants, ...renditions].map(({url}) => url);

    for (const url of urls) {
        judge(listed.includes(url), () => `${new URL(url).pathname} is not listed`);
    }

    for (const group of new Set(renditions.map((rendition) => rendition['GROUP-ID']))) {
        const angles = renditions.filter((rendition) => rendition['GROUP-ID'] === group);
        const names = new Set(angles.map(({NAME}) => NAME));

        judge(angles.every(({TYPE}) => TYPE === 'VIDEO'), `${group} has other types than VIDEO`);
        judge(names.size === angles.length, `${group} has a name twice`);
        judge(angles.filter(({DEFAULT}) => DEFAULT).length === 1, `${group} has not one default`);
        judge(angles.every(({DEFAULT, AUTOSELECT}) => !DEFAULT || AUTOSELECT), 'DEFAULT=YES without AUTOSELECT=YES');
        judge(variants.some(({VIDEO}) => VIDEO === group), `${group} is of no variant`);
    }

    for (const {VIDEO: group, url, CODECS} of variants) {
        const own = renditions.filter((rendition) => rendition['GROUP-ID'] === group);

        judge(group === undefined || own.length > 0, `a variant has the group ${group}, which has no angles`);
        judge(own.length === 0 || own.some((angle) => !angle.url || angle.url === url),
              'the URI of a variant is that of none of its angles');
        findings.judge('L21', CODECS !== undefined, 'angles without CODECS');
    }
}
