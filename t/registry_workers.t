# Every worker signs in, however many start at the same moment, and each of them
# knows of the others.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Live;

my $t = Test::Live->new(workers => 16);

$t->write('keys', "rw5Tc-key-of-alice alice\n");

$t->conf(<<'EOC');
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

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { multisource_status; }
    }
}
EOC

$t->run;

for my $round (1 .. 8) {
    $t->wait_for(sub { $t->workers == 16 && !$t->old_workers }, 10, 'sixteen workers');
    $t->wait_for(sub { $t->get('/status')->json->{workers} == 16 }, 3,
        'as many in the registry');
    $t->reload;
}

pass('eight generations of sixteen workers signed in and out');

$t->done;
