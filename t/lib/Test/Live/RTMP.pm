# SPDX-License-Identifier: BSD-2-Clause

# An RTMP client over a plain socket that can also misbehave.
#
#   my $r = Test::Live::RTMP->new(port => 1935, app => 'live');
#   is($r->publish('alice')->{code}, 'NetStream.Publish.Start', 'accepted');
#   $r->media(seconds => 2);            black picture and silence, at once
#   $r->live; ... $r->live(0);          the same in real time, in the background
#   $r->close;
#
# new(): host, port, app, timeout (10), handshake => 0 (only connects), auto =>
# 0 (answers no ping and acknowledges nothing), split => 'byte' | 'random' | N
# (cuts whatever is sent into pieces), gap (seconds between them), local
# (address to come from).
#
# A peer that closes is no exception: what waits returns undef, what sends
# returns false, and $r->closed is 'eof' or 'reset' ('local' after our close).
#
# Messages are hashes: type, csid, msid, ts, payload; commands and data carry
# their decoded AMF as args (commands: args->[0] is the name), control messages
# their number as value.

package Test::Live::RTMP;

use strict;
use warnings;

use Exporter 'import';
use Scalar::Util qw(refaddr weaken);
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF);

use Test::Live::AMF;
use Test::Live::IO qw(now deadline wait_io nap tcp_connect add_ticker
    drop_ticker);
use Test::Live::Media;

our @EXPORT = (@Test::Live::AMF::EXPORT, @Test::Live::Media::EXPORT);

# message types

use constant {
    SET_CHUNK_SIZE => 1,
    ABORT          => 2,
    ACK            => 3,
    USER_CONTROL   => 4,
    WINDOW_ACK     => 5,
    PEER_BANDWIDTH => 6,
    AUDIO          => 8,
    VIDEO          => 9,
    AMF3_DATA      => 15,
    AMF3_COMMAND   => 17,
    DATA           => 18,
    COMMAND        => 20,
    AGGREGATE      => 22,
};

# user control events

use constant { SET_BUFFER => 3, PING => 6, PONG => 7 };

use constant HANDSHAKE_SIZE => 1536;

# chunk stream ids as encoders use them

use constant { CSID_CONTROL => 2, CSID_COMMAND => 3, CSID_STREAM => 8,
    CSID_AUDIO => 4, CSID_VIDEO => 6, CSID_DATA => 4 };


my %clients;


# --- connection -------------------------------------------------------------

sub new {
    my ($class, %o) = @_;

    my $self = bless {
        host      => '127.0.0.1',
        port      => 1935,
        app       => 'live',
        timeout   => 10,
        auto      => 1,
        handshake => 1,
        gap       => 0,
        %o,
        in_chunk  => 128,
        out_chunk => 128,
        in        => '',
        out       => '',
        read      => {},
        sent      => {},
        queue     => [],
        txn       => 0,
        msid      => 0,
        bytes_in  => 0,
        bytes_acked => 0,
        window    => 0,
    }, $class;

    $self->{sock} = tcp_connect($self->{host}, $self->{port},
        local => $self->{local})
        or die "rtmp: connect to $self->{host}:$self->{port}: $@";

    setsockopt($self->{sock}, SOL_SOCKET, SO_RCVBUF, $o{rcvbuf})
        if $o{rcvbuf};

    $self->{local_port} = $self->{sock}->sockport;

    $clients{refaddr $self} = $self;
    weaken $clients{refaddr $self};

    $self->handshake if $self->{handshake};

    return $self;
}


# the simple handshake of the specification, 5.2: no digests

sub handshake {
    my ($self) = @_;

    my $c1 = pack('N N', 0, 0)
        . join '', map { chr int rand 256 } 1 .. HANDSHAKE_SIZE - 8;

    $self->send_raw("\3$c1") or return 0;

    my $s0s1 = $self->read_raw(1 + HANDSHAKE_SIZE);
    return 0 unless defined $s0s1;

    $self->send_raw(substr $s0s1, 1) or return 0;

    return defined $self->read_raw(HANDSHAKE_SIZE);
}


sub closed { return $_[0]{closed} }
sub local_port { return $_[0]{local_port} }
sub fd { return fileno $_[0]{sock} }


# a clean end: deleteStream, then the peer closes

sub close {
    my ($self) = @_;

    $self->live(0);
    return if !$self->{sock};

    if (!$self->{closed}) {
        $self->command('deleteStream', undef, $self->{msid}) if $self->{msid};
        $self->flush(deadline(1));
        shutdown $self->{sock}, 1;
        $self->eof(1);
        $self->{closed} = 'local';
    }

    return $self->drop;
}


# no deleteStream: as if the encoder's process had been killed

sub drop {
    my ($self) = @_;

    $self->live(0);
    CORE::close(delete $self->{sock}) if $self->{sock};
    $self->{closed} ||= 'local';

    return;
}


# a reset instead of a FIN

sub abrupt_close {
    my ($self) = @_;

    setsockopt($self->{sock}, SOL_SOCKET, SO_LINGER, pack 'i i', 1, 0)
        if $self->{sock};

    return $self->drop;
}


# 'eof' or 'reset' once the peer has closed, '' when it did not in time;
# what it sent before is kept for read_message and wait_status

sub eof {
    my ($self, $timeout) = @_;

    my $deadline = deadline(defined $timeout ? $timeout : $self->{timeout});

    while (!$self->{closed}) {
        $self->fill($deadline) || last;
    }

    return $self->{closed} || '';
}


sub DESTROY {
    my ($self) = @_;
    drop_ticker($self);
    delete $clients{refaddr $self};
    return;
}


# whoever is still connected when the test ends

sub drop_all {
    $_->drop for grep { $_ } values %clients;
    return;
}


# --- sending ----------------------------------------------------------------

# true when the kernel has taken everything

sub send_raw {
    my ($self, $bytes) = @_;

    return $self->send_split($bytes) if $self->{split};

    $self->{out} .= $bytes;

    return $self->flush;
}


sub send_split {
    my ($self, $bytes) = @_;

    $self->flush or return 0;

    local $self->{busy} = 1;

    while (length $bytes) {
        my $n = $self->{split} eq 'byte' ? 1
            : $self->{split} eq 'random' ? 1 + int rand 300
            : $self->{split};

        $self->{out} .= substr $bytes, 0, $n, '';
        $self->flush or return 0;

        nap($self->{gap}) if $self->{gap};
    }

    return 1;
}


# writes what is queued and takes in what has come, so that two peers who both
# write never block each other; with a deadline in the past it does not wait

sub flush {
    my ($self, $deadline) = @_;

    $deadline = deadline($self->{timeout}) unless defined $deadline;

    local $SIG{PIPE} = 'IGNORE';
    local $self->{flushing} = 1;

    # never inside of a message that is being sent in pieces
    $self->{out} .= delete $self->{replies}
        if length($self->{replies} || '') && !$self->{busy};

    while (length $self->{out}) {
        return 0 if $self->{closed};

        my $n = syswrite $self->{sock}, $self->{out};

        if (defined $n) {
            substr $self->{out}, 0, $n, '';
            next;
        }

        next if $!{EINTR};

        if (!$!{EAGAIN}) {
            # what the peer said before it closed may still be readable
            1 while $self->fill(0);
            $self->{closed} ||= 'reset';
            return 0;
        }

        wait_io($self->{sock}, 'rw', $deadline) || return 0;
        1 while $self->fill(0);
    }

    return 1;
}


# chunk stream, specification 5.3: the chunks of one message, as strings.
#   fmt          0 to 3; by default 0, always a full header
#   ext          extended timestamp even if it is not needed
#   ext_cont     0: not repeated on continuation chunks
#   csid_form    1 to 3 bytes of basic header
#   length       declared instead of the true one
#   chunk_size   instead of the one set

sub chunks {
    my ($self, $type, $csid, $msid, $ts, $payload, %o) = @_;

    my $fmt = $o{fmt} || 0;
    my $size = $o{chunk_size} || $self->{out_chunk};
    my $last = $self->{sent}{$csid};
    my $time = $ts;

    if ($fmt > 0) {
        $time = $ts - ($last ? $last->{ts} : 0);
    }

    my $ext = $o{ext} || $time >= 0xffffff;
    my $ext_bytes = $ext ? pack 'N', $time & 0xffffffff : '';
    my $length = defined $o{length} ? $o{length} : length $payload;

    my $head = basic_header($fmt, $csid, $o{csid_form});

    $head .= _u24($ext ? 0xffffff : $time) if $fmt < 3;
    $head .= _u24($length) . chr $type if $fmt < 2;
    $head .= pack 'V', $msid if $fmt < 1;
    $head .= $ext_bytes;

    $self->{sent}{$csid} = { ts => $ts };

    my @chunks = ($head . substr($payload, 0, $size));

    my $cont = basic_header(3, $csid, $o{csid_form});
    $cont .= $ext_bytes unless defined $o{ext_cont} && !$o{ext_cont};

    for (my $at = $size; $at < length $payload; $at += $size) {
        push @chunks, $cont . substr($payload, $at, $size);
    }

    return @chunks;
}


sub basic_header {
    my ($fmt, $csid, $form) = @_;

    $form ||= $csid < 64 ? 1 : $csid < 320 ? 2 : 3;

    return $form == 1 ? pack('C', $fmt << 6 | $csid)
         : $form == 2 ? pack('C C', $fmt << 6, $csid - 64)
         : pack('C v', $fmt << 6 | 1, $csid - 64);
}


sub message {
    my ($self, @args) = @_;
    return $self->send_raw(join '', $self->chunks(@args));
}


sub set_chunk_size {
    my ($self, $size) = @_;

    my $sent = $self->control(SET_CHUNK_SIZE, pack 'N', $size);
    $self->{out_chunk} = $size;

    return $sent;
}


sub window_ack {
    my ($self, $size) = @_;
    return $self->control(WINDOW_ACK, pack 'N', $size);
}


sub ack {
    my ($self, $bytes) = @_;
    return $self->control(ACK, pack 'N', $bytes & 0xffffffff);
}


sub user_control {
    my ($self, $event, @values) = @_;
    return $self->control(USER_CONTROL, pack 'n N*', $event, @values);
}


sub control {
    my ($self, $type, $payload) = @_;
    return $self->message($type, CSID_CONTROL, 0, 0, $payload);
}


# undef as the transaction takes the next number

sub command {
    my ($self, $name, $txn, @args) = @_;

    $txn = 0 + ++$self->{txn} unless defined $txn;

    my $msid = $name =~ /^(?:publish|play|play2|pause|seek|closeStream)$/
        ? $self->{msid} : 0;

    $self->message(COMMAND, $msid ? CSID_STREAM : CSID_COMMAND, $msid, 0,
        amf_encode($name, $txn, $name =~ /^connect$/ ? () : undef, @args));

    return $txn;
}


# sends a command and waits for its _result or _error: (name, values...)

sub call {
    my ($self, $name, @args) = @_;

    my $txn = $self->command($name, undef, @args);

    my $m = $self->wait_message(sub {
        my ($m) = @_;
        return $m->{type} == COMMAND && $m->{args}[0] =~ /^_(?:result|error)$/
            && ($m->{args}[1] || 0) == $txn;
    });

    return unless $m;

    my ($answer, undef, @values) = @{ $m->{args} };
    return ($answer, @values);
}


# the information object ({ code => 'NetConnection.Connect.Success', ... })

sub connect {
    my ($self, $app, %args) = @_;

    $app = $self->{app} unless defined $app;
    $self->{app} = $app;

    my ($answer, @values) = $self->call('connect', {
        app            => $app,
        type           => 'nonprivate',
        flashVer       => 'FMLE/3.0 (compatible; Test::Live)',
        tcUrl          => "rtmp://$self->{host}:$self->{port}/$app",
        %args,
    });

    return unless defined $answer;

    $self->{connected} = $answer eq '_result';
    my ($info) = grep { ref && exists $_->{code} } @values;

    return $info || {};
}


sub create_stream {
    my ($self) = @_;

    my ($answer, undef, $msid) = $self->call('createStream');
    $self->{msid} = $msid if defined $msid && !ref $msid;

    return $msid;
}


# the first status that answers ({ level, code, description }), undef if there
# was none; connects first if that was not done.  wait => 0: only sends;
# fc => 0: without the releaseStream and FCPublish that encoders send

sub publish {
    my ($self, $name, $type, %o) = @_;

    $self->prepare or return;

    if (!defined $o{fc} || $o{fc}) {
        $self->command($_, undef, amf_string($name))
            for qw(releaseStream FCPublish);
    }

    $self->command('publish', undef, amf_string($name),
        defined $type ? $type : 'live');

    return 1 if defined $o{wait} && !$o{wait};
    return $self->wait_status(qr/^NetStream\.|^NetConnection\./, $o{timeout});
}


sub play {
    my ($self, $name, %o) = @_;

    $self->prepare or return;

    $self->command('play', undef, amf_string($name), -2000);
    $self->user_control(SET_BUFFER, $self->{msid}, 1000);

    return 1 if defined $o{wait} && !$o{wait};
    return $self->wait_status(qr/^NetStream\./, $o{timeout});
}


sub prepare {
    my ($self) = @_;

    if (!$self->{connected}) {
        $self->connect;
        return 0 unless $self->{connected};
    }

    return $self->{msid} || $self->create_stream;
}


# --- media ------------------------------------------------------------------

sub video {
    my ($self, $bytes, $ts) = @_;
    return $self->message(VIDEO, CSID_VIDEO, $self->{msid}, $ts || 0, $bytes);
}


sub audio {
    my ($self, $bytes, $ts) = @_;
    return $self->message(AUDIO, CSID_AUDIO, $self->{msid}, $ts || 0, $bytes);
}


sub metadata {
    my ($self, %m) = @_;

    %m = (width => 640, height => 360, framerate => 25, videocodecid => 7,
          audiocodecid => 10, audiosamplerate => 48000, stereo => \1,
          encoder => 'Test::Live') unless %m;

    return $self->message(DATA, CSID_DATA, $self->{msid}, 0,
        amf_encode('@setDataFrame', 'onMetaData', amf_ecma(\%m)));
}


my %VIDEO = (
    avc  => [\&avc_header, \&avc_frame],
    hevc => [\&hevc_header, \&hevc_frame],
    av1  => [\&av1_header, \&av1_frame],
);

my %AUDIO = (
    aac  => [\&aac_header, \&aac_frame, 1024 / 48],
    opus => [\&opus_header, \&opus_frame, 20],
);


# sends seconds => S (2) of made-up media and returns at once; the next call
# goes on where this one ended.  video => 'avc' | 'hevc' | 'av1' | 0, audio =>
# 'aac' | 'opus' | 0, fps (25), gop (25 frames), kbps (of the video: padding),
# ts (first timestamp), realtime => 1, metadata => 0.  True if all was taken.

sub media {
    my ($self, %o) = @_;

    my $gen = $self->generator(%o);
    my $seconds = defined $o{seconds} ? $o{seconds} : 2;
    my $until = $gen->{until} + 1000 * $seconds;

    if ($o{realtime}) {
        my $start = now() - $gen->{until} / 1000;

        while (!$self->{closed} && now() - $start < $until / 1000) {
            $self->generate((now() - $start) * 1000);
            $self->flush;
            nap(0.01);
        }
    }

    $self->generate($until);

    return $self->flush;
}


# real time, in the background: sent whenever the test waits for anything by
# means of this library.  options of media(); live(0) stops

sub live {
    my ($self, @o) = @_;

    if (@o == 1 && !$o[0]) {
        delete $self->{live_since};
        drop_ticker($self);
        return $self;
    }

    my $gen = $self->generator(@o);

    $self->{live_since} = now() - $gen->{until} / 1000;
    add_ticker($self);
    $self->tick;

    return $self;
}


sub tick {
    my ($self) = @_;

    return if $self->{busy} || !defined $self->{live_since};

    if ($self->{closed}) {
        drop_ticker($self);
        return;
    }

    # a peer that takes nothing more is not buried in memory
    $self->generate((now() - $self->{live_since}) * 1000)
        if length $self->{out} < 4 << 20;

    $self->flush(0);
    $self->fill(0) unless $self->{closed};

    return;
}


sub generator {
    my ($self, %o) = @_;

    my $gen = $self->{gen} ||= { video => 'avc', audio => 'aac', fps => 25,
        gop => 25, ts => 0, kbps => 0, metadata => 1, frames => 0,
        samples => 0, until => 0 };

    $gen->{$_} = $o{$_} for keys %o;

    return $gen;
}


# queues every frame before the given position, in milliseconds

sub generate {
    my ($self, $until) = @_;

    my $gen = $self->{gen};
    my $v = $gen->{video} && $VIDEO{$gen->{video}};
    my $a = $gen->{audio} && $AUDIO{$gen->{audio}};
    my $size = $gen->{kbps} * 125 / $gen->{fps};

    if (!$gen->{started}++) {
        $self->{out_chunk} >= 4096 || $self->queue_chunk_size(4096);

        $self->queue(DATA, CSID_DATA, $gen->{ts},
            amf_encode('@setDataFrame', 'onMetaData', amf_ecma({
                width => 640, height => 360, framerate => $gen->{fps},
                encoder => 'Test::Live' }))) if $gen->{metadata};
        $self->queue(VIDEO, CSID_VIDEO, $gen->{ts}, $v->[0]->()) if $v;
        $self->queue(AUDIO, CSID_AUDIO, $gen->{ts}, $a->[0]->()) if $a;
    }

    while (1) {
        my $vt = $v ? $gen->{frames} * 1000 / $gen->{fps} : $until;
        my $at = $a ? $gen->{samples} * $a->[2] : $until;

        if ($v && $vt < $until && $vt <= $at) {
            $self->queue(VIDEO, CSID_VIDEO, $gen->{ts} + int $vt,
                $v->[1]->($gen->{frames}++ % $gen->{gop}, size => $size));

        } elsif ($a && $at < $until) {
            $gen->{samples}++;
            $self->queue(AUDIO, CSID_AUDIO, $gen->{ts} + int $at, $a->[1]->());

        } else {
            last;
        }
    }

    $gen->{until} = $until if $until > $gen->{until};

    return;
}


sub queue {
    my ($self, $type, $csid, $ts, $payload) = @_;

    my $bytes = join '',
        $self->chunks($type, $csid, $self->{msid}, $ts, $payload);

    if ($self->{split} && !$Test::Live::IO::ticking) {
        $self->send_split($bytes);
    } else {
        $self->{out} .= $bytes;
    }

    return;
}


sub queue_chunk_size {
    my ($self, $size) = @_;

    $self->queue(SET_CHUNK_SIZE, CSID_CONTROL, 0, pack 'N', $size);
    $self->{out_chunk} = $size;

    return;
}


# sends the tags of an FLV file; speed => 1 is real time, 0 as fast as possible;
# seconds or frames (video) limit it, loop => 1 starts the file again, ts is
# added to the timestamps.  Returns the number of video frames sent

sub pump {
    my ($self, $file, %o) = @_;

    my $speed = defined $o{speed} ? $o{speed} : 1;
    my $base = $o{ts} || 0;
    my $next = flv_reader($file);
    my $start = now();
    my ($frames, $last) = (0, 0);

    $self->set_chunk_size(4096) if $self->{out_chunk} < 4096;

    while (!$self->{closed}) {
        my $tag = $next->();

        if (!$tag) {
            last unless $o{loop};

            $base += $last + 40;
            $next = flv_reader($file);
            next;
        }

        my ($type, $ts, $payload) = @$tag;
        my $at = $base - ($o{ts} || 0) + $ts;

        last if defined $o{seconds} && $at >= $o{seconds} * 1000;
        last if defined $o{frames} && $frames >= $o{frames};

        my $ahead = $speed ? $at / 1000 / $speed - (now() - $start) : 0;
        nap($ahead) if $ahead > 0;

        my $csid = $type == VIDEO ? CSID_VIDEO
            : $type == AUDIO ? CSID_AUDIO : CSID_DATA;

        $self->message($type, $csid, $self->{msid}, $base + $ts, $payload)
            or last;
        $self->fill(0);

        $frames++ if $type == VIDEO && is_frame($payload);
        $last = $ts;
    }

    return $frames;
}


# not a codec header or an end of sequence

sub is_frame {
    my ($payload) = @_;

    my ($first, $second) = unpack 'C C', $payload;

    return $first & 0x80 ? ($first & 0x0f) == 1 || ($first & 0x0f) == 3
        : ($first & 0x0f) != 7 || $second == 1;
}


# --- receiving --------------------------------------------------------------

# the next message of any kind; undef on timeout and when the peer has closed

sub read_message {
    my ($self, $timeout) = @_;
    return $self->wait_message(sub { 1 }, $timeout);
}


# the first message for which the sub is true; those before it stay queued

sub wait_message {
    my ($self, $match, $timeout) = @_;

    return $self->wait_until($match,
        deadline(defined $timeout ? $timeout : $self->{timeout}));
}


sub wait_until {
    my ($self, $match, $deadline) = @_;

    my $queue = $self->{queue};
    my $seen = 0;

    while (1) {
        for (; $seen < @$queue; $seen++) {
            return splice @$queue, $seen, 1 if $match->($queue->[$seen]);
        }

        # a tick inside of fill may have read the last messages and the end

        return if !$self->fill($deadline) && $seen == @$queue;
    }
}


# the information object of the first onStatus, or of the first whose code
# matches (a pattern, or a string for exactly this one)

sub wait_status {
    my ($self, $code, $timeout) = @_;

    $code = qr/^\Q$code\E$/ if defined $code && !ref $code;

    my $m = $self->wait_message(sub {
        my ($m) = @_;

        return 0 unless $m->{type} == COMMAND || $m->{type} == AMF3_COMMAND;
        return 0 unless $m->{args}[0] eq 'onStatus';

        my $info = $m->{args}[-1];
        return ref $info eq 'HASH'
            && (!defined $code || ($info->{code} || '') =~ $code);
    }, $timeout);

    return $m ? $m->{args}[-1] : undef;
}


# waits for so many (1) audio or video messages: the list of them

sub frames {
    my ($self, $kind, $count, $timeout) = @_;

    my $type = $kind eq 'video' ? VIDEO : $kind eq 'audio' ? AUDIO : DATA;
    my $deadline = deadline(defined $timeout ? $timeout : $self->{timeout});
    my @frames;

    while (@frames < ($count || 1)) {
        my $m = $self->wait_until(sub { $_[0]{type} == $type }, $deadline)
            or last;
        push @frames, $m;
    }

    return @frames;
}


# so many raw bytes, for the handshake

sub read_raw {
    my ($self, $n) = @_;

    my $deadline = deadline($self->{timeout});

    local $self->{raw} = 1;

    while (length $self->{in} < $n) {
        $self->fill($deadline) || return;
    }

    return substr $self->{in}, 0, $n, '';
}


# takes in what has come; false at the deadline and when the peer has closed

sub fill {
    my ($self, $deadline) = @_;

    return 0 if $self->{closed} || !$self->{sock};

    while (1) {
        my $n = sysread $self->{sock}, $self->{in}, 65536, length $self->{in};

        if ($n) {
            $self->{bytes_in} += $n;
            $self->parse unless $self->{raw};
            return 1;
        }

        if (defined $n) {
            $self->{closed} = 'eof';
            return 0;
        }

        next if $!{EINTR};

        if (!$!{EAGAIN}) {
            $self->{closed} = 'reset';
            return 0;
        }

        return 0 if $deadline <= now();
        wait_io($self->{sock}, 'r', $deadline);
    }
}


sub parse {
    my ($self) = @_;

    my @messages;

    while (my $m = $self->parse_chunk) {
        push @messages, $m if ref $m;
    }

    push @{ $self->{queue} }, @messages;
    $self->acknowledge;

    return;
}


# 0: more bytes wanted; 1: a chunk was taken; a hash: a message is complete

sub parse_chunk {
    my ($self) = @_;

    my $in = \$self->{in};
    return 0 unless length $$in;

    my $first = ord $$in;
    my ($fmt, $csid, $pos) = ($first >> 6, $first & 0x3f, 1);

    if ($csid < 2) {
        $pos = 2 + $csid;
        return 0 if length $$in < $pos;

        $csid = 64 + ($csid == 0 ? unpack 'x C', $$in : unpack 'x v', $$in);
    }

    my $st = $self->{read}{$csid} ||= { ts => 0, delta => 0, length => 0,
        type => 0, msid => 0, ext => 0, buf => '', csid => $csid };

    my $head = (11, 7, 3, 0)[$fmt];
    return 0 if length $$in < $pos + $head;

    my $time = $fmt < 3 ? unpack 'N', "\0" . substr($$in, $pos, 3) : undef;
    my $ext = $fmt < 3 ? $time == 0xffffff : $st->{ext};

    return 0 if length $$in < $pos + $head + ($ext ? 4 : 0);

    my $length = $fmt < 2 ? unpack 'N', "\0" . substr($$in, $pos + 3, 3)
        : $st->{length};

    my $at = $pos + $head + ($ext ? 4 : 0);
    my $n = $length - length $st->{buf};
    $n = $self->{in_chunk} if $n > $self->{in_chunk};

    return 0 if length $$in < $at + $n;

    $time = unpack 'N', substr $$in, $pos + $head, 4 if $ext && $fmt < 3;

    $st->{type} = ord substr $$in, $pos + 6, 1 if $fmt < 2;
    $st->{msid} = unpack 'V', substr $$in, $pos + 7, 4 if $fmt < 1;
    @$st{qw(length ext)} = ($length, $ext);

    if ($st->{buf} eq '') {
        if ($fmt == 0) {
            @$st{qw(ts delta)} = ($time, 0);

        } else {
            $st->{delta} = $time if $fmt < 3;
            $st->{ts} = ($st->{ts} + $st->{delta}) & 0xffffffff;
        }
    }

    $st->{buf} .= substr $$in, $at, $n;
    substr $$in, 0, $at + $n, '';

    return 1 if length $st->{buf} < $length;

    my $m = { map { $_ => $st->{$_} } qw(type csid msid ts) };
    $m->{payload} = $st->{buf};
    $st->{buf} = '';

    $self->understand($m);

    return $m;
}


sub understand {
    my ($self, $m) = @_;

    my $type = $m->{type};

    if ($type >= SET_CHUNK_SIZE && $type <= PEER_BANDWIDTH
        && $type != USER_CONTROL)
    {
        $m->{value} = unpack 'N', $m->{payload};
        $self->{in_chunk} = $m->{value} if $type == SET_CHUNK_SIZE;
        $self->{window} = $m->{value} if $type == WINDOW_ACK;
        $self->{read}{$m->{value}}{buf} = '' if $type == ABORT;

    } elsif ($type == USER_CONTROL) {
        ($m->{event}, $m->{value}) = unpack 'n N', $m->{payload};

        $self->reply(USER_CONTROL, pack 'n N', PONG, $m->{value})
            if $self->{auto} && $m->{event} == PING;

    } elsif ($type == COMMAND || $type == DATA) {
        $m->{args} = [amf_decode($m->{payload})];

    } elsif ($type == AMF3_COMMAND || $type == AMF3_DATA) {
        $m->{args} = [amf_decode(substr $m->{payload}, 1)];
    }

    return;
}


sub acknowledge {
    my ($self) = @_;

    return if !$self->{auto};

    if ($self->{window}
        && $self->{bytes_in} - $self->{bytes_acked} >= $self->{window} / 2)
    {
        $self->{bytes_acked} = $self->{bytes_in};
        $self->reply(ACK, pack 'N', $self->{bytes_in} & 0xffffffff);
    }

    $self->flush(0)
        if $self->{replies} && !$self->{busy} && !$self->{flushing};

    return;
}


sub reply {
    my ($self, $type, $payload) = @_;

    $self->{replies} .= join '',
        $self->chunks($type, CSID_CONTROL, 0, 0, $payload);

    return;
}


sub _u24 {
    my ($v) = @_;
    return substr pack('N', $v & 0xffffff), 1;
}

1;
