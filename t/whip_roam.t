#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The networks of a streamer change while he is live: another address, another
# network.  And one that knows nothing but IPv6.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Net;
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(!Test::Live::Net::missing(), Test::Live::Net::missing());
need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/playwright-core", 'playwright-core');

# the server has an address that does not depend on the way to it

my ($here, $here6) = ('10.77.0.1', 'fd77::1');

my $net = Test::Live::Net->new;

$net->ip('addr', 'add', $here, 'dev', 'lo');
$net->ip('addr', 'add', $here6, 'dev', 'lo');

my $home = $net->host;
my $wifi = $home->cable(family => 4);

route($wifi, 10);

my $key = 'k-8d24f7a0c3';
my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC')->run;
rtmp {
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

    whip_listen *:%%WHIP%%;
    whip_listen [::]:%%WHIP%%;
    whip_candidate 10.77.0.1 fd77::1;

    server {
        listen %%HTTP%%;
        listen [::]:%%HTTP%%;

        root %%TOP%%/html;

        location /whip/         { whip live; }
        location /sources/      { multisource_api; }
        location = /status      { multisource_status; }
        location = /whip-status { whip_status; }
    }
}
EOC

my $mobile;

relay($t, 'roam', [$home->cmd('node', "$top/t/js/whip_roam.mjs",
        "http://$here:" . $t->port('HTTP'), qw(renumber move))],
    env  => { CHROMIUM => $chromium, STUDIO_KEY => $key },
    asks => { renumber => \&renumber, move => \&move });
diag $t->log;
diag $t->get('/whip-status')->{body};

$t->done;

sub renumber { 
    $wifi->renumber('10.77.1.9');
    route($wifi, 10);
}
sub move {
    $mobile = $home->cable(family => 4);
    route($mobile, 20);
    $wifi->remove;
}

sub route {
    my ($link, $metric) = @_;
    $home->ip('route', 'add', $here, 'via', $link->here, 'metric', $metric);
}
