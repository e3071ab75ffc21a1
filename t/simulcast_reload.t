#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# nginx -s reload with pushes running: old workers go on with what they have, new
# publishers get the new configuration.  quit waits for the publishers, stop does
# not, and neither leaves anything behind.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;
use Test::Live::RTMP;

my $t = Test::Live->new(workers => 2);

my $one = $t->receiver(name => 'one');
my $tls = $t->receiver(name => 'tls', tls => 'good');
my $two = $t->receiver(name => 'two');
my $gone = $t->receiver(name => 'gone');

$gone->set(listen => 0);

my $ca = $tls->ca;

sub conf {
    my ($pushes) = @_;

    return <<"EOC";
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            $pushes
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
}

my $old = 'simulcast_push ' . $one->url('$name') . ";\nsimulcast_push "
    . $tls->url('$name') . ";\nsimulcast_push " . $gone->url('$name') . ';';
my $new = 'simulcast_push ' . $two->url('$name') . ';';

$t->conf(conf($old))->run;

sub published {
    my ($name) = @_;

    my $c = $t->rtmp;

    is($c->publish($name)->{code}, 'NetStream.Publish.Start', "$name: sent");
    $c->live(kbps => 500);

    return $c;
}

sub status { return $t->get('/status')->json }

my $alice = published('alice');

$_->wait_event('first_frame', 15) for $one, $tls;

my @old = $t->workers;
my $mark = $t->mark;

ok($t->reload(conf($new)), 'reload');

my $bob = published('bob');

is($two->wait_event('publish', 10)->{name}, 'bob', 'the new configuration');
ok(!(grep { $_->{name} ne 'alice' } $one->events('publish')),
    'is not that of the old one');

# a worker that shuts down still connects

my $from = $gone->events('connected');

$gone->set(listen => 1);
ok($gone->wait_event('first_frame', 20), 'an old worker dials on');
$one->drop('reset');
ok($one->wait_event('first_frame', 10), 'and again');

my %worker = map { $_->{streamer} => $_->{worker} } @{ status()->{list} };

ok((grep { $_ == $worker{alice} } @old), 'alice is with the old workers');
ok(!(grep { $_ == $worker{bob} } @old), 'bob is not');
is(status()->{destinations}{total}, 4, 'the status has all of them');
is($tls->stats->{published}, 1, 'who was live stays so');

# a wrong configuration changes nothing

like($t->reload(conf('simulcast_push http://a/b/c;'), fails => 1),
    qr/does not begin with rtmp/, 'a wrong configuration');
is($two->stats->{published}, 1, 'changes nothing');

# the end of the publisher is that of the old workers

my $video = $tls->stats->{video};

$t->wait_for(sub { $tls->stats->{video} > $video + 25 }, 'a second more');
$alice->live(0);
$alice->command('deleteStream', undef, $alice->{msid});

my $e = $tls->wait_event('disconnect', 10);

is($e->{delete_stream}, 1, 'a clean end');
is($e->{ts_gap}, 40, 'every frame');
is("@{ $e->{faults} }", '', 'no faults');
is(Test::Live::Flv->new($tls->flv)->faults, '', 'decodes');
$alice->drop;

$t->wait_for(sub { !$t->old_workers }, 10, 'the old workers have left');
is(status()->{destinations}{total}, 1, 'and nothing of theirs is left');

# a worker that dies takes its pushes with it

my $worker = (grep { $_->{streamer} eq 'bob' } @{ status()->{list} })[0]{worker};

$t->kill_worker($worker);
is($two->wait_event('disconnect', 10)->{delete_stream}, 0, 'killed');
$t->wait_for(sub {
    my $s = status();
    return $s->{workers} == 2 && !$s->{destinations}{total};
}, 10, 'the status forgets it');
$bob->drop;

$bob = published('bob');
$two->wait_event('first_frame', 10) for 1 .. 2;

# quit waits for the publisher

$t->signal('QUIT');
$t->wait_for(sub { $t->old_workers }, 10, 'quitting');

$video = $two->stats->{video};

$t->wait_for(sub { $two->stats->{video} > $video + 10 }, 'goes on');
$bob->live(0);
$bob->command('deleteStream', undef, $bob->{msid});
is($two->wait_event('disconnect', 10)->{delete_stream}, 1, 'quit: a clean end');
$bob->drop;
$t->wait_for(sub { !$t->running }, 10, 'nginx has left');
$t->stop;

# stop does not

$t->conf(conf("$old\n$new"))->run;
$gone->set(listen => 0, publish => undef);

my $carol = published('carol');
my %there;

for my $r ($one, $two, $tls) {
    $there{ $r->{name} } = $r->wait_event('publish', 10, name => 'carol');
}

$t->wait_for(sub { $_->last->{video} > 10 }, 'live') for $one, $two, $tls;
is($t->stop('TERM'), 0, 'stop');

for my $r ($one, $two, $tls) {
    $e = $r->wait_event('disconnect', 10, name => 'carol');
    is($e->{delete_stream}, 0, "$r->{name}: stop is no end of the stream");
}

$carol->drop;

$t->done;
