# nginx -s reload with publishers: the list stays whole, commands reach old
# workers, which leave when their last session ends.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Live;

my $key = 'rr2Vn-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice max_sources=20\n");

my $conf = <<'EOC';
rtmp {
    multisource_zone 256k;

    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api; multisource_kick on; }
        location /status   { multisource_status; }
    }
}
EOC

$t->conf($conf);
$t->run;

my %publisher;

sub publish {
    my ($name) = @_;

    my $c = $t->rtmp;
    my $status = $c->publish("${key}_$name");

    is($status->{code}, 'NetStream.Publish.Start', "$name is published");

    $c->live(fps => 5, gop => 5, kbps => 50);

    return $publisher{$name} = $c;
}

sub ids {
    my @ids = sort map { $_->{id} } @{ $t->get('/sources/alice')->json };
    return join ' ', @ids;
}

sub status { return $t->get('/status')->json }

publish($_) for qw(A B C D);
$t->wait_for(sub { ids() eq 'A B C D' }, 10, 'four sources');

my $used = status()->{zone}{slots};

# while the workers change, every list is whole

my @old = $t->workers;

$t->reload;

my $partial = 0;

for (1 .. 200) {
    $partial++ if ids() ne 'A B C D';
}

is($partial, 0, 'every one of 200 lists after the reload is whole');
is(status()->{zone}{slots}, $used, 'it is the same registry');
ok(!(grep { $publisher{$_}->closed } keys %publisher), 'nobody was dropped');

my %owner = map { $_->{source} => $_->{worker} } @{ status()->{sources} };
my %is_old = map { $_ => 1 } @old;

is(scalar(grep { $is_old{ $owner{$_} } } keys %owner), 4,
    'the publishers are still in the old workers');

# a source in a new worker beside those in the old

publish('E');
$t->wait_for(sub { ids() eq 'A B C D E' }, 10, 'old and new together');

# kick and takeover, from new workers to old

is($t->request('DELETE', '/sources/alice/A')->{status}, 202, 'kick');
is($publisher{A}->eof(5), 'eof', 'the publisher in the old worker is told');
$t->wait_for(sub { ids() eq 'B C D E' }, 2, 'it has left the list');

my $b = $publisher{B};
publish('B');
ok($b->wait_status(qr/BadName/, 5), 'the old publisher is told');
$t->wait_for(sub { ids() eq 'B C D E' }, 10, 'the new one is listed');

%owner = map { $_->{source} => $_->{worker} } @{ status()->{sources} };
ok(!$is_old{ $owner{B} }, 'in a new worker');

# a bad configuration changes nothing

my $bad = $conf;
$bad =~ s/multisource_kick on;/multisource_kick perhaps;/;

my @before = sort $t->workers;
like($t->reload($bad, fails => 1), qr/multisource_kick|"perhaps"/,
    'a bad configuration is refused');
is(join(' ', sort $t->workers), join(' ', @before), 'the workers stay');
is(ids(), 'B C D E', 'and so does the list');

# event streams do not keep an old worker, sessions do

my @streams = map { $t->events('/sources/alice/events') } 1 .. 4;
$_->next(5) for @streams;

$publisher{$_}->close for qw(C D);
$t->wait_for(sub { ids() eq 'B E' }, 2, 'the sources of the old workers end');

$t->wait_for(sub { !grep { $t->alive($_) } @old }, 5,
    'the old workers are gone within 5 s of their last session');

my @second = $t->workers;
$t->reload;

for my $stream (@streams) {
    1 while $stream->next(3);
    ok($stream->eof, 'an event stream of an old worker is closed');
}

is(ids(), 'B E', 'the list goes on');

# many reloads with publishers on: wake-ups and zone survive

for my $n (1 .. 20) {
    $t->reload;
}

is(ids(), 'B E', 'after twenty more reloads');
$t->wait_for(sub { status()->{zone}{used} == 2 }, 5, 'and nothing leaked');

# another zone size starts a new registry, and says so

my $mark = $t->mark;
my $larger = $conf;
$larger =~ s/256k/512k/;
$t->reload($larger);
ok($t->wait_log(qr/new registry with room for/, 5, $mark), 'a new registry');
cmp_ok(status()->{zone}{slots}, '>', $used, 'with more room');
ok(!$publisher{E}->closed, 'publishers of the old one go on');

$t->done;
