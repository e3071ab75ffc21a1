#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The watch page in Chromium: sources published by ffmpeg, cut by nginx-rtmp's
# own hls, listed and served by multisource.  What is tested of the page is in
# t/js; this is the server behind it, and the hand on the publishers.

use strict;
use warnings;

use lib 't/lib';

use IO::Handle;
use POSIX qw(mkfifo);

use Test::More;
use Test::Live::Alone;
use Test::Live;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js);

my $key = 'k-5d1c07ba93';
my %size = (
    Main_Screen => '640x360',
    Face_Cam    => '320x240',
    Desk_Cam    => '480x270',
);
my %publisher;

my $t = Test::Live->new(secrets => [$key], timeout => 420);

$t->write('keys', "$key alice\n");
$t->mkdir('hls');

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
            multisource_keys %%DIR%%/keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        root %%TOP%%/html;

        add_header Content-Security-Policy "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; img-src 'self' data:; connect-src 'self'" always;

        location /hls/ {
            alias %%DIR%%/hls/;
            multisource_play;
        }

        location /sources/ {
            multisource_api;
        }

        location /watch/ {
            try_files $uri /watch/index.html;
        }

        location /vendor/ {
            alias %%TOP%%/node_modules/hls.js/dist/;
        }
    }
}
EOC

$t->run;

publish($_) for qw(Main_Screen Face_Cam);

$t->wait_for(sub { @{ json_of($t->get('/sources/alice')) || [] } == 2 }, 20,
    'both sources');

relay('watch_units', 'node', "$top/t/js/watch_units.mjs");
relay('watch_page', 'node', "$top/t/js/watch_page.mjs", $t->url(''), 'alice');

$t->done;


sub publish {
    my ($source) = @_;

    $publisher{$source} = $t->publish("${key}_$source",
        media => { size => $size{$source}, fps => 15, gop => 15 });

    ok($publisher{$source}->started, "$source is published");
}


sub unpublish {
    my ($source) = @_;
    delete($publisher{$source})->stop;
}


# runs a program that prints TAP as a subtest, and does what it asks for:
# a line "# ask: publish NAME" or "# ask: stop NAME" is answered with a line

sub relay {
    my ($name, @cmd) = @_;

    my $answers = $t->dir . "/$name.in";
    mkfifo($answers, 0600) or die "$answers: $!";

    # both ends, so that neither side waits for the other one to open it
    open(my $in, '+<', $answers) or die "$answers: $!";
    $in->autoflush(1);

    my $p = $t->spawn($name, @cmd,
        { in => $answers, env => { CHROMIUM => $chromium } });

    subtest $name => sub {
        my ($at, $planned, $seen) = (0, undef, 0);

        while (1) {
            my $alive = $p->alive;
            my $more = substr $p->stdout, $at;

            while ($more =~ s/^(.*)\n//) {
                my $line = $1;
                $at += 1 + length $line;

                if ($line =~ /^(not )?ok \d+ - (.*)/) {
                    ok(!$1, $2);
                    $seen++;

                } elsif ($line =~ /^1\.\.(\d+)$/) {
                    $planned = $1;

                } elsif ($line =~ /^# ask: (publish|stop) (\w+)$/) {
                    $1 eq 'publish' ? publish($2) : unpublish($2);
                    print $in "done\n";

                } else {
                    diag($line);
                }
            }

            last unless $alive;
            $t->pause(0.05);
        }

        is($planned, $seen, 'it ran to its end') or diag($p->stderr);
        done_testing;
    };

    return;
}
