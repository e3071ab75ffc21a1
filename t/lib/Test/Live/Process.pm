# SPDX-License-Identifier: BSD-2-Clause

# Child processes.  Whatever was started here ends with the test: killed by pid
# when the test ends or dies, and by the kernel (PDEATHSIG) when it is killed.
#
#   my $p = Test::Live::Process->new(cmd => [qw(ffmpeg ...)], out => FILE,
#       err => FILE, in => FILE, env => {A => 1, B => undef}, dir => DIR);
#   $p->pid; $p->alive; $p->wait(5); $p->stop('INT', 5); $p->stderr; $p->stdout
#
# wait() returns the exit status, 128 + N for signal N, undef on timeout.

package Test::Live::Process;

use strict;
use warnings;

use POSIX qw(:sys_wait_h setpgid _exit);

use Test::Live::IO qw(now deadline nap);

use constant {
    PR_SET_PDEATHSIG       => 1,
    PR_SET_CHILD_SUBREAPER => 36,
    SIGTERM                => 15,
};

my $owner = $$;
my @all;


sub new {
    my ($class, %o) = @_;

    my $self = bless { %o }, $class;

    subreaper();

    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        $self->_child;
    }

    $self->{pid} = $pid;
    push @all, $self;

    return $self;
}


sub _child {
    my ($self) = @_;

    setpgid(0, 0);
    _prctl(PR_SET_PDEATHSIG, SIGTERM);

    $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM ALRM CHLD HUP);

    open(STDIN, '<', $self->{in} || '/dev/null');
    open(STDOUT, '>>', $self->{out} || '/dev/null');
    open(STDERR, '>>', $self->{err} || '/dev/null');

    chdir $self->{dir} if $self->{dir};

    for my $name (keys %{ $self->{env} || {} }) {
        my $value = $self->{env}{$name};

        if (defined $value) {
            $ENV{$name} = $value;
        } else {
            delete $ENV{$name};
        }
    }

    { no warnings 'exec'; exec { $self->{cmd}[0] } @{ $self->{cmd} }; }

    print STDERR "exec $self->{cmd}[0]: $!\n";
    _exit(127);
}


sub pid { return $_[0]{pid} }
sub stdout { return slurp($_[0]{out}) }
sub stderr { return slurp($_[0]{err}) }


sub alive {
    my ($self) = @_;

    return 0 if defined $self->{status};

    my $pid = waitpid($self->{pid}, WNOHANG);

    if ($pid == $self->{pid}) {
        $self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
        return 0;
    }

    if ($pid < 0) {
        $self->{status} = 255;
        return 0;
    }

    return 1;
}


sub wait {
    my ($self, $timeout) = @_;

    my $deadline = deadline(defined $timeout ? $timeout : 10);

    while ($self->alive) {
        return if now() > $deadline;
        nap(0.01);
    }

    return $self->{status};
}


sub signal {
    my ($self, $signal) = @_;
    return $self->alive && kill $signal, $self->{pid};
}


# SIGKILL follows when the process does not leave in time

sub stop {
    my ($self, $signal, $timeout) = @_;

    $self->signal('CONT');
    $self->signal($signal || 'INT');

    my $status = $self->wait($timeout || 5);
    return $status if defined $status;

    $self->signal('KILL');
    $self->wait(5);

    return;
}


# pids that new() returned

sub started { return map { $_->{pid} } @all }


sub children {
    my ($parent) = @_;
    return @{ family()->{$parent} || [] };
}


# all that we started: orphans come back to us

sub descendants {
    my $family = family();
    my @found;
    my @todo = ($$);

    while (defined(my $pid = shift @todo)) {
        my @next = @{ $family->{$pid} || [] };
        push @found, @next;
        push @todo, @next;
    }

    return @found;
}


# { parent => [pid, ...] } of everything that is not a zombie

sub family {
    my %family;

    opendir(my $proc, '/proc') or die "/proc: $!";

    for my $pid (grep { /^\d+$/ } readdir $proc) {
        my ($state, $ppid) = stat_of($pid) or next;
        push @{ $family{$ppid} }, $pid if $state ne 'Z';
    }

    return \%family;
}


# (state, parent) of a pid

sub stat_of {
    my ($pid) = @_;

    open(my $fh, '<', "/proc/$pid/stat") or return;
    my $stat = <$fh>;

    return unless defined $stat && $stat =~ /.*\) (\S) (\d+)/s;
    return ($1, $2);
}


sub title {
    my ($pid) = @_;

    open(my $fh, '<', "/proc/$pid/cmdline") or return '';
    my $title = do { local $/; <$fh> };

    return '' unless defined $title;

    $title =~ tr/\0/ /;
    $title =~ s/\s+$//;

    return $title;
}


sub kill_all {
    return if $$ != $owner;

    for my $signal (qw(TERM KILL)) {
        my @pids = descendants() or last;

        kill 'CONT', @pids;
        kill $signal, @pids;

        my $deadline = now() + ($signal eq 'TERM' ? 1 : 3);

        while (now() < $deadline) {
            $_->alive for @all;
            last unless descendants();
            select(undef, undef, undef, 0.02);
        }
    }

    # orphans included, which nobody else would bury
    $_->alive for @all;
    1 while waitpid(-1, WNOHANG) > 0;

    return;
}


# orphans of our children (ffmpeg of a dead nginx, a daemon) become our own
# children and can neither hide nor survive

sub subreaper {
    _prctl(PR_SET_CHILD_SUBREAPER, 1);
    return;
}


sub _prctl {
    my ($option, $value) = @_;

    my $machine = (POSIX::uname())[4];
    my $number = $machine eq 'x86_64' ? 157 : $machine eq 'aarch64' ? 167 : 0;

    syscall($number, $option, $value, 0, 0, 0) if $number;
    return;
}


sub slurp {
    my ($file) = @_;

    return '' unless defined $file;
    open(my $fh, '<:raw', $file) or return '';

    local $/;
    my $text = <$fh>;

    return defined $text ? $text : '';
}


END {
    local $?;
    kill_all();
}

1;
