#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A destination that takes less than the source has: it loses pictures up to a
# keyframe, sound last and headers never, and costs a bounded memory.  The others
# do not notice.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;
use Test::Live::RTMP;

{
    package Test::Live::Slow;

    our @ISA = ('Test::Live::RTMP');

    # ms that sound is older than the picture before it
    use constant LATE => 60;

    sub queue {
        my ($self, $type, $csid, $ts, $payload) = @_;

        $ts -= LATE if $type == Test::Live::RTMP::AUDIO;

        return $self->SUPER::queue($type, $csid, $ts, $payload);
    }
}

my $t = Test::Live->new(workers => 2);

my $fast = $t->receiver(name => 'fast');
my $slow = $t->receiver(name => 'slow', rcvbuf => 16384);
my $crawl = $t->receiver(name => 'crawl', rcvbuf => 16384, tls => 'good');
my $thin = $t->receiver(name => 'thin', rcvbuf => 16384);

my $ca = $crawl->ca;

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            simulcast_push ${\$fast->url('fast')} source=* streamer=wide;
            simulcast_push ${\$slow->url('slow')} streamer=wide;
            simulcast_push ${\$crawl->url('crawl')} streamer=wide;
            simulcast_push ${\$thin->url('thin')} streamer=thin;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_trusted_certificate $ca;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { simulcast_status; }
    }
}
EOC

sub status {
    my ($receiver) = @_;

    my ($s) = grep { ($_->{server} || '') =~ /:${\$receiver->port}$/ }
        @{ $t->get('/status')->json->{list} };

    return $s || { dropped => 0, behind_ms => 0, state => '' };
}

# of a process, KB

sub memory {
    my ($pid) = @_;

    my ($rss) = Test::Live::Process::slurp("/proc/$pid/status")
        =~ /^VmRSS:\s+(\d+) kB/m;

    return $rss;
}

# --- ten times as much as it takes --------------------------------------------

# the sound comes a little after the picture, as it does from many

my $c = Test::Live::Slow->new(port => $t->port('RTMP'));

is($c->publish('wide')->{code}, 'NetStream.Publish.Start', 'published');
$c->live(kbps => 8000, gop => 50, ts => 1000);

$_->wait_event('first_frame', 15) for $fast, $slow, $crawl;

my $worker = $t->wait_for(sub { status($fast)->{worker} }, 'its worker');
my $before = memory($worker);

$slow->set(slow => 100_000);
$crawl->set(slow => 3000);

my $port = $crawl->port;

$t->wait_log(qr/ms behind, video is left out up to a keyframe.*:$port/, 15);

# new headers while they are behind, which none of them misses

my $config = avc_config();

substr $config, 3, 1, chr(1 + ord substr $config, 3, 1);

$c->live(0);
$c->video(avc_header($config), 1000 + int $c->{gen}{until});
$c->audio(aac_header(pack 'H*', '1210'), 1000 + int $c->{gen}{until});
$c->live;

$t->wait_for(sub { $fast->last->{audio_config} == 2 }, 'new headers');

$t->wait_log(qr/everything is left out up to a keyframe.*:$port/, 25);
$t->wait_for(sub { status($slow)->{dropped} > 50 }, 'pictures are dropped');

my $s = $fast->last;

is($s->{ts_gap}, 40, 'the fast one has every picture');
cmp_ok($s->{silence}, '<', 1, 'without a halt');
is(status($fast)->{dropped}, 0, 'and nothing is left out there');

cmp_ok(memory($worker) - $before, '<', 40_000, 'memory is bounded');

# whoever can again, does

$_->set(slow => undef) for $slow, $crawl;

for my $r ($slow, $crawl) {
    $t->wait_for(sub {
        my $s = status($r);
        return $s->{state} eq 'live' && $s->{behind_ms} < 200
            && $r->last->{video_config} >= 2 && $r->last->{audio_config} >= 2;
    }, 20, "$r->{name}: has caught up, with all headers");

    my $from = $r->last->{keyframes};

    $t->wait_for(sub { $r->last->{keyframes} > $from }, 'a keyframe');
}

$c->live(0);
$c->command('deleteStream', undef, $c->{msid});

my %e = map {
    $_->{name} => $_->wait_event('disconnect', 10, delete_stream => 1)
} $fast, $slow, $crawl;

$c->drop;

for my $r ($slow, $crawl) {
    my $e = $e{ $r->{name} };
    my $flv = Test::Live::Flv->new($r->flv);

    is($e->{published}, 1, "$r->{name}: one connection");
    is("@{ $e->{faults} }", '', "$r->{name}: no faults");
    is($e->{backwards}, 0, "$r->{name}: no time goes back");
    cmp_ok($e->{last_ts}, '>', $e{fast}{last_ts} - 3000,
        "$r->{name}: its time is that of the others");
    cmp_ok($e->{last_ts}, '<', $e{fast}{last_ts} + 3000,
        "$r->{name}: and not ahead");

    # whatever follows a gap of pictures is a keyframe

    my %key = map { $_ => 1 } @{ $flv->{keys} };
    my @video = @{ $flv->{video} };
    my @wrong = grep { $video[$_] - $video[$_ - 1] > 60 && !$key{$video[$_]} }
        1 .. $#video;

    is("@video[@wrong]", '', "$r->{name}: after a gap comes a keyframe");
}

is($e{fast}{ts_gap}, 40, 'fast: complete to the end');

# sound goes on where the picture does not

cmp_ok(Test::Live::Flv->new($slow->flv)->gap('audio'), '<', 100,
    'slow: all of the sound');

# --- it does not read at all, and then it does --------------------------------

$c = $t->rtmp;
$c->publish('thin');
$c->live(kbps => 2000);
$thin->wait_event('first_frame', 15);
$thin->set(stall => 1);

$t->wait_for(sub { status($thin)->{behind_ms} > 1000 }, 15, 'stalled');
$thin->set(stall => undef);
$t->wait_for(sub { status($thin)->{behind_ms} < 200 }, 15, 'not any more');
$t->wait_for(sub { $thin->last->{keyframes} > 4 }, 'goes on');

is($thin->last->{ts_gap}, 40, 'nothing was left out for a short stall');
is(status($thin)->{dropped}, 0, 'the status knows');

# the end comes in the middle of a message, and of what is not yet taken

$thin->set(slow => 300_000);
$c->live(kbps => 8000);
$t->wait_for(sub { status($thin)->{behind_ms} > 500 }, 15, 'behind again');
$c->live(0);
$c->command('deleteStream', undef, $c->{msid});

# a push lingers for three seconds: how much the kernel holds by now is not known

$thin->set(slow => 3_000_000);

my $e = $thin->wait_event('disconnect', 10);

is($e->{fc_unpublish}, 1, 'the end is told all the same');
is($e->{delete_stream}, 1, 'all of it');
is("@{ $e->{faults} }", '', 'no faults');
$c->drop;

$t->done;
