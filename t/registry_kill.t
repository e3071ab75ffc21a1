# A worker is killed, or stopped: the sources of the others stay in the list,
# those of the dead leave it and come back, and the zone stays consistent.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Live;

my $kills = 50;

my $t = Test::Live->new(workers => 2, secrets => ['rk4Lw-key-of-alice']);

$t->write('keys', "rk4Lw-key-of-alice alice max_sources=20\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_takeover on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api; }
        location /status   { multisource_status; }
    }
}
EOC

$t->run;

my %publisher;

sub publish {
    my ($name) = @_;

    my $c = $t->rtmp;
    my $status = $c->publish("rk4Lw-key-of-alice_$name");

    return 0 unless $status && $status->{code} =~ /Publish.Start/;

    $c->live(fps => 5, gop => 5, kbps => 50);
    $publisher{$name} = $c;

    return 1;
}

sub ids { my @ids = sort map { $_->{id} } @{ $t->get("/sources/alice")->json }; return @ids }

sub status { return $t->get('/status')->json }

sub owners {
    return map { $_->{source} => $_->{worker} } @{ status()->{sources} };
}

# as many sources as it takes to have some in each worker

for my $n (1 .. 20) {
    publish("S$n");
    $t->wait_for(sub { ids() == $n }, 10, 'the source is listed');

    my %owner = owners();
    my %busy = map { $_ => 1 } values %owner;

    last if $n >= 6 && keys %busy == 2;
}

my $all = join ' ', ids();
my $total = scalar ids();

# one worker is killed: only its sources go, and their encoders come back

my %owner = owners();
my ($victim) = $t->workers;
my @lost = sort grep { $owner{$_} == $victim } keys %owner;
my @kept = sort grep { $owner{$_} != $victim } keys %owner;

ok(@lost && @kept, 'both workers have sources');

my $start = time;
$t->kill_worker($victim, 'KILL');

$t->wait_for(sub { join(' ', ids()) eq join(' ', @kept) }, 5,
    'the dead worker has left the list');
cmp_ok(time - $start, '<=', 2, 'within two seconds');

my $n = 0;

for (1 .. 200) {
    my %listed = map { $_ => 1 } ids();
    $n++ if grep { !$listed{$_} } @kept;
}

is($n, 0, 'the others were in every one of 200 lists');

publish($_) for @lost;

$t->wait_for(sub { join(' ', ids()) eq $all }, 10, 'all are back');

# one worker is stopped: everything goes on without it

%owner = owners();
($victim) = grep { my $pid = $_; grep { $_ == $pid } values %owner }
    $t->workers;
@lost = sort grep { $owner{$_} == $victim } keys %owner;

$t->kill_worker($victim, 'STOP');

# connections that the stopped worker took are not answered

sub answers {
    my @answers;

    for (1 .. 20) {
        my $r = $t->get('/sources/alice', timeout => 0.5);
        push @answers, $r if $r->{status} == 200;
    }

    return @answers;
}

my @answers = answers();
cmp_ok(@answers, '>', 0, 'the other worker answers');
is(scalar(grep { @{ $_->json } != $total } @answers), 0, 'with all sources');

my $taken = $lost[0];
my $came_back = 0;

for (1 .. 40) {
    my $c = $t->rtmp(timeout => 3);
    my $status = eval { $c->publish("rk4Lw-key-of-alice_$taken") };

    if ($status && $status->{code} =~ /Publish.Start/) {
        $c->live(fps => 5, gop => 5, kbps => 50);
        $publisher{$taken} = $c;
        $came_back = 1;
        last;
    }
}

ok($came_back, 'its source is taken over while it is stopped');
$t->wait_log(qr/taken over from a worker that does not answer/, 5);

$t->kill_worker($victim, 'CONT');

$t->wait_for(sub { join(' ', ids()) eq $all && status()->{zone}{used} == $total },
    10, 'it finds out and lets go');

# many kills: no slot is lost

for my $k (1 .. $kills) {

    my ($pid) = $t->workers;

    if ($k % 5 == 0) {
        publish("K$_") for 1 .. 3;
    }

    $t->kill_worker($pid, 'KILL');
    $t->wait_for(sub { my @w = $t->workers; @w == 2 && !grep { $_ == $pid } @w },
        10, 'a new worker');
}

my $s = $t->wait_for(sub {
    my $s = status();
    return $s->{workers} == 2 && $s->{zone}{used} == @{ $s->{sources} } && $s;
}, 10, 'a consistent zone');

is($s->{zone}{used}, scalar @{ $s->{sources} },
    "every slot in use is a live source after $kills kills");

$_->abrupt_close for values %publisher;

$t->wait_for(sub { status()->{zone}{used} == 0 }, 5, 'an empty zone');

ok(publish('Again'), 'and room for new sources');
$t->wait_for(sub { ids() == 1 }, 5, 'which are listed');

$t->done;
