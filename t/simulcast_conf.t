#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A wrong configuration of simulcast fails nginx -t, and is told with the file,
# the line and what would be right; no key of it is repeated.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $key = 'sc3secret-stream-key';

my $t = Test::Live->new(secrets => [$key]);

need($t->has_module('simulcast'), 'the module');

my ($RTMP, $SIMULCAST, $MULTISOURCE) = map {
    my $name = $_;
    grep { /ngx_${name}_module\.so$/ } $t->module_files;
} qw(rtmp simulcast multisource);

$t->write('key', "$key\n", 0600);
$t->write('open', "$key\n", 0644);
$t->write('empty', "\n", 0600);
$t->write('blank', "  \nx\n", 0600);
$t->write('spaces', "a key\n", 0600);
$t->write('huge', 'x' x 2_000_000, 0600);
$t->write('long', 'x' x 1025, 0600);
$t->write('ring', "k1:$key-and-more-of-it-that-is-long\n", 0600);
$t->write('tokens', "token-of-alice-1234567 alice\n", 0600);
$t->write('badtokens', "# ok\nshort alice\n", 0600);
$t->write('text.pem', "nothing\n", 0600);
$t->mkdir('dir');


# a configuration with lines of the caller's in it

sub conf {
    my (%o) = @_;

    $_ = defined $_ ? $_ : '' for @o{qw(http loc push rtmp)};
    my $live = defined $o{live} ? $o{live} : 'live on;';

    return <<"EOC";
rtmp {
    $o{rtmp}
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            $live
            $o{push}
        }
    }
}
http {
    %%HTTP_GLOBALS%%
    $o{http}
    server {
        listen 127.0.0.1:%%HTTP%%;

        location /api {
            $o{loc}
        }
    }
}
EOC
}


# refused, and the last line that begins with the directive is named

sub wrong {
    my ($directive, $re, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));
    my @lines = split /\n/, $t->read('test.conf');
    my @at = grep { $lines[$_ - 1] =~ /(?:^|[\s{])\Q$directive\E/ } 1 .. @lines;

    is($status, 1, "refused: $directive");
    like($output, qr/^nginx: \[emerg\] .*$re.* in \S+test\.conf:$at[-1]$/m,
        "told why and where: $directive");
    return;
}


# refused after everything was read

sub incomplete {
    my ($name, $re, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));

    is($status, 1, "refused: $name");
    like($output, qr/^nginx: \[emerg\] .*$re/m, "told why: $name");
    return;
}


sub right {
    my ($name, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));

    is($status, 0, "accepted: $name") or diag($output);
    unlike($output, qr/\[(?!notice)/, "without a word: $name");
    return;
}

sub warned {
    my ($name, $re, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));

    is($status, 0, "accepted: $name") or diag($output);
    like($output, qr/\[warn\] .*$re/, "with a warning: $name");
    return;
}

# --- simulcast_push -----------------------------------------------------------

right('nothing');
right('simulcast on', push => 'simulcast on;');
right('simulcast off', live => '', push => 'simulcast off;');

my @urls = (
    'http://localhost/app/KEY' => qr/does not begin with rtmp/,
    'localhost/app/KEY' => qr/does not begin with rtmp/,
    'rtmp:/localhost/app/KEY' => qr/does not begin with rtmp/,
    'rtmp:///app/KEY' => qr/no host/,
    'rtmp://localhost' => qr/no application/,
    'rtmp://localhost/' => qr/no key/,
    'rtmp://localhost/KEY' => qr/no key/,
    'rtmp://localhost/app/' => qr/no key/,
    'rtmp://localhost:0/app/KEY' => qr/port is not a number of 1 to 65535/,
    'rtmp://localhost:65536/app/KEY' => qr/port is not a number/,
    'rtmp://localhost:x/app/KEY' => qr/port is not a number/,
    'rtmp://user:KEY@localhost/app/name' => qr/user name or a password/,
    '"rtmp://localhost/app/KEY#x"' => qr/fragment/,
    '"rtmp://localhost/app/KEY x"' => qr/blanks/,
    "\"rtmp://localhost/app/KEY\x01\"" => qr/control characters/,
    "\"rtmp://localhost/app/KEY\xc3\xa4\"" => qr/not ASCII/,
    'rtmp://[::1/app/KEY' => qr/neither a name nor an address/,
    'rtmp://[localhost]/app/KEY' => qr/neither a name nor an address/,
    'rtmp://127.1/app/KEY' => qr/neither a name nor an address/,
    'rtmp://0x7f000001/app/KEY' => qr/neither a name nor an address/,
    'rtmp://loc/al/host/' . 'x' x 1100 => qr/longer than 1024/,
);

while (my ($url, $re) = splice @urls, 0, 2) {
    $url =~ s/KEY/$key/;
    wrong('simulcast_push', $re, push => "simulcast_push $url;");
}

my $url = 'rtmp://localhost/live';

wrong('simulcast_push', qr/none of key_file=, streamer=, source= and name=/,
    push => "simulcast_push $url/a key=$key;");
wrong('simulcast_push', qr/none of key_file=/,
    push => "simulcast_push $url/a $key;");
wrong('simulcast_push', qr/up to 100 characters/,
    push => "simulcast_push $url/a name=" . 'x' x 101 . ';');
wrong('simulcast_push', qr/file name is missing/,
    push => "simulcast_push $url key_file=;");
wrong('simulcast_push', qr/open\(\) "\S+nofile" failed \(2: No such file/,
    push => "simulcast_push $url key_file=nofile;");
wrong('simulcast_push', qr/first line of "\w+" is empty/,
    push => "simulcast_push $url key_file=$_;") for 'empty', 'blank';
wrong('simulcast_push', qr/"\S+" is not a file of at most \d+ bytes/,
    push => "simulcast_push $url key_file=$_;") for 'huge', 'dir';
wrong('simulcast_push', qr/key is longer than 1024/,
    push => "simulcast_push $url key_file=long;");
wrong('simulcast_push', qr/the key has blanks/,
    push => "simulcast_push $url key_file=spaces;");
wrong('simulcast_push', qr/invalid number of arguments/,
    push => 'simulcast_push;');

right('simulcast_push', push => "simulcast_push $_;")
    for "$url/a", "rtmps://[::1]:1/a/b/c?d=e", "$url/\$name",
        "$url key_file=key streamer=alice source=Face \"name=A b\"",
        "$url/a source=*";
right('several', push => "simulcast_push $url/a;\nsimulcast_push $url/a;");
right('of all applications', rtmp => "simulcast_push $url/a;");
warned('a key that all can read', qr/every user of this machine can read/,
    push => "simulcast_push $url key_file=open;");

incomplete('without live', qr/need "live on" in application "live"/,
    live => '', push => "simulcast_push $url/a;");
incomplete('on without live', qr/need "live on" in application "live"/,
    live => '', push => 'simulcast on;');

wrong('simulcast_separator', qr/1 to 8 characters, or be off/,
    push => 'simulcast_separator "";');
wrong('simulcast_separator', qr/1 to 8 characters/,
    push => 'simulcast_separator _________;');
wrong('simulcast_separator', qr/may consist of "_", "-", "." and "~"/,
    push => 'simulcast_separator ab;');
wrong('simulcast_separator _; # x', qr/is duplicate/,
    push => "simulcast_separator _;\nsimulcast_separator _; # x");
wrong('simulcast_default_source', qr/1 to 50 characters/,
    push => 'simulcast_default_source ' . 'x' x 51 . ';');
wrong('simulcast_default_source b', qr/is duplicate/,
    push => "simulcast_default_source a;\nsimulcast_default_source b;");
wrong('simulcast perhaps', qr/invalid value "perhaps"/,
    push => 'simulcast perhaps;');

# --- http ---------------------------------------------------------------------

my @http = (
    simulcast_zone => [
        '1k' => qr/invalid size "1k", the smallest is \d+/,
        'much' => qr/invalid size "much"/,
        "4m;\nsimulcast_zone 8m" => qr/is duplicate/,
    ],
    simulcast_redis => [
        'host:port' => qr/invalid address "host:port" of Redis/,
        '127.0.0.1:99999' => qr/invalid address .* of Redis/,
        '127.0.0.1/0' => qr/invalid address .* of Redis/,
        '127.0.0.1 db=x' => qr/invalid db=/,
        '127.0.0.1 db=1024' => qr/invalid db=/,
        "127.0.0.1 $key" => qr/none of db=, username= and password_file=/,
        "127.0.0.1 password=$key" => qr/none of db=/,
        '127.0.0.1 username=a' => qr/username= without password_file=/,
        '127.0.0.1 password_file=nofile' => qr/open\(\) .* failed/,
        '127.0.0.1 password_file=empty' => qr/is empty/,
    ],
    simulcast_encryption_key_file => [
        nofile => qr/open\(\) .* failed/,
        huge => qr/is not a file of at most/,
    ],
    simulcast_platform => [
        'myspace' => qr/unknown platform "myspace": youtube, twitch/,
        'rtmp_custom client_id=a' => qr/unknown platform/,
        "youtube client_secret=$key" => qr/none of client_id=/,
        "youtube $key" => qr/none of client_id=/,
        'youtube client_id=' => qr/empty parameter/,
        'youtube client_id=a client_id=b' => qr/sets something twice/,
        'youtube client_secret_file=nofile' => qr/open\(\) .* failed/,
        'youtube api_base=ftp://a' => qr/a base that is no URL/,
    ],
    simulcast_ssl_verify => [perhaps => qr/invalid value "perhaps"/],
    simulcast_allow => [
        'localhost' => qr/invalid network "localhost"/,
        '10.0.0.0/33' => qr/invalid network/,
        '10.0.0.0/8 x' => qr/invalid network "x"/,
    ],
    simulcast_transcode => [
        '" "' => qr/no program in it/,
        '"ffmpeg \\"a"' => qr/quote is not closed/,
        '"ffmpeg {nothing}"' => qr/unknown \{name\}/,
        '"ffmpeg {"' => qr/"\{" is not closed/,
    ],
    simulcast_api_tokens => [
        nofile => qr/open\(\) .* failed/,
        badtokens => qr/a token of 16 to 512.* in "badtokens":2/,
    ],
);

while (my ($name, $cases) = splice @http, 0, 2) {
    my @cases = @$cases;

    while (my ($value, $re) = splice @cases, 0, 2) {
        wrong($name, $re, http => "$name $value;");
    }
}

incomplete('an API without tokens', qr/"simulcast_api" needs "simulcast_api_tok/,
    loc => 'simulcast_api;');
incomplete('an API without Redis', qr/"simulcast_api" needs "simulcast_redis"/,
    http => 'simulcast_api_tokens tokens;', loc => 'simulcast_api;');
wrong('simulcast_api; # x', qr/is duplicate/,
    http => 'simulcast_api_tokens tokens;',
    loc => "simulcast_api;\nsimulcast_api; # x");
wrong('simulcast_status json', qr/invalid parameter "json", .*"prometheus"/,
    loc => 'simulcast_status json;');
incomplete('Redis without a key', qr/"simulcast_redis" needs a key to seal/,
    http => 'simulcast_redis 127.0.0.1;', push => 'simulcast on;');
incomplete('an encryption key of a word', qr/encryption key .* not usable/,
    http => 'simulcast_encryption_key_file blank;', push => 'simulcast on;');
incomplete('no certificate', qr/SSL_CTX_load_verify_locations\("\S+nofile"\)/,
    http => 'simulcast_trusted_certificate nofile;', push => 'simulcast on;');
incomplete('one that is none', qr/SSL_CTX_load_verify_locations\(/,
    http => 'simulcast_trusted_certificate text.pem;', push => 'simulcast on;');
wrong('simulcast_trusted_certificate b', qr/is duplicate/,
    http => "simulcast_trusted_certificate a;\n"
        . 'simulcast_trusted_certificate b;');

right('an API', http => "simulcast_redis unix:%%DIR%%/redis;\n"
    . "simulcast_encryption_key_file ring;\nsimulcast_api_tokens tokens;",
    loc => 'simulcast_api;');
right('networks', http => 'simulcast_allow 10.0.0.0/8 ::1 192.0.2.1;');
right('status', loc => 'simulcast_status;');
right('metrics', loc => 'simulcast_status prometheus;');
warned('no verification', qr/"simulcast_ssl_verify off": .* stream keys/,
    http => 'simulcast_ssl_verify off;', push => "simulcast_push $url/a;");
warned('odd networks', qr/low address bits/,
    http => 'simulcast_allow 10.0.0.1/8;');

# where they do not belong

for my $line ('simulcast_push rtmp://a/b/c', 'simulcast on') {
    my ($name) = split ' ', $line;
    wrong($name, qr/"\w+" directive is not allowed here/, http => "$line;");
}

wrong('simulcast_zone', qr/directive is not allowed here/,
    push => 'simulcast_zone 4m;');

# blocks may come in any order

my ($rtmp, $http) = conf(push => "simulcast_push $url/a;",
    http => 'simulcast_zone 2m;') =~ /^(rtmp \{.*?^\}\n)(http.*)/ms;
is(($t->test_conf($http . $rtmp))[0], 0, 'accepted: http before rtmp');
is(($t->test_conf($rtmp))[0], 0, 'accepted: no http at all');

# the modules, in every order

my $rest = "user root; error_log %%DIR%%/test.log; pid %%DIR%%/x.pid; events { }"
    . conf(push => "simulcast_push $url/a;")
    =~ s/rtmp \{/rtmp { access_log off;/r;

sub loaded {
    my (@modules) = @_;
    return join('', map { "load_module $_;\n" } @modules) . $rest;
}

my ($status, $output) = $t->test_conf(loaded($SIMULCAST, $RTMP), raw => 1);
is($status, 1, 'refused: above nginx-rtmp');
like($output, qr/put its load_module line below that of ngx_rtmp_module\.so/,
    'told where');

($status) = $t->test_conf(loaded($RTMP, $SIMULCAST), raw => 1);
is($status, 0, 'accepted: alone');

$t->done;
