#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The source API's methods, statuses and headers, also from "if" and
# "limit_except" blocks.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $key = 'mT3-methods-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

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

        location /sources/ {
            multisource_api;
        }

        location /admin/ {
            multisource_api;
            multisource_kick on;
            multisource_list on;

            limit_except GET {
                allow 127.0.0.1;
                deny all;
            }
        }

        location /guarded/ {
            multisource_api;
            multisource_kick on;

            limit_except GET {
                deny all;
            }
        }

        location /page/ {
            multisource_api live;

            if ($http_origin) {
                add_header X-Page yes;
            }
        }

        location = /page-status {
            multisource_status;

            if ($http_origin) {
                add_header X-Page yes;
            }
        }
    }
}
EOC

$t->run;

my $p = $t->rtmp;

is($p->publish("${key}_Face_Cam")->{code}, 'NetStream.Publish.Start',
    'published');

$p->live;

$t->wait_for(sub { $t->get('/sources/alice')->{body} ne '[]' }, 'a source');

sub error_of {
    my ($r) = @_;

    my $json = $r->json;

    return 'not an error' if ref $json ne 'HASH' || $json->{success}
        || join(' ', sort keys %{ $json->{error} }) ne 'code message';

    return "$r->{status} $json->{error}{code}";
}

# what there is

my $r = $t->get('/sources/alice');

is($r->{status}, 200, 'GET');
is($r->{headers}{'content-type'}, 'application/json', 'its type');
is($r->{headers}{'cache-control'}, 'no-store', 'its Cache-Control');
is($r->{headers}{'access-control-allow-origin'}, '*', 'pages may read it');
is($t->get('/sources/alice?fresh=1')->json->[0]{id}, 'Face_Cam',
    'with arguments');
is($t->get('/sources/%61lice')->json->[0]{id}, 'Face_Cam', 'an escaped path');

is($t->head('/sources/alice/Face_Cam')->{status}, 200, 'HEAD of a source');

$r = $t->head('/sources/alice/events');

is($r->{status}, 200, 'HEAD of the events');
is($r->{headers}{'content-type'}, 'text/event-stream', 'their type');
is($r->{body}, '', 'HEAD ends');

# what there is not

my $long = 'a' x 51;

for my $path ('', 'alice/', 'alice/Nope', 'alice/face_cam', 'alice/Face_Cam/',
    'alice/Face_Cam/x', 'alice/events/', 'alice/EVENTS', 'a_b', 'a.b', 'admin',
    'events', 'alice/index', "$long", "alice/$long", 'al%20ice', 'alice%22',
    'alice/Face%2eCam', '%2e%2e%5calice')
{
    is(error_of($t->get("/sources/$path")), '404 not_found',
        "nothing at '$path'");
}

$r = $t->get('/sources/alice/Nope');

is($r->{headers}{'content-type'}, 'application/json', 'type of an error');
is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps an error');
is($r->{headers}{'access-control-allow-origin'}, '*', 'pages may read it');
is($t->head('/sources/alice/Nope')->{status}, 404, 'HEAD of nothing');

# methods

for my $method (qw(POST PUT PATCH DELETE PROPFIND BREW)) {
    for my $path (qw(alice alice/events alice/Face_Cam)) {
        $r = $t->request($method, "/sources/$path",
            body => $method eq 'POST' ? 'x' x 100_000 : undef);

        is(error_of($r), '405 method_not_allowed', "$method $path");
        is($r->{headers}{allow}, 'GET, HEAD, OPTIONS', "$method $path: Allow");
        is($r->{headers}{'access-control-allow-origin'},
            $method eq 'DELETE' ? undef : '*', "$method $path: CORS");
    }
}

# a page's browser asks first

$r = $t->request('OPTIONS', '/sources/alice', headers => {
    Origin => 'https://example.org',
    'Access-Control-Request-Method' => 'GET' });

is($r->{status}, 204, 'OPTIONS');
is($r->{body}, '', 'OPTIONS has no body');
is($r->{headers}{'access-control-allow-origin'}, '*', 'any page');
is($r->{headers}{'access-control-allow-methods'}, 'GET, HEAD', 'may read');
is($r->{headers}{'access-control-allow-credentials'}, undef,
    'without its cookies');

$r = $t->request('OPTIONS', '/guarded/alice/Face_Cam');

is($r->{status}, 403, 'a method that limit_except refuses');

# DELETE where it is allowed, but never to pages

$r = $t->request('OPTIONS', '/admin/alice/Face_Cam', headers => {
    Origin => 'https://example.org',
    'Access-Control-Request-Method' => 'DELETE' });

is($r->{status}, 204, 'OPTIONS of a source that can be ended');
is($r->{headers}{allow}, 'GET, HEAD, OPTIONS, DELETE', 'which Allow tells');
unlike($r->{headers}{'access-control-allow-methods'}, qr/DELETE/,
    'but not to pages');

for my $path ('', 'alice', 'alice/events') {
    $r = $t->request('DELETE', "/admin/$path");

    is(error_of($r), '405 method_not_allowed', "DELETE of '$path'");
    is($r->{headers}{allow}, 'GET, HEAD, OPTIONS', "DELETE of '$path': Allow");
}

$r = $t->request('DELETE', '/admin/alice/Nope');

is(error_of($r), '404 not_found', 'DELETE of a source that is not live');
is($r->{headers}{'access-control-allow-origin'}, undef, 'no CORS');

is($t->request('DELETE', '/guarded/alice/Face_Cam')->{status}, 403,
    'DELETE behind limit_except');
is($t->get('/guarded/alice/Face_Cam')->{status}, 200, 'and it is still live');

# "if" blocks, which serve as their location does

$r = $t->get('/page/alice', headers => { Origin => 'https://example.org' });

is($r->{status}, 200, 'the list in an "if" block');
is($r->{headers}{'x-page'}, 'yes', 'which was entered');
is($r->json->[0]{id}, 'Face_Cam', 'and has the source');

$r = $t->get('/page-status', headers => { Origin => 'https://example.org' });

is($r->{status}, 200, 'the status in an "if" block');

# DELETE where it is allowed

$r = $t->request('DELETE', '/admin/alice/Face_Cam');

is($r->{status}, 202, 'DELETE');
is($r->{headers}{'access-control-allow-origin'}, undef, 'no CORS');
is($t->get('/sources/alice')->{body}, '[]', 'it is gone');

$t->done;
