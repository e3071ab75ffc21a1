# SPDX-License-Identifier: BSD-2-Clause

# One HTTP/1.1 connection for several requests, which may be cut, pipelined or
# wrong: all of them are for the worker that has accepted it.
#
#   my $c = Test::Live::Keepalive->new($t);
#   is($c->request('GET', '/x', headers => [...], body => ...)->{status}, 200);
#   $c->send("GET /x HT"); $c->send("TP/1.1\r\n..."); my $r = $c->answer;
#   $c->close;
#
# new($t, worker => PID) is a connection to this worker: the others are stopped
# for a moment.

package Test::Live::Keepalive;

use strict;
use warnings;

use Socket ();

use Test::Live::HTTP;
use Test::Live::IO qw(deadline);
use Test::Live::Process;


sub new {
    my ($class, $t, %o) = @_;

    return $class->_new_to($t, %o) if $o{worker};

    my $conn = Test::Live::HTTP::Connection->new(raw => '', %o,
        port => $t->port($o{port} || 'HTTP'));

    $conn->send_request or die $conn->{error};

    return bless { conn => $conn }, $class;
}


sub _new_to {
    my ($class, $t, %o) = @_;

    my $pid = delete $o{worker};
    my @others = grep { $_ != $pid } $t->workers;

    $t->kill_worker($_, 'STOP') for @others;

    # an answer shows that the connection is accepted

    my $self = $class->new($t, %o);
    $self->request('OPTIONS', '/')->{status} or die 'no answer';

    $t->kill_worker($_, 'CONT') for @others;

    return $self;
}


sub send {
    my ($self, $text) = @_;

    local $SIG{PIPE} = 'IGNORE';
    return syswrite($self->{conn}{sock}, $text) == length $text;
}


# bytes that have come and were not read as an answer yet

sub peek {
    my ($self) = @_;

    $self->{conn}->fill;
    return $self->{conn}{in};
}


# the next answer; its status is 0 when there is none

sub answer {
    my ($self, $timeout) = @_;

    my $conn = $self->{conn};
    my $r = bless { status => 0, headers => {}, body => '', error => '' },
        'Test::Live::HTTP::Response';

    $conn->{deadline} = deadline($timeout || 10);
    $conn->{error} = '';
    $conn->{last_chunk} = 0;

    $conn->read_head($r) && $conn->read_body($r);
    $r->{error} = $conn->{error};

    substr $conn->{in}, 0, length $r->{body}, '' unless $conn->{chunked};

    return $r;
}


sub request {
    my ($self, $method, $path, %o) = @_;

    my $text = Test::Live::HTTP::Connection->new(%o, method => $method,
        path => $path, port => $self->{conn}{port}, headers =>
        [Connection => 'keep-alive', @{ $o{headers} || [] }])->format_request;

    $self->send($text) or return;
    return $self->answer($o{timeout});
}


# abrupt => 1: by a reset

sub close {
    my ($self, %o) = @_;

    my $sock = $self->{conn}{sock} or return;

    setsockopt $sock, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack 'ii', 1, 0
        if $o{abrupt};

    $self->{conn}->close;
    return;
}


sub close_write {
    my ($self) = @_;
    return shutdown $self->{conn}{sock}, 1;
}

1;
