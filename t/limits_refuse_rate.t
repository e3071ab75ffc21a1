#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Failed publishes are counted by address: after too many the right key is
# refused as well, until they are old enough; other addresses are not concerned.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $key = 'Lr8-alice-5Pw2nC';

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
            multisource_refuse_rate 4/3s;
        }

        application free {
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

        location /sources/ { multisource_api live; }
        location /status   { multisource_status; }
    }
}
EOC

my @kept;


# the status's code, shortened, and its description

sub publish {
    my ($name, %o) = @_;

    my $r = $t->rtmp(%o);
    my $status = $r->publish($name) or return ('no status', '');

    my ($code) = $status->{code} =~ /(\w+)$/;

    if ($code eq 'Start') {
        $r->live(fps => 5, gop => 5, audio => 0);
        push @kept, $r;
    }

    return ($code, $status->{description});
}


sub refused { return $t->get('/status')->json->{refused} }


# how many live sources alice has

sub live { return scalar @{ $t->get('/sources/alice')->json } }

is((publish("${key}_Before"))[0], 'Start', 'before any failure');

# fewer than the limit, of any kind and in any worker

is((publish('wrong-key-1'))[0], 'Denied', 'first failure');
is((publish("${key}_events"))[0], 'BadName', 'second');
is((publish("${key}_"))[0], 'BadName', 'third');
is((publish("${key}_Within"))[0], 'Start', 'the key is accepted up to here');

# an application without the limit adds nothing

is((publish("wrong-key-$_", app => 'free'))[0], 'Denied', 'elsewhere')
    for 1 .. 5;
is((publish("${key}_Still"))[0], 'Start', 'the key is accepted still');

is((publish('wrong-key-2'))[0], 'Denied', 'fourth failure');

my $since = Test::Live::IO::now();
my ($code, $why) = publish("${key}_Late");

is($code, 'Denied', 'now the right key is refused');
like($why, qr/^too_many_refusals: too many failed/, 'and told why');

($code, $why) = publish('wrong-key-3');

like($why, qr/^too_many_refusals: too many failed/, 'a wrong key learns nothing');

# both workers know

my %workers;

$t->wait_for(sub {
    publish("${key}_Late");
    $workers{$_}++ for $t->log =~ /(\d+)#.*refused: too_many_refusals/g;
    return keys %workers == 2 || Test::Live::IO::now() - $since > 2;
}, 'refusals by both workers');

is(scalar keys %workers, 2, 'both workers refuse');
is(refused()->{unknown_key}, 7, 'unknown keys counted');
cmp_ok(refused()->{too_many_refusals}, '>=', 3, 'and these refusals');
like($t->log, qr/refused: too_many_refusals, name 'Lr8-\*\*\*'/, 'logged');

# other addresses, and whoever publishes already

is((publish("${key}_Other", local => '127.0.0.3'))[0], 'Start',
    'another address');
is((publish("${key}_Other", local => '127.0.0.4'))[0], 'Start',
    'and one more takes it over');
is((publish("$key", app => 'free'))[0], 'Start', 'an application without');

$t->wait_for(sub { live() == 4 }, 'four sources');
is(live(), 4, 'publishers go on');

# being refused by this does not prolong it

ok($t->wait_for(sub { (publish("${key}_Later"))[0] eq 'Start' }, 8,
    'the end of the refusals'), 'accepted again');

cmp_ok(Test::Live::IO::now() - $since, '>', 2, 'not before the time is over');
cmp_ok(Test::Live::IO::now() - $since, '<', 7, 'and not much later');

$t->wait_for(sub { live() == 5 }, 'five sources');
is(live(), 5, 'it is live');

$_->drop for @kept;

$t->done;
