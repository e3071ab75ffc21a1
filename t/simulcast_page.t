#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The simulcast console in Chromium: against the API of nginx with a real Redis,
# a source that is published by ffmpeg, an ingest that takes it, and platforms to
# sign in at.  What is tested of the page is in t/js; this is the server behind
# it, and the hand on the publisher and on Redis.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::Platforms;
use Test::Live::Redis;
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/playwright-core", 'playwright-core');
need(!Test::Live::Platforms::missing(), Test::Live::Platforms::missing());

my $key = 'k-51ac0de97b';
my $token = 'tok-alice-5f0c19e27a44d8b6';
my $other = 'tok-bob-91d7a3c05be2f684';
my $encryption = 'c2ltdWxjYXN0LXBhZ2UtdGVzdC1rZXktMzItYnl0ZXM=';

my $t = Test::Live->new(workers => 2, timeout => 420,
    secrets => [$key, $token, $other, $encryption, 'k-page-3f60d1']);

need($t->has_module('simulcast'), 'ngx_simulcast_module.so');

my $redis = Test::Live::Redis->new($t);
my $sink = $t->receiver(name => 'sink', flv => 0);
my $platforms = Test::Live::Platforms->new($t,
    redirect_uri => $t->url('/simulcast/callback.html'));

$t->write('keys', "$key alice\n");
$t->write('tokens', "$token alice\n$other bob\n");
$t->write('encryption', "page:$encryption\n");

my %set = (
    PLATFORMS => $platforms->conf(qw(youtube facebook)),
    REDIS     => $redis->address,
);

$t->conf(<<'EOC' =~ s/%%(PLATFORMS|REDIS)%%/$set{$1}/gr);

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            simulcast on;

            multisource on;
            multisource_keys %%DIR%%/keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis %%REDIS%%;
    simulcast_encryption_key_file %%DIR%%/encryption;
    simulcast_allow 127.0.0.0/8 ::1/128;
    %%PLATFORMS%%

    client_max_body_size 3m;

    server {
        listen 127.0.0.1:%%HTTP%%;

        root %%TOP%%/html;

        add_header Content-Security-Policy "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'" always;
        add_header Referrer-Policy no-referrer always;

        # what a platform sends there is a code, which no log has to have

        location = /simulcast/callback.html {
            access_log off;
        }

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
        }

        location /sources/ {
            multisource_api;
        }
    }
}
EOC

$t->run;

my $publisher;

relay($t, 'simulcast_units', ['node', "$top/t/js/simulcast_units.mjs"]);

relay($t, 'simulcast_page',
    ['node', "$top/t/js/simulcast_page.mjs", $t->url(''), 'alice',
     $sink->url('') =~ s{/$}{}r],
    env  => { CHROMIUM => $chromium, SIMULCAST_TOKEN => $token,
              SIMULCAST_OTHER => $other, SIMULCAST_ACCOUNTS => 1 },
    asks => { publish => \&publish, unpublish => sub { $publisher->stop },
              redis => sub { my ($act) = @_; $redis->$act } });

$platforms->no_violations('the platforms were asked as they want to be');

$t->done;


sub publish {
    $publisher = $t->publish($key, media => { size => '640x360', fps => 30,
        gop => 30 });

    ok($publisher->started, 'the source is published');
}
