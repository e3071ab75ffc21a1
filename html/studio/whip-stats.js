/* What a connection's statistics say in a few figures.  Pure: no clock, no network. */

/**
 * @typedef {object} Figures null where nothing is known
 * @property {?number} bitrate kbit/s, since the sample before
 * @property {?number} fps that are sent
 * @property {?number} sourceFps that there are to be sent
 * @property {?number} width px, as sent
 * @property {?number} height px, as sent
 * @property {?number} rtt ms
 * @property {?number} loss 0 to 1, of the packets that the server reported on last
 * @property {?string} codec as "H264"
 * @property {?string} protocol "udp" or "tcp"
 * @property {?string} qualityLimitationReason "none", "cpu", "bandwidth" or "other"
 */

/** The pair of candidates that carries the media; Firefox marks it, others name it in the transport. */
function usedPair(reports) {
    for (const report of reports.values()) {
        if (report.type === 'transport' && report.selectedCandidatePairId) {
            return reports.get(report.selectedCandidatePairId);
        }
    }

    return [...reports.values()].find((report) => report.type === 'candidate-pair' && report.selected);
}

/**
 * @param {RTCStatsReport} reports or any Map of such entries
 * @param {?{bytes: number, time: number}} before what the last call returned as `sample`
 * @returns {{figures: Figures, sample: {bytes: number, time: number}}}
 */
export function summarize(reports, before = null) {
    const sample = {bytes: 0, time: 0};
    let video = null;
    let source = null;
    let reported = null;

    for (const report of reports.values()) {
        if (report.type === 'outbound-rtp') {
            sample.bytes += (report.bytesSent ?? 0) + (report.headerBytesSent ?? 0);
            sample.time = Math.max(sample.time, report.timestamp);
            video = report.kind === 'video' ? report : video;

        } else if (report.type === 'media-source') {
            source = report.kind === 'video' ? report : source;

        } else if (report.type === 'remote-inbound-rtp' && (report.kind === 'video' || reported === null)) {
            reported = report;
        }
    }

    const pair = usedPair(reports);
    const local = reports.get(pair?.localCandidateId);
    const elapsed = before === null ? 0 : sample.time - before.time;
    const rtt = pair?.currentRoundTripTime ?? reported?.roundTripTime;

    return {
        sample,
        figures: {
            bitrate: elapsed > 0 && sample.bytes >= before.bytes
                ? Math.round((sample.bytes - before.bytes) * 8 / elapsed) : null,
            fps: video === null ? null : Math.round(video.framesPerSecond ?? 0),
            sourceFps: source?.framesPerSecond ?? null,
            width: video?.frameWidth ?? null,
            height: video?.frameHeight ?? null,
            rtt: rtt === undefined ? null : Math.round(rtt * 1000),
            loss: reported?.fractionLost ?? null,
            codec: reports.get(video?.codecId)?.mimeType?.replace(/^.*\//, '') ?? null,
            protocol: local?.relayProtocol ?? local?.protocol ?? null,
            qualityLimitationReason: video?.qualityLimitationReason ?? null,
        },
    };
}
