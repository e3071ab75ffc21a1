# SPDX-License-Identifier: BSD-2-Clause

# A real redis-server in the directory of the test, on a unix socket and, when
# asked to, on a free TCP port of 127.0.0.1 and ::1.
#
#   my $redis = Test::Live::Redis->new($t, port => 'REDIS',
#       password => 'p-secret', acl => ['user live on >x ~simulcast:* +@all']);
#   $redis->address             unix:%%DIR%%/redis.sock, for a configuration
#   $redis->address('REDIS')    127.0.0.1:PORT
#   $redis->cmd(qw(SET a b));   'OK'; undef is nil, arrays are references, dies
#                               of an error with its text
#   $redis->stop; $redis->start; $redis->restart;    keeps the data
#   $redis->kill;               at once; what was written is still there
#   $redis->pause; $redis->resume;
#   $redis->monitor;            starts to look, then what MONITOR saw since
#   my $s = $redis->subscribe('simulcast:events');
#   $s->message(5); $s->messages    the next one, all that have come
#   $redis->clients             connections that are not of this harness
#
# new(): name ('redis': of the socket, data and log), port (the name of a port,
# as in %%REDIS%%), password (requirepass), acl (lines of a configuration),
# conf (more of it).  It ends with the test.

package Test::Live::Redis;

use strict;
use warnings;

use File::Spec ();
use IO::Socket::UNIX;

use Test::Live;
use Test::Live::IO qw(now deadline wait_io nap);

use constant START => 10;


sub new {
    my ($class, $t, %o) = @_;

    my ($program) = grep { -x } map { "$_/redis-server" } File::Spec->path;
    need($program, 'redis-server');

    my $self = bless { name => 'redis', acl => [], conf => '', %o,
        t => $t, program => $program, serial => 0 }, $class;

    my $dir = $t->mkdir($self->{name});
    my $listen = 'port 0';

    if ($self->{port}) {
        my $port = $t->port($self->{port});
        $listen = "port $port\nbind 127.0.0.1 -::1";
    }

    # what was answered is on disk: a killed one comes back with it

    $t->write("$self->{name}.conf", join "\n", $listen,
        "unixsocket $dir.sock", "dir $dir", 'daemonize no', 'save ""',
        'appendonly yes', 'appendfsync always', 'loglevel notice',
        defined $self->{password} ? "requirepass $self->{password}" : (),
        @{ $self->{acl} }, $self->{conf}, '');

    return $self->start;
}


sub socket { return $_[0]{t}->dir . "/$_[0]{name}.sock" }
sub pid { return $_[0]{process}->pid }
sub log { return $_[0]{t}->read("$_[0]{name}.out") }


sub address {
    my ($self, $port) = @_;

    return 'unix:' . $self->socket unless $port;
    return '127.0.0.1:' . $self->{t}->port($port);
}


# --- the server -------------------------------------------------------------

# returns when it has read its data

sub start {
    my ($self) = @_;

    my $t = $self->{t};

    die 'redis-server is running already' if $self->alive;

    unlink $self->socket;

    my $p = $self->{process} = $t->spawn($self->{name}, $self->{program},
        $t->dir . "/$self->{name}.conf");
    my $deadline = deadline(START);

    while (now() < $deadline) {
        last unless $p->alive;
        return $self if eval { $self->cmd('PING') eq 'PONG' };

        nap(0.02);
    }

    die "redis-server does not start:\n" . $self->log . $p->stderr;
}


sub alive {
    my ($self) = @_;
    return $self->{process} && $self->{process}->alive;
}


sub stop {
    my ($self) = @_;

    $self->_forget;
    return $self->{process}->stop('TERM', 5);
}


sub kill {
    my ($self) = @_;

    $self->_forget;
    $self->{process}->signal('KILL');

    return $self->{process}->wait(5);
}


sub restart {
    my ($self) = @_;

    $self->stop;
    return $self->start;
}


# accepts connections, and answers nothing

sub pause {
    my ($self) = @_;

    my $pid = $self->pid;
    $self->{process}->signal('STOP');

    return $self->{t}->wait_for(sub {
        return ((Test::Live::Process::stat_of($pid))[0] // '') eq 'T';
    }, 5, 'redis-server stopped');
}


sub resume {
    my ($self) = @_;
    return $self->{process}->signal('CONT');
}


sub _forget {
    my ($self) = @_;

    delete $self->{client};
    delete $self->{watcher};

    return;
}


# --- a client ---------------------------------------------------------------

sub cmd {
    my ($self, @args) = @_;

    for my $again (1, 0) {
        my $new = !$self->{client};
        my $client = $self->{client} ||= $self->connect;

        my $answer;

        return $answer if eval { $answer = $client->cmd(@args); 1 };

        my $error = $@;

        delete $self->{client} unless $client->{open};

        # one that was closed by a restart in between is no error

        die $error if $client->{open} || $new || !$again;
    }

    return;
}


sub connect {
    my ($self) = @_;

    my $client = Test::Live::Redis::Client->new($self->socket);

    $client->cmd('AUTH', $self->{password}) if defined $self->{password};
    $client->cmd('CLIENT', 'SETNAME', 'harness');

    return $client;
}


# the lines of MONITOR, up to what happens to be done now

sub monitor {
    my ($self) = @_;

    if (!$self->{watcher}) {
        $self->{watcher} = $self->connect;
        $self->{watcher}->cmd('MONITOR');

        return '';
    }

    my $mark = 'mark-' . $$ . '-' . ++$self->{serial};
    $self->cmd('ECHO', $mark);

    my @lines;

    while (1) {
        my $line = $self->{watcher}->answer(deadline(10));

        last if $line =~ /"$mark"$/;
        push @lines, $line;
    }

    return join '', map { "$_\n" } @lines;
}


sub subscribe {
    my ($self, @channels) = @_;

    my $client = $self->connect;

    $client->send('SUBSCRIBE', @channels);
    $client->answer(deadline(10)) for @channels;

    return $client;
}


sub clients {
    my ($self) = @_;

    return scalar grep { / name= / } split /\n/, $self->cmd('CLIENT', 'LIST');
}


package Test::Live::Redis::Client;

use IO::Socket::UNIX;

use Test::Live::IO qw(now deadline wait_io);


sub new {
    my ($class, $path) = @_;

    my $sock = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
    $sock->blocking(0);

    return bless { sock => $sock, in => '', open => 1 }, $class;
}


# an error ends in die, and so does a connection that ends, which is then not
# open any more

sub cmd {
    my ($self, @args) = @_;

    $self->send(@args);
    return $self->answer(deadline(10));
}


sub send {
    my ($self, @args) = @_;

    my $out = '*' . @args . "\r\n"
        . join '', map { '$' . length() . "\r\n$_\r\n" } @args;
    my $deadline = deadline(10);

    while (length $out) {
        wait_io($self->{sock}, 'w', $deadline)
            or $self->_ended('redis takes no more');

        my $n = syswrite $self->{sock}, $out;

        if (defined $n) {
            substr $out, 0, $n, '';

        } elsif (!$!{EAGAIN}) {
            $self->_ended("redis: $!");
        }
    }

    return;
}


sub answer {
    my ($self, $deadline) = @_;

    my $line = $self->_line($deadline);
    my ($type, $rest) = $line =~ /^([-+:\$*])(.*)$/s
        or $self->_ended("redis: not RESP: $line");

    return $rest if $type eq '+' || $type eq ':';

    die "$rest\n" if $type eq '-';

    return if $rest < 0;

    if ($type eq '$') {
        my $text = $self->_bytes($rest + 2, $deadline);
        return substr $text, 0, -2;
    }

    # an error inside is a text like any other

    my @all;

    for (1 .. $rest) {
        my $value;

        if (!eval { $value = $self->answer($deadline); 1 }) {
            die $@ unless $self->{open};
            $value = $@ =~ s/\n$//r;
        }

        push @all, $value;
    }

    return \@all;
}


# of a subscription: the text of the next one, undef when none comes in time

sub message {
    my ($self, $timeout) = @_;

    my $deadline = deadline(defined $timeout ? $timeout : 10);

    return unless length $self->{in} || wait_io($self->{sock}, 'r', $deadline);

    return $self->answer(deadline(10))->[2];
}


sub messages {
    my ($self) = @_;

    my @all;

    while (defined(my $text = $self->message(0))) {
        push @all, $text;
    }

    return @all;
}


sub _line {
    my ($self, $deadline) = @_;

    $self->_read($deadline) while $self->{in} !~ /\r\n/;
    $self->{in} =~ s/^(.*?)\r\n//s;

    return $1;
}


sub _bytes {
    my ($self, $n, $deadline) = @_;

    $self->_read($deadline) while length $self->{in} < $n;
    return substr $self->{in}, 0, $n, '';
}


sub _read {
    my ($self, $deadline) = @_;

    wait_io($self->{sock}, 'r', $deadline)
        or $self->_ended('redis does not answer');

    my $n = sysread $self->{sock}, $self->{in}, 65536, length $self->{in};

    return if $n || !defined $n && $!{EAGAIN};

    $self->_ended('redis has closed the connection');
}


sub _ended {
    my ($self, $why) = @_;

    $self->{open} = 0;
    die "$why\n";
}

1;
