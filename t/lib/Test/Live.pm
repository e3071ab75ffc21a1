# SPDX-License-Identifier: BSD-2-Clause

# One private nginx per test.
#
#   use lib 't/lib';
#   use Test::More;
#   use Test::Live;
#
#   my $t = Test::Live->new(workers => 2, secrets => ['k-secret-1']);
#   $t->write('keys', "k-secret-1 alice\n");
#   $t->conf(<<'EOC');
#   rtmp { server { listen 127.0.0.1:%%RTMP%%;
#       application live { live on; multisource on;
#           multisource_keys %%DIR%%/keys; } } }
#   EOC
#   $t->run;
#   ...
#   $t->done;           the checks of the end and done_testing
#
# Placeholders in a configuration: %%DIR%% the directory of this test, %%TOP%%
# the repository, %%HTTP_GLOBALS%% logs, temporary paths and types, anything
# else (%%HTTP%%, %%RTMP%%, %%PORT_x%%) a free port of this name.  The logs are
# error.log, access.log, rtmp.log and stderr in %%DIR%%.  Files below public/
# are what viewers get, and are searched for secrets.
#
# new(): workers (1), modules (which of whip simulcast multisource, in this
# order; [] is stock nginx-rtmp), secrets, env (for nginx), timeout (180 s for
# the whole test), quit_timeout (10 s), daemon => 1 (needed by upgrade).
#
# Environment: TEST_TMP, TEST_KEEP=1 keeps the directory, TEST_SLOW=N
# multiplies timeouts, TEST_SANITIZE=1 preloads libasan and libubsan,
# LIVE_MODULES_DIR, NGX_RTMP_MODULE, TEST_NGINX_BINARY, TEST_COMPLETE=1 fails
# instead of skipping what a missing program prevents.
#
# A test fails as well when nginx logs an [alert] or [emerg] that was not
# announced (kill_worker, tolerate), crashes, reports to a sanitizer, does not
# leave when asked, leaves processes behind, or shows a secret.

package Test::Live;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use Fcntl qw(LOCK_EX LOCK_NB);
use File::Basename qw(basename dirname);
use File::Find ();
use File::Path qw(make_path remove_tree);
use File::Spec ();
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(WNOHANG);
use Test2::API ();
use Test::More ();

use Test::Live::HTTP;
use Test::Live::IO qw(now deadline nap);
use Test::Live::Process;

our @EXPORT = qw(json_of need);

use constant { PORT_FIRST => 20000, PORT_LAST => 29999 };

# what a test cannot do without.  By hand it is skipped where that is missing;
# under scripts/test, which installs everything, it fails

sub need {
    my ($have, $what) = @_;

    return if $have;

    die "missing: $what\n" if $ENV{TEST_COMPLETE};

    Test::More::plan(skip_all => "missing: $what");
}


# modules of ours, in load order

my @MODULES = qw(whip simulcast multisource);

my $TOP = abs_path(dirname(__FILE__) . '/../../..');

my $owner = $$;
my @all;


sub new {
    my ($class, %o) = @_;

    my $self = bless {
        workers      => 1,
        timeout      => 180,
        quit_timeout => 10,
        secrets      => [],
        env          => {},
        %o,
        port      => {},
        tolerated => [],
        leaks     => [],
        stopped   => {},
        problems  => [],
    }, $class;

    my $base = $ENV{TEST_TMP} || "$TOP/build/t";
    make_path($base);

    my $name = basename($0);
    $name =~ s/\.t$//;
    $name =~ s/[^\w-]/_/g;

    $self->{dir} = abs_path(File::Temp::tempdir("$name-XXXXXX",
        DIR => $base, CLEANUP => 0));
    chmod 0755, $self->{dir};

    push @all, $self;

    $SIG{ALRM} = sub { _watchdog('watchdog: the test took too long') };
    $SIG{$_} = sub { _watchdog("SIG$_[0]") } for qw(INT TERM HUP);
    alarm $self->{timeout} * $Test::Live::IO::scale;

    return $self;
}


sub _watchdog {
    my ($why) = @_;

    POSIX::_exit(255) if $$ != $owner;

    $SIG{$_} = 'IGNORE' for qw(INT TERM HUP ALRM);

    Test::More::diag($why);
    $_->diag_log for grep { !$_->{done} } @all;

    exit 255;
}


# --- files, ports, configuration --------------------------------------------

sub dir { return $_[0]{dir} }
sub top { return $TOP }


# writes DIR/NAME, for the owner only unless a mode is given; its path

sub write {
    my ($self, $name, $text, $mode) = @_;

    my $path = "$self->{dir}/$name";
    make_path(dirname($path));

    open(my $fh, '>:raw', "$path.new") or die "$path: $!";
    chmod defined $mode ? $mode : 0600, "$path.new";
    print $fh $text;
    close $fh or die "$path: $!";

    rename "$path.new", $path or die "$path: $!";

    return $path;
}


sub mkdir {
    my ($self, $name) = @_;

    make_path("$self->{dir}/$name");
    return "$self->{dir}/$name";
}


# the content of DIR/NAME, '' when there is none

sub read {
    my ($self, $name) = @_;
    return Test::Live::Process::slurp("$self->{dir}/$name");
}


# a port of this name, free for TCP and UDP on every address, and held against
# other tests by a locked file as long as this one runs

sub port {
    my ($self, $name) = @_;

    return $self->{port}{$name} if $self->{port}{$name};

    my $locks = File::Spec->tmpdir . "/test-live-ports.$>";
    make_path($locks);

    my $count = PORT_LAST - PORT_FIRST + 1;
    my $start = int rand $count;

    for my $i (0 .. $count - 1) {
        my $port = PORT_FIRST + ($start + $i) % $count;

        open(my $lock, '>', "$locks/$port") or next;
        flock($lock, LOCK_EX | LOCK_NB) or next;

        IO::Socket::INET->new(Proto => 'tcp', LocalAddr => '0.0.0.0',
            LocalPort => $port, Listen => 1) or next;
        IO::Socket::INET->new(Proto => 'udp', LocalAddr => '0.0.0.0',
            LocalPort => $port) or next;

        $self->{lock}{$name} = $lock;
        return $self->{port}{$name} = $port;
    }

    die 'no free port';
}


sub expand {
    my ($self, $text) = @_;

    $text =~ s/%%([A-Za-z]\w*)%%/$self->_placeholder($1)/ge;
    return $text;
}


sub _placeholder {
    my ($self, $name) = @_;

    return $self->{dir} if $name eq 'DIR';
    return $TOP if $name eq 'TOP';
    return $self->_http_globals if $name eq 'HTTP_GLOBALS';

    $name =~ s/^PORT_//;
    return $self->port($name);
}


sub _http_globals {
    my ($self) = @_;

    my $dir = $self->{dir};
    my $temp = join '', map { "${_}_temp_path $dir/tmp_$_;\n" }
        qw(client_body proxy fastcgi uwsgi scgi);

    return <<"END_CONF";
access_log $dir/access.log;
$temp
types {
    text/html                      html;
    text/css                       css;
    text/javascript                js mjs;
    text/plain                     txt;
    text/event-stream              sse;
    application/json               json;
    application/vnd.apple.mpegurl  m3u8;
    application/dash+xml           mpd;
    video/mp4                      mp4 m4s cmfv;
    audio/mp4                      m4a cmfa;
    video/mp2t                     ts;
    image/png                      png;
    image/svg+xml                  svg;
}
default_type application/octet-stream;
END_CONF
}


# raw => 1: the text is the whole file

sub conf {
    my ($self, $text, %o) = @_;

    $self->{conf} = $text;
    $self->{conf_raw} = $o{raw};
    $self->write('nginx.conf', $self->_full_conf($text, %o), 0644);

    return $self;
}


sub _full_conf {
    my ($self, $text, %o) = @_;

    $text = $self->expand($text);
    return $text if $o{raw};

    my $dir = $self->{dir};

    # by default nginx-rtmp writes names of streams to /var/log/nginx
    $text =~ s/^(\s*rtmp\s*\{)/$1 access_log $dir\/rtmp.log;/m;

    my $log = $o{log} || "$dir/error.log";
    my $daemon = $self->{daemon} ? 'on' : 'off';
    my $user = $> == 0 ? "user root;\n" : '';
    my $load = join '', map { "load_module $_;\n" } $self->module_files;

    return <<"END_CONF" . $text;
daemon $daemon;
worker_processes $self->{workers};
pid $dir/nginx.pid;
error_log $log info;
$user$load
events { worker_connections 1024; }

END_CONF
}


# nginx-rtmp and those of ours that were built or asked for

sub module_files {
    my ($self) = @_;

    my $dir = $ENV{LIVE_MODULES_DIR} || "$TOP/build/modules";
    my @files = map { "$dir/ngx_${_}_module.so" }
        @{ $self->{modules} || \@MODULES };

    @files = grep { -f } @files unless $self->{modules};

    my $rtmp = $ENV{NGX_RTMP_MODULE}
        || '/usr/lib/nginx/modules/ngx_rtmp_module.so';

    return ($rtmp, map { abs_path($_) || $_ } @files);
}


# true when this module of ours is there: for skip_all

sub has_module {
    my ($self, $name) = @_;

    return scalar grep { m{/ngx_${name}_module\.so$} && -f }
        $self->module_files;
}


# --- the process ------------------------------------------------------------

sub run {
    my ($self) = @_;

    die 'nginx is running already' if $self->running;

    unlink "$self->{dir}/nginx.pid";

    my $p = $self->{process} = $self->_start_nginx('nginx.conf', 'stderr');
    my $deadline = deadline(20);

    while (now() < $deadline) {
        my $alive = $p->alive;

        if (!$alive && !($self->{daemon} && $p->{status} == 0)) {
            Test::More::fail('nginx starts');
            Test::More::diag("nginx exited with $p->{status}:\n"
                . $self->read('stderr'));
            exit 1;
        }

        $self->{master} = $1 if $self->read('nginx.pid') =~ /^(\d+)\n/;

        return $self if $self->{master} && !($self->{daemon} && $alive)
            && $self->workers == $self->{workers};

        nap(0.01);
    }

    Test::More::fail('nginx starts in time');
    $self->diag_log;
    exit 1;
}


sub _start_nginx {
    my ($self, $conf, $err, @args) = @_;

    my $dir = $self->{dir};
    my $nginx = _nginx();
    my $log = $conf eq 'nginx.conf' ? 'error.log' : 'test.log';

    return Test::Live::Process->new(
        cmd => [$nginx, '-p', "$dir/", '-c', "$dir/$conf", '-e', "$dir/$log",
                @args],
        err => "$dir/$err",
        out => "$dir/$err",
        env => { $self->_sanitizer_env, %{ $self->{env} } },
    );
}


# the whole path: nginx runs its own argv[0] again when it upgrades

sub _nginx {
    return $ENV{TEST_NGINX_BINARY} if $ENV{TEST_NGINX_BINARY};

    my ($path) = grep { -x } map { "$_/nginx" } File::Spec->path,
        qw(/usr/sbin /usr/local/sbin);

    return $path || die 'nginx is not installed';
}


sub _sanitizer_env {
    my ($self) = @_;

    return unless $ENV{TEST_SANITIZE};

    my @libs = map { my $path = `gcc -print-file-name=$_`; chomp $path; $path }
        qw(libasan.so libubsan.so);

    my $log = "log_path=$self->{dir}/asan";

    # each module has an ngx_modules of its own; other names scripts/build checks

    return (
        LD_PRELOAD    => join(' ', @libs),
        ASAN_OPTIONS  => "detect_leaks=0:detect_odr_violation=0:"
            . "abort_on_error=1:$log",
        UBSAN_OPTIONS => "print_stacktrace=1:halt_on_error=1:$log",
    );
}


sub master { return $_[0]{master} }


sub running {
    my ($self) = @_;

    my $pid = $self->{master} or return 0;
    my $p = $self->{process};

    return $p->alive if $p->pid == $pid;

    # a daemon becomes our child when the process that started it has left
    if (waitpid($pid, WNOHANG) == $pid) {
        $p->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
        return 0;
    }

    return $self->alive($pid);
}


# is this pid still at work?  A zombie is not, though kill 0 says so

sub alive {
    my ($self, $pid) = @_;

    my ($state) = Test::Live::Process::stat_of($pid);
    return defined $state && $state ne 'Z';
}


sub signal {
    my ($self, $signal) = @_;
    return $self->running && kill $signal, $self->{master};
}


# pids of the workers that serve, of those that shut down, and of all

sub workers {
    my ($self, $master) = @_;
    return $self->_workers($master, qr/^nginx: worker process$/);
}


sub old_workers {
    my ($self, $master) = @_;
    return $self->_workers($master, qr/ is shutting down$/);
}


sub all_workers {
    my ($self, $master) = @_;
    return $self->_workers($master, qr/^nginx: worker process/);
}


sub _workers {
    my ($self, $master, $title) = @_;

    $master ||= $self->{master} || 0;

    my @pids = grep { Test::Live::Process::title($_) =~ $title }
        sort { $a <=> $b } Test::Live::Process::children($master);

    return @pids;
}


# KILL, STOP or CONT; that the master then logs a death by this signal is no
# fault of this test

sub kill_worker {
    my ($self, $pid, $signal) = @_;

    $signal ||= 'KILL';

    if ($signal eq 'STOP') {
        $self->{stopped}{$pid} = 1;

    } elsif ($signal eq 'CONT') {
        delete $self->{stopped}{$pid};

    } else {
        my $number = POSIX->can("SIG$signal")->();
        $self->tolerate(qr/worker process $pid exited on signal $number\b/);
    }

    my $sent = kill $signal, $pid;

    # a process stops a moment after the signal: until then the kernel may wake
    # it for what another worker is to do

    if ($signal eq 'STOP') {
        $self->wait_for(sub {
            return ((Test::Live::Process::stat_of($pid))[0] // '') eq 'T';
        }, "worker $pid stopped");
    }

    return $sent;
}


# lines of the error log that this test provokes

sub tolerate {
    my ($self, $re) = @_;
    push @{ $self->{tolerated} }, $re;
    return;
}


# HUP, with a new configuration if one is given; true once the new workers are
# there.  fails => 1: the configuration is bad, nginx must log an [emerg] and
# go on with the old workers; the result is the [emerg] line, and nginx.conf is
# then what it was before

sub reload {
    my ($self, $conf, %o) = @_;

    my @before = ($self->{conf}, raw => $self->{conf_raw});
    $self->conf($conf, %o) if defined $conf;

    my %old = map { $_ => 1 } $self->workers;
    my $mark = $self->mark;
    my $emerg;

    $self->signal('HUP');

    my $done = $self->wait_for(sub {
        ($emerg) = grep { /\[emerg\]/ } split /\n/, $self->log_since($mark);

        my @workers = $self->workers;

        return $emerg || !$o{fails} && @workers >= $self->{workers}
            && !grep { $old{$_} } @workers;
    }, $o{timeout} || 20, 'the reload');

    return $done unless $emerg;

    if (!$o{fails}) {
        Test::More::diag("reload: $emerg");
        return 0;
    }

    $self->tolerate(qr/^\Q$emerg\E$/);
    $self->conf(@before);

    return $emerg;
}


# a new binary (here the same one) takes over; the old master is told to leave
# unless keep_old => 1.  Returns the pid of the old master

sub upgrade {
    my ($self, %o) = @_;

    die 'upgrade needs new(daemon => 1)' unless $self->{daemon};

    my $old = $self->{master};
    kill 'USR2', $old;

    my $new = $self->wait_for(sub {
        my ($pid) = $self->read('nginx.pid') =~ /^(\d+)\n/;

        return $pid && $pid != $old
            && $self->workers($pid) == $self->{workers} && $pid;
    }, 20, 'the new master') or return;

    $self->{master} = $new;
    kill 'QUIT', $old unless $o{keep_old};

    return $old;
}


# QUIT (graceful) or TERM; the exit status, undef when nginx had to be forced

sub stop {
    my ($self, $signal, $timeout) = @_;

    return unless $self->{process};

    kill 'CONT', keys %{ $self->{stopped} };
    $self->{stopped} = {};

    $signal ||= 'QUIT';
    $timeout ||= $self->{quit_timeout};

    my $gone = $self->_end_nginx($signal, $timeout);

    if (!$gone) {
        push @{ $self->{problems} }, "nginx has not left $timeout s after"
            . " SIG$signal, workers: " . join ' ', $self->all_workers;

        if (!$self->_end_nginx('TERM', 3)) {
            kill 'KILL', $self->all_workers;
            $self->_end_nginx('KILL', 3);
        }
    }

    my $status = delete($self->{process})->{status};
    delete $self->{master};

    return unless $gone;

    push @{ $self->{problems} }, "nginx exited with status $status" if $status;

    return $status;
}


sub _end_nginx {
    my ($self, $signal, $timeout) = @_;

    my $deadline = deadline($timeout);

    $self->signal($signal);

    while ($self->running) {
        return 0 if now() > $deadline;
        nap(0.01);
    }

    return 1;
}


# nginx -t with this text, or with what conf() wrote: (exit status, output)

sub test_conf {
    my ($self, $text, %o) = @_;

    my $dir = $self->{dir};

    if (!defined $text) {
        $text = $self->{conf};
        $o{raw} = $self->{conf_raw};
    }

    $self->write('test.conf',
        $self->_full_conf($text, %o, log => "$dir/test.log"), 0644);
    unlink "$dir/test.out", "$dir/test.log";

    my $p = $self->_start_nginx('test.conf', 'test.out', '-t');
    my $status = $p->wait(20);

    return ($status, $self->read('test.out'));
}


sub expect_conf_error {
    my ($self, $text, $re, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my ($status, $output) = $self->test_conf($text);

    $name = "nginx -t refuses: $re" unless defined $name;

    return Test::More::like($output, $re, $name) if $status;

    Test::More::fail($name);
    Test::More::diag("nginx -t accepted it:\n$output");

    return 0;
}


# --- HTTP -------------------------------------------------------------------

sub url {
    my ($self, $path, $port) = @_;
    return 'http://127.0.0.1:' . $self->_port($port, 'HTTP') . $path;
}


# options: headers, body, json, port (name or number, HTTP), timeout, raw (the
# whole request), leak_ok => 1 when a secret may be in the answer

sub request {
    my ($self, $method, $path, %o) = @_;

    ($o{host}, $o{port}, $path) = ($1, $2 || 80, $3)
        if $path =~ m{^http://([^/:]+)(?::(\d+))?(/.*)$};

    my $r = Test::Live::HTTP::request(%o, method => $method, path => $path,
        port => $self->_port($o{port}, 'HTTP'));

    $self->_find_leaks("the answer to $method",
        ($r->{head} || '') . "\n$r->{body}") unless $o{leak_ok};

    return $r;
}


sub get {
    my ($self, @args) = @_;
    return $self->request('GET', @args);
}


sub head {
    my ($self, @args) = @_;
    return $self->request('HEAD', @args);
}


# the JSON of an answer, or of a text; undef when it is none

sub json_of {
    my ($r) = @_;

    return $r->json if ref $r;
    return eval { JSON::PP->new->utf8->allow_nonref->decode($r) };
}


# a Server-Sent Events reader, see Test::Live::HTTP::Events

sub events {
    my ($self, $path, %o) = @_;

    return Test::Live::HTTP::Events->new(%o, path => $path,
        port => $self->_port($o{port}, 'HTTP'),
        on_data => sub { $self->_find_leaks('an event stream', $_[0]) });
}


sub _port {
    my ($self, $port, $default) = @_;

    $port = $default unless defined $port;
    return $port =~ /^\d+$/ ? $port : $self->port($port);
}


# --- publishers and players -------------------------------------------------

# an RTMP client of our own, connected and shaken hands

sub rtmp {
    my ($self, %o) = @_;

    require Test::Live::RTMP;
    return Test::Live::RTMP->new(%o, port => $self->_port($o{port}, 'RTMP'));
}


# ffmpeg, see Test::Live::FFmpeg

sub publish {
    my ($self, @args) = @_;

    require Test::Live::FFmpeg;
    return Test::Live::FFmpeg->publish($self, @args);
}


# a WHIP publisher of our own, see Test::Live::Whip

sub whip {
    my ($self, @args) = @_;

    require Test::Live::Whip;
    return Test::Live::Whip->publish($self, @args);
}


# an ingest of a platform, see Test::Live::Receiver

sub receiver {
    my ($self, @args) = @_;

    require Test::Live::Receiver;
    return Test::Live::Receiver->new($self, @args);
}


sub ffprobe {
    my ($self, @args) = @_;

    require Test::Live::FFmpeg;
    return Test::Live::FFmpeg->ffprobe(@args);
}


sub play_rtmp {
    my ($self, @args) = @_;

    require Test::Live::FFmpeg;
    return Test::Live::FFmpeg->play_rtmp($self, @args);
}


# any other program that is to end with the test, see Test::Live::Process;
# its output goes to DIR/NAME.out and DIR/NAME.err; options in a last hash

sub spawn {
    my ($self, $name, @cmd) = @_;

    my %o = ref $cmd[-1] eq 'HASH' ? %{ pop @cmd } : ();
    my $file = "$self->{dir}/$name";

    my $p = Test::Live::Process->new(cmd => \@cmd, out => "$file.out",
        err => "$file.err", %o);

    push @{ $self->{children} }, $p;

    return $p;
}


# --- logs and waiting -------------------------------------------------------

sub log {
    my ($self, $file) = @_;
    return $self->read($file || 'error.log');
}


# a position in the error log, for log_since, wait_log and logged

sub mark {
    my ($self) = @_;
    return -s "$self->{dir}/error.log" || 0;
}


sub log_since {
    my ($self, $mark, $file) = @_;
    return substr($self->log($file), $mark || 0) // '';
}


# number of lines that match

sub logged {
    my ($self, $re, $mark) = @_;
    return scalar grep { /$re/ } split /\n/, $self->log_since($mark);
}


# the line, once it is there

sub wait_log {
    my ($self, $re, $timeout, $mark) = @_;

    return $self->wait_for(sub {
        my ($line) = grep { /$re/ } split /\n/, $self->log_since($mark);
        return $line;
    }, $timeout, "$re in error.log");
}


# polls until the sub returns something true, and returns that; on timeout the
# test fails, the end of the error log is shown, and undef is returned

sub wait_for {
    my ($self, $sub, $timeout, $what) = @_;

    ($timeout, $what) = (undef, $timeout)
        if defined $timeout && $timeout !~ /^[\d.]+$/;

    $timeout = 20 unless defined $timeout;

    my $deadline = deadline($timeout);

    while (1) {
        my $value = $sub->();
        return $value if $value;

        last if now() > $deadline;
        nap(0.03);
    }

    my $level = 0;
    $level++ while (caller $level)[0] eq __PACKAGE__;
    local $Test::Builder::Level = $level + 2;

    Test::More::fail('waited for ' . (defined $what ? $what : 'a condition'));
    Test::More::diag("not within $timeout s");
    $self->diag_log;

    return;
}


# lets background publishers go on, unlike sleep

sub pause {
    my ($self, $seconds) = @_;
    return nap($seconds);
}


sub diag_log {
    my ($self, $lines) = @_;

    my @log = split /\n/, $self->log;
    my $n = $lines || 30;

    splice @log, 0, @log - $n if @log > $n;

    Test::More::diag("the end of $self->{dir}/error.log:");
    Test::More::diag("  $_") for @log;

    return;
}


# --- the end ----------------------------------------------------------------

# stops everything and checks what is left; when no other instance is open and
# there is no plan, done_testing

sub done {
    my ($self) = @_;

    return if $self->{done}++ || $$ != $owner;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $tb = Test::More->builder;

    # a plan has no room for more, nor has a test after done_testing or a skip
    my $plan = Test2::API::test2_stack()->top->plan;
    my $open = !defined $plan || $plan eq 'NO PLAN';

    for my $check ($self->_end) {
        my ($name, @problems) = @$check;

        if ($open) {
            $tb->ok(!@problems, $name);

        } elsif (@problems) {
            $tb->diag("Failed at the end: '$name'");
        }

        next unless @problems;

        splice @problems, 20, @problems - 20, '...' if @problems > 20;
        $tb->diag("  $_") for @problems;

        $self->{failed} = 1;
    }

    $tb->done_testing if !defined $plan && !grep { !$_->{done} } @all;

    return;
}


# ([name, problems...], ...)

sub _end {
    my ($self) = @_;

    Test::Live::RTMP->drop_all if $INC{'Test/Live/RTMP.pm'};

    my @children = grep { $_->alive } @{ $self->{children} || [] };
    $_->signal('INT') for @children;
    $_->stop('INT', 3) for @children;

    $self->stop;

    my @checks = ['nginx leaves, with all it started', @{ $self->{problems} },
        $self->_leftovers];

    my (@faults, @crashes, @sanitizer);

    for my $line (split /\n/, $self->log . $self->read('stderr')) {
        push @sanitizer, $line
            if $line =~ /ERROR: \w+Sanitizer|runtime error:/;

        next if grep { $line =~ $_ } @{ $self->{tolerated} };

        if ($line =~ /exited on signal/) {
            push @crashes, $line;

        } elsif ($line =~ /\[(?:alert|emerg)\]/) {
            push @faults, $line;
        }
    }

    for my $file (glob "$self->{dir}/asan.*") {
        push @sanitizer, "$file:",
            split /\n/, Test::Live::Process::slurp($file);
    }

    push @checks, ['no [alert] and no [emerg]', @faults],
        ['no crash', @crashes], ['no sanitizer report', @sanitizer];

    if (@{ $self->{secrets} }) {
        $self->_search_secrets;
        push @checks, ['no secret shown', @{ $self->{leaks} }];
    }

    return @checks;
}


# what nginx had started, ffmpeg above all, has become our child by now

sub _leftovers {
    my ($self) = @_;

    my $own = Test::Live::Process::title($$);
    my %known = map { $_ => 1 } Test::Live::Process::started(),
        grep { $_ } map { $_->{master} } @all;

    my $deadline = deadline(2);
    my @left;

    while (1) {
        @left = grep { !$known{$_}
            && Test::Live::Process::title($_) ne $own }
            Test::Live::Process::children($$);

        last if !@left || now() > $deadline;
        nap(0.03);
    }

    return map { "process $_ is left: " . Test::Live::Process::title($_) }
        @left;
}


sub _search_secrets {
    my ($self) = @_;

    for my $file (qw(error.log access.log rtmp.log stderr test.log test.out)) {
        $self->_find_leaks($file, $self->read($file));
    }

    my $dir = $self->{dir};

    File::Find::find({ no_chdir => 1, wanted => sub {
        my $name = substr $_, length $dir;

        $self->_find_leaks('the name of a file', $name);
        $self->_find_leaks("the file $name", Test::Live::Process::slurp($_))
            if $name =~ m{^/public/} && -f;
    } }, $dir);

    return;
}


# a whole key, or the better part of it, plain or percent-encoded

sub _find_leaks {
    my ($self, $where, $text) = @_;

    return unless @{ $self->{secrets} };

    (my $decoded = $text) =~ s/%([0-9a-f]{2})/chr hex $1/gie;

    for my $secret (@{ $self->{secrets} }) {
        my $part = substr $secret, 0, int(length($secret) * 3 / 4 + 0.5);

        for ($text, $decoded) {
            next unless /^(.*\Q$part\E.*)$/im;

            push @{ $self->{leaks} },
                "$secret in $where: " . substr $1, 0, 300;
            last;
        }
    }

    return;
}


sub _remove {
    my ($self, $passed) = @_;

    if ($ENV{TEST_KEEP} || !$passed) {
        Test::More::diag("kept: $self->{dir}");
        return;
    }

    remove_tree($self->{dir});
    return;
}


END {
    if ($$ == $owner && @all) {
        my $status = $?;
        my @open = grep { !$_->{done} } @all;

        if (@open && !$status) {
            $_->done for @open;

        } elsif (@open) {
            # the test died: it only has to leave nothing behind
            $_->stop('TERM', 3) for @open;
        }

        alarm 0;
        Test::Live::Process::kill_all();

        $status ||= 1 if grep { $_->{failed} } @all;

        my $passed = !$status && Test::More->builder->is_passing;
        $_->_remove($passed) for @all;

        $? = $status;
    }
}

1;
