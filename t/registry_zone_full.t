# A full zone refuses new sources with a clear error, and keeps the old ones.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Live;

my $key = 'rz9Hb-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', join '', map { "$key$_ alice$_ max_sources=64\n" } 1 .. 3);

$t->conf(<<'EOC');
rtmp {
    multisource_zone 128k;

    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_refuse_rate off;
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

sub zone { return $t->get('/status')->json->{zone} }

my $slots = zone()->{slots};

cmp_ok($slots, '>', 8, 'a small zone has room for some');
cmp_ok($slots, '<', 180, 'and not for many');

my @live;

for my $n (0 .. $slots - 1) {
    my $c = $t->rtmp;
    my $status = $c->publish(sprintf '%s%d_S%d', $key, 1 + $n / 60, $n % 60);

    last if $status->{code} ne 'NetStream.Publish.Start';

    $c->live(fps => 2, gop => 2, kbps => 20, audio => 0);
    push @live, $c;
}

is(scalar @live, $slots, 'every slot is given');

for (1 .. 4) {
    my $c = $t->rtmp;
    my $status = $c->publish("${key}3_More$_");

    is($status->{code}, 'NetStream.Publish.Denied', 'one more is refused');
    like($status->{description}, qr/no room/, 'with the reason');
    is($c->eof(5), 'eof', 'and a drained close');
}

is($t->logged(qr/publish refused: zone_full/), 4, 'and a log line each');
is($t->get('/status')->json->{refused}{zone_full}, 4, 'and counted');
ok(!(grep { $_->closed } @live), 'nobody else was touched');

$t->wait_for(sub { @{ $t->get('/sources/alice1')->json } == ($slots < 60 ? $slots : 60) },
    20, 'the list is whole');

(shift @live)->close;
$t->wait_for(sub { zone()->{used} == $slots - 1 }, 2, 'one leaves');

my $c = $t->rtmp;
is($c->publish("${key}3_Late")->{code}, 'NetStream.Publish.Start',
    'and makes room for another');

$t->done;
