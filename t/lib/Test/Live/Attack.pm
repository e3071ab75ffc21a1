# SPDX-License-Identifier: BSD-2-Clause

# What a hostile RTMP peer sends, and whether it did any harm.
#
#   my $a = Test::Live::Attack->new($t, key => 'KEY', name => 'alice',
#       keys => { live => 'OTHER-KEY', plain => 'x' });
#   my $r = $a->peer('live', 'publisher');
#   $r->message(22, 5, 1, 0, nested_aggregates(2));
#   is($a->why($r), 'bad_aggregate', 'the session ends');
#   is($a->harm, '', 'and nobody else notices');
#
# new() publishes KEY in the application live, in real time in the background,
# and plays it by its public name, all in the one worker of this test.
#
#   deep_amf($n)             n objects in each other, cut off at the deepest
#   spinning_avc()           32 bytes: SPS with 2^40 frames in a POC cycle
#   aggregate([type, payload, ts], ...)   the messages inside of an aggregate
#   nested_aggregates($n)    n of them in each other

package Test::Live::Attack;

use strict;
use warnings;

use Exporter 'import';

use Test::Live::Media;
use Test::Live::Process;

our @EXPORT = qw(deep_amf spinning_avc aggregate nested_aggregates);

use constant { VIDEO => 9, AGGREGATE => 22 };


sub deep_amf { return "\3\0\1a" x $_[0] }


# pic_order_cnt_type 1, and then num_ref_frames_in_pic_order_cnt_cycle as
# Exp-Golomb of 40 zeros

sub spinning_avc {
    my $sps = pack 'H* B*', '6742c01e',
        '1' . '1' . '010' . '1' . '1' . '1' . '0' x 40 . '1' . '0' x 40;

    return substr avc_header(pack('H* n', '0142c01effe1', 24) . $sps
        . "\0" x 8), 0, 32;
}


sub aggregate {
    return join '', map {
        my ($type, $payload, $ts) = @$_;
        _head($type, length $payload, $ts) . $payload
            . pack 'N', 11 + length $payload;
    } @_;
}


sub nested_aggregates {
    my ($n) = @_;

    my $size = 4 + 15 * $n;
    my ($head, $tail) = ('', '');

    while ($n--) {
        $size -= 15;
        $head .= _head(AGGREGATE, $size);
        $tail = pack('N', 11 + $size) . $tail;
    }

    return "${head}AAAA$tail";
}


# type, length, timestamp, its upper byte, stream id

sub _head {
    my ($type, $length, $ts) = @_;

    $ts ||= 0;

    return pack 'C a3 a3 C x3', $type, substr(pack('N', $length), 1),
        substr(pack('N', $ts), 1), $ts >> 24;
}


sub new {
    my ($class, $t, %o) = @_;

    my $self = bless { %o, t => $t, ended => {} }, $class;

    ($self->{worker}) = $t->workers;
    $self->{publisher} = $t->rtmp;
    $self->{player} = $t->rtmp;

    $self->{publisher}->publish($o{key});
    $self->{publisher}->live;
    $self->{player}->play($o{name});
    $self->{mark} = $t->mark;

    return $self;
}


# '' when the worker lives and what is published from now on arrives

sub harm {
    my ($self) = @_;

    my $now = $self->{publisher}{gen}{until};
    my $player = $self->{player};

    my $frame = $player->wait_message(sub {
        $_[0]{type} == VIDEO && $_[0]{ts} >= $now
    }, 5);

    1 while $player->read_message(0);

    my @workers = $self->{t}->workers;

    return "@workers" ne $self->{worker} ? 'the worker died'
        : !$frame ? 'no more frames' : '';
}


# a session of this state: new (shaken hands), connected, stream, player,
# publisher

sub peer {
    my ($self, $app, $state, %o) = @_;

    my $r = $self->{t}->rtmp(app => $app, %o);

    $r->connect if $state ne 'new';
    $r->create_stream if $state eq 'stream';
    $r->play($self->{name}) if $state eq 'player';
    $r->publish($self->{keys}{$app}) if $state eq 'publisher';

    return $r;
}


# the reason with which the guard has ended this session, "open" when it is not
# ended; one at a time

sub why {
    my ($self, $r) = @_;

    return 'open' unless $r->eof(5);

    my ($reason) = $self->{t}->log_since($self->{mark})
        =~ /\[info\].* multisource: session ended: (\w+), .*, client: /;

    $self->{mark} = $self->{t}->mark;
    $self->{ended}{$reason || ''}++;

    return $reason;
}


# why() of a session that sends one message

sub attack {
    my ($self, $app, $state, $type, $payload) = @_;

    my $r = $self->peer($app, $state);
    $r->message($type, 5, $r->{msid}, 0, $payload);

    return $self->why($r);
}


# resident memory of the worker, kB

sub rss {
    my ($self) = @_;

    my ($kb) = Test::Live::Process::slurp("/proc/$self->{worker}/status")
        =~ /^VmRSS:\s+(\d+) kB/m;

    return $kb;
}

1;
