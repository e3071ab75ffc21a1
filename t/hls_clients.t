#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Low-latency HLS of what real clients publish: OBS Studio by RTMP, Chromium and
# libdatachannel by WHIP.  No rule is broken, and everything decodes.  EXTENDED=1
# for ten minutes.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Alone;
use Test::Live::Hls;
use Test::Live::Obs;
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(playwright-core node-datachannel);
need(!Test::Live::Obs::missing(), Test::Live::Obs::missing());

my $seconds = $ENV{EXTENDED} ? 600 : 10;

my $key = 'hc4Jz-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key],
    timeout => $seconds + 120);

need($t->has_module($_), "ngx_${_}_module") for qw(whip multisource);

$t->write('keys', "$key alice max_sources=10\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/  { whip live; }
        location /hls/   { multisource_play; }
        location /status { multisource_status; }

        location = /blank {
            default_type text/html;
            return 200 "<!doctype html><title>-</title><link rel=icon href=data:,>";
        }
    }
}
EOC

my %env = (CHROMIUM => $chromium, WHIP_KEY => $key);

my $obs = Test::Live::Obs->publish($t, "${key}_obs");

my %whip = (
    page => $t->spawn('page', 'node', "$top/t/js/hls_publish.mjs",
        $t->url(''), 'alice', 'page:640x360', { env => \%env }),
    library => $t->spawn('library', 'node', "$top/t/js/hls_publish.mjs",
        $t->url(''), 'alice', 'library', '--datachannel', { env => \%env }),
);

my %size = (page => '640x360', library => '320x180', obs => '640x360');
my @sources = sort keys %size;

$t->wait_for(sub {
    my $status = $t->get('/status')->json->{sources};
    return @sources == grep { ($_->{hls}{state} || '') eq 'live' } @$status;
}, 30, 'all of them');

# a page sends a picture when there is one

relay($t, 'hls_check', ['node', "$top/t/js/hls_check.mjs", $t->url('/hls/'),
    'alice', $seconds, @sources, '--variable=page,library',
    "--tolerance=$Test::Live::Hls::tolerance"]);

$obs->stop('TERM', 3);

for (sort keys %whip) {
    is($whip{$_}->stop('USR2', 5), 0, "$_: leaves");
    is($whip{$_}->stderr, '', "$_: has no complaint");
}

for my $source (@sources) {
    my $h = Test::Live::Hls->new($t, "/hls/alice/$source");

    like($h->{codecs}, qr/^avc1\.[\da-f]{6},mp4a\.40\.2$/,
        "$source: $h->{codecs}");
    is($h->{resolution}, $size{$source}, "$source: its size");

    my @sessions = $h->sessions;

    for my $n (0 .. $#sessions) {
        my $probe = $h->probe($n);

        is($probe->{error}, '', "$source: decodes");
        is("$probe->{video}{codec_name} $probe->{audio}{codec_name}",
            'h264 aac', "$source: picture and sound");
        cmp_ok(abs($probe->{video}{duration} - $probe->{audio}{duration}), '<',
            0.3, "$source: of one length");
    }
}

is($t->logged(qr/\[(?:error|warn)\].* multisource: /), 0, 'nothing has failed');

$t->done;
