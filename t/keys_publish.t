#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Which key publishes what: plain and hashed keys, every way to name a source,
# limits of a key, reload.  No key is seen anywhere.

use strict;
use warnings;

use lib 't/lib';

use Digest::SHA qw(sha256_hex);
use Test::More;
use Test::Live;

my ($alice, $bob, $carol, $dave, $guest, $erin, $frank) = map { "Zq7$_" }
    qw(wr-Alice-9f2c bHashed-Bob-81 xk_Carol xk_Carol_of_Dave gGuest-of-Al-5
    eErin-c0ffee1 fFrank-late-77);

my $t = Test::Live->new(workers => 2,
    secrets => [$alice, $bob, $carol, $dave, $guest, $erin, $frank]);

my $keys = "# who may publish\n\n"
    . 'sha256:' . uc(sha256_hex($bob)) . "\tbob\n"
    . "$carol carol # a prefix of the next one\r\n"
    . "$dave dave\n"
    . "$guest alice sources=Guest_One,guest-2\n"
    . "$erin erin max_sources=2 max_bitrate=2m";

$t->write('keys', "$alice alice\n$keys\n");
$t->mkdir($_) for qw(public record);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        chunk_size 4096;

        application live {
            live on;
            hls on;
            hls_path %%DIR%%/public/hls;
            hls_fragment 1s;
            hls_nested on;
            record all;
            record_path %%DIR%%/record;

            multisource on;
            multisource_keys keys;
            multisource_refuse_rate off;
        }

        application tilde {
            live on;
            multisource on;
            multisource_keys %%DIR%%/keys;
            multisource_refuse_rate off;
            multisource_separator ~~;
            multisource_default_source Cam-1;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /hls/     { alias %%DIR%%/public/hls/; multisource_play live; }
        location /sources/ { multisource_api live; multisource_list on; }
        location /tilde/   { multisource_api tilde; }
        location /status   { multisource_status; }
        location /metrics  { multisource_status prometheus; }
    }
}
EOC

my %by;


# the status that a publish by this name is answered with

sub publish {
    my ($name, %o) = @_;

    my $r = $by{$name} = $t->rtmp(%o);
    my $status = $r->publish($name);

    return 'no status' if !$status;

    $r->media(seconds => 0.4, fps => 10);

    $status->{code} =~ s/^NetStream\.Publish\.//;
    return $status->{code};
}


sub sources {
    my ($path) = @_;
    return join ' ', sort map { $_->{id} } @{ $t->get($path)->json };
}


sub lists {
    my ($path, $ids) = @_;

    $t->wait_for(sub { sources($path) eq $ids }, 5, "$path: $ids");
    is(sources($path), $ids, "$path: $ids");
    return;
}

# every form of a name

is(publish($alice), 'Start', 'a plain key');
is(publish("${alice}_Main_Screen"), 'Start', 'with a source');
is(publish("$alice/Face-Cam"), 'Start', 'with a source after a slash');

my $url = $t->publish("$alice/Desk", media => { size => '160x120', fps => 10,
    gop => 10, seconds => 4 });

ok($url->started, 'ffmpeg: the key as a part of the URL');

lists('/sources/alice', 'Desk Face-Cam Main_Screen main');

is(publish('Wide', app => "live/$alice/"), 'Start', 'the key in the app');
lists('/sources/alice', 'Desk Face-Cam Main_Screen Wide main');

# encoders that repeat their URL in other places (OBS in swfUrl)

my $obs = $t->rtmp(app => "live/$erin");

$obs->connect(undef, swfUrl => "rtmp://127.0.0.1/live/$erin",
    pageUrl => "rtmp://127.0.0.1/live/$erin");
is($obs->publish('obs')->{code}, 'NetStream.Publish.Start', 'URL repeated');
$obs->media(seconds => 0.4, fps => 10);
lists('/sources/erin', 'obs');

is(publish("${bob}_one"), 'Start', 'a hashed key');
is(publish($bob), 'Start', 'the same as it is');
is(publish(lc $bob), 'Denied', 'not in another case');
is(publish('sha256:' . sha256_hex($bob)), 'Denied', 'not by its hash');
lists('/sources/bob', 'main one');

# the longest key that is listed

is(publish($carol), 'Start', 'the short key');
is(publish("${carol}_of"), 'Start', 'less than the long key');
is(publish($dave), 'Start', 'the long key');
is(publish("${dave}_of_Dave"), 'Start', 'the long key with a source');
is(publish("$dave/x"), 'Start', 'and after a slash');
is(publish("${carol}Y"), 'Denied', 'no separator after the key');
is(publish(substr $carol, 0, -1), 'Denied', 'less than the short key');
lists('/sources/carol', 'main of');
lists('/sources/dave', 'main of_Dave x');

# guests; a streamer's sources are counted together

is(publish("${guest}_Other"), 'Denied', 'a source that the key may not');
$by{$alice}->close;
lists('/sources/alice', 'Desk Face-Cam Main_Screen Wide');
is(publish("${guest}_guest-2"), 'Start', 'a guest');
lists('/sources/alice', 'Desk Face-Cam Main_Screen Wide guest-2');
is(publish("$guest/Guest_One"), 'Denied', 'a sixth source');

is(publish("${erin}_2"), 'Start', 'as many as the key allows');
is(publish("${erin}_3"), 'Denied', 'one more');

# another separator, another default source

is(publish("$alice~~Side_View", app => 'tilde'), 'Start', '~~ separates');
is(publish("$dave/x", app => 'tilde'), 'Start', 'and so does a slash');
is(publish($guest, app => 'tilde'), 'Denied', 'the default source may not');
is(publish("${alice}_x", app => 'tilde'), 'Denied', '_ does not');
is(publish($bob, app => 'tilde'), 'Start', 'no source');
lists('/tilde/alice', 'Side_View');
lists('/tilde/bob', 'Cam-1');
lists('/tilde/dave', 'x');

# whoever plays by the key gets the public stream

my $player = $t->rtmp;

is($player->play("${bob}_one")->{code}, 'NetStream.Play.Start', 'played');

# the key file changes, publishers stay

$t->write('keys', "$frank frank\n$keys\n");
ok($t->reload, 'reloaded');

is(publish("${frank}_new"), 'Start', 'a new key');
is(publish("${alice}_late"), 'Denied', 'a removed one');
lists('/sources/frank', 'new');
lists('/sources/alice', 'Desk Face-Cam Main_Screen Wide guest-2');
ok($by{"${alice}_Main_Screen"}->media(seconds => 0.4), 'publishes by it still');

$t->write('keys', "$frank frank\nx\n");
like($t->reload(undef, fails => 1), qr{invalid line in key file "\S+/keys":2},
    'a bad key file is not loaded');
is(publish("${frank}_new2"), 'Start', 'and the one before is in force');

# a key where the application should be is not shown either

for my $app ($alice, "liv/$alice", "live/$alice/x/y", "/$alice") {
    my $c = $t->rtmp(app => $app);
    isnt(($c->publish('Main_Screen') || {})->{code}, 'NetStream.Publish.Start',
        'a key for an application');
}

# where a key could show up

$t->wait_for(sub { $t->read('public/hls/alice_Desk/index.m3u8') =~ /\.ts/ },
    15, 'HLS');

is($t->get('/hls/alice/Desk/index.m3u8')->{status}, 200, 'HLS');
is($t->get($_)->{status}, 200, $_) for qw(/sources/ /status /metrics);

my @records = map { m{([^/]+)\.flv$} } glob $t->dir . '/record/*';

ok((grep { $_ eq 'alice_Desk' } @records), 'recorded by the public name');
ok((grep { $_ eq 'bob' } @records), 'and the default source');

$url->stop;
$_->close for values %by;

$t->done;
