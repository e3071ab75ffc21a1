# SPDX-License-Identifier: BSD-2-Clause

# A WHIP publisher that is real in DTLS and SRTP and otherwise does what it is
# asked to: t/peer, which is built when it is first used.
#
#   my $p = $t->whip(path => '/whip/cam', bearer => 'k-secret', shape => 'obs');
#   $p->connected or ...;
#   is_deeply($p->answer->{errors}, [], 'answer');
#   $p->keyframe_request(5);
#   $p->set(video_loss => 5); is($p->stats->{video}{nacked}, 0);
#   $p->stop; is($p->wait, 0);
#
# whip(): port ('HTTP'), path, or url; media, a hash for media() or an array of
# them (layers, or files for switch; the audio is that of the first), video =>
# 0, audio => 0; wait => 1 returns when all sessions are connected; host, of
# Test::Live::Net, where it is to run.  All else is an option of the peer:
# "build/peer/whip_peer --help" lists them.
#
# Options and the token go through a pipe, so that no list of processes shows
# them.  Events are hashes, {event => name, session => N, t => seconds, ...}:
#
#   offer            sdp (with http => 'stdio')
#   http             method, status, error, headers, body
#   answer           errors (what is wrong with it), sdp, location, etag
#   checked nominated   why (start, restart, rebind), remote, mapped
#   connected        profile, role, ms
#   keyframe_request kind (pli, fir), track, rid
#   stun_reply       kind, answer (success, error, none), code, bytes
#   closed           reason (refused, http, answer, ice_failed, dtls_failed,
#                    alert, srtp, close_notify, consent_expired, tcp_closed,
#                    socket), detail, connected
#   stopped          how, delete (status of DELETE, -1: none)
#   stats            rtcp, audio, video, layers, stun, net
#   end              ok, sessions, connections, failures, user_s, system_s
#
# Without a test: Test::Live::Whip->build, ->media(...) and program() with its
# options on the command line.
#
# media() makes an H.264 and an Ogg file once and keeps them in build/media:
# size (640x360), fps (30, also 30000/1001), kbps (800), gop (60 frames),
# seconds (10), profile (baseline), slices, bframes, cbr => 1, audio_kbps (64),
# channels (2), video => 0, audio => 0, pattern: test, noise, or flash, which is
# white with a beep for the first 0.1 s of every second.

package Test::Live::Whip;

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use Fcntl qw(LOCK_EX);
use File::Path qw(make_path);
use JSON::PP ();

use Test::Live;
use Test::Live::IO qw(now deadline nap);
use Test::Live::Process;

our @ISA = ('Test::Live::Process');

# what a decoder gives out later than it was put in: RFC 7845 4.2

use constant OPUS_DELAY => 312 / 48000;

my $json = JSON::PP->new->utf8->canonical;
my $count = 0;
my $built;


# --- the program ------------------------------------------------------------

sub program { return Test::Live::top() . '/build/peer/whip_peer' }


# make runs once for each test; that others do the same is what the lock is for

sub build {
    return if $built++;

    my $top = Test::Live::top();
    make_path("$top/build");

    open(my $lock, '>', "$top/build/peer.lock") or die "peer.lock: $!";
    flock($lock, LOCK_EX);

    my $output = `make -s -C '$top/t/peer' 2>&1`;
    return if $? == 0;

    Test::More::fail('t/peer builds');
    Test::More::diag($output);
    exit 1;
}


sub publish {
    my ($class, $t, %o) = @_;

    my ($wait, $host) = delete @o{qw(wait host)};
    my %options = $class->_options($t, %o);

    build();

    # the program finds its end of the pipe by number, before exec closes it
    pipe(my $in, my $control) or die "pipe: $!";

    my @program = $host ? $host->cmd(program()) : program();
    my $name = $t->dir . '/whip-' . ++$count;

    my $self = $class->new(
        cmd     => [@program, '--stdin'],
        in      => '/dev/fd/' . fileno $in,
        out     => "$name.out",
        err     => "$name.err",
        control => $control,
        ids     => 0,
        seen    => [],
        rest    => '',
        offset  => 0,
        options => \%options,
    );

    close $in;
    push @{ $t->{children} }, $self;

    $self->_write(\%options);
    $self->connected if $wait;

    return $self;
}


sub _options {
    my ($class, $t, %o) = @_;

    my ($path, $port, $media) = delete @o{qw(path port media)};

    $o{url} = $t->url(defined $path ? $path : '/whip', $port)
        unless defined $o{url};

    my @media = ref $media eq 'ARRAY' ? @$media : $media || {};
    my @files = map { $class->media(%$_) } @media;

    for my $kind (qw(video audio)) {
        my @of_kind = grep { defined } map { $_->{$kind} } @files;

        if (exists $o{$kind} && !$o{$kind}) {
            delete $o{$kind};

        } elsif (!exists $o{$kind} && @of_kind) {
            $o{$kind} = $kind eq 'video' ? \@of_kind : $of_kind[0];
        }
    }

    $o{fps} = $files[0]{fps} unless defined $o{fps};

    return %o;
}


# --- events -----------------------------------------------------------------

# all so far, or those of a name, since a mark

sub events {
    my ($self, $name, $since) = @_;

    $self->_read;

    my @events = @{ $self->{seen} };
    splice @events, 0, $since || 0;

    return grep { !defined $name || $_->{event} eq $name } @events;
}


sub mark {
    my ($self) = @_;
    return scalar $self->events;
}


# the first event of this name, since => mark, session => N, where => sub; undef
# on timeout and when the program ended without it

sub wait_event {
    my ($self, $name, $timeout, %o) = @_;

    my $deadline = deadline(defined $timeout ? $timeout : 10);

    while (1) {
        my $alive = $self->alive;

        for my $event ($self->events($name, $o{since})) {
            next if defined $o{session} && $event->{session} != $o{session};
            next if $o{where} && !$o{where}->($event);
            return $event;
        }

        return if !$alive || now() > $deadline;
        nap(0.01);
    }
}


sub answer { return $_[0]->wait_event('answer', $_[1]) }
sub closed { return $_[0]->wait_event('closed', $_[1]) }
sub stopped { return $_[0]->wait_event('stopped', $_[1]) }
sub end { return $_[0]->wait_event('end', $_[1]) }


# when all sessions are; false as soon as one of them was closed instead

sub connected {
    my ($self, $timeout) = @_;

    my $n = $self->{options}{sessions} || 1;
    my $deadline = deadline(defined $timeout ? $timeout : 15);

    while (1) {
        my $alive = $self->alive;
        my %connected = map { $_->{session} => $_ } $self->events('connected');

        return $connected{(sort { $a <=> $b } keys %connected)[-1]}
            if keys %connected == $n;

        return if $self->events('closed') || !$alive || now() > $deadline;
        nap(0.01);
    }
}


# the response to a request: status, headers, body

sub http {
    my ($self, $method, $timeout, %o) = @_;

    return $self->wait_event('http', $timeout, %o,
        where => sub { $_[0]{method} eq ($method || 'POST') });
}


# the next one from now on, or since => mark

sub keyframe_request {
    my ($self, $timeout, %o) = @_;

    $o{since} = $self->mark unless defined $o{since};
    return $self->wait_event('keyframe_request', $timeout, %o);
}


sub _read {
    my ($self) = @_;

    open(my $fh, '<:raw', $self->{out}) or return;
    seek($fh, $self->{offset}, 0);

    local $/;
    my $text = <$fh>;
    return unless defined $text && length $text;

    $self->{offset} += length $text;
    $self->{rest} .= $text;

    while ($self->{rest} =~ s/^(.*)\n//) {
        push @{ $self->{seen} }, $json->decode($1);
    }

    return;
}


# --- commands ---------------------------------------------------------------

sub _write {
    my ($self, $object) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $line = $json->encode($object) . "\n";

    while (length $line) {
        my $n = syswrite($self->{control}, $line);
        return 0 unless defined $n;
        substr($line, 0, $n, '');
    }

    return 1;
}


# any command of t/peer/control.c, for all sessions or session => N; dies when
# it is refused, false when the program has ended

sub cmd {
    my ($self, $name, %args) = @_;

    my $id = ++$self->{ids};
    my $mark = $self->mark;

    $self->_write({ %args, cmd => $name, id => $id }) or return 0;

    my $deadline = deadline(10);

    while (1) {
        my $alive = $self->alive;

        for my $event ($self->events(undef, $mark)) {
            next unless defined $event->{id} && $event->{id} == $id;

            return 1 if $event->{event} eq 'done';
            die "whip_peer: $name: $event->{text}\n";
        }

        return 0 if !$alive || now() > $deadline;
        nap(0.01);
    }
}


sub set {
    my ($self, %options) = @_;
    return $self->cmd('set', %options);
}


# of now, or the last ones when the session is over

sub stats {
    my ($self, $session) = @_;

    my $mark = $self->mark;
    my %of = (session => $session || $self->{options}{first} || 0);

    $self->cmd('stats', %of);

    my ($last) = reverse grep { $_->{session} == $of{session} }
        $self->events('stats');

    return $self->wait_event('stats', 1, %of, since => $mark) || $last;
}


# the answer to a STUN request that is wrong in a certain way

sub stun {
    my ($self, $kind) = @_;

    my $mark = $self->mark;

    $self->cmd('stun', kind => $kind);
    return $self->wait_event('stun_reply', 5, since => $mark);
}


# --- the end ----------------------------------------------------------------

# the exit status; how: what the server is told, full, delete, dtls or vanish,
# without it as the options say

sub stop {
    my ($self, $how, $timeout) = @_;

    return $self->SUPER::stop($how, $timeout)
        if !defined $how || $how !~ /^[a-z]/;

    $self->cmd('stop', how => $how);

    my $status = $self->wait($timeout || 10);
    $self->SUPER::stop('KILL') unless defined $status;

    return $status;
}


sub kill {
    my ($self) = @_;

    $self->signal('KILL');
    return $self->wait(5);
}


# --- media ------------------------------------------------------------------

# { video => file, audio => file, fps => rate }

sub media {
    my ($class, %o) = @_;

    %o = (size => '640x360', fps => 30, kbps => 800, gop => 60, seconds => 10,
          profile => 'baseline', slices => 1, bframes => 0, cbr => 0,
          audio_kbps => 64, channels => 2, pattern => 'test', video => 1,
          audio => 1, name => 'whip', %o);

    my %media = (fps => "$o{fps}");

    $media{video} = $class->_make($o{name}, 'h264', _video(%o)) if $o{video};
    $media{audio} = $class->_make($o{name}, 'ogg', _audio(%o)) if $o{audio};

    return \%media;
}


sub _video {
    my (%o) = @_;

    my %source = (
        test  => "testsrc2=s=$o{size}:r=$o{fps}",
        noise => "testsrc2=s=$o{size}:r=$o{fps},noise=alls=24:allf=t",
        flash => "color=black:s=$o{size}:r=$o{fps},drawbox=c=white:t=fill"
            . ":enable='lt(mod(t+0.001,1),0.1)'",
    );

    my $kbps = "$o{kbps}k";
    my $params = "slices=$o{slices}:sliced-threads=0";

    # what the preset turns off, and the profile is named after
    $params .= ':8x8dct=1:cabac=1' if $o{profile} eq 'high';

    return ('-f', 'lavfi', '-i', $source{$o{pattern}}, '-t', $o{seconds},
        qw(-c:v libx264 -preset ultrafast -pix_fmt yuv420p -sc_threshold 0),
        $o{bframes} ? () : qw(-tune zerolatency),
        '-profile:v', $o{profile}, '-bf', $o{bframes}, '-g', $o{gop},
        '-x264-params', $params,
        '-b:v', $kbps, '-maxrate', $kbps, '-bufsize', $kbps,
        $o{cbr} ? ('-minrate', $kbps, '-nal-hrd', 'cbr') : (),
        qw(-f h264));
}


# a beep comes out of a decoder together with its flash

sub _audio {
    my (%o) = @_;

    my $beep = sprintf 'if(lt(mod(t+%.4f,1),0.1),0.5*sin(2*PI*1000*t),0)',
        OPUS_DELAY;

    my $source = $o{pattern} eq 'flash' ? "aevalsrc='$beep':s=48000"
        : 'sine=f=440:r=48000';

    return ('-f', 'lavfi', '-i', $source, '-t', $o{seconds},
        qw(-c:a libopus -frame_duration 20 -vbr off), '-ac', $o{channels},
        '-b:a', "$o{audio_kbps}k", qw(-f ogg));
}


sub _make {
    my ($class, $name, $type, @args) = @_;

    my $dir = Test::Live::top() . '/build/media';
    my $file = "$dir/$name-" . substr(sha1_hex("@args"), 0, 12) . ".$type";

    return $file if -s $file;

    make_path($dir);

    open(my $lock, '>', "$file.lock") or die "$file.lock: $!";
    flock($lock, LOCK_EX);

    return $file if -s $file;

    my $p = Test::Live::Process->new(err => "$file.err",
        cmd => [qw(ffmpeg -nostdin -v error -y), @args, "$file.part"]);

    my $status = $p->wait(120);
    die "ffmpeg: " . $p->stderr if !defined $status || $status != 0;

    rename "$file.part", $file or die "$file: $!";
    unlink "$file.err", "$file.lock";

    return $file;
}

1;
