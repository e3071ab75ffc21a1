# SPDX-License-Identifier: BSD-2-Clause

# Hosts of a test, and the networks between them.
#
#   my $net = Test::Live::Net->new;         before nginx is started
#   my $home = $net->host;                  another host
#   my $lan = $home->cable;                 joined to us by a veth pair
#   my $wan = $home->wan(delay => 50, loss => 0.05);
#   $t->spawn('page', $home->cmd('node', 'page.mjs', 'http://' . $wan->here));
#   $net->drop('udp dport 8189');           a firewall of nft
#
# new() moves this process to a network namespace of its own, and with it nginx
# and whatever else it starts: 127.0.0.1 is as before, and nothing else is there
# until it is joined to a host.  A host is one more namespace, and cmd() the
# command line that runs a program in it.
#
# The N-th link has 10.77.N.1 and fd77:N::1 here, .2 and ::2 there; family => 4
# or 6 leaves only one of them.  wan() takes, for each direction:
#
#   delay, jitter     ms one way, and up to so many more or less; packets stay
#                     in order
#   loss, duplicate   shares of the packets, 0 to 1
#   reorder           share that is held back for 2 to 20 ms, behind later ones
#   rate, queue       kbit/s, and ms that packets wait at most before they are
#                     dropped (300)
#   udp_only => 1     loss, reordering and duplicates do not concern TCP
#   seed              of the chances (1)
#
# No namespace has a name and no device outlives its program: whatever end the
# test comes to, the kernel clears up.
#
# Needs root, iproute2, util-linux, nftables for drop() and /dev/net/tun for
# wan(); missing() tells what is not there.

package Test::Live::Net;

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Spec ();
use File::Temp ();
use POSIX ();

use Test::Live::IO qw(now deadline nap);
use Test::Live::Process;

use constant CLONE_NEWNET => 0x40000000;

my $here = bless { nsenter => [] };
my $links = 0;


# what the machine lacks, '' if nothing

sub missing {
    return 'root' if $> != 0;

    for my $program (qw(ip nft unshare nsenter)) {
        return $program unless grep { -x "$_/$program" } File::Spec->path,
            '/usr/sbin', '/sbin';
    }

    return '/dev/net/tun' unless -c '/dev/net/tun';
    return 'unshare(2)' unless defined _unshare_number();
    return '';
}


sub new {
    my ($class) = @_;

    syscall(_unshare_number(), CLONE_NEWNET) == 0
        or die "unshare: $!";

    $here->ip(qw(link set lo up));

    return $here;
}


sub _unshare_number {
    my $machine = (POSIX::uname())[4];
    return $machine eq 'x86_64' ? 272 : $machine eq 'aarch64' ? 97 : undef;
}


# a process that does nothing holds it

sub host {
    my ($self) = @_;

    my $holder = Test::Live::Process->new(cmd => [qw(unshare --net -- sleep
        infinity)]);

    my $pid = $holder->pid;
    my $ours = readlink '/proc/self/ns/net';
    my $deadline = deadline(10);

    while (Test::Live::Process::title($pid) !~ /^sleep /
           || readlink("/proc/$pid/ns/net") eq $ours)
    {
        die 'no network namespace' if !$holder->alive || now() > $deadline;
        nap(0.01);
    }

    my $host = bless { pid => $pid,
        nsenter => ['nsenter', "--net=/proc/$pid/ns/net", '--'] };

    $host->ip(qw(link set lo up));

    return $host;
}


# the command line that runs a program there; its pid stays that of the program

sub cmd {
    my ($self, @cmd) = @_;
    return (@{ $self->{nsenter} }, @cmd);
}


# runs a program there to its end: what it prints

sub run {
    my ($self, @cmd) = @_;

    open(my $out, '-|', $self->cmd(@cmd)) or die "$cmd[0]: $!";
    my $text = do { local $/; <$out> };
    close $out or die "@cmd: failed";

    return $text;
}


sub ip {
    my ($self, @args) = @_;
    return $self->run('ip', @args);
}


# --- links ------------------------------------------------------------------

sub cable {
    my ($self, %o) = @_;

    my $link = $self->_link(%o);

    $here->ip('link', 'add', $link->{device}, 'type', 'veth', 'peer', 'name',
        $link->{device}, 'netns', $self->{pid});
    $link->_up;

    return $link;
}


sub wan {
    my ($self, %o) = @_;

    my $family = delete $o{family};
    my $link = $self->_link(family => $family);

    my $lib = dirname(dirname(dirname(__FILE__)));
    my $log = File::Temp->new;

    my $p = $link->{forwarder} = Test::Live::Process->new(
        out => $log->filename, err => $log->filename,
        cmd => [$^X, "-I$lib", '-MTest::Live::Wan', '-e',
                'Test::Live::Wan::run(@ARGV)', $link->{device},
                map { "$_=$o{$_}" } sort keys %o]);

    $link->{log} = $log;

    my $deadline = deadline(10);

    until ($p->stdout =~ /^ready$/m) {
        die 'no forwarder: ' . $p->stdout if !$p->alive || now() > $deadline;
        nap(0.01);
    }

    $here->ip('link', 'set', "$link->{device}b", 'netns', $self->{pid}, 'name',
        $link->{device});
    $link->_up;

    return $link;
}


sub _link {
    my ($self, %o) = @_;

    my $n = ++$links;

    return bless { host => $self, device => "link$n", family => $o{family},
        here => "10.77.$n.1", there => "10.77.$n.2",
        here6 => "fd77:$n\::1", there6 => "fd77:$n\::2",
    }, 'Test::Live::Net::Link';
}


# --- a firewall in front of a host ------------------------------------------

# drop('udp dport 8189') silently drops what comes in, until allow()

sub drop {
    my ($self, $what) = @_;

    $self->run('nft', "add table inet t; add chain inet t in"
        . " { type filter hook input priority 0; }; add rule inet t in"
        . " $what counter drop");

    return;
}


sub allow {
    my ($self) = @_;
    $self->run('nft', 'delete table inet t');
    return;
}


# packets that the rules of drop() have dropped

sub dropped {
    my ($self) = @_;

    my $sum = 0;
    $sum += $_ for $self->run('nft', 'list table inet t')
        =~ /counter packets (\d+)/g;

    return $sum;
}


package Test::Live::Net::Link;

use strict;
use warnings;

use Test::Live::IO qw(now deadline nap);

# addresses without /N

sub here { return $_[0]{here} }
sub there { return $_[0]{there} }
sub here6 { return $_[0]{here6} }
sub there6 { return $_[0]{there6} }


sub _up {
    my ($self) = @_;

    my $family = $self->{family} || 0;

    for ([$here, $self->{here}, $self->{here6}],
         [$self->{host}, $self->{there}, $self->{there6}])
    {
        my ($host, $ip4, $ip6) = @$_;

        $host->ip('addr', 'add', "$ip4/24", 'dev', $self->{device})
            if $family != 6;
        $host->ip('link', 'set', $self->{device}, 'up');

        # tentative addresses cannot be bound
        $host->ip('-6', 'addr', 'add', "$ip6/64", 'dev', $self->{device},
            'nodad') if $family != 4;
    }

    return;
}


# what a network that has gone takes with it: the device, its addresses, routes

sub remove {
    my ($self) = @_;

    if ($self->{forwarder}) {
        $self->{forwarder}->stop('TERM');

    } else {
        $self->{host}->ip('link', 'del', $self->{device});
    }

    return;
}


# the host's address is now another one of the network: of the IPv4 one here

sub renumber {
    my ($self, $there) = @_;

    $self->{host}->ip('addr', 'del', "$self->{there}/24", 'dev',
        $self->{device});
    $self->{host}->ip('addr', 'add', "$there/24", 'dev', $self->{device});

    $self->{there} = $there;

    return;
}


# of wan(): packets { sent, lost, held, doubled, full } so far, of both
# directions

sub counters {
    my ($self) = @_;

    my $p = $self->{forwarder};
    my $at = length $p->stdout;
    my $deadline = deadline(5);

    $p->signal('USR1');

    while (now() < $deadline) {
        return { split /[= ]/, $1 }
            if substr($p->stdout, $at) =~ /^(.*=.*)\n/m;

        nap(0.01);
    }

    die 'no counters';
}

1;
