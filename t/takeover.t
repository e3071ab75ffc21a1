# The same key and source published again: the newcomer takes over, in the same
# worker and across workers, and not more often than an encoder would.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Live;

my $key = 'tk7Qz-alice-first';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\ntk7Qz-bob-second bob\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;

            multisource on;
            multisource_keys keys;
        }

        application firm {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_takeover off;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api live; }
        location /firm/    { multisource_api firm; }
        location /status   { multisource_status; }
        location /hls/     { alias %%DIR%%/hls/; multisource_play live; }
    }
}
EOC

$t->run;

sub owner {
    my ($source) = @_;

    for my $s (@{ $t->get('/status')->json->{sources} }) {
        return $s->{worker} if $s->{source} eq $source;
    }

    return 0;
}

sub publisher {
    my ($name, %opt) = @_;

    my $c = $t->rtmp(%opt);
    my $status = $c->publish($name);

    $c->live(fps => 10, gop => 5) if $status
        && $status->{code} eq 'NetStream.Publish.Start';

    return ($c, $status);
}

# workers take connections as they like: until both kinds were seen

my %seen;

for my $n (1 .. 24) {

    my $name = "S$n";
    my ($old, $first) = publisher("${key}_$name");

    is($first->{code}, 'NetStream.Publish.Start', "$name is published");

    my $before = $t->wait_for(sub { owner($name) }, 10, 'the source is listed');

    my ($new, $second) = publisher("${key}_$name");

    is($second->{code}, 'NetStream.Publish.Start', "$name is taken over");

    my $lost = $old->wait_status(qr/BadName/, 5);

    ok($lost && $lost->{description} =~ /another encoder/,
        'the old session is told why');
    is($old->eof(5), 'eof', 'and closed without a reset');

    my $after = $t->wait_for(sub { owner($name) }, 10, 'it is listed again');

    $seen{ $before == $after ? 'same worker' : 'across workers' }++;

    $new->close;

    $t->wait_for(sub { !owner($name) }, 2, 'it leaves the list');

    last if keys %seen == 2;
}

is(join(', ', sort keys %seen), 'across workers, same worker',
    'takeovers in the same worker and across workers');

# hls goes on under the same name

my ($a) = publisher("${key}_Cam");
$t->wait_for(sub { $t->get('/hls/alice/Cam/index.m3u8')->{status} == 200 },
    15, 'the first playlist');

my ($b) = publisher("${key}_Cam");
my $m = $t->get('/hls/alice/Cam/index.m3u8')->{body};
$t->wait_for(sub { $t->get('/hls/alice/Cam/index.m3u8')->{body} ne $m },
    15, 'the playlist after the takeover');

# three takeovers in 30 s, the fourth is one too many

my ($c) = publisher("${key}_Cam");
my ($d) = publisher("${key}_Cam");
my ($e, $refused) = publisher("${key}_Cam");

is($refused->{code}, 'NetStream.Publish.Denied', 'flapping is refused');
like($refused->{description}, qr/two encoders/, 'with its reason');
is($e->eof(5), 'eof', 'and a drained close');

is(scalar @{ $t->get('/sources/alice')->json }, 1, 'one source goes on');
ok(!$d->closed, 'the last one that came in');
is($t->logged(qr/publish refused: takeover_flapping/), 1, 'and one log line');

# with takeover off the one who is live stays

my ($f, $ok) = publisher("${key}_Desk", app => 'firm');
is($ok->{code}, 'NetStream.Publish.Start', 'first come');
$t->wait_for(sub { @{ $t->get('/firm/alice')->json } == 1 }, 10, 'listed');

for (1 .. 4) {
    my ($late, $status) = publisher("${key}_Desk", app => 'firm');

    is($status->{code}, 'NetStream.Publish.BadName', 'late, refused');
    like($status->{description}, qr/already live/, 'with the reason');
}

ok(!$f->closed, 'first served');
is(scalar @{ $t->get('/firm/alice')->json }, 1, 'and still listed');

$t->done;
