# SPDX-License-Identifier: BSD-2-Clause

# WHIP without media: offers of the shapes that clients give theirs, a POST
# that brings one, and what is in the answer.
#
#   my $r = post_offer($t, '/whip/Main', bearer => 'KEY');
#   my $r = post_offer($t, '/whip/KEY/Main', offer => offer('ffmpeg'));
#   is(delete_session($t, $r)->{status}, 200, 'deleted');
#
#   offer(SHAPE, audio => 0, video => 0, eol => "\n", ufrag => ..., pwd => ...)
#
# SHAPE is one of offer_shapes(): obs, obs_simulcast, ffmpeg, chromium, firefox,
# gstreamer, libdatachannel.  Names, passwords and digests are made up, new ones
# each time; addresses are of the networks for documentation.  audio => 0 and
# video => 0 leave a media out, as the client would.
#
#   my ($session, @media) = sections($answer);      each a list of lines
#   my @values = attributes($media[0], 'candidate');

package Test::Live::Offer;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(offer offer_shapes post_offer patch_session delete_session
    fragment sections attributes);

my @base64 = ('a' .. 'z', 'A' .. 'Z', 0 .. 9);

my $MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
my $RID = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';
my $RRID = 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id';
my $TWCC = 'http://www.ietf.org/id/'
    . 'draft-holmer-rmcat-transport-wide-cc-extensions-01';

my %shapes = (
    obs            => \&_obs,
    obs_simulcast  => sub { return _obs(@_, simulcast => 1) },
    ffmpeg         => \&_ffmpeg,
    chromium       => \&_chromium,
    firefox        => \&_firefox,
    gstreamer      => \&_gstreamer,
    libdatachannel => \&_libdatachannel,
);


sub offer_shapes { return sort keys %shapes }


sub offer {
    my ($shape, %o) = @_;

    my $lines = $shapes{$shape || 'obs'} or die "no offer of shape $shape";

    %o = (audio => 1, video => 1, ufrag => _random(4), pwd => _random(24),
        digest => join(':', map { sprintf '%02X', rand 256 } 1 .. 32), %o);

    my $eol = defined $o{eol} ? $o{eol} : "\r\n";

    return join '', map { "$_$eol" } $lines->(%o);
}


sub _random { return join '', map { $base64[rand @base64] } 1 .. $_[0] }
sub _number { return 1000000000 + int rand 3000000000 }


# those of a list that are for the media that is wanted

sub _bundle {
    my ($o, $audio, $video) = @_;

    return 'a=group:BUNDLE ' . join ' ', ($o->{audio} ? $audio : ()),
        $o->{video} ? $video : ();
}


# OBS from version 30 on: it gathers after the answer, one codec for each media

sub _obs {
    my (%o) = @_;

    my ($audio, $video) = (_number(), _number());
    my @ice = ('a=setup:actpass', "a=ice-ufrag:$o{ufrag}",
        "a=ice-pwd:$o{pwd}");

    my @lines = ('v=0', 'o=rtc ' . _number() . ' 0 IN IP4 127.0.0.1', 's=-',
        't=0 0', _bundle(\%o, 0, 1), _bundle(\%o, 0, 1) =~ s/BUNDLE/LS/r,
        'a=msid-semantic:WMS *', 'a=ice-options:ice2,trickle',
        "a=fingerprint:sha-256 $o{digest}");

    push @lines, 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0',
        'a=mid:0', 'a=sendonly', "a=ssrc:$audio cname:obs",
        "a=ssrc:$audio msid:obs obs-audio", 'a=msid:obs obs-audio',
        'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2',
        'a=fmtp:111 minptime=10;maxaveragebitrate=160000;stereo=1;'
            . 'sprop-stereo=1;useinbandfec=1', @ice if $o{audio};

    push @lines, 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0',
        'a=mid:1', "a=extmap:1 $MID", "a=extmap:2 $RID", 'a=sendonly',
        ($o{simulcast}
            ? ((map { "a=rid:$_ send" } 0 .. 2), 'a=simulcast:send 0;1;2')
            : ("a=ssrc:$video cname:obs", "a=ssrc:$video msid:obs obs-video")),
        'a=msid:obs obs-video', 'a=rtcp-mux', 'a=rtpmap:96 H264/90000',
        (map { "a=rtcp-fb:96 $_" } 'nack', 'nack pli', 'ccm fir', 'goog-remb'),
        'a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;'
            . 'level-asymmetry-allowed=1', @ice if $o{video};

    return @lines;
}


# FFmpeg 8: a DTLS server, no candidate, and a group that names both media

sub _ffmpeg {
    my (%o) = @_;

    my $ssrc = _number();
    my @lines = ('v=0', 'o=FFmpeg ' . _number() . ' 2 IN IP4 127.0.0.1',
        's=FFmpegPublishSession', 't=0 0', 'a=group:BUNDLE 0 1',
        'a=extmap-allow-mixed', 'a=msid-semantic: WMS');

    for my $media (grep { $o{$_} } qw(audio video)) {
        my $is_audio = $media eq 'audio';
        my $pt = $is_audio ? 111 : 106;

        push @lines, "m=$media 9 UDP/TLS/RTP/SAVPF $pt", 'c=IN IP4 0.0.0.0',
            "a=ice-ufrag:$o{ufrag}", "a=ice-pwd:$o{pwd}",
            "a=fingerprint:sha-256 $o{digest}", 'a=setup:passive',
            'a=mid:' . ($is_audio ? 0 : 1), 'a=sendonly',
            "a=msid:FFmpeg $media", 'a=rtcp-mux',
            $is_audio ? 'a=rtpmap:111 opus/48000/2'
                : ('a=rtcp-rsize', 'a=rtpmap:106 H264/90000',
                    'a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;'
                        . 'profile-level-id=42e01f'),
            "a=ssrc:$ssrc cname:FFmpeg", "a=ssrc:$ssrc msid:FFmpeg $media";
        $ssrc++;
    }

    return @lines;
}


# Chromium: many payload types, retransmission, candidates of all kinds

sub _chromium {
    my (%o) = @_;

    my @fb = ('goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli');
    my @ice = ("a=ice-ufrag:$o{ufrag}", "a=ice-pwd:$o{pwd}",
        'a=ice-options:trickle', "a=fingerprint:sha-256 $o{digest}",
        'a=setup:actpass');
    my ($first, $second) = (_number(), _number());

    my @lines = ('v=0', 'o=- ' . _number() . ' 2 IN IP4 127.0.0.1', 's=-',
        't=0 0', _bundle(\%o, 0, 1), 'a=extmap-allow-mixed',
        'a=msid-semantic: WMS page');

    push @lines, 'm=audio 50412 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126',
        'c=IN IP4 192.0.2.77', 'a=rtcp:9 IN IP4 0.0.0.0',
        'a=candidate:1 1 udp 2122260223 192.0.2.77 50412 typ host '
            . 'generation 0 network-id 1',
        'a=candidate:2 1 udp 2122194687 1f6a0c52-77d3-4d0e-9b3c-5e2ab41c9f08'
            . '.local 50413 typ host generation 0 network-id 2',
        'a=candidate:3 1 tcp 1518280447 192.0.2.77 9 typ host tcptype active '
            . 'generation 0 network-id 1', @ice, 'a=mid:0',
        'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
        "a=extmap:3 $TWCC", "a=extmap:4 $MID", 'a=sendonly', 'a=msid:page mic',
        'a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:111 opus/48000/2',
        'a=rtcp-fb:111 transport-cc', 'a=fmtp:111 minptime=10;useinbandfec=1',
        'a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111', 'a=rtpmap:9 G722/8000',
        'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:13 CN/8000',
        'a=rtpmap:110 telephone-event/48000',
        'a=rtpmap:126 telephone-event/8000',
        'a=ssrc:' . _number() . ' cname:page' if $o{audio};

    push @lines, 'm=video 9 UDP/TLS/RTP/SAVPF 96 97 104 107 102 103 45 46 118',
        'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0', @ice, 'a=mid:1',
        'a=extmap:14 urn:ietf:params:rtp-hdrext:toffset',
        'a=extmap:13 urn:3gpp:video-orientation', "a=extmap:3 $TWCC",
        "a=extmap:4 $MID", "a=extmap:10 $RID", "a=extmap:11 $RRID",
        'a=sendonly', 'a=msid:page camera', 'a=rtcp-mux', 'a=rtcp-rsize',
        'a=rtpmap:96 VP8/90000', (map { "a=rtcp-fb:96 $_" } @fb),
        'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96',
        'a=rtpmap:104 H264/90000', (map { "a=rtcp-fb:104 $_" } @fb),
        'a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;'
            . 'profile-level-id=42001f',
        'a=rtpmap:107 rtx/90000', 'a=fmtp:107 apt=104',
        'a=rtpmap:102 H264/90000', (map { "a=rtcp-fb:102 $_" } @fb),
        'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;'
            . 'profile-level-id=42001f',
        'a=rtpmap:103 rtx/90000', 'a=fmtp:103 apt=102',
        'a=rtpmap:45 AV1/90000', 'a=fmtp:45 level-idx=5;profile=0;tier=0',
        'a=rtpmap:46 rtx/90000', 'a=fmtp:46 apt=45', 'a=rtpmap:118 red/90000',
        "a=ssrc-group:FID $first $second",
        map { "a=ssrc:$_ cname:page" } $first, $second if $o{video};

    return @lines;
}


# Firefox: the fingerprint is the session's, H.264 in both packetization modes

sub _firefox {
    my (%o) = @_;

    my @ice = ("a=ice-pwd:$o{pwd}", "a=ice-ufrag:$o{ufrag}");

    my @lines = ('v=0', 'o=mozilla...THIS_IS_SDPARTA-99.0 ' . _number()
        . ' 0 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=sendrecv',
        "a=fingerprint:sha-256 $o{digest}", _bundle(\%o, 0, 1),
        'a=ice-options:trickle', 'a=msid-semantic:WMS *');

    push @lines, 'm=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101',
        'c=IN IP4 0.0.0.0', 'a=sendonly', "a=extmap:3 $MID",
        'a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level',
        'a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1',
        'a=fmtp:101 0-15', @ice, 'a=mid:0', 'a=msid:{a} {b}', 'a=rtcp-mux',
        'a=rtpmap:109 opus/48000/2', 'a=rtpmap:9 G722/8000/1',
        'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000/1', 'a=setup:actpass',
        'a=ssrc:' . _number() . ' cname:{c}' if $o{audio};

    push @lines, 'm=video 9 UDP/TLS/RTP/SAVPF 120 124 126 127 97 98 123 122',
        'c=IN IP4 0.0.0.0', 'a=sendonly', "a=extmap:3 $MID", "a=extmap:7 $TWCC",
        'a=fmtp:120 max-fs=12288;max-fr=60', 'a=fmtp:124 apt=120',
        'a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;'
            . 'packetization-mode=1', 'a=fmtp:127 apt=126',
        'a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1',
        'a=fmtp:98 apt=97', @ice, 'a=mid:1', 'a=msid:{a} {d}',
        (map { "a=rtcp-fb:126 $_" } 'nack', 'nack pli', 'ccm fir', 'goog-remb',
            'transport-cc'), 'a=rtcp-mux', 'a=rtcp-rsize',
        'a=rtpmap:120 VP8/90000', 'a=rtpmap:124 rtx/90000',
        'a=rtpmap:126 H264/90000', 'a=rtpmap:127 rtx/90000',
        'a=rtpmap:97 H264/90000', 'a=rtpmap:98 rtx/90000',
        'a=rtpmap:123 ulpfec/90000', 'a=rtpmap:122 red/90000',
        'a=setup:actpass', 'a=ssrc:' . _number() . ' cname:{c}' if $o{video};

    return @lines;
}


# GStreamer's webrtcbin: video first, the second media only in the bundle

sub _gstreamer {
    my (%o) = @_;

    my @lines = ('v=0', 'o=- ' . _number() . ' 0 IN IP4 0.0.0.0', 's=-',
        't=0 0', 'a=ice-options:trickle', 'a=group:BUNDLE '
        . join ' ', grep { defined } $o{video} ? 'video0' : undef,
            $o{audio} ? 'audio1' : undef);
    my $port = 9;

    for my $media (grep { $o{$_} } qw(video audio)) {
        my $ssrc = _number();

        push @lines, "m=$media $port UDP/TLS/RTP/SAVPF "
            . ($media eq 'video' ? 96 : 111), 'c=IN IP4 0.0.0.0',
            'a=setup:actpass', "a=ice-ufrag:$o{ufrag}", "a=ice-pwd:$o{pwd}",
            ($port ? () : 'a=bundle-only'), 'a=rtcp-mux', 'a=rtcp-rsize',
            'a=sendonly', ($media eq 'video'
                ? ('a=rtpmap:96 H264/90000', (map { "a=rtcp-fb:96 $_" }
                    'nack pli', 'ccm fir', 'transport-cc'), 'a=framerate:30',
                    'a=fmtp:96 packetization-mode=1;profile-level-id=42c01e;'
                        . 'level-asymmetry-allowed=1', 'a=mid:video0')
                : ('a=rtpmap:111 OPUS/48000/2', 'a=rtcp-fb:111 transport-cc',
                    'a=fmtp:111 sprop-stereo=1;sprop-maxcapturerate=48000',
                    'a=mid:audio1')),
            "a=ssrc:$ssrc msid:user\@host transceiver",
            "a=ssrc:$ssrc cname:user\@host",
            "a=fingerprint:sha-256 $o{digest}", 'a=rtcp-mux-only',
            ($port ? ('a=candidate:1 1 UDP 2015363327 192.0.2.78 41037 typ '
                . 'host', 'a=candidate:2 1 TCP 1015021823 192.0.2.78 9 typ '
                . 'host tcptype active') : ());
        $port = 0;
    }

    return @lines;
}


# libdatachannel by itself: video first, candidates in the offer

sub _libdatachannel {
    my (%o) = @_;

    my @lines = ('v=0', 'o=rtc ' . _number() . ' 0 IN IP4 127.0.0.1', 's=-',
        't=0 0', 'a=group:BUNDLE ' . join(' ', grep { $o{$_} } qw(video audio)),
        'a=msid-semantic:WMS *', 'a=ice-options:ice2,trickle',
        "a=fingerprint:sha-256 $o{digest}");
    my $first = 1;

    for my $media (grep { $o{$_} } qw(video audio)) {
        my $ssrc = _number();

        push @lines, "m=$media 50660 UDP/TLS/RTP/SAVPF "
            . ($media eq 'video' ? '102 103' : 111), 'c=IN IP4 192.0.2.79',
            "a=mid:$media", 'a=sendonly', "a=ssrc:$ssrc cname:ldc",
            'a=rtcp-mux', ($media eq 'video'
                ? ('a=rtpmap:102 H264/90000', (map { "a=rtcp-fb:102 $_" }
                    'nack', 'nack pli', 'goog-remb'),
                    'a=fmtp:102 profile-level-id=42e01f;packetization-mode=1;'
                        . 'level-asymmetry-allowed=1',
                    'a=rtpmap:103 RTX/90000', 'a=fmtp:103 apt=102')
                : ('a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;'
                    . 'stereo=1;sprop-stereo=1;useinbandfec=1')),
            'a=setup:actpass', "a=ice-ufrag:$o{ufrag}", "a=ice-pwd:$o{pwd}",
            ($first ? ('a=candidate:1 1 UDP 2114977791 192.0.2.79 50660 typ '
                . 'host', 'a=end-of-candidates') : ());
        $first = 0;
    }

    return @lines;
}


# --- HTTP -------------------------------------------------------------------

# options: bearer, offer, type, headers (a list of pairs), and those of
# Test::Live->request

sub post_offer {
    my ($t, $path, %o) = @_;

    my $offer = delete $o{offer};
    my $type = exists $o{type} ? delete $o{type} : 'application/sdp';

    $o{body} = defined $offer ? $offer : offer('obs') unless exists $o{body};
    $o{headers} = [_credentials(\%o),
        defined $type ? ('Content-Type' => $type) : (),
        @{ $o{headers} || [] }];

    return $t->request('POST', $path, %o);
}


sub _credentials {
    my ($o) = @_;

    my $bearer = delete $o->{bearer};
    return defined $bearer ? (Authorization => "Bearer $bearer") : ();
}


# of the answer to a POST, or of the path of its session

sub delete_session {
    my ($t, $session, %o) = @_;

    $o{headers} = [_credentials(\%o), @{ $o{headers} || [] }];

    return $t->request('DELETE', _path($session), %o);
}


# if_match => undef leaves If-Match out, else it is the ETag of the answer

sub patch_session {
    my ($t, $session, %o) = @_;

    my $tag = exists $o{if_match} ? delete $o{if_match}
        : ref $session ? $session->header('ETag') : undef;
    my $type = exists $o{type} ? delete $o{type}
        : 'application/trickle-ice-sdpfrag';

    $o{body} = fragment() unless exists $o{body};
    $o{headers} = [defined $tag ? ('If-Match' => $tag) : (),
        defined $type ? ('Content-Type' => $type) : (),
        @{ $o{headers} || [] }];

    return $t->request('PATCH', _path($session), %o);
}


sub _path {
    my ($session) = @_;

    return $session unless ref $session;
    return $session->header('Location') || die "no session: $session->{status}";
}


# a fragment with candidates; with ufrag and pwd one that restarts ICE

sub fragment {
    my (%o) = @_;

    return join '', map { "$_\r\n" }
        ($o{ufrag} ? ("a=ice-ufrag:$o{ufrag}", "a=ice-pwd:$o{pwd}") : ()),
        'm=audio 9 RTP/AVP 0', 'a=mid:0',
        'a=candidate:1 1 udp 2122260223 192.0.2.77 50412 typ host',
        'a=candidate:2 1 udp 2122194687 6a1d4f0e-8f41-4d51-a1ce-2bb0b0a3ad55'
            . '.local 50413 typ host',
        'a=end-of-candidates';
}


# --- answers ----------------------------------------------------------------

# the lines of the session, then of each media

sub sections {
    my ($sdp) = @_;

    my @sections = ([]);

    for my $line (split /\r?\n/, $sdp) {
        push @sections, [] if $line =~ /^m=/;
        push @{ $sections[-1] }, $line;
    }

    return @sections;
}


# values of all attributes of this name in a section; '' for a flag

sub attributes {
    my ($section, $name) = @_;

    return map { /^a=\Q$name\E(?::(.*))?$/ ? (defined $1 ? $1 : '') : () }
        @$section;
}

1;
