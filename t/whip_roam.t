#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The networks of a streamer change while he is live: another address, another
# network.  And one that knows nothing but IPv6.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::IO qw(now);
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

        location /whip/    { whip live; }
        location /sources/ { multisource_api; }
        location = /status { whip_status; }
    }
}
EOC

my ($mobile, $live, $began);
my $events = $t->events('/sources/alice/events');

roam($home, "http://$here", qw(renumber move));

is(join(' ', grep { $_ ne 'source_updated' } collect($events)),
    'source_added source_removed',
    'for viewers it was one and the same source all the time');

# a host that has IPv6 and nothing else

my $six = $net->host;
my $link = $six->cable(family => 6);

$six->ip('-6', 'route', 'add', $here6, 'via', $link->here6);

roam($six, "http://[$here6]");

like($live->{path}{remote}, qr/^\[\Q@{[$link->there6]}\E\]:\d+$/,
    'IPv6: from its address');
like($live->{path}{local}, qr/^\[\Q$here6\E\]:\d+$/, 'to ours');

$t->done;


sub roam {
    my ($host, $url, @changes) = @_;

    relay($t, @changes ? 'roam' : 'ipv6', [$host->cmd('node',
            "$top/t/js/whip_roam.mjs", "$url:" . $t->port('HTTP'), 'alice',
            @changes)],
        env  => { CHROMIUM => $chromium, STUDIO_KEY => $key },
        asks => { live => \&live, renumber => \&renumber, move => \&move,
                  after => \&after });
}


# the session there is

sub session {
    my ($session) = @{ $t->get('/status')->json->{list} };
    return $session || {};
}


sub live {
    $live = $t->wait_for(sub {
        my $session = session();
        return $session->{video}{frames} && $session;
    }, 10, 'video');
}


# the lease has ended, and the next one is of another address

sub renumber {
    $began = now();
    $wifi->renumber('10.77.1.9');
    route($wifi, 10);
}


# another network is there, and then the first one is gone

sub move {
    $mobile = $home->cable(family => 4);
    route($mobile, 20);

    $began = now();
    $wifi->remove;
}


sub after {
    my ($event, $address) = @_;

    my $before = session()->{video}{frames};
    my $live_again = now();

    my $session = $t->wait_for(sub {
        my $session = session();
        return $session->{video}{frames} > $before + 5 && $session;
    }, 10, "video after $event");

    # most of that is what a browser needs to notice
    my ($all, $ours) = (now() - $began, now() - $live_again);

    cmp_ok($ours, '<', 4, "$event: video after $ours s");
    cmp_ok($all, '<', 15, "of $all s without");
    is($session->{session}, $live->{session}, "$event: in the same session");
    is($session->{path}{remote} =~ s/:\d+$//r, $address,
        "$event: from the address that it has now");
}


sub route {
    my ($link, $metric) = @_;
    $home->ip('route', 'add', $here, 'via', $link->here, 'metric', $metric);
}


# the names of all events up to now

sub collect {
    my ($events) = @_;

    my @names;

    while (my $event = $events->next(1)) {
        push @names, $event->{event} if $event->{event};
    }

    return @names;
}
