/* What WHIP exchanges, cut down to the lines that matter. */

const sdp = (...lines) => [...lines, ''].join('\r\n');

export const OFFER = sdp(
    'v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:mine', 'a=ice-pwd:0123456789012345678901',
    'a=mid:0', 'a=sendonly',
    'm=video 9 UDP/TLS/RTP/SAVPF 102', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:mine', 'a=ice-pwd:0123456789012345678901',
    'a=mid:1', 'a=sendonly',
);

/** Of an ICE-lite server. */
export const ANSWER = sdp(
    'v=0', 'o=- 3 4 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite', 'a=group:BUNDLE 0 1',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:old1', 'a=ice-pwd:oldoldoldoldoldoldoldol',
    'a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host', 'a=end-of-candidates', 'a=mid:0', 'a=recvonly',
    'm=video 9 UDP/TLS/RTP/SAVPF 102', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:old1', 'a=ice-pwd:oldoldoldoldoldoldoldol',
    'a=mid:1', 'a=recvonly',
);

/** Of a restart: the fragment that answers the PATCH. */
export const NEWS = sdp(
    'a=ice-lite', 'm=audio 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:0', 'a=ice-ufrag:new1', 'a=ice-pwd:newnewnewnewnewnewnewne',
    'a=candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host', 'a=end-of-candidates',
);
