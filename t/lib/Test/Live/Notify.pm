# SPDX-License-Identifier: BSD-2-Clause

# What nginx-rtmp's on_publish and its like call: a small HTTP server in a
# child process, which ends with the test.
#
#   my $n = Test::Live::Notify->new($t, port => 'NOTIFY', answer => sub {
#       my ($call) = @_;                 { uri => '/p', name => 'alice', ... }
#       return 200;                      or (302, 'NAME'), or (200, '', 1.5)
#   });
#
#   $n->calls                            every call so far
#   $n->calls(call => 'publish_done')    those with this value
#   $n->stop                             from now on connections are refused
#
# The answer is a status, a Location and a delay in seconds; the sub runs in
# the child and can change nothing in the test.  Calls wait in no queue: a
# delayed answer delays no other.

package Test::Live::Notify;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();

use Test::Live::IO qw(now);
use Test::Live::Process;

my $count = 0;


sub new {
    my ($class, $t, %o) = @_;

    my $self = bless { %o, file => $t->dir . '/notify-' . ++$count . '.calls' },
        $class;

    # before the fork, so that the first call finds it
    my $listen = IO::Socket::INET->new(Proto => 'tcp', Listen => 64,
        ReuseAddr => 1, LocalAddr => '127.0.0.1',
        LocalPort => $t->port($o{port} || 'NOTIFY'))
        or die "notify: $@";

    my $parent = $$;
    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
        $SIG{PIPE} = 'IGNORE';
        alarm 0;

        eval { $self->_serve($listen, $parent) };

        # no END blocks, which belong to the test
        POSIX::_exit(0);
    }

    close $listen;
    $self->{pid} = $pid;

    return $self;
}


sub _serve {
    my ($self, $listen, $parent) = @_;

    my $select = IO::Select->new($listen);
    my (%in, @due);

    open(my $log, '>>', $self->{file}) or die "$self->{file}: $!";
    $log->autoflush(1);

    while (getppid() == $parent) {
        my ($wait) = sort { $a <=> $b } 0.5, map { $_->[0] - now() } @due;

        for my $fh ($select->can_read($wait < 0 ? 0 : $wait)) {
            if ($fh == $listen) {
                my $c = $listen->accept or next;
                $select->add($c);
                $in{$c} = '';
                next;
            }

            my $n = sysread $fh, $in{$fh}, 65536, length $in{$fh};
            my $call = _parse($in{$fh});

            next if $n && !$call;

            $select->remove($fh);
            delete $in{$fh};
            next if !$call;

            print $log JSON::PP->new->canonical->encode($call), "\n";

            my ($status, $location, $delay) = $self->{answer}
                ? $self->{answer}->($call) : 200;

            push @due, [now() + ($delay || 0), $fh, "HTTP/1.1 $status x\r\n"
                . (length($location || '') ? "Location: $location\r\n" : '')
                . "Connection: close\r\nContent-Length: 0\r\n\r\n"];
        }

        syswrite $_->[1], $_->[2] for grep { $_->[0] <= now() } @due;
        @due = grep { $_->[0] > now() } @due;
    }

    return;
}


# undef while the request is not complete

sub _parse {
    my ($in) = @_;

    my ($uri, $head, $body) =
        $in =~ m{^[A-Z]+ (\S+) HTTP/1\.[01]\r\n(.*?\r\n)\r\n(.*)$}s
        or return;

    my $length = $head =~ /^Content-Length: *(\d+)/im ? $1 : 0;
    return if length $body < $length;

    ($uri, my $args) = split /\?/, $uri, 2;

    my %call = (uri => $uri, raw => $in);

    for (split /&/, join '&', grep { length } $args || '', $body) {
        my ($name, $value) = split /=/, $_, 2;

        $value = '' unless defined $value;
        $value =~ s/%([0-9a-f]{2})/chr hex $1/gie;
        $call{$name} = $value;
    }

    return \%call;
}


sub calls {
    my ($self, %want) = @_;

    my @calls = map { JSON::PP->new->decode($_) }
        grep { /\}$/ } split /\n/, Test::Live::Process::slurp($self->{file});

    return grep {
        my $call = $_;
        !grep { ($call->{$_} // '') ne $want{$_} } keys %want;
    } @calls;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    kill 'KILL', $pid;
    waitpid $pid, 0;

    return;
}

1;
