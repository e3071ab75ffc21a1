/*
 * What tests know of the peer connections of a page in Chromium.
 */

/**
 * Keeps every connection that the page makes, as globalThis.connections.
 * @param {import('playwright-core').Page} page before it is loaded
 */
export function keepConnections(page) {
    return page.addInitScript(() => {
        const Original = globalThis.RTCPeerConnection;

        globalThis.connections = [];
        globalThis.RTCPeerConnection = class extends Original {
            constructor(...args) {
                super(...args);
                globalThis.connections.push(this);
            }
        };
    });
}

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<object[]>} figures of each connection, the oldest first
 */
export function figures(page) {
    return page.evaluate(() => Promise.all(globalThis.connections.map(async (connection) => {
        const reports = [...(await connection.getStats()).values()];
        const of = (type, kind) => reports.find((one) => one.type === type && one.kind === kind) ?? {};
        const named = (id) => reports.find((one) => one.id === id) ?? {};
        const video = of('outbound-rtp', 'video');
        const pair = named(reports.find((one) => one.type === 'transport')?.selectedCandidatePairId);

        return {
            protocol: named(pair.localCandidateId).protocol,
            local: named(pair.localCandidateId).address,
            rtt_ms: Math.round((pair.currentRoundTripTime ?? 0) * 1000),
            frames: video.framesSent ?? 0,
            packets: video.packetsSent ?? 0,
            nacks: video.nackCount ?? 0,
            repeated: video.retransmittedPacketsSent ?? 0,
            plis: video.pliCount ?? 0,
            lost: of('remote-inbound-rtp', 'video').packetsLost ?? 0,
        };
    })));
}
