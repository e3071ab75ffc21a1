# SPDX-License-Identifier: BSD-2-Clause

# A platform's ingest: an RTMP or RTMPS server in a child process, which takes
# what is published, says what it got, and can misbehave.  It ends with the
# test.
#
#   my $r = $t->receiver(name => 'a', tls => 'good', behaviour => {...});
#   $r->port; $r->url('KEY')             rtmp[s]://localhost:PORT/live/KEY
#   $r->ca                               PEM file to verify it with
#   my $e = $r->wait_event('publish', 10, name => 'KEY');
#   $r->set(stall => 1);                 from now on, for all connections
#   $r->stats->{video}; $r->stats(2); $r->last; $r->flv; $r->flv(2)
#   $r->drop; $r->drop('reset');         closes what is connected
#   $r->kill; $r->revive;                gone, and there again, the same port
#
# receiver(): name (a), app (live), host (localhost, for url), tls (good, wrong:
# another name, expired, unknown: of another authority; or { cert, key }),
# behaviour, flv => 0 (writes none), rcvbuf (bytes; what is stalled or slow then
# fills up sooner), ssl (options for IO::Socket::SSL).  TLS needs Debian's
# libio-socket-ssl-perl.
#
# Behaviours, undef or 0 to behave again:
#
#   connect => 'refuse'     _error, NetConnection.Connect.InvalidApp
#   publish => 'badname' | 'denied' | 'rejected', or { level, code, ... }
#   publish => 'close'      closes without a status
#   silent => STAGE         answers nothing at and after this stage: tls,
#                           handshake, connect, create, publish
#   garbage => STAGE        random bytes in place of the answer at this stage;
#                           now: to all that are connected, once
#   close_after => S        closes so long after Publish.Start
#   hold => S               BadName for a name that is published, and so long
#                           after its end
#   stall => 1              reads nothing more of those that publish
#   slow => BYTES           reads no more than this a second of those
#   acks => 0 | BYTES       acknowledges never, or so often (500,000); the
#                           window that the publisher announces goes before
#   s2 => 'zero'            of the handshake
#   bwdone => 1             onBWDone before the result of connect
#   window => BYTES         window acknowledgement size and peer bandwidth
#   chunk => BYTES          size of the chunks that it sends
#   ping => S               asks so often
#   stream => NUMBER        that createStream gives, 1
#   fc => 'error' | 'none'  to releaseStream and FCPublish
#   say => { code, ... }    onStatus to all that publish, once
#   reconnect => URL        ReconnectRequest with this tcUrl to all that
#                           publish, or to the next one, once; '': without it
#   split => BYTES          sends in pieces of this size
#   tls => KIND             another certificate, for new connections
#   listen => 0             refuses connections, those that are there stay
#
# Events are hashes with event, at (seconds), conn (their number, from 1) and
# what belongs to them:
#
#   connected   peer
#   tls         sni, version, cipher     handshake done; tls_failed: error
#   connect     app, tcUrl, ...          the members of the command's object
#   command     name, txn, args          releaseStream, FCPublish, ...
#   publish     name, type, app, stream
#   status      code, of what was sent
#   metadata    data, stream             onMetaData
#   first_frame ts, keyframe, order      order: the kinds of all messages before
#   pong        value
#   fault       text                     what no server has to put up with
#   disconnect  reason (eof, reset, tls, protocol, closed: by the receiver) and
#               all that stats has
#
# wait_event() gives the first that it did not give before, of this kind and
# with these values; events() gives all of a kind.  stats(N) of connection N,
# and stats() the sums, with connections => [...]:
#
#   open, published, name, audio, video, audio_config, video_config, metadata,
#   keyframes, other (messages), first_key (the first frame is one), order (of
#   the first kinds, repeats left out), backwards (timestamps, per kind),
#   first_ts, last_ts, ts_gap (ms, video), silence (s, between media), bytes_in,
#   bytes_out, media_bytes, acks, pings, pongs, checkbw, peer_acks,
#   delete_stream, fc_unpublish, chunk_in (size), window, faults [...]

package Test::Live::Receiver;

use strict;
use warnings;

use Fcntl qw(O_RDWR);
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM SOL_SOCKET SO_RCVBUF);

use Test::Live ();
use Test::Live::IO qw(now deadline wait_io);
use Test::Live::Process;

# seconds

use constant { IDLE => 0.5, BUSY => 0.01 };

my @SUMS = qw(audio video audio_config video_config metadata keyframes other
    backwards bytes_in bytes_out media_bytes acks pings pongs checkbw peer_acks
    published);


# --- in the test --------------------------------------------------------------

sub new {
    my ($class, $t, %o) = @_;

    my $self = bless { name => 'a', app => 'live', host => 'localhost',
        flv => 1, ssl => {}, %o, t => $t, given => {}, events => [], read => 0,
        behaviour => {} }, $class;

    $self->{port} = $t->port("RECEIVER_$self->{name}");
    $self->{file} = $t->dir . "/receiver-$self->{name}";
    $self->{behaviour} = $self->_settings(%{ $o{behaviour} || {} },
        $o{tls} ? (tls => $o{tls}) : ());

    $self->revive;

    return $self;
}


sub port { return $_[0]{port} }
sub pid { return $_[0]{pid} }


sub url {
    my ($self, $key) = @_;

    my $scheme = $self->{tls} ? 'rtmps' : 'rtmp';
    my $url = "$scheme://$self->{host}:$self->{port}/$self->{app}";

    return defined $key ? "$url/$key" : $url;
}


sub ca {
    my ($self) = @_;

    require Test::Live::Certificate;
    return Test::Live::Certificate->new($self->{t})->ca;
}


# names of certificates become files

sub _settings {
    my ($self, %o) = @_;

    return \%o if !$o{tls} || ref $o{tls};

    Test::Live::need(eval { require IO::Socket::SSL }, 'IO::Socket::SSL');
    require Test::Live::Certificate;

    my %kind = (good => [], expired => [expired => 1],
        unknown => [other_ca => 1], wrong => [names => ['wrong.example']]);

    my $kind = $kind{$o{tls}} or die "receiver: no certificate $o{tls}";

    $o{tls} = Test::Live::Certificate->new($self->{t})->server(@$kind);

    return \%o;
}


# it comes back as it was set, with another process

sub revive {
    my ($self) = @_;

    return $self if $self->{pid};

    # before the fork, so that the first connection finds it
    my $listen = $self->_listen;

    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0)
        or die "socketpair: $!";

    my ($first) = sort { $b <=> $a } 0,
        map { $_->{conn} || 0 } $self->events;
    my $parent = $$;
    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
        $SIG{PIPE} = 'IGNORE';
        alarm 0;

        eval {
            $self->_alone(fileno $listen, fileno $theirs);
            $self->{first} = $first + 1;
            $self->_serve($listen, $theirs, $parent);
            1;
        } or print STDERR "receiver $self->{name}: $@";

        # no END blocks, which belong to the test
        POSIX::_exit(0);
    }

    close $listen;
    close $theirs;

    $ours->blocking(0);
    $ours->autoflush(1);

    $self->{pid} = $pid;
    $self->{control} = $ours;

    return $self;
}


sub _listen {
    my ($self) = @_;

    my $listen = IO::Socket::INET->new(Proto => 'tcp', ReuseAddr => 1,
        LocalAddr => '127.0.0.1', LocalPort => $self->{port})
        or die "receiver $self->{name}: $@";

    # connections inherit it, and before they exist the window is not yet fixed
    setsockopt($listen, SOL_SOCKET, SO_RCVBUF, $self->{rcvbuf})
        if $self->{rcvbuf};

    CORE::listen($listen, 64) or die "receiver $self->{name}: $!";
    $listen->blocking(0);

    return $listen;
}


sub kill {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    CORE::kill('KILL', $pid);
    waitpid $pid, 0;
    close delete $self->{control};

    return;
}


sub set {
    my ($self, %o) = @_;

    my $settings = $self->_settings(%o);

    # what is done once is not to be done again by a new process
    my %once = map { $_ => 1 } qw(say drop);
    $once{garbage} = 1 if ($o{garbage} // '') eq 'now';

    $self->{behaviour}{$_} = $settings->{$_}
        for grep { !$once{$_} } keys %$settings;

    $self->_ask({ set => $settings });

    return $self;
}


sub drop {
    my ($self, $how) = @_;

    $self->_ask({ set => { drop => $how || 'close' } });
    return $self;
}


sub stats {
    my ($self, $conn) = @_;

    my $stats = $self->_ask({ stats => $conn || 0 });

    return $stats->{stats};
}


# the stats of the last connection that published

sub last {
    my ($self) = @_;

    my ($last) = grep { $_->{published} }
        reverse @{ $self->stats->{connections} };

    return $last;
}


# of a connection, by default of the last one that published

sub flv {
    my ($self, $conn) = @_;

    ($conn) = map { $_->{conn} } reverse $self->events('publish')
        unless $conn;

    return $conn ? "$self->{file}-$conn.flv" : undef;
}


sub _ask {
    my ($self, $question) = @_;

    my $fh = $self->{control} or die "receiver $self->{name} was killed";
    my $out = JSON::PP->new->ascii->encode($question) . "\n";
    my $deadline = deadline(10);
    my $in = '';

    # it reads this between its other work
    syswrite($fh, $out) == length $out or die "receiver: $!";

    while ($in !~ /\n/) {
        wait_io($fh, 'r', $deadline)
            or die "receiver $self->{name} does not answer";

        my $n = sysread $fh, $in, 65536, length $in;

        die "receiver $self->{name} is gone: "
            . Test::Live::Process::slurp("$self->{file}.err")
            if defined $n ? !$n : !$!{EAGAIN} && !$!{EINTR};
    }

    return JSON::PP->new->decode($in);
}


sub events {
    my ($self, $event, %want) = @_;

    if (open my $fh, '<:raw', "$self->{file}.events") {
        seek $fh, $self->{read}, 0;

        while (my $line = <$fh>) {
            last if $line !~ /\n$/;

            $self->{read} += length $line;
            push @{ $self->{events} }, JSON::PP->new->decode($line);
        }
    }

    return grep {
        my $e = $_;
        (!defined $event || $e->{event} eq $event)
            && !grep { ($e->{$_} // '') ne $want{$_} } keys %want;
    } @{ $self->{events} };
}


# fails the test when there is none in time

sub wait_event {
    my ($self, $event, $timeout, %want) = @_;

    return $self->{t}->wait_for(sub {
        my ($e) = grep { !$self->{given}{$_} } $self->events($event, %want);

        $self->{given}{$e} = 1 if $e;

        return $e;
    }, $timeout || 10, "event $event of receiver $self->{name}");
}


# --- in its process -----------------------------------------------------------

# what else the test has open stays open for nobody but the test: a publisher
# that it closes must be closed.  The numbers are kept, behind them is nothing

sub _alone {
    my ($self, @keep) = @_;

    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>', '/dev/null');
    open(STDERR, '>>', "$self->{file}.err");

    my %keep = map { $_ => 1 } 0 .. 2, @keep;
    my $null = POSIX::open('/dev/null', O_RDWR);

    opendir(my $dir, '/proc/self/fd') or die "/proc/self/fd: $!";
    my @fds = grep { /^\d+$/ } readdir $dir;
    closedir $dir;

    POSIX::dup2($null, $_) for grep { !$keep{$_} && $_ != $null } @fds;

    return;
}


sub _serve {
    my ($self, $listen, $control, $parent) = @_;

    $control->blocking(0);

    @$self{qw(listen control all held asked)} = ($listen, $control, [], {}, '');

    open(my $log, '>>', "$self->{file}.events") or die "$self->{file}: $!";
    $log->autoflush(1);
    $self->{log} = $log;

    while (getppid() == $parent) {
        my @open = grep { $_->{open} } @{ $self->{all} };
        my ($rin, $win, $wait) = ('', '', IDLE);

        vec($rin, fileno $control, 1) = 1;
        vec($rin, fileno $self->{listen}, 1) = 1 if $self->{listen};

        for my $c (@open) {
            $wait = 0 if $c->pending;
            $wait = BUSY if $wait > BUSY && $c->busy;

            vec($rin, fileno $c->{sock}, 1) = 1 if $c->wants('r');
            vec($win, fileno $c->{sock}, 1) = 1 if $c->wants('w');
        }

        select($rin, $win, undef, $wait) >= 0 or next;

        if (vec $rin, fileno $control, 1) {
            $self->_answer or return;
        }

        if ($self->{listen} && vec $rin, fileno $self->{listen}, 1) {
            while (my $sock = $self->{listen}->accept) {
                push @{ $self->{all} },
                    Test::Live::Receiver::Connection->new($self, $sock);
            }
        }

        for my $c (grep { $_->{open} } @open) {
            my $fd = fileno $c->{sock};
            $c->turn(vec($rin, $fd, 1) || $c->pending, vec $win, $fd, 1);
        }
    }

    return;
}


# false when the test has gone

sub _answer {
    my ($self) = @_;

    my $n = sysread $self->{control}, $self->{asked}, 65536,
        length $self->{asked};

    return 0 if defined $n && !$n;

    while ($self->{asked} =~ s/^(.*)\n//) {
        my $question = JSON::PP->new->decode($1);
        my %answer;

        $self->_obey($question->{set}) if $question->{set};
        $answer{stats} = $self->_stats($question->{stats})
            if defined $question->{stats};

        my $out = JSON::PP->new->ascii->canonical->encode(\%answer) . "\n";

        # the test is reading
        while (length $out) {
            my $sent = syswrite $self->{control}, $out;
            return 0 if !defined $sent && !$!{EAGAIN};

            if ($sent) {
                substr $out, 0, $sent, '';
            } else {
                select(undef, undef, undef, BUSY);
            }
        }
    }

    return 1;
}


sub _obey {
    my ($self, $set) = @_;

    my $b = $self->{behaviour};
    my @open = grep { $_->{open} } @{ $self->{all} };
    my @publishing = grep { $_->{publishing} } @open;

    %$b = (%$b, %$set);

    if (my $say = delete $b->{say}) {
        $_->status(%$say) for @publishing;
    }

    if (defined $b->{reconnect} && @publishing) {
        $_->ask_reconnect for @publishing;
        delete $b->{reconnect};
    }

    if (($b->{garbage} || '') eq 'now') {
        delete $b->{garbage};
        $_->garbage for @open;
    }

    if (my $how = delete $b->{drop}) {
        $_->finish('closed', $how) for @open;
    }

    if (exists $set->{listen}) {
        if (!$set->{listen}) {
            close delete $self->{listen} if $self->{listen};

        } else {
            $self->{listen} ||= $self->_listen;
        }
    }

    return;
}


sub _stats {
    my ($self, $conn) = @_;

    my @all = map { $_->report } @{ $self->{all} };

    return (grep { $_->{conn} == $conn } @all)[0] if $conn;

    my %sum = (connections => \@all, open => 0, faults => []);

    for my $name (@SUMS) {
        $sum{$name} = 0;
        $sum{$name} += $_->{$name} for @all;
    }

    for (@all) {
        $sum{open} += $_->{open};
        push @{ $sum{faults} }, @{ $_->{faults} };
    }

    return \%sum;
}


sub event {
    my ($self, $event, %o) = @_;

    print { $self->{log} } JSON::PP->new->ascii->canonical->allow_blessed
        ->encode({ event => $event, at => now(), %o }), "\n";

    return;
}


# one for each certificate

sub context {
    my ($self) = @_;

    my $tls = $self->{behaviour}{tls};

    return $self->{context}{$tls->{cert}} ||= IO::Socket::SSL::SSL_Context->new(
        SSL_server => 1, SSL_cert_file => $tls->{cert},
        SSL_key_file => $tls->{key}, %{ $self->{ssl} });
}


# --- a connection -------------------------------------------------------------

package Test::Live::Receiver::Connection;

use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_LINGER);

use Test::Live::AMF;
use Test::Live::IO qw(now);
use Test::Live::RTMP ();

# chunks and messages

our @ISA = ('Test::Live::RTMP');

use constant { HANDSHAKE_SIZE => Test::Live::RTMP::HANDSHAKE_SIZE };

use constant { READ => 65536, READS => 16, ACK_EVERY => 500_000,
    ORDER => 16 };

# of linux/tcp.h

use constant { TCP_INFO => 11, TCP_CLOSE => 7, TCP_CLOSE_WAIT => 8 };

my %STAGE = (tls => 0, handshake => 1, connect => 2, create => 3,
    publish => 4);


sub new {
    my ($class, $server, $sock) = @_;

    my $self = bless {
        server => $server, sock => $sock, open => 1,
        conn   => $server->{first} + @{ $server->{all} },
        state  => 'c1', auto => 0,
        in => '', out => '', in_chunk => 128, out_chunk => 128,
        read => {}, sent => {}, txn => 0, msid => 0, window => 0,
        bytes_in => 0, bytes_out => 0, bytes_acked => 0,
        seen => { map { $_ => 0 } qw(audio video audio_config video_config
            metadata keyframes other backwards media_bytes acks pings pongs
            checkbw peer_acks published delete_stream fc_unpublish silence
            ts_gap) },
        order => [], faults => [], last_ts => {}, allowed => 0,
    }, $class;

    $sock->blocking(0);
    setsockopt($sock, IPPROTO_TCP, TCP_NODELAY, 1);

    $self->event('connected', peer => $sock->peerhost . ':'
        . $sock->peerport);

    if ($server->{behaviour}{tls} && !$self->silent('tls')) {
        $self->{state} = 'tls';

        IO::Socket::SSL->start_SSL($sock, SSL_server => 1,
            SSL_startHandshake => 0, SSL_reuse_ctx => $server->context)
            or $self->finish('tls');
    }

    return $self;
}


sub event {
    my ($self, $event, %o) = @_;

    $self->{server}->event($event, conn => $self->{conn}, %o);
    return;
}


sub fault {
    my ($self, $text) = @_;

    return if @{ $self->{faults} } == 20;

    push @{ $self->{faults} }, $text;
    $self->event('fault', text => $text);

    return;
}


sub behaviour {
    my ($self, $name) = @_;
    return $self->{server}{behaviour}{$name};
}


sub silent {
    my ($self, $stage) = @_;

    my $from = $self->behaviour('silent');
    return $from && $STAGE{$stage} >= $STAGE{$from};
}


sub report {
    my ($self) = @_;

    my %report = (%{ $self->{seen} }, chunk_in => $self->{in_chunk});

    $report{$_} = $self->{$_} for qw(conn open name first_key first_ts order
        faults bytes_in bytes_out window);
    ($report{last_ts}) = sort { $b <=> $a } values %{ $self->{last_ts} };

    return \%report;
}


# --- its turn

sub stalled { return $_[0]{publishing} && $_[0]->behaviour('stall') }


# something is to be done though the socket is not ready

sub busy {
    my ($self) = @_;

    return $self->{publishing} && ($self->behaviour('slow')
            || $self->behaviour('close_after') || $self->behaviour('stall'))
        || $self->behaviour('ping')
        || length $self->{out} && $self->behaviour('split');
}


# bytes that TLS has read already

sub pending {
    my ($self) = @_;

    return $self->{state} ne 'tls' && $self->behaviour('tls')
        && !$self->stalled && !($self->{publishing} && $self->behaviour('slow'))
        && $self->{sock}->can('pending') && $self->{sock}->pending;
}


sub wants {
    my ($self, $mode) = @_;

    if ($self->{state} eq 'tls') {
        my $want = $self->{tls_want} || 'r';
        return $want eq $mode;
    }

    return $mode eq 'w' ? length $self->{out} && !$self->behaviour('split')
        : !$self->stalled && !($self->{publishing} && $self->behaviour('slow'));
}


sub turn {
    my ($self, $readable, $writable) = @_;

    $self->timers;

    return if !$self->{open};

    if ($self->{state} eq 'tls') {
        return $self->accept_tls if $readable || $writable;
        return;
    }

    if ($self->{publishing} && $self->behaviour('slow') && !$self->stalled) {
        $self->take($self->allowance);

    } elsif ($readable && !$self->stalled) {
        $self->take(READ * READS);
    }

    $self->flush if $self->{open};

    return;
}


sub timers {
    my ($self) = @_;

    my $now = now();
    my $ping = $self->behaviour('ping');
    my $close = $self->behaviour('close_after');

    if ($ping && $self->{connected} && $now - ($self->{pinged} || 0) >= $ping) {
        $self->{pinged} = $now;
        $self->{seen}{pings}++;
        $self->tell(Test::Live::RTMP::USER_CONTROL, pack 'n N',
            Test::Live::RTMP::PING, $now * 1000 & 0x7fffffff);
    }

    return $self->finish('closed')
        if $close && $self->{publishing}
        && $now - $self->{publishing} >= $close;

    # what reads nothing sees no end but this
    if ($self->stalled) {
        my $info = getsockopt($self->{sock}, IPPROTO_TCP, TCP_INFO);
        my $state = defined $info ? ord $info : TCP_CLOSE;

        $self->finish('reset') if $state == TCP_CLOSE;
        $self->finish('eof') if $state == TCP_CLOSE_WAIT;
    }

    return;
}


sub allowance {
    my ($self) = @_;

    my $now = now();
    my $rate = $self->behaviour('slow');

    $self->{allowed} += $rate * ($now - ($self->{slow_since} || $now));
    $self->{allowed} = $rate / 2 if $self->{allowed} > $rate / 2;
    $self->{slow_since} = $now;

    return int $self->{allowed};
}


sub accept_tls {
    my ($self) = @_;

    my $sock = $self->{sock};

    if ($sock->accept_SSL) {
        $self->{state} = 'c1';
        $self->event('tls', sni => $sock->get_servername,
            version => $sock->get_sslversion, cipher => $sock->get_cipher);
        return $self->take(READ * READS);
    }

    no warnings 'once';

    if ($!{EAGAIN} || $!{EWOULDBLOCK}) {
        $self->{tls_want} = $IO::Socket::SSL::SSL_ERROR
            == IO::Socket::SSL::SSL_WANT_WRITE() ? 'w' : 'r';
        return;
    }

    $self->event('tls_failed', error => "$IO::Socket::SSL::SSL_ERROR");

    return $self->finish('tls');
}


# up to so many bytes

sub take {
    my ($self, $max) = @_;

    while ($max > 0 && $self->{open}) {
        my $n = $self->{sock}->sysread($self->{in}, $max < READ ? $max : READ,
            length $self->{in});

        if (!$n) {
            last if !defined $n && ($!{EAGAIN} || $!{EINTR});
            return $self->finish(defined $n ? 'eof' : 'reset');
        }

        $max -= $n;
        $self->{bytes_in} += $n;
        $self->{allowed} -= $n;

        eval { $self->understand_bytes; 1 } or do {
            $self->fault("not RTMP: $@");
            $self->finish('protocol');
        };

        # a stall begins with the next byte
        last if $self->stalled;
    }

    return if !$self->{open};

    $self->{fh}->flush if $self->{fh};
    $self->acknowledge_bytes;

    return;
}


sub flush {
    my ($self) = @_;

    my $split = $self->behaviour('split');

    while (length $self->{out}) {
        my $n = $self->{sock}->syswrite($self->{out},
            $split || length $self->{out});

        if (!$n) {
            return if $!{EAGAIN} || $!{EINTR};
            return $self->finish('reset');
        }

        substr $self->{out}, 0, $n, '';
        $self->{bytes_out} += $n;

        return if $split;
    }

    return;
}


# a bare close, or how => 'reset'

sub finish {
    my ($self, $reason, $how) = @_;

    return if !$self->{open};

    $self->{open} = 0;

    if ($self->{publishing}) {
        $self->{server}{held}{$self->{name}} = now();
        $self->{publishing} = 0;
    }

    close delete $self->{fh} if $self->{fh};

    $self->event('disconnect', %{ $self->report }, reason => $reason);

    my $sock = delete $self->{sock};
    my $reset = ($how || '') eq 'reset';

    setsockopt($sock, SOL_SOCKET, SO_LINGER, pack 'i i', 1, 0) if $reset;

    if ($sock->isa('IO::Socket::SSL')) {
        $sock->close(SSL_no_shutdown => $reset, SSL_fast_shutdown => 1);
    } else {
        close $sock;
    }

    return;
}


# --- what it is told

sub understand_bytes {
    my ($self) = @_;

    if ($self->{state} eq 'c1') {
        return if length $self->{in} < 1 + HANDSHAKE_SIZE;
        $self->shake;
    }

    if ($self->{state} eq 'c2') {
        return if length $self->{in} < HANDSHAKE_SIZE;

        my $c2 = substr $self->{in}, 0, HANDSHAKE_SIZE, '';

        # the second timestamp is the reader's own
        $self->fault('C2 is not S1')
            if substr($c2, 8) ne substr($self->{s1}, 8);

        $self->{state} = 'rtmp';
    }

    return if $self->{state} ne 'rtmp';

    while ($self->{open} && (my $m = $self->parse_chunk)) {
        next unless ref $m;

        $self->fault("a chunk size of $self->{in_chunk}")
            if $self->{in_chunk} < 1 || $self->{in_chunk} > 0xffffff;

        $self->got($m);

        last if $self->stalled || $self->{state} ne 'rtmp';
    }

    return;
}


sub shake {
    my ($self) = @_;

    my ($version, $c1) = unpack 'C a*', substr $self->{in}, 0,
        1 + HANDSHAKE_SIZE, '';

    die "version $version in the handshake\n" if $version != 3;

    $self->{state} = 'silent';

    return if $self->silent('handshake');
    return if $self->spoiled('handshake');

    $self->{state} = 'c2';
    $self->{s1} = pack('N N', now() * 1000 & 0x7fffffff, 0)
        . join '', map { chr int rand 256 } 1 .. HANDSHAKE_SIZE - 8;

    my $s2 = ($self->behaviour('s2') || '') eq 'zero'
        ? "\0" x HANDSHAKE_SIZE : $c1;

    $self->{out} .= "\3$self->{s1}$s2";

    return;
}


# true when garbage was sent in place of an answer

sub spoiled {
    my ($self, $stage) = @_;

    return 0 if ($self->behaviour('garbage') || '') ne $stage;

    $self->garbage;
    return 1;
}


sub garbage {
    my ($self) = @_;

    $self->{out} .= join '', map { chr int rand 256 } 1 .. 4096;
    return;
}


# control messages

sub tell {
    my ($self, $type, $payload) = @_;

    $self->{out} .= join '', $self->chunks($type,
        Test::Live::RTMP::CSID_CONTROL, 0, 0, $payload);
    return;
}


sub say_command {
    my ($self, $msid, @values) = @_;

    $self->{out} .= join '', $self->chunks(Test::Live::RTMP::COMMAND,
        $msid ? Test::Live::RTMP::CSID_STREAM : Test::Live::RTMP::CSID_COMMAND,
        $msid, 0, amf_encode(@values));
    return;
}


sub status {
    my ($self, %o) = @_;

    %o = (level => 'status', description => '', %o);
    my @pairs = map { ($_, $o{$_}) } qw(level code description),
        grep { !/^(?:level|code|description)$/ } sort keys %o;

    $self->say_command($self->{msid}, 'onStatus', 0, undef,
        amf_pairs(@pairs));
    $self->event('status', code => $o{code});

    return;
}


sub ask_reconnect {
    my ($self) = @_;

    my $url = $self->behaviour('reconnect');

    $self->status(code => 'NetConnection.Connect.ReconnectRequest',
        description => 'going down', length $url ? (tcUrl => $url) : ());

    return;
}


sub acknowledge_bytes {
    my ($self) = @_;

    my $acks = $self->behaviour('acks');
    return if $self->{state} ne 'rtmp' || defined $acks && !$acks;

    my $every = $self->{window} ? $self->{window} / 2 : $acks || ACK_EVERY;

    return if $self->{bytes_in} - $self->{bytes_acked} < $every;

    $self->{bytes_acked} = $self->{bytes_in};
    $self->{seen}{acks}++;
    $self->tell(Test::Live::RTMP::ACK, pack 'N',
        $self->{bytes_in} & 0xffffffff);

    return;
}


sub got {
    my ($self, $m) = @_;

    my $type = $m->{type};
    my $seen = $self->{seen};

    if ($type == Test::Live::RTMP::AUDIO || $type == Test::Live::RTMP::VIDEO) {
        $self->media($m);

    } elsif ($type == Test::Live::RTMP::DATA
        || $type == Test::Live::RTMP::AMF3_DATA)
    {
        $self->data($m);

    } elsif ($type == Test::Live::RTMP::COMMAND
        || $type == Test::Live::RTMP::AMF3_COMMAND)
    {
        $self->command_of($m);

    } elsif ($type == Test::Live::RTMP::USER_CONTROL) {

        if ($m->{event} == Test::Live::RTMP::PONG) {
            $seen->{pongs}++;
            $self->event('pong', value => $m->{value});
        }

    } elsif ($type == Test::Live::RTMP::ACK) {
        $seen->{peer_acks}++;

    } elsif ($type > Test::Live::RTMP::PEER_BANDWIDTH) {
        $seen->{other}++;
    }

    return;
}


# --- commands

sub command_of {
    my ($self, $m) = @_;

    my ($name, $txn, $object, @args) = @{ $m->{args} };

    if ($name eq 'connect') {
        return $self->on_connect($txn, ref $object eq 'HASH' ? $object : {});
    }

    $self->event('command', name => $name, txn => $txn, args => \@args,
        stream => $m->{msid});

    if ($name eq 'createStream') {
        return if $self->silent('create') || $self->spoiled('create');

        $self->{msid} = defined $self->behaviour('stream')
            ? $self->behaviour('stream') : 1;
        $self->say_command(0, '_result', $txn, undef, 0 + $self->{msid});

    } elsif ($name eq 'publish') {
        $self->on_publish($m, @args);

    } elsif ($name eq 'releaseStream' || $name eq 'FCPublish') {
        $self->on_fc($name, $txn, @args);

    } elsif ($name eq 'FCUnpublish' || $name eq 'deleteStream'
        || $name eq 'closeStream')
    {
        $self->on_end($name, @args);

    } elsif ($name eq '_checkbw') {
        $self->{seen}{checkbw}++;
        $self->say_command(0, '_result', $txn, undef);
    }

    return;
}


sub on_connect {
    my ($self, $txn, $object) = @_;

    $self->event('connect', %$object);

    $self->{app} = $object->{app} // '';

    return if $self->silent('connect') || $self->spoiled('connect');

    if ($self->behaviour('connect')) {
        $self->say_command(0, '_error', $txn, undef, amf_pairs(
            level => 'error', code => 'NetConnection.Connect.InvalidApp',
            description => 'no such application'));
        return $self->event('status',
            code => 'NetConnection.Connect.InvalidApp');
    }

    if (my $window = $self->behaviour('window')) {
        $self->tell(Test::Live::RTMP::WINDOW_ACK, pack 'N', $window);
        $self->tell(Test::Live::RTMP::PEER_BANDWIDTH, pack 'N C', $window, 2);
    }

    if (my $chunk = $self->behaviour('chunk')) {
        $self->tell(Test::Live::RTMP::SET_CHUNK_SIZE, pack 'N', $chunk);
        $self->{out_chunk} = $chunk;
    }

    $self->say_command(0, 'onBWDone', 0, undef) if $self->behaviour('bwdone');

    $self->{connected} = 1;
    $self->say_command(0, '_result', $txn,
        amf_pairs(fmsVer => 'FMS/3,5,3,824', capabilities => 127),
        amf_pairs(level => 'status', code => 'NetConnection.Connect.Success',
            description => 'Connection succeeded.', objectEncoding => 0));

    return;
}


sub on_fc {
    my ($self, $name, $txn, @args) = @_;

    my $fc = $self->behaviour('fc') || '';

    return if $fc eq 'none' || $self->silent('create');

    if ($fc eq 'error') {
        return $self->say_command(0, '_error', $txn, undef, amf_pairs(
            level => 'error', code => 'NetConnection.Call.Failed',
            description => "Method not found ($name)."));
    }

    $self->say_command(0, 'onFCPublish', 0, undef, amf_pairs(
        code => 'NetStream.Publish.Start', description => 'ready'))
        if $name eq 'FCPublish';
    $self->say_command(0, '_result', $txn, undef, undef);

    return;
}


sub on_publish {
    my ($self, $m, $name, $kind) = @_;

    my %refusals = (
        badname  => ['BadName', 'Already publishing'],
        denied   => ['Denied', 'not allowed'],
        rejected => ['Rejected', 'no'],
    );

    $self->{name} = $name // '';
    $self->fault('publish without a name') if $self->{name} eq '';
    $self->fault("publish on stream $m->{msid}") if $m->{msid} != $self->{msid};
    $self->fault('a second publish') if $self->{publishing};

    $self->event('publish', name => $self->{name}, type => $kind,
        app => $self->{app}, stream => $m->{msid});

    return if $self->silent('publish') || $self->spoiled('publish');

    my $do = $self->behaviour('publish') || '';

    return $self->finish('closed') if $do eq 'close';
    return $self->status(level => 'error', %$do) if ref $do;

    $do = 'badname' if $self->is_held;

    if (my $refusal = $refusals{$do}) {
        return $self->status(level => 'error',
            code => "NetStream.Publish.$refusal->[0]",
            description => $refusal->[1]);
    }

    $self->{publishing} = now();
    $self->{seen}{published}++;
    $self->open_flv if $self->{server}{flv};

    $self->tell(Test::Live::RTMP::USER_CONTROL, pack 'n N', 0, $self->{msid});
    $self->status(code => 'NetStream.Publish.Start',
        description => 'Start publishing');

    if (defined $self->behaviour('reconnect')) {
        $self->ask_reconnect;
        delete $self->{server}{behaviour}{reconnect};
    }

    return;
}


sub is_held {
    my ($self) = @_;

    my $hold = $self->behaviour('hold') or return 0;
    my $held = $self->{server}{held}{$self->{name}};

    return 1 if grep { $_ != $self && $_->{publishing}
        && $_->{name} eq $self->{name} } @{ $self->{server}{all} };

    return defined $held && now() - $held < $hold;
}


sub on_end {
    my ($self, $name, @args) = @_;

    if ($name eq 'FCUnpublish') {
        $self->{seen}{fc_unpublish}++;
        $self->say_command(0, 'onFCUnpublish', 0, undef, amf_pairs(
            code => 'NetStream.Unpublish.Success', description => ''));
        return;
    }

    if ($name eq 'deleteStream') {
        $self->{seen}{delete_stream}++;
        $self->fault('deleteStream of another stream')
            if !defined $args[0] || $args[0] != $self->{msid};
    }

    if ($self->{publishing}) {
        $self->status(code => 'NetStream.Unpublish.Success',
            description => 'Stopped');
        $self->{server}{held}{$self->{name}} = now();
        $self->{publishing} = 0;
    }

    return;
}


# --- media

sub open_flv {
    my ($self) = @_;

    my $file = "$self->{server}{file}-$self->{conn}.flv";

    open(my $fh, '>:raw', $file) or die "$file: $!";
    print $fh pack 'a3 C C N N', 'FLV', 1, 5, 9, 0;

    $self->{fh} = $fh;
    $fh->flush;

    return;
}


sub write_flv {
    my ($self, $type, $ts, $payload) = @_;

    my $fh = $self->{fh} or return;
    my $tag = pack('C a3 a3 C a3', $type, _u24(length $payload), _u24($ts),
        $ts >> 24 & 0xff, '') . $payload;

    print $fh $tag, pack 'N', length $tag;
    return;
}


sub _u24 { return substr pack('N', $_[0] & 0xffffff), 1 }


sub data {
    my ($self, $m) = @_;

    my @args = @{ $m->{args} };
    my $payload = $m->{payload};

    $payload = substr $payload, 1
        if $m->{type} == Test::Live::RTMP::AMF3_DATA;

    if (@args && ($args[0] // '') eq '@setDataFrame') {
        shift @args;
        $payload = substr $payload, 3 + length '@setDataFrame';
    }

    if (!@args || ($args[0] // '') ne 'onMetaData') {
        $self->{seen}{other}++;
        return;
    }

    $self->fault('metadata without Publish.Start') if !$self->{publishing};
    $self->fault("metadata on stream $m->{msid}")
        if $m->{msid} != $self->{msid};

    $self->{seen}{metadata}++;
    $self->ordered('metadata');
    $self->event('metadata', data => $args[1], stream => $m->{msid});
    $self->write_flv(Test::Live::RTMP::DATA, $m->{ts}, $payload);

    return;
}


# config, key, frame or other

sub kind {
    my ($video, $payload) = @_;

    return 'other' if length $payload < 2;

    my ($first, $second) = unpack 'C C', $payload;

    if (!$video) {
        return $second ? 'frame' : 'config' if $first >> 4 == 10;

        return 'frame' if $first >> 4 != 9;
        return ('config', 'frame')[$first & 0x0f] || 'other';
    }

    if ($first & 0x80) {
        my $packet = $first & 0x0f;

        return 'config' if $packet == 0;
        return 'other' if $packet != 1 && $packet != 3;
        return ($first >> 4 & 7) == 1 ? 'key' : 'frame';
    }

    return 'config' if ($first & 0x0f) == 7 && $second == 0;
    return 'other' if ($first & 0x0f) == 7 && $second == 2;
    return $first >> 4 == 1 ? 'key' : 'frame';
}


sub media {
    my ($self, $m) = @_;

    my $video = $m->{type} == Test::Live::RTMP::VIDEO;
    my $name = $video ? 'video' : 'audio';
    my $kind = kind($video, $m->{payload});
    my $seen = $self->{seen};
    my $now = now();

    if (!$self->{publishing}) {
        # what was on its way when the end was said is no fault
        $self->fault("$name without Publish.Start") if !$seen->{delete_stream};
        return;
    }

    $self->fault("$name on stream $m->{msid}") if $m->{msid} != $self->{msid};

    $seen->{media_bytes} += length $m->{payload};

    if (defined $self->{last_media}
        && $now - $self->{last_media} > $seen->{silence})
    {
        $seen->{silence} = $now - $self->{last_media};
    }

    $self->{last_media} = $now;

    $self->timestamp($name, $m->{ts}, $kind);
    $self->ordered($kind eq 'config' ? "${name}_config"
        : $kind eq 'key' ? 'key' : $kind eq 'other' ? "${name}_other" : $name);
    $self->write_flv($m->{type}, $m->{ts}, $m->{payload});

    if ($kind eq 'config') {
        $seen->{"${name}_config"}++;

    } elsif ($kind eq 'other') {
        $seen->{other}++;

    } else {
        $self->first_frame($m->{ts}, $kind) if $video && !$seen->{video};
        $seen->{$name}++;
        $seen->{keyframes}++ if $kind eq 'key';
    }

    return;
}


sub first_frame {
    my ($self, $ts, $kind) = @_;

    $self->{first_key} = $kind eq 'key' ? 1 : 0;
    $self->event('first_frame', ts => $ts,
        keyframe => $self->{first_key}, order => $self->{order});

    return;
}


sub timestamp {
    my ($self, $name, $ts, $kind) = @_;

    my $last = $self->{last_ts}{$name};

    $self->{first_ts} = $ts if !defined $self->{first_ts};

    if (defined $last) {
        # 32 bits that wrap
        my $step = ($ts - $last) & 0xffffffff;

        if ($step >= 0x80000000) {
            $self->{seen}{backwards}++;

        } elsif ($name eq 'video' && $self->{seen}{video}
            && $step > $self->{seen}{ts_gap})
        {
            $self->{seen}{ts_gap} = $step;
        }
    }

    $self->{last_ts}{$name} = $ts;

    return;
}


sub ordered {
    my ($self, $name) = @_;

    my $order = $self->{order};

    push @$order, $name
        if @$order < ORDER && (!@$order || $order->[-1] ne $name);

    return;
}

1;
